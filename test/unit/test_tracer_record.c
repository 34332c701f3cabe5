/* Does the walk through a perf ring find every record, and survive every ring? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/perf_event.h>

#include <cmocka.h>

#include "trace/record.h"

#define RING_SIZE 256

struct ring_state {
	uint8_t *data; /* RING_SIZE, exactly */
	uint8_t *scratch;
	uint64_t head, tail;
};

static int setup(void **state)
{
	struct ring_state *ring = calloc(1, sizeof(*ring));

	assert_non_null(ring);
	ring->data = calloc(1, RING_SIZE);
	ring->scratch = malloc(RECORD_MAX_SIZE);
	assert_non_null(ring->data);
	assert_non_null(ring->scratch);
	*state = ring;
	return 0;
}

static int teardown(void **state)
{
	struct ring_state *ring = *state;

	free(ring->data);
	free(ring->scratch);
	free(ring);
	return 0;
}

static void put(struct ring_state *ring, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	while (size--)
		ring->data[ring->head++ % RING_SIZE] = *byte++;
}

/* A sample whose raw part is @raw_size bytes, each of value @fill. */
static void put_sample(struct ring_state *ring, uint64_t time, uint32_t raw_size, uint8_t fill)
{
	uint8_t raw[RING_SIZE];
	const struct perf_event_header header = {
		.type = PERF_RECORD_SAMPLE,
		.size = (uint16_t)(sizeof(header) + 8 + 4 + raw_size),
	};

	memset(raw, fill, sizeof(raw));
	put(ring, &header, sizeof(header));
	put(ring, &time, sizeof(time));
	put(ring, &raw_size, sizeof(raw_size));
	put(ring, raw, raw_size);
}

static void put_lost(struct ring_state *ring, uint64_t lost)
{
	const struct perf_event_header header = { .type = PERF_RECORD_LOST, .size = 24 };

	put(ring, &header, sizeof(header));
	put(ring, &(uint64_t){ 5 }, 8);
	put(ring, &lost, 8);
}

struct seen {
	int samples, others, stop_after;
	uint64_t lost, times, raw_bytes, raw_sum;
};

static int look(void *context, const struct record *record)
{
	struct seen *seen = context;
	size_t i;

	switch (record->kind) {
	case RECORD_SAMPLE:
		seen->samples++;
		seen->times += record->time;
		seen->raw_bytes += record->raw_size;
		for (i = 0; i < record->raw_size; i++)
			seen->raw_sum += record->raw[i];
		break;
	case RECORD_LOST:
		seen->lost += record->lost;
		break;
	case RECORD_OTHER:
		seen->others++;
		break;
	}
	return seen->stop_after && seen->samples >= seen->stop_after ? -EIO : 0;
}

static int walk(struct ring_state *ring, struct seen *seen)
{
	return records_walk(ring->data, RING_SIZE, ring->head, &ring->tail, ring->scratch, look,
			    seen);
}

/* From every place in the ring, so that each record wraps at each of its bytes but its header's. */
static void every_wrap(void **state)
{
	struct ring_state *ring = *state;
	uint64_t start;

	for (start = 0; start < 2 * RING_SIZE; start += 8) {
		struct seen seen = { 0 };

		ring->head = ring->tail = start;
		put_sample(ring, 100, 68, 1);
		put_lost(ring, 7);
		put_sample(ring, 200, 44, 2);
		assert_int_equal(walk(ring, &seen), 0);
		assert_int_equal(ring->tail, ring->head);
		assert_int_equal(seen.samples, 2);
		assert_int_equal(seen.times, 300);
		assert_int_equal(seen.lost, 7);
		assert_int_equal(seen.raw_bytes, 112);
		assert_int_equal(seen.raw_sum, 68 + 88);
	}
}

static void empty_and_full(void **state)
{
	struct ring_state *ring = *state;
	struct seen seen = { 0 };
	int i;

	ring->head = ring->tail = UINT64_MAX - 7;
	assert_int_equal(walk(ring, &seen), 0);
	for (i = 0; i < 4; i++) /* 4 x 64 bytes fill it; the position passes 2^64 */
		put_sample(ring, 1, 44, 0);
	assert_int_equal(walk(ring, &seen), 0);
	assert_int_equal(seen.samples, 4);
	assert_int_equal(ring->tail, ring->head);
}

static void other_types(void **state)
{
	struct ring_state *ring = *state;
	struct seen seen = { 0 };
	const struct perf_event_header header = { .type = PERF_RECORD_THROTTLE, .size = 32 };

	put(ring, &header, sizeof(header));
	put(ring, "123456781234567812345678", 24);
	put_sample(ring, 3, 4, 0);
	assert_int_equal(walk(ring, &seen), 0);
	assert_int_equal(seen.others, 1);
	assert_int_equal(seen.samples, 1);
}

