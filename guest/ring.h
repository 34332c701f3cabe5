/*
 * Where in a ring does a frame lie, and what makes it a good one? The arithmetic of the channel's
 * two rings (protocol.h), for both sides: offsets, wrapping, bounds, CRC. Any byte of a ring, and
 * the other side's index, may be anything and may change at any time: an index is read once and
 * bounded, a frame is copied out before anything of it is looked at, and what was put in is never
 * read back.
 */
#ifndef KTSTR_GUEST_RING_H
#define KTSTR_GUEST_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "protocol.h"

_Static_assert(sizeof(struct ktstr_frame) == KTSTR_FRAME_ALIGN, "a header is one alignment unit");
_Static_assert(KTSTR_RING_SIZE % KTSTR_FRAME_ALIGN == 0 &&
		       KTSTR_INBOX_SIZE % KTSTR_FRAME_ALIGN == 0,
	       "a header must never wrap");
_Static_assert((KTSTR_RING_SIZE & (KTSTR_RING_SIZE - 1)) == 0 &&
		       (KTSTR_INBOX_SIZE & (KTSTR_INBOX_SIZE - 1)) == 0,
	       "offsets are taken with a mask");

/* CRC-32 as zlib has it: @crc goes on over @count bytes (never 0). @table: ring's crc_table */
typedef uint32_t (*ring_crc_fn)(const void *table, uint32_t crc, const void *bytes, size_t count);

/* One end of one ring: the end that puts in, or the one that takes out. */
struct ring {
	uint8_t *bytes;
	uint64_t size;	       /* a power of two */
	uint32_t frame_max;    /* most payload bytes in one frame */
	uint64_t *head, *tail; /* in the region: bytes ever put in, bytes ever taken out */
	/* This end's own index, head or tail: the one in the region is only told to the other. */
	uint64_t at;
	ring_crc_fn crc;
	const void *crc_table; /* for crc alone */
};

/* The ring from guest to host; this end of it has put in or taken out nothing yet. */
static inline void ring_init(struct ring *ring, void *region, ring_crc_fn crc,
			     const void *crc_table)
{
	struct ktstr_channel *header = region;

	*ring = (struct ring){ .bytes = (uint8_t *)region + KTSTR_RING_OFFSET,
			       .size = KTSTR_RING_SIZE,
			       .frame_max = KTSTR_FRAME_MAX,
			       .head = &header->head,
			       .tail = &header->tail,
			       .crc = crc,
			       .crc_table = crc_table };
}

/* The same of the inbox, from host to guest. */
static inline void ring_init_inbox(struct ring *ring, void *region, ring_crc_fn crc,
				   const void *crc_table)
{
	struct ktstr_channel *header = region;

	*ring = (struct ring){ .bytes = (uint8_t *)region + KTSTR_INBOX_OFFSET,
			       .size = KTSTR_INBOX_SIZE,
			       .frame_max = KTSTR_INBOX_FRAME_MAX,
			       .head = &header->inbox_head,
			       .tail = &header->inbox_tail,
			       .crc = crc,
			       .crc_table = crc_table };
}

