/* The host's end of the shared-memory channel: see channel.h. */
#include "vmm/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <zlib.h>

#include "../../guest/protocol.h"

_Static_assert(sizeof(struct ktstr_frame) == 16, "a frame's header is one alignment unit");
_Static_assert(KTSTR_RING_SIZE % KTSTR_FRAME_ALIGN == 0, "a header must never wrap");
_Static_assert((KTSTR_INBOX_SIZE & (KTSTR_INBOX_SIZE - 1)) == 0, "as well");
_Static_assert((KTSTR_RING_SIZE & (KTSTR_RING_SIZE - 1)) == 0, "offsets are taken with a mask");

int channel_init(struct channel *channel, void *region, struct error *err)
{
	struct ktstr_channel *header = region;

	channel->region = region;
	channel->tail = channel->inbox_head = channel->answers = 0;
	channel->payload = malloc(KTSTR_FRAME_MAX);
	if (!channel->payload)
		return error_set(err, -ENOMEM, "channel: no memory for a frame of %u bytes",
				 KTSTR_FRAME_MAX);
	memset(header, 0, sizeof(*header));
	header->version = KTSTR_PROTOCOL_VERSION;
	header->magic = KTSTR_CHANNEL_MAGIC;
	return 0;
}

/* Copy @count bytes that begin @position bytes into the stream; they may wrap around the ring. */
static void ring_copy(const struct channel *channel, uint64_t position, void *to, size_t count)
{
	const uint8_t *ring = (const uint8_t *)channel->region + KTSTR_RING_OFFSET;
	size_t offset = position & (KTSTR_RING_SIZE - 1);
	size_t first = KTSTR_RING_SIZE - offset;

	if (first > count)
		first = count;
	memcpy(to, ring + offset, first);
	memcpy((uint8_t *)to + first, ring, count - first);
}

int channel_drain(struct channel *channel, channel_frame_fn frame, void *owner, struct error *err)
{
	struct ktstr_channel *header = channel->region;
	/* Once only: the guest may go on writing while we read, we serve what was there at the
	 * start. */
	uint64_t head = __atomic_load_n(&header->head, __ATOMIC_ACQUIRE);
	int ret = 0;

	if (head - channel->tail > KTSTR_RING_SIZE)
		return error_set(err, -EPROTO, "head %#llx is not within %llu bytes of tail %#llx",
				 (unsigned long long)head, KTSTR_RING_SIZE,
				 (unsigned long long)channel->tail);

	while (!ret && channel->tail != head) {
		uint64_t available = head - channel->tail;
		struct ktstr_frame f;
		uint64_t space;
		uint32_t crc;

		if (available < sizeof(f))
			return error_set(err, -EPROTO, "%llu bytes where a frame header has %zu",
					 (unsigned long long)available, sizeof(f));
		ring_copy(channel, channel->tail, &f, sizeof(f));
		if (f.magic != KTSTR_FRAME_MAGIC)
			return error_set(err, -EPROTO, "frame magic %#x, expected %#x", f.magic,
					 KTSTR_FRAME_MAGIC);
		if (f.length > KTSTR_FRAME_MAX)
			return error_set(err, -EPROTO, "frame of %u bytes, the most is %u",
					 f.length, KTSTR_FRAME_MAX);
		space = ktstr_frame_space(f.length);
		if (space > available)
			return error_set(err, -EPROTO, "frame of %u bytes, of which %llu are there",
					 f.length, (unsigned long long)(available - sizeof(f)));
		ring_copy(channel, channel->tail + sizeof(f), channel->payload, f.length);

		crc = (uint32_t)crc32(0, (const Bytef *)&f, offsetof(struct ktstr_frame, crc));
		crc = (uint32_t)crc32(crc, channel->payload, f.length);
		if (crc != f.crc)
			return error_set(err, -EPROTO,
					 "frame of type %u and %u bytes: CRC %#x, not %#x", f.type,
					 f.length, f.crc, crc);

		/* Free the space first: the guest fills it again while the frame is dealt with. */
		channel->tail += space;
		__atomic_store_n(&header->tail, channel->tail, __ATOMIC_RELEASE);
		ret = frame(owner, f.type, channel->payload, f.length, err);
	}
	return ret;
}

uint64_t channel_said(const struct channel *channel)
{
	const struct ktstr_channel *header = channel->region;

	return __atomic_load_n(&header->head, __ATOMIC_ACQUIRE);
}

uint64_t channel_heard(const struct channel *channel)
{
	return channel->tail;
}

void channel_answer(struct channel *channel, uint64_t lost_ns)
{
	struct ktstr_channel *header = channel->region;

	__atomic_store_n(&header->lost_ns, lost_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&header->answers, ++channel->answers, __ATOMIC_RELEASE);
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

static uint64_t inbox_used(const struct channel *channel)
{
	const struct ktstr_channel *header = channel->region;

	return channel->inbox_head - __atomic_load_n(&header->inbox_tail, __ATOMIC_ACQUIRE);
}

static void inbox_put(struct channel *channel, uint64_t position, const void *from, size_t count)
{
	uint8_t *inbox = (uint8_t *)channel->region + KTSTR_INBOX_OFFSET;
	size_t offset = position & (KTSTR_INBOX_SIZE - 1);
	size_t first = KTSTR_INBOX_SIZE - offset;

	if (!count)
		return;
	if (first > count)
		first = count;
	memcpy(inbox + offset, from, first);
	memcpy(inbox, (const uint8_t *)from + first, count - first);
}

bool channel_has_room(const struct channel *channel)
{
	uint64_t used = inbox_used(channel);

	return used <= KTSTR_INBOX_SIZE &&
	       KTSTR_INBOX_SIZE - used >= ktstr_frame_space(KTSTR_INBOX_FRAME_MAX);
}

int channel_send(struct channel *channel, uint16_t type, const void *payload, uint32_t length,
		 struct error *err)
{
	struct ktstr_frame f = { .magic = KTSTR_FRAME_MAGIC, .type = type, .length = length };
	struct ktstr_channel *header = channel->region;
	uint64_t used = inbox_used(channel);
	uint64_t space = ktstr_frame_space(length);

	if (used > KTSTR_INBOX_SIZE)
		return error_set(err, -EPROTO,
				 "the inbox's tail is not within %llu bytes of its head %#llx",
				 KTSTR_INBOX_SIZE, (unsigned long long)channel->inbox_head);
	if (length > KTSTR_INBOX_FRAME_MAX || KTSTR_INBOX_SIZE - used < space)
		return -EAGAIN;
	f.crc = (uint32_t)crc32(0, (const Bytef *)&f, offsetof(struct ktstr_frame, crc));
	inbox_put(channel, channel->inbox_head + sizeof(f), payload, length);
	/* zlib takes a payload that is NULL for a wish to begin anew. */
	if (length)
		f.crc = (uint32_t)crc32(f.crc, payload, length);
	inbox_put(channel, channel->inbox_head, &f, sizeof(f));
	channel->inbox_head += space;
	__atomic_store_n(&header->inbox_head, channel->inbox_head, __ATOMIC_RELEASE);
	return 0;
}

void channel_destroy(struct channel *channel)
{
	free(channel->payload);
	channel->payload = NULL;
}
