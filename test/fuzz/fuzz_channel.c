/*
 * Can a guest's bytes harm the host? The ring is filled once as the input says, raw, and once with
 * the frames that it describes, their CRCs made right; both go through the channel into the watch,
 * the verdict and the reports' input.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../../guest/channel.h"
#include "../../guest/protocol.h"
#include "run/watch.h"
#include "verdict/verdict.h"
#include "vmm/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The machine: of it the watch knows no more than these. */
struct vmm {
	struct channel *channel;
};

const struct channel *vmm_channel(const struct vmm *vmm)
{
	return vmm->channel;
}

void vmm_answer(struct vmm *vmm, uint64_t lost_ns)
{
	channel_answer(vmm->channel, lost_ns);
}

int vmm_cpu_times(struct vmm *vmm, struct vmm_cpu_times *times)
{
	(void)vmm;
	*times = (struct vmm_cpu_times){ .ran_ns = 1 };
	return 0;
}

void vmm_ask(struct vmm *vmm, uint32_t parts)
{
	channel_ask(vmm->channel, parts);
}

bool vmm_has_room(const struct vmm *vmm)
{
	return channel_has_room(vmm->channel);
}

int vmm_send(struct vmm *vmm, uint16_t type, const void *payload, uint32_t length)
{
	return channel_send(vmm->channel, type, payload, length, NULL) ? -EAGAIN : 0;
}

static uint8_t *ring_of(void *region)
{
	return (uint8_t *)region + KTSTR_RING_OFFSET;
}

/* head is the input's first 8 bytes, the ring what follows. */
static void fill_raw(struct ktstr_channel *channel, const uint8_t *data, size_t size)
{
	if (size < sizeof(channel->head))
		return;
	memcpy(&channel->head, data, sizeof(channel->head));
	if (data[7])
		channel->head &= 0xffff; /* else hardly any head is near enough to be looked at */
	size -= sizeof(channel->head);
	memcpy(ring_of(channel), data + sizeof(channel->head), size < 65536 ? size : 65536);
}

/* Each frame: type, length (2 bytes), payload as far as the input goes, zeroes behind. */
static void fill_frames(struct ktstr_channel *channel, const uint8_t *data, size_t size)
{
	uint8_t *ring = ring_of(channel);

	while (size >= 3) {
		struct ktstr_frame frame = { .magic = KTSTR_FRAME_MAGIC, .type = data[0] % 20 };
		uint64_t space;
		size_t have;

		frame.length = (uint32_t)(data[1] | data[2] << 8) % 600;
		have = size - 3 < frame.length ? size - 3 : frame.length;
		space = ktstr_frame_space(frame.length);
		if (channel->head + space > KTSTR_RING_SIZE)
			return;
		memset(ring + channel->head + sizeof(frame), 0, space - sizeof(frame));
		memcpy(ring + channel->head + sizeof(frame), data + 3, have);
		frame.crc = (uint32_t)crc32(0, (const Bytef *)&frame, 12);
		frame.crc = (uint32_t)crc32(frame.crc, ring + channel->head + sizeof(frame),
					    frame.length);
		memcpy(ring + channel->head, &frame, sizeof(frame));
		channel->head += space;
		data += 3 + have;
		size -= 3 + have;
	}
}

/*
 * The inbox's index is the guest's as well: what the host sends must stay within the inbox, and
 * an index that is none must be seen. Then the guest's end, on an inbox that somebody wrote into.
 */
static void use_inbox(struct channel *channel, const uint8_t *data, size_t size)
{
	static uint8_t got[KTSTR_INBOX_FRAME_MAX], behind[64];
	struct ktstr_channel *header = channel->region;
	uint8_t *inbox = (uint8_t *)channel->region + KTSTR_INBOX_OFFSET;
	struct guest_channel guest;
	uint32_t length;
	uint16_t type;
	struct error err;
	char why[256];

	memcpy(&header->inbox_tail, data, size < 8 ? size : 8);
	if (size > 8 && data[8] & 1)
		header->inbox_tail = 0;
	for (size_t i = 0; i < 40; i++) {
		uint32_t count =
			(uint32_t)(size < KTSTR_INBOX_FRAME_MAX ? size : KTSTR_INBOX_FRAME_MAX);
		bool room = channel_has_room(channel);
		int ret =
			channel_send(channel, i & 1 ? KTSTR_STDIN : KTSTR_KEYS, data, count, &err);

		if (room && ret)
			abort();
	}
	if (memcmp(inbox + KTSTR_INBOX_SIZE, behind, sizeof(behind)))
		abort();

	if (guest_channel_init(&guest, channel->region, NULL, why, sizeof(why)))
		abort();
	guest.inbox.at = 0;
	memcpy(inbox, data, size < KTSTR_INBOX_SIZE ? size : KTSTR_INBOX_SIZE);
	while (guest_channel_receive(&guest, &type, got, &length) > 0)
		if (length > KTSTR_INBOX_FRAME_MAX)
			abort();
}

/* What the loop of a machine is between channel and owner. */
struct passed {
	struct vmm_owner owner;
	struct vmm *vmm;
};

static int pass_frame(void *data, uint16_t type, const void *payload, uint32_t length,
		      struct error *err)
{
	const struct passed *to = data;

	return to->owner.frame(to->owner.data, to->vmm, type, payload, length, err);
}

static void run(void *region, void (*fill)(struct ktstr_channel *, const uint8_t *, size_t),
		const uint8_t *data, size_t size)
{
	struct artefacts artefacts = { .dir = "/nowhere", .stem = "fuzz" };
	struct observation seen = { .tracer = size & 1 ? TRACER_SILENT : TRACER_OFF };
	struct cargo cargo = { 0 };
	struct watch watch = { .seen = &seen,
			       .cargo = &cargo,
			       .artefacts = &artefacts,
			       .trace_suffix = ARTEFACT_TRACE,
			       .max_trace_size = 1 << 20,
			       .cancel_fd = -1,
			       .out_fd = -1,
			       .err_fd = -1,
			       .console_fd = -1 };
	struct vmm_owner owner;
	struct passed passed;
	struct verdict verdict;
	struct channel channel;
	struct vmm vmm = { .channel = &channel };
	struct feed feed;
	struct error err;

	/* Of a standard input there is always more. */
	if (feed_open(&feed, "/dev/zero", &err))
		abort();
	watch.feed = &feed;
	if (observation_init(&seen) || channel_init(&channel, region, &err))
		abort();
	watch_init(&watch);
	owner = watch_owner(&watch);
	fill(region, data, size);
	owner.console(owner.data, &vmm, data, size);
	passed = (struct passed){ owner, &vmm };
	channel_drain(&channel, pass_frame, &passed, &err);
	owner.input->ready(owner.data, &vmm, feed.input.fd >= 0);
	owner.tick(owner.data, &vmm, 1);
	watch_finish(&watch);
	verdict_of(&seen, &verdict);
	if (verdict.kind == VERDICT_PASS && !(seen.started && seen.exited))
		abort(); /* no guest passes a test that never ran */
	use_inbox(&channel, data, size);
	feed_close(&feed);
	channel_destroy(&channel);
	observation_destroy(&seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *region;

	if (!region)
		region = calloc(1, KTSTR_CHANNEL_SIZE + 64);
	run(region, fill_raw, data, size);
	run(region, fill_frames, data, size);
	return 0;
}
