/* What did the kernel say? (printk.h) */
#include "inspect/printk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/printk_layout.h"
#include "inspect/state.h"

/* The top two bits of state_var; the rest is the descriptor's id. */
#define STATE_SHIFT	62
#define STATE_RESERVED	0u
#define STATE_COMMITTED 1u
#define STATE_FINALIZED 2u
#define ID_MASK		((1ull << STATE_SHIFT) - 1)
#define LPOS_NO_DATA	1u
#define CALLER_IS_CPU	(1u << 31)

/* log_buf_len takes 2 GiB at most; a descriptor is for 32 bytes of it. */
#define MAX_SIZE_BITS  31
#define MAX_COUNT_BITS 26
#define RECORD_COST    16u
#define TEXTS_SIZE     (64u << 10)

struct ring {
	struct printk_layout layout;
	uint32_t count_bits, size_bits;
	uint64_t descs, infos, head, tail;
	uint64_t data;
};

struct reader {
	struct inspect *inspect;
	struct ring ring;
	struct printk_log *log;
	size_t room;		 /* of records */
	size_t used, texts_size; /* of the last one of texts */
	size_t left;		 /* of max_text */
};

static bool read_ring(struct inspect *inspect, struct ring *ring, uint64_t prb)
{
	const struct printk_layout *layout = &ring->layout;
	uint64_t descs = prb + (uint64_t)layout->ring_descs;
	uint64_t text = prb + (uint64_t)layout->ring_text;

	return inspect_read_u32(inspect, descs + (uint64_t)layout->count_bits, &ring->count_bits) &&
	       inspect_read_u64(inspect, descs + (uint64_t)layout->descs, &ring->descs) &&
	       inspect_read_u64(inspect, descs + (uint64_t)layout->infos, &ring->infos) &&
	       inspect_read_u64(inspect, descs + (uint64_t)layout->head, &ring->head) &&
	       inspect_read_u64(inspect, descs + (uint64_t)layout->tail, &ring->tail) &&
	       inspect_read_u32(inspect, text + (uint64_t)layout->size_bits, &ring->size_bits) &&
	       inspect_read_u64(inspect, text + (uint64_t)layout->data, &ring->data);
}

static int open_ring(struct inspect *inspect, const struct btf *btf, struct ring *ring,
		     struct error *err)
{
	uint64_t at, prb;
	int ret;

	ret = printk_layout_find(inspect, btf, &ring->layout, err);
	if (ret)
		return ret;
	if (!inspect_symbol(inspect, "prb", &at))
		return error_set(err, -ENOENT, "the guest's log: the kernel has no symbol prb");
	if (!inspect_read_u64(inspect, at, &prb) || !read_ring(inspect, ring, prb))
		return error_set(err, -EINVAL, "the guest's log: its head, at %#llx, %s",
				 (unsigned long long)at,
				 inspect_out_of_time(inspect) ? "was not read in the time given"
							      : "leads to what is not memory");
	if (ring->count_bits > MAX_COUNT_BITS || ring->size_bits > MAX_SIZE_BITS)
		return error_set(err, -EINVAL,
				 "the guest's log: 2^%u records in 2^%u bytes, that cannot be",
				 ring->count_bits, ring->size_bits);
	return 0;
}

