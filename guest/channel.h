/*
 * The guest's end of the shared-memory channel (protocol.h): puts frames into the ring, and takes
 * them out of the inbox. The host is trusted: it can do anything to us anyway. What lies in the
 * inbox is not, a payload that is root can write there.
 */
#ifndef KTSTR_GUEST_CHANNEL_H
#define KTSTR_GUEST_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "crc32.h"
#include "ring.h"

struct guest_channel {
	struct ktstr_channel *header;
	struct ring ring, inbox; /* they point to crc: this is not to be moved */
	void (*doorbell)(
		const struct guest_channel *); /* tell the host that there is something to take */
	struct crc32_table crc;
};

/*
 * guest_channel_map - the region and its bells, through /dev/mem.
 * @region: KTSTR_CHANNEL_SIZE bytes and KTSTR_BELLS_SIZE, never unmapped; children do not get it
 * Returns 0 or a negative errno, with one line in @why that names the kernel option.
 */
int guest_channel_map(void **region, char *why, size_t why_size);

/* Of a region that guest_channel_map has mapped. */
void guest_channel_doorbell(const struct guest_channel *channel);

/* Stand still until the host has handed over the job; behind KTSTR_READY, once. */
void guest_channel_wait_for_job(const struct guest_channel *channel);

/* guest_channel_init - -EPROTO, with one line in @why, when @region has not been set up by the
 * host. */
int guest_channel_init(struct guest_channel *channel, void *region,
		       void (*doorbell)(const struct guest_channel *), char *why, size_t why_size);

/*
 * guest_channel_reserve - room for a payload of @size bytes (at most KTSTR_FRAME_MAX), in place.
 * @room: two pieces, the second empty when the payload does not wrap around the ring
 * Sleeps for as long as the ring is too full. Until guest_channel_commit nothing is sent, and a
 * reservation that is not committed is simply forgotten.
 */
void guest_channel_reserve(struct guest_channel *channel, size_t size, struct iovec room[2]);

/* The bytes of the ring that the host has not taken yet. */
uint64_t guest_channel_unread(const struct guest_channel *channel);

/* guest_channel_commit - send the frame whose first @length reserved bytes are now written. */
void guest_channel_commit(struct guest_channel *channel, enum ktstr_frame_type type, size_t length);

/* Send @length bytes in one frame; at most KTSTR_FRAME_MAX. */
void guest_channel_send(struct guest_channel *channel, enum ktstr_frame_type type,
			const void *payload, size_t length);

/*
 * guest_channel_receive - the next frame of the inbox, copied out before it is looked at. Never
 * waits.
 * @payload: KTSTR_INBOX_FRAME_MAX bytes
 * Returns 1 with @type and @length, 0 when there is none, or -EPROTO when it holds what no host
 * writes: it must not be looked at again.
 */
int guest_channel_receive(struct guest_channel *channel, uint16_t *type, void *payload,
			  uint32_t *length);

/*
 * guest_channel_answers - how many KTSTR_EXPIRED the host has answered. @lost_ns: its last answer;
 * NULL: not wanted.
 */
uint64_t guest_channel_answers(const struct guest_channel *channel, uint64_t *lost_ns);

/* guest_channel_asked - the parts of KTSTR_OWN_WORDS that the host wants (KTSTR_ASK). */
uint32_t guest_channel_asked(const struct guest_channel *channel);

/* One line to the user, KTSTR_LOG, without a newline; what cannot be printed becomes '?'. */
void guest_channel_log(struct guest_channel *channel, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
