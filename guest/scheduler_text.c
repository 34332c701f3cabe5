/* What becomes of what a scheduler prints? See scheduler_text.h. */
#include "scheduler_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "session.h"

/* Of the line about what is left out. */
#define NOTE_SIZE 96

/* Never more is held than a frame takes, with a note before it. */
static void hold(struct scheduler_text *text, size_t count)
{
	const size_t most = KTSTR_FRAME_MAX - NOTE_SIZE;
	size_t over;

	text->held += count;
	if (text->held <= most)
		return;
	over = text->held - most;
	memmove(text->bytes, text->bytes + over, most);
	text->held = most;
	text->left_out += over;
}

void scheduler_text_flush(struct scheduler_text *text, enum ktstr_frame_type type,
			  struct guest_channel *channel)
{
	char note[NOTE_SIZE];
	int length;

	if (text->left_out) {
		length = snprintf(note, sizeof(note), "\n[%llu bytes are left out here]\n",
				  (unsigned long long)text->left_out);
		guest_channel_send(channel, type, note, (size_t)length);
		text->left_out = 0;
	}
	if (!text->held)
		return;
	guest_channel_send(channel, type, text->bytes, text->held);
	text->sent += text->held;
	text->held = 0;
	if (text->sent > SCHEDULER_TEXT_AT_ONCE)
		text->send_ns = clock_boottime_ns() + SCHEDULER_TEXT_PAUSE_NS;
}

void scheduler_text_take(struct scheduler_text *text, struct stream *stream,
			 struct guest_channel *channel)
{
	size_t taken = 0;
	ssize_t count = 1;

	while (count > 0 && taken < SCHEDULER_TEXT_PIPE) {
		count = read(stream->fd, text->bytes + text->held,
			     sizeof(text->bytes) - text->held);
		if (count > 0) {
			hold(text, (size_t)count);
			taken += (size_t)count;
		}
		if (clock_boottime_ns() >= text->send_ns)
			scheduler_text_flush(text, stream->type, channel);
	}
	if (!count || (count < 0 && errno != EAGAIN && errno != EINTR)) {
		scheduler_text_flush(text, stream->type, channel);
		close(stream->fd);
		stream->fd = -1;
	}
	if (text->sent > SCHEDULER_TEXT_AT_ONCE)
		text->look_ns = clock_boottime_ns() + SCHEDULER_TEXT_LOOK_NS;
}