static uint64_t u64_in(const unsigned char *bytes, int64_t at)
{
	uint64_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

/* @size bytes in the log, and a NUL. NULL: no memory. */
static char *text_room(struct reader *reader, size_t size)
{
	struct printk_log *log = reader->log;

	if (!log->nr_texts || reader->texts_size - reader->used <= size) {
		size_t whole = size >= TEXTS_SIZE ? size + 1 : TEXTS_SIZE;
		char **texts = realloc(log->texts, (log->nr_texts + 1) * sizeof(*texts));

		if (!texts)
			return NULL;
		log->texts = texts;
		texts[log->nr_texts] = malloc(whole);
		if (!texts[log->nr_texts])
			return NULL;
		log->nr_texts++;
		reader->texts_size = whole;
		reader->used = 0;
	}
	reader->used += size + 1;
	return log->texts[log->nr_texts - 1] + reader->used - (size + 1);
}

/*
 * Where a block of @id has its text, and how long that may be; a block does not go over the ring's
 * end, but begins again at its start. False: there is no such block.
 */
static bool find_text(struct reader *reader, uint64_t begin, uint64_t next, uint64_t id,
		      uint64_t *at, uint64_t *size)
{
	uint64_t whole = 1ull << reader->ring.size_bits, index = begin & (whole - 1), found;
	unsigned int bits = reader->ring.size_bits;

	if (begin >> bits == next >> bits && begin < next) {
		*size = next - begin;
	} else if ((begin + whole) >> bits == next >> bits) {
		index = 0;
		*size = next & (whole - 1);
	} else {
		return false;
	}
	*at = reader->ring.data + index + sizeof(id);
	if (*size < sizeof(id) ||
	    !inspect_read_u64(reader->inspect, reader->ring.data + index, &found) || found != id)
		return false;
	*size -= sizeof(id);
	return true;
}

static bool read_text(struct reader *reader, const unsigned char *desc, uint64_t id,
		      size_t text_len, struct printk_record *record, bool *no_memory)
{
	const struct printk_layout *layout = &reader->ring.layout;
	uint64_t begin = u64_in(desc, layout->lpos + layout->begin), at = 0, size = 0;
	char *text;

	if (!(begin & LPOS_NO_DATA) &&
	    !find_text(reader, begin, u64_in(desc, layout->lpos + layout->next), id, &at, &size))
		return false;
	record->size = size < text_len ? (size_t)size : text_len;
	text = text_room(reader, record->size);
	if (!text) {
		*no_memory = true;
		return false;
	}
	text[record->size] = '\0';
	record->text = text;
	if (inspect_read(reader->inspect, at, text, record->size))
		return true;
	reader->used -= record->size + 1;
	return false;
}

/* Returns 0, also for one that is only counted, or -ENOMEM. */
static int read_record(struct reader *reader, uint64_t id)
{
	const struct printk_layout *layout = &reader->ring.layout;
	uint64_t slot = id & ((1ull << reader->ring.count_bits) - 1), state;
	unsigned char desc[PRINTK_STRUCT_SIZE], info[PRINTK_STRUCT_SIZE];
	struct printk_log *log = reader->log;
	struct printk_record record = { 0 };
	bool no_memory = false;
	uint16_t text_len;

	if (!inspect_read(reader->inspect, reader->ring.descs + slot * (uint64_t)layout->desc_size,
			  desc, (size_t)layout->desc_size) ||
	    !inspect_read(reader->inspect, reader->ring.infos + slot * (uint64_t)layout->info_size,
			  info, (size_t)layout->info_size)) {
		log->broken++;
		return 0;
	}
	state = u64_in(desc, layout->state);
	if ((state & ID_MASK) != id) {
		log->broken++;
		return 0;
	}
	state >>= STATE_SHIFT;
	if (state != STATE_COMMITTED && state != STATE_FINALIZED) {
		/* A reusable one is no record (any more). */
		log->unfinished += state == STATE_RESERVED;
		return 0;
	}
	record.seq = u64_in(info, layout->seq);
	record.ts_ns = u64_in(info, layout->ts);
	record.level = printk_layout_level(layout, info);
	memcpy(&text_len, info + layout->text_len, sizeof(text_len));
	memcpy(&record.caller, info + layout->caller, sizeof(record.caller));
	record.caller_is_cpu = record.caller & CALLER_IS_CPU;
	record.caller &= ~CALLER_IS_CPU;
	if (!read_text(reader, desc, id, text_len, &record, &no_memory)) {
		log->broken++;
		return no_memory ? -ENOMEM : 0;
	}
	if (log->nr == reader->room) {
		size_t room = reader->room ? reader->room * 2 : 256;
		struct printk_record *more = realloc(log->records, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		log->records = more;
		reader->room = room;
	}
	log->records[log->nr++] = record;
	reader->left -= record.size + RECORD_COST < reader->left ? record.size + RECORD_COST
								 : reader->left;
	return 0;
}

static void reverse(struct printk_log *log)
{
	for (size_t i = 0; i < log->nr / 2; i++) {
		struct printk_record kept = log->records[i];

		log->records[i] = log->records[log->nr - 1 - i];
		log->records[log->nr - 1 - i] = kept;
	}
}

int printk_read(struct inspect *inspect, const struct btf *btf, size_t max_text,
		struct printk_log *log, struct error *err)
{
	struct reader reader = { .inspect = inspect, .log = log, .left = max_text };
	uint64_t count, there;
	int ret;

	memset(log, 0, sizeof(*log));
	ret = open_ring(inspect, btf, &reader.ring, err);
	if (ret)
		return ret;
	there = ((reader.ring.head - reader.ring.tail) & ID_MASK) + 1;
	count = 1ull << reader.ring.count_bits;
	if (there > count)
		return error_set(
			err, -EINVAL,
			"the guest's log: it is said to hold %llu records, of %llu at most",
			(unsigned long long)there, (unsigned long long)count);
	/* The newest first: they matter most. */
	for (uint64_t i = 0; i < there; i++) {
		if (!reader.left || inspect_out_of_time(inspect)) {
			log->older = there - i;
			break;
		}
		if (read_record(&reader, (reader.ring.head - i) & ID_MASK)) {
			printk_free(log);
			return error_set(err, -ENOMEM, "the guest's log: no memory left for it");
		}
	}
	reverse(log);
	return 0;
}

void printk_free(struct printk_log *log)
{
	for (size_t i = 0; i < log->nr_texts; i++)
		free(log->texts[i]);
	free(log->texts);
	free(log->records);
	memset(log, 0, sizeof(*log));
}

void printk_prefix(const struct printk_record *record, char *dst)
{
	snprintf(dst, PRINTK_PREFIX_SIZE, "[%5llu.%06llu] [%c%u] ",
		 (unsigned long long)(record->ts_ns / 1000000000u),
		 (unsigned long long)(record->ts_ns / 1000 % 1000000u),
		 record->caller_is_cpu ? 'C' : 'T', record->caller);
}
