/* The host's end of the shared-memory channel: see channel.h. */
#include "vmm/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <zlib.h>

static uint32_t crc(const void *unused, uint32_t before, const void *bytes, size_t count)
{
	(void)unused;
	return (uint32_t)crc32(before, bytes, (uInt)count);
}

int channel_init(struct channel *channel, void *region, struct error *err)
{
	struct ktstr_channel *header = region;

	channel->region = region;
	channel->answers = 0;
	ring_init(&channel->ring, region, crc, NULL);
	ring_init_inbox(&channel->inbox, region, crc, NULL);
	channel->payload = malloc(KTSTR_FRAME_MAX);
	if (!channel->payload)
		return error_set(err, -ENOMEM, "channel: no memory for a frame of %u bytes",
				 KTSTR_FRAME_MAX);
	memset(header, 0, sizeof(*header));
	header->version = KTSTR_PROTOCOL_VERSION;
	header->magic = KTSTR_CHANNEL_MAGIC;
	return 0;
}

/* Say what is wrong with what ring_take has found. */
static int broken(const struct channel *channel, enum ring_found found, uint64_t head,
		  const struct ktstr_frame *f, struct error *err)
{
	const struct iovec payload[2] = { { channel->payload, f->length }, { NULL, 0 } };
	uint64_t tail = channel->ring.at;

	switch (found) {
	case RING_BAD_HEAD:
		return error_set(err, -EPROTO, "head %#llx is not within %llu bytes of tail %#llx",
				 (unsigned long long)head, KTSTR_RING_SIZE,
				 (unsigned long long)tail);
	case RING_BAD_HEADER:
		return error_set(err, -EPROTO, "%llu bytes where a frame header has %zu",
				 (unsigned long long)(head - tail), sizeof(*f));
	case RING_BAD_MAGIC:
		return error_set(err, -EPROTO, "frame magic %#x, expected %#x", f->magic,
				 KTSTR_FRAME_MAGIC);
	case RING_BAD_LENGTH:
		return error_set(err, -EPROTO, "frame of %u bytes, the most is %u", f->length,
				 KTSTR_FRAME_MAX);
	case RING_CUT:
		return error_set(err, -EPROTO, "frame of %u bytes, of which %llu are there",
				 f->length, (unsigned long long)(head - tail - sizeof(*f)));
	default:
		return error_set(err, -EPROTO, "frame of type %u and %u bytes: CRC %#x, not %#x",
				 f->type, f->length, f->crc,
				 ring_frame_crc(&channel->ring, f, payload));
	}
}

int channel_drain(struct channel *channel, channel_frame_fn frame, void *owner, struct error *err)
{
	/* Once only: the guest may go on writing while we read, we serve what was there at the
	 * start. */
	uint64_t head = ring_load(channel->ring.head);
	struct ktstr_frame f = { 0 };
	enum ring_found found;
	int ret = 0;

	do {
		/* Its space is free at once: the guest fills it while the frame is dealt with. */
		found = ring_take(&channel->ring, head, &f, channel->payload);
		if (found == RING_FRAME)
			ret = frame(owner, f.type, channel->payload, f.length, err);
		else if (found != RING_NOTHING)
			ret = broken(channel, found, head, &f, err);
	} while (!ret && found == RING_FRAME);
	return ret;
}

uint64_t channel_said(const struct channel *channel)
{
	return ring_load(channel->ring.head);
}

uint64_t channel_heard(const struct channel *channel)
{
	return channel->ring.at;
}

void channel_answer(struct channel *channel, uint64_t lost_ns)
{
	struct ktstr_channel *header = channel->region;

	__atomic_store_n(&header->lost_ns, lost_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&header->answers, ++channel->answers, __ATOMIC_RELEASE);
}

void channel_ask(struct channel *channel, uint32_t parts)
{
	struct ktstr_channel *header = channel->region;

	__atomic_store_n(&header->asked, parts, __ATOMIC_RELAXED);
}

/* Nothing is on its way in either direction. */
static bool is_quiet(const struct ktstr_channel *header)
{
	return header->magic == KTSTR_CHANNEL_MAGIC && header->version == KTSTR_PROTOCOL_VERSION &&
	       header->tail % KTSTR_FRAME_ALIGN == 0 && header->head == header->tail &&
	       header->inbox_head == header->inbox_tail;
}

int channel_save(const struct channel *channel, struct ktstr_channel *out, struct error *err)
{
	memcpy(out, channel->region, sizeof(*out));
	memset(&out->handover, 0, sizeof(out->handover));
	out->asked = 0;
	if (!is_quiet(out) || out->tail != channel->ring.at ||
	    out->inbox_head != channel->inbox.at || out->answers != channel->answers)
		return error_set(err, -EBUSY,
				 "the guest's channel is not at rest at its ready point");
	return 0;
}

int channel_load(struct channel *channel, const struct ktstr_channel *saved, struct error *err)
{
	if (!is_quiet(saved))
		return error_set(err, -EPROTO, "saved state: its channel is not at rest");
	memcpy(channel->region, saved, sizeof(*saved));
	channel->ring.at = saved->tail;
	channel->inbox.at = saved->inbox_head;
	channel->answers = saved->answers;
	return 0;
}

void channel_set_cargo(struct channel *channel, uint64_t gpa, uint64_t size)
{
	struct ktstr_channel *header = channel->region;

	header->handover.cargo_gpa = gpa;
	header->handover.cargo_size = size;
}

void channel_hand_over(struct channel *channel)
{
	struct ktstr_channel *header = channel->region;
	struct timespec now;

	/* Linux gives so few bytes whole once its pool is ready, which it was for us long ago. */
	while (getrandom(header->handover.seed, KTSTR_SEED_SIZE, 0) != KTSTR_SEED_SIZE)
		;
	clock_gettime(CLOCK_REALTIME, &now);
	header->handover.realtime_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool channel_has_room(const struct channel *channel)
{
	return ring_has_room(&channel->inbox, KTSTR_INBOX_FRAME_MAX);
}

int channel_send(struct channel *channel, uint16_t type, const void *payload, uint32_t length,
		 struct error *err)
{
	struct ring *inbox = &channel->inbox;

	if (ring_used(inbox) > inbox->size)
		return error_set(err, -EPROTO,
				 "the inbox's tail is not within %llu bytes of its head %#llx",
				 KTSTR_INBOX_SIZE, (unsigned long long)inbox->at);
	if (length > inbox->frame_max || !ring_has_room(inbox, length))
		return -EAGAIN;
	ring_put(inbox, type, payload, length);
	return 0;
}

void channel_destroy(struct channel *channel)
{
	free(channel->payload);
	channel->payload = NULL;
}
