/* The guest's end of the shared-memory channel: see channel.h. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAPPED_SIZE (KTSTR_CHANNEL_SIZE + KTSTR_BELLS_SIZE)

/* How long to sleep while the ring is full: first short, the host is quick; then kinder to it. */
#define FULL_SLEEP_MIN_NS 50000
#define FULL_SLEEP_MAX_NS 2000000

int guest_channel_map(void **region, char *why, size_t why_size)
{
	/* Without O_SYNC: with it the mapping would be uncached. */
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	int ret = 0;

	if (fd < 0) {
		ret = -errno;
		snprintf(why, why_size, "cannot open /dev/mem: %s; %s", strerror(-ret),
			 ret == -EPERM ? "CONFIG_DEVMEM is not enough in a locked-down kernel"
				       : "the guest kernel needs CONFIG_DEVMEM=y");
		return ret;
	}
	*region = mmap(NULL, MAPPED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       (off_t)KTSTR_CHANNEL_GPA);
	if (*region == MAP_FAILED) {
		ret = -errno;
		snprintf(why, why_size,
			 "cannot map the channel at %#llx through /dev/mem: %s; the guest kernel "
			 "needs CONFIG_DEVMEM=y, not locked down, and no RAM at this address",
			 KTSTR_CHANNEL_GPA, strerror(-ret));
		goto out;
	}
	/* A child has no use for it, and the copy of its page tables would make each fork dearer.
	 */
	madvise(*region, MAPPED_SIZE, MADV_DONTFORK);
out:
	close(fd);
	return ret;
}

static void ring_bell(const struct guest_channel *channel, uint32_t bell)
{
	uint8_t *bells = (uint8_t *)channel->header + KTSTR_CHANNEL_SIZE;

	*(volatile uint32_t *)(bells + bell) = 1;
}

void guest_channel_doorbell(const struct guest_channel *channel)
{
	ring_bell(channel, KTSTR_DOORBELL);
}

void guest_channel_wait_for_job(const struct guest_channel *channel)
{
	ring_bell(channel, KTSTR_READY_BELL);
}

static uint32_t crc(const void *table, uint32_t before, const void *bytes, size_t count)
{
	return crc32_update(table, before, bytes, count);
}

int guest_channel_init(struct guest_channel *channel, void *region,
		       void (*doorbell)(const struct guest_channel *), char *why, size_t why_size)
{
	struct ktstr_channel *header = region;

	if (header->magic != KTSTR_CHANNEL_MAGIC) {
		snprintf(why, why_size,
			 "no channel at %#llx (magic %#x, not %#x): needs a machine made by "
			 "ktstr-launch, and CONFIG_DEVMEM=y",
			 KTSTR_CHANNEL_GPA, header->magic, KTSTR_CHANNEL_MAGIC);
		return -EPROTO;
	}
	if (header->version != KTSTR_PROTOCOL_VERSION) {
		snprintf(why, why_size,
			 "channel version %u, not %d: launcher and init are not of one build",
			 header->version, KTSTR_PROTOCOL_VERSION);
		return -EPROTO;
	}
	channel->header = header;
	ring_init(&channel->ring, region, crc, &channel->crc);
	channel->ring.at = ring_load(&header->head);
	ring_init_inbox(&channel->inbox, region, crc, &channel->crc);
	channel->inbox.at = ring_load(&header->inbox_tail);
	channel->doorbell = doorbell;
	crc32_table_init(&channel->crc);
	return 0;
}

uint64_t guest_channel_unread(const struct guest_channel *channel)
{
	return ring_used(&channel->ring);
}

static void wait_for_room(const struct guest_channel *channel, size_t size)
{
	struct timespec nap = { .tv_nsec = FULL_SLEEP_MIN_NS };

	while (!ring_has_room(&channel->ring, size)) {
		nanosleep(&nap, NULL);
		nap.tv_nsec *= 2;
		if (nap.tv_nsec > FULL_SLEEP_MAX_NS)
			nap.tv_nsec = FULL_SLEEP_MAX_NS;
	}
}

void guest_channel_reserve(struct guest_channel *channel, size_t size, struct iovec room[2])
{
	wait_for_room(channel, size);
	ring_room(&channel->ring, size, room);
}

void guest_channel_commit(struct guest_channel *channel, enum ktstr_frame_type type, size_t length)
{
	struct iovec payload[2];

	ring_room(&channel->ring, length, payload);
	ring_commit(&channel->ring, (uint16_t)type, payload);
	channel->doorbell(channel);
}

void guest_channel_send(struct guest_channel *channel, enum ktstr_frame_type type,
			const void *payload, size_t length)
{
	wait_for_room(channel, length);
	ring_put(&channel->ring, (uint16_t)type, payload, (uint32_t)length);
	channel->doorbell(channel);
}

int guest_channel_receive(struct guest_channel *channel, uint16_t *type, void *payload,
			  uint32_t *length)
{
	struct ring *inbox = &channel->inbox;
	struct ktstr_frame frame;
	enum ring_found found = ring_take(inbox, ring_load(inbox->head), &frame, payload);

	if (found != RING_FRAME)
		return found == RING_NOTHING ? 0 : -EPROTO;
	*type = frame.type;
	*length = frame.length;
	return 1;
}

uint64_t guest_channel_answers(const struct guest_channel *channel, uint64_t *lost_ns)
{
	uint64_t answers = __atomic_load_n(&channel->header->answers, __ATOMIC_ACQUIRE);

	if (lost_ns)
		*lost_ns = __atomic_load_n(&channel->header->lost_ns, __ATOMIC_RELAXED);
	return answers;
}

uint32_t guest_channel_asked(const struct guest_channel *channel)
{
	return (uint32_t)__atomic_load_n(&channel->header->asked, __ATOMIC_RELAXED);
}

void guest_channel_log(struct guest_channel *channel, const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	guest_channel_send(channel, KTSTR_LOG, line, strlen(line));
}
