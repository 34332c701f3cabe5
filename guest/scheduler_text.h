/*
 * What becomes of what a scheduler prints? It goes to the host, but the scheduler does not have to
 * wait for that: of more than the host gets in time the middle is left out, and that is said.
 */
#ifndef KTSTR_GUEST_SCHEDULER_TEXT_H
#define KTSTR_GUEST_SCHEDULER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "channel.h"

struct stream;

/* Beyond so many bytes a frame goes to the host at this pace: 3 MiB/s. */
#define SCHEDULER_TEXT_AT_ONCE	(1u << 20)
#define SCHEDULER_TEXT_PAUSE_NS 20000000ull
/* Of its pipe, which is looked at that often then: so it can print some 200 MiB/s. */
#define SCHEDULER_TEXT_PIPE	(1 << 20)
#define SCHEDULER_TEXT_LOOK_NS	5000000ull

struct scheduler_text {
	uint64_t sent;	  /* bytes */
	uint64_t send_ns; /* no frame goes before that time */
	uint64_t look_ns; /* and none is read before that */
	uint64_t left_out;
	size_t held; /* the last bytes that were read, and not yet sent: in bytes[] */
	char bytes[2 * KTSTR_FRAME_MAX];
};

/*
 * scheduler_text_take - there is something in @stream, or its end, at which it is closed. At most
 * a pipe's worth is read.
 */
void scheduler_text_take(struct scheduler_text *text, struct stream *stream,
			 struct guest_channel *channel);

/* scheduler_text_flush - what is held back goes to the host, as no more comes. */
void scheduler_text_flush(struct scheduler_text *text, enum ktstr_frame_type type,
			  struct guest_channel *channel);

#endif
