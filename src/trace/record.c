/* What does a perf ring hold? See record.h. */
#include "trace/record.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

struct sample_start {
	struct perf_event_header header;
	uint64_t time;
	uint32_t raw_size;
} __attribute__((packed));

struct lost {
	struct perf_event_header header;
	uint64_t id;
	uint64_t lost;
};

int record_parse(const uint8_t *data, size_t size, struct record *record)
{
	struct perf_event_header header;
	struct sample_start sample;
	struct lost lost;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, data, sizeof(header));
	*record = (struct record){ .kind = RECORD_OTHER };
	switch (header.type) {
	case PERF_RECORD_SAMPLE:
		if (size < sizeof(sample))
			return -EBADMSG;
		memcpy(&sample, data, sizeof(sample));
		if (sample.raw_size > size - sizeof(sample))
			return -EBADMSG;
		record->kind = RECORD_SAMPLE;
		record->time = sample.time;
		record->raw = data + sizeof(sample);
		record->raw_size = sample.raw_size;
		return 0;
	case PERF_RECORD_LOST:
		if (size < sizeof(lost))
			return -EBADMSG;
		memcpy(&lost, data, sizeof(lost));
		record->kind = RECORD_LOST;
		record->lost = lost.lost;
		return 0;
	default:
		return 0;
	}
}

int records_walk(const uint8_t *ring, uint64_t ring_size, uint64_t head, uint64_t *tail,
		 uint8_t *scratch, record_sink sink, void *context)
{
	int ret;

	if (head - *tail > ring_size)
		goto unreadable;
	while (*tail != head) {
		const uint64_t offset = *tail & (ring_size - 1), to_end = ring_size - offset;
		const uint8_t *data = ring + offset;
		struct perf_event_header header;
		struct record record;

		/* Records are multiples of 8 bytes long (perf_prepare_sample), so no header wraps.
		 */
		if (head - *tail < sizeof(header) || to_end < sizeof(header))
			goto unreadable;
		memcpy(&header, data, sizeof(header));
		if (header.size < sizeof(header) || header.size % 8 || header.size > head - *tail)
			goto unreadable;
		if (header.size > to_end) {
			memcpy(scratch, data, to_end);
			memcpy(scratch + to_end, ring, header.size - to_end);
			data = scratch;
		}
		if (record_parse(data, header.size, &record))
			goto unreadable;
		*tail += header.size;
		ret = sink(context, &record);
		if (ret)
			return ret;
	}
	return 0;

unreadable:
	*tail = head;
	return -EBADMSG;
}