/* A sink that fails stops the walk behind its record, so that it is not seen twice. */
static void sink_stops(void **state)
{
	struct ring_state *ring = *state;
	struct seen seen = { .stop_after = 1 };

	put_sample(ring, 1, 4, 0);
	put_sample(ring, 2, 4, 0);
	assert_int_equal(walk(ring, &seen), -EIO);
	assert_int_equal(ring->tail, 24);
	seen.stop_after = 0;
	assert_int_equal(walk(ring, &seen), 0);
	assert_int_equal(seen.samples, 2);
}

static void unreadable(struct ring_state *ring)
{
	struct seen seen = { 0 };

	assert_int_equal(walk(ring, &seen), -EBADMSG);
	assert_int_equal(ring->tail, ring->head);
	assert_int_equal(seen.samples, 1); /* the one before */
}

static void hostile_headers(void **state)
{
	static const uint16_t sizes[] = { 0, 7, 12, 4, 65535, 40, 256 };
	struct ring_state *ring = *state;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct perf_event_header header = { .type = PERF_RECORD_SAMPLE, .size = sizes[i] };

		ring->tail = ring->head;
		put_sample(ring, 1, 4, 0);
		put(ring, &header, sizeof(header));
		put(ring, "123456781234567812345678", 24);
		unreadable(ring);
	}
	/* Ends within a header. */
	ring->tail = ring->head;
	put_sample(ring, 1, 4, 0);
	put(ring, "1234", 4);
	unreadable(ring);
}

/* Right in the ring, and too short for what they say they are. */
static void hostile_bodies(void **state)
{
	struct ring_state *ring = *state;
	struct perf_event_header header = { .type = PERF_RECORD_SAMPLE, .size = 16 };

	put_sample(ring, 1, 4, 0);
	put(ring, &header, sizeof(header)); /* no room for the raw size */
	put(ring, "12345678", 8);
	unreadable(ring);

	ring->head = ring->tail = 0;
	put_sample(ring, 1, 4, 0);
	header.size = 24; /* raw size 5 of 4 */
	put(ring, &header, sizeof(header));
	put(ring, "12345678", 8);
	put(ring, &(uint32_t){ 5 }, 4);
	put(ring, "1234", 4);
	unreadable(ring);

	ring->head = ring->tail = 0;
	put_sample(ring, 1, 4, 0);
	put(ring, &header, sizeof(header));
	put(ring, "12345678", 8);
	put(ring, &(uint32_t){ 0xffffffff }, 4);
	put(ring, "1234", 4);
	unreadable(ring);

	ring->head = ring->tail = 0;
	put_sample(ring, 1, 4, 0);
	header = (struct perf_event_header){ .type = PERF_RECORD_LOST, .size = 16 };
	put(ring, &header, sizeof(header));
	put(ring, "12345678", 8);
	unreadable(ring);
}

/* No record is of such a size, even where what follows it would look right. */
static void odd_size(void **state)
{
	const struct perf_event_header header = { .type = PERF_RECORD_THROTTLE, .size = 12 };
	struct ring_state *ring = *state;

	put_sample(ring, 1, 4, 0);
	put(ring, &header, sizeof(header));
	put(ring, "1234", 4);
	put_sample(ring, 2, 8, 0);
	unreadable(ring);
}

/* Nothing of a ring that was overrun is believed, though each record in it is right. */
static void head_beyond_the_ring(void **state)
{
	struct ring_state *ring = *state;
	struct seen seen = { 0 };
	int i;

	for (i = 0; i < 8; i++)
		put_sample(ring, 1, 44, 0);
	assert_int_equal(walk(ring, &seen), -EBADMSG);
	assert_int_equal(ring->tail, ring->head);
	ring->head = ring->tail - 64; /* behind the tail */
	assert_int_equal(walk(ring, &seen), -EBADMSG);
	assert_int_equal(ring->tail, ring->head);
	assert_int_equal(seen.samples, 0);
}

#define WITH_RING(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RING(every_wrap), WITH_RING(empty_and_full),	WITH_RING(other_types),
		WITH_RING(sink_stops), WITH_RING(hostile_headers),	WITH_RING(hostile_bodies),
		WITH_RING(odd_size),   WITH_RING(head_beyond_the_ring),
	};

	return cmocka_run_group_tests_name("tracer records", tests, NULL, NULL);
}
