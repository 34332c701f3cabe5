/*
 * The host's end of the shared-memory channel (guest/protocol.h): takes frames out of the ring, and
 * puts some into the inbox. Every byte of the region can change under our eyes: indices are read
 * once and bounded, a frame is copied out before anything of it is looked at.
 */
#ifndef KTSTR_VMM_CHANNEL_H
#define KTSTR_VMM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../guest/protocol.h"
#include "../../guest/ring.h"
#include "util/error.h"

struct channel {
	void *region; /* KTSTR_CHANNEL_SIZE bytes shared with the guest */
	struct ring ring, inbox;
	uint64_t answers; /* our own copy: the one in the region is only told to the guest */
	uint8_t *payload; /* KTSTR_FRAME_MAX bytes: the frame that is looked at */
};

/*
 * What to do with a frame whose bounds and CRC hold. Return 0 to go on, 1 to stop taking frames for
 * now (the frame counts as taken), or a negative errno with a message: the guest broke the
 * protocol.
 */
typedef int (*channel_frame_fn)(void *owner, uint16_t type, const void *payload, uint32_t length,
				struct error *err);

/* channel_init - write the region's first page. @region: KTSTR_CHANNEL_SIZE bytes, the caller's. */
int channel_init(struct channel *channel, void *region, struct error *err);

/*
 * channel_drain - hand over every frame that is there now, at most one ringful.
 * Returns 0, 1 when @frame asked to stop, -EPROTO when the guest broke the protocol (message), or
 * what @frame returned. After an error the channel must not be drained again.
 */
int channel_drain(struct channel *channel, channel_frame_fn frame, void *owner, struct error *err);

/*
 * channel_send - one frame into the inbox, if it has room; never waits. What is in there is never
 * read back.
 * @length: at most KTSTR_INBOX_FRAME_MAX; 0: @payload may be NULL
 * Returns 0, -EAGAIN when there is no room, -EPROTO (message) when the guest's index is none.
 */
int channel_send(struct channel *channel, uint16_t type, const void *payload, uint32_t length,
		 struct error *err);

/* The bytes of frames that the guest says it has put into the ring, and those that were handed
 * over. */
uint64_t channel_said(const struct channel *channel);
uint64_t channel_heard(const struct channel *channel);

/* channel_answer - tell the guest how much of its time it did not get, ns (KTSTR_EXPIRED). */
void channel_answer(struct channel *channel, uint64_t lost_ns);

/* channel_ask - ask the guest for KTSTR_OWN_WORDS, once. @parts: of KTSTR_ASK */
void channel_ask(struct channel *channel, uint32_t parts);

/* channel_set_cargo - what the handover says of the cargo. */
void channel_set_cargo(struct channel *channel, uint64_t gpa, uint64_t size);

/* channel_hand_over - the rest of the handover, just before the guest reads it: date and seed. */
void channel_hand_over(struct channel *channel);

/*
 * channel_save - what a guest that stands still goes on from in another machine: the region's first
 * page, without the handover. Both rings must be empty, and what is the host's in it as the host
 * wrote it. Returns 0, or -EBUSY with a message.
 */
int channel_save(const struct channel *channel, struct ktstr_channel *out, struct error *err);
/* channel_load - into a fresh channel. Returns 0, or -EPROTO with a message. */
int channel_load(struct channel *channel, const struct ktstr_channel *saved, struct error *err);

/* Is there room for the largest frame? False also where channel_send would return -EPROTO. */
bool channel_has_room(const struct channel *channel);

void channel_destroy(struct channel *channel);

#endif
