/* What has a test printed since we last looked? Its output, line by line, as it grows. */
#ifndef KTSTR_SUITE_STREAM_H
#define KTSTR_SUITE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stream {
	int fd;	  /* of the file that it is written to; -1: none */
	off_t at; /* read so far */
	char line[1024];
	size_t used;
};

#define STREAM_TURN (256 * 1024)

typedef void (*stream_line_fn)(void *data, const char *line, size_t length);

/*
 * stream_read - hand on the lines that came whole, without their line feed; what is longer than the
 * room for one comes in parts. No more than STREAM_TURN bytes at once: a test that prints without
 * end must not keep its caller. @end: nothing more is to come; all that is left is handed on, and a
 * line without an end is one, too.
 */
void stream_read(struct stream *stream, bool end, stream_line_fn line, void *data);

#endif
