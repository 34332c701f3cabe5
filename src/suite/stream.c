/* What has a test printed since we last looked? See stream.h. */
#include "suite/stream.h"

#include <string.h>
#include <unistd.h>

void stream_read(struct stream *stream, bool end, stream_line_fn line, void *data)
{
	char bytes[4096];
	off_t turn = stream->at + STREAM_TURN;
	ssize_t count;

	/* By position: the descriptor's own is the writer's. */
	while (stream->fd >= 0 && (end || stream->at < turn) &&
	       (count = pread(stream->fd, bytes, sizeof(bytes), stream->at)) > 0) {
		stream->at += count;
		for (ssize_t i = 0; i < count; i++) {
			if (bytes[i] != '\n')
				stream->line[stream->used++] = bytes[i];
			if (bytes[i] != '\n' && stream->used < sizeof(stream->line))
				continue;
			line(data, stream->line, stream->used);
			stream->used = 0;
		}
	}
	if (!end || !stream->used)
		return;
	line(data, stream->line, stream->used);
	stream->used = 0;
}