static inline uint64_t ring_load(const uint64_t *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

/*
 * ring_pieces - where @count bytes lie that begin @position bytes into the stream.
 * @count: at most the ring's size
 * @pieces: in order; the second is empty when they do not wrap
 */
static inline void ring_pieces(const struct ring *ring, uint64_t position, size_t count,
			       struct iovec pieces[2])
{
	uint64_t offset = position & (ring->size - 1);
	size_t first = ring->size - offset < count ? (size_t)(ring->size - offset) : count;

	pieces[0] = (struct iovec){ ring->bytes + offset, first };
	pieces[1] = (struct iovec){ ring->bytes, count - first };
}

static inline void ring_copy_out(const struct ring *ring, uint64_t position, void *to, size_t count)
{
	struct iovec from[2];

	ring_pieces(ring, position, count, from);
	memcpy(to, from[0].iov_base, from[0].iov_len);
	memcpy((uint8_t *)to + from[0].iov_len, from[1].iov_base, from[1].iov_len);
}

/* @from: may be NULL when @count is 0 */
static inline void ring_copy_in(const struct ring *ring, uint64_t position, const void *from,
				size_t count)
{
	struct iovec to[2];

	if (!count)
		return;
	ring_pieces(ring, position, count, to);
	memcpy(to[0].iov_base, from, to[0].iov_len);
	memcpy(to[1].iov_base, (const uint8_t *)from + to[0].iov_len, to[1].iov_len);
}

/* What a frame's crc is to be: over its header before that field, then the payload. */
static inline uint32_t ring_frame_crc(const struct ring *ring, const struct ktstr_frame *frame,
				      const struct iovec payload[2])
{
	uint32_t crc = ring->crc(ring->crc_table, 0, frame, offsetof(struct ktstr_frame, crc));

	for (int i = 0; i < 2; i++)
		if (payload[i].iov_len)
			crc = ring->crc(ring->crc_table, crc, payload[i].iov_base,
					payload[i].iov_len);
	return crc;
}

/* For the end that puts in: the bytes that are not taken out yet; more than size: it is a lie. */
static inline uint64_t ring_used(const struct ring *ring)
{
	return ring->at - ring_load(ring->tail);
}

/* Is there room for a frame of @length payload bytes? False also where the index is none. */
static inline bool ring_has_room(const struct ring *ring, uint64_t length)
{
	uint64_t used = ring_used(ring);

	return used <= ring->size && ring->size - used >= ktstr_frame_space(length);
}

/* ring_room - where the next frame's payload of @length bytes goes; there must be room. */
static inline void ring_room(const struct ring *ring, size_t length, struct iovec room[2])
{
	ring_pieces(ring, ring->at + sizeof(struct ktstr_frame), length, room);
}

/*
 * ring_commit - the frame whose payload was put into ring_room is now there for the other end.
 * @payload: its bytes, for the CRC: in the ring, or where they were copied from
 */
static inline void ring_commit(struct ring *ring, uint16_t type, const struct iovec payload[2])
{
	struct ktstr_frame frame = { .magic = KTSTR_FRAME_MAGIC, .type = type };

	frame.length = (uint32_t)(payload[0].iov_len + payload[1].iov_len);
	frame.crc = ring_frame_crc(ring, &frame, payload);
	ring_copy_in(ring, ring->at, &frame, sizeof(frame));
	ring->at += ktstr_frame_space(frame.length);
	__atomic_store_n(ring->head, ring->at, __ATOMIC_RELEASE);
}

/* ring_put - a frame of @length bytes, of which there must be room. @payload: NULL when 0 */
static inline void ring_put(struct ring *ring, uint16_t type, const void *payload, uint32_t length)
{
	const struct iovec from[2] = { { (void *)payload, length }, { NULL, 0 } };

	ring_copy_in(ring, ring->at + sizeof(struct ktstr_frame), payload, length);
	ring_commit(ring, type, from);
}

/* What lies at the end that takes out. All but the first two are what no honest end puts in. */
enum ring_found {
	RING_NOTHING,
	RING_FRAME,
	RING_BAD_HEAD,	 /* the head is farther away than the ring is large */
	RING_BAD_HEADER, /* less than a header */
	RING_BAD_MAGIC,
	RING_BAD_LENGTH, /* more than frame_max */
	RING_CUT,	 /* only a part of the frame */
	RING_BAD_CRC,
};

/*
 * ring_take - copy the next frame out and give its room back.
 * @head: the other end's index (ring_load of ring->head), as far as is to be looked
 * @frame: its header; set from RING_BAD_MAGIC on, and for RING_FRAME
 * @payload: room for frame_max bytes
 */
static inline enum ring_found ring_take(struct ring *ring, uint64_t head, struct ktstr_frame *frame,
					void *payload)
{
	uint64_t available = head - ring->at;
	struct iovec copied[2] = { { payload, 0 }, { NULL, 0 } };

	if (!available)
		return RING_NOTHING;
	if (available > ring->size)
		return RING_BAD_HEAD;
	if (available < sizeof(*frame))
		return RING_BAD_HEADER;
	ring_copy_out(ring, ring->at, frame, sizeof(*frame));
	if (frame->magic != KTSTR_FRAME_MAGIC)
		return RING_BAD_MAGIC;
	if (frame->length > ring->frame_max)
		return RING_BAD_LENGTH;
	if (ktstr_frame_space(frame->length) > available)
		return RING_CUT;
	ring_copy_out(ring, ring->at + sizeof(*frame), payload, frame->length);
	copied[0].iov_len = frame->length;
	if (ring_frame_crc(ring, frame, copied) != frame->crc)
		return RING_BAD_CRC;
	ring->at += ktstr_frame_space(frame->length);
	__atomic_store_n(ring->tail, ring->at, __ATOMIC_RELEASE);
	return RING_FRAME;
}

#endif
