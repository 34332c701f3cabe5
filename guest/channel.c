/* The guest's end of the shared-memory channel: see channel.h. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define RING_MASK  (KTSTR_RING_SIZE - 1)
#define INBOX_MASK (KTSTR_INBOX_SIZE - 1)

/* How long to sleep while the ring is full: first short, the host is quick; then kinder to it. */
#define FULL_SLEEP_MIN_NS 50000
#define FULL_SLEEP_MAX_NS 2000000

_Static_assert(sizeof(struct ktstr_frame) == KTSTR_FRAME_ALIGN, "a header is one alignment unit");

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
	*region = mmap(NULL, KTSTR_CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
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
	madvise(*region, KTSTR_CHANNEL_SIZE, MADV_DONTFORK);
	if (ioperm(KTSTR_DOORBELL_PORT, 4, 1)) {
		ret = -errno;
		snprintf(why, why_size,
			 "cannot use the doorbell's port %#x: %s; the guest kernel needs "
			 "CONFIG_X86_IOPL_IOPERM=y beside CONFIG_DEVMEM=y, not locked down",
			 KTSTR_DOORBELL_PORT, strerror(-ret));
		munmap(*region, KTSTR_CHANNEL_SIZE);
	}
out:
	close(fd);
	return ret;
}

void guest_channel_doorbell(void)
{
	outl(1, KTSTR_DOORBELL_PORT);
}

void guest_channel_drop_in_child(void)
{
	ioperm(KTSTR_DOORBELL_PORT, 4, 0);
}

int guest_channel_init(struct guest_channel *channel, void *region, void (*doorbell)(void),
		       char *why, size_t why_size)
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
	channel->ring = (uint8_t *)region + KTSTR_RING_OFFSET;
	channel->head = __atomic_load_n(&header->head, __ATOMIC_RELAXED);
	channel->inbox = (const uint8_t *)region + KTSTR_INBOX_OFFSET;
	channel->inbox_tail = __atomic_load_n(&header->inbox_tail, __ATOMIC_RELAXED);
	channel->doorbell = doorbell;
	crc32_table_init(&channel->crc);
	return 0;
}

/* The pieces of @size payload bytes behind the header of the next frame. */
static void frame_payload(const struct guest_channel *channel, size_t size, struct iovec room[2])
{
	uint64_t offset = (channel->head + sizeof(struct ktstr_frame)) & RING_MASK;
	size_t first = size;

	if (first > KTSTR_RING_SIZE - offset)
		first = KTSTR_RING_SIZE - offset;
	room[0] = (struct iovec){ channel->ring + offset, first };
	room[1] = (struct iovec){ channel->ring, size - first };
}

uint64_t guest_channel_unread(const struct guest_channel *channel)
{
	return channel->head - __atomic_load_n(&channel->header->tail, __ATOMIC_ACQUIRE);
}

void guest_channel_reserve(struct guest_channel *channel, size_t size, struct iovec room[2])
{
	struct timespec nap = { .tv_nsec = FULL_SLEEP_MIN_NS };
	uint64_t space = ktstr_frame_space(size);

	while (guest_channel_unread(channel) + space > KTSTR_RING_SIZE) {
		nanosleep(&nap, NULL);
		nap.tv_nsec *= 2;
		if (nap.tv_nsec > FULL_SLEEP_MAX_NS)
			nap.tv_nsec = FULL_SLEEP_MAX_NS;
	}
	frame_payload(channel, size, room);
}

void guest_channel_commit(struct guest_channel *channel, enum ktstr_frame_type type, size_t length)
{
	struct ktstr_frame frame = {
		.magic = KTSTR_FRAME_MAGIC,
		.type = (uint16_t)type,
		.length = (uint32_t)length,
	};
	struct iovec payload[2];

	frame_payload(channel, length, payload);
	frame.crc = crc32_update(&channel->crc, 0, &frame, offsetof(struct ktstr_frame, crc));
	for (int i = 0; i < 2; i++)
		frame.crc = crc32_update(&channel->crc, frame.crc, payload[i].iov_base,
					 payload[i].iov_len);
	memcpy(channel->ring + (channel->head & RING_MASK), &frame, sizeof(frame));
	channel->head += ktstr_frame_space(length);
	__atomic_store_n(&channel->header->head, channel->head, __ATOMIC_RELEASE);
	channel->doorbell();
}

void guest_channel_send(struct guest_channel *channel, enum ktstr_frame_type type,
			const void *payload, size_t length)
{
	struct iovec room[2];

	guest_channel_reserve(channel, length, room);
	if (length) {
		memcpy(room[0].iov_base, payload, room[0].iov_len);
		memcpy(room[1].iov_base, (const uint8_t *)payload + room[0].iov_len,
		       room[1].iov_len);
	}
	guest_channel_commit(channel, type, length);
}

/* Copy @count bytes that begin @position bytes into the inbox's stream. */
static void inbox_copy(const struct guest_channel *channel, uint64_t position, void *to,
		       size_t count)
{
	size_t offset = position & INBOX_MASK;
	size_t first = KTSTR_INBOX_SIZE - offset;

	if (first > count)
		first = count;
	memcpy(to, channel->inbox + offset, first);
	memcpy((uint8_t *)to + first, channel->inbox, count - first);
}

int guest_channel_receive(struct guest_channel *channel, uint16_t *type, void *payload,
			  uint32_t *length)
{
	uint64_t head = __atomic_load_n(&channel->header->inbox_head, __ATOMIC_ACQUIRE);
	uint64_t available = head - channel->inbox_tail;
	struct ktstr_frame frame;
	uint32_t crc;

	if (!available)
		return 0;
	if (available > KTSTR_INBOX_SIZE || available < sizeof(frame))
		return -EPROTO;
	inbox_copy(channel, channel->inbox_tail, &frame, sizeof(frame));
	if (frame.magic != KTSTR_FRAME_MAGIC || frame.length > KTSTR_INBOX_FRAME_MAX ||
	    ktstr_frame_space(frame.length) > available)
		return -EPROTO;
	inbox_copy(channel, channel->inbox_tail + sizeof(frame), payload, frame.length);
	crc = crc32_update(&channel->crc, 0, &frame, offsetof(struct ktstr_frame, crc));
	crc = crc32_update(&channel->crc, crc, payload, frame.length);
	if (crc != frame.crc)
		return -EPROTO;
	channel->inbox_tail += ktstr_frame_space(frame.length);
	__atomic_store_n(&channel->header->inbox_tail, channel->inbox_tail, __ATOMIC_RELEASE);
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
