/*
 * What does a perf ring hold? Walks the records between tail and head, with sample_type
 * PERF_SAMPLE_TIME | PERF_SAMPLE_RAW (linux/perf_event.h: PERF_RECORD_SAMPLE, PERF_RECORD_LOST).
 */
#ifndef KTSTR_TRACE_RECORD_H
#define KTSTR_TRACE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX_SIZE 65536 /* perf_event_header.size is 16 bits wide */

enum record_kind {
	RECORD_SAMPLE,
	RECORD_LOST,
	RECORD_OTHER, /* of no interest */
};

struct record {
	enum record_kind kind;
	uint64_t time;	    /* SAMPLE: in the clock of the event */
	const uint8_t *raw; /* SAMPLE: points into what was parsed */
	size_t raw_size;
	uint64_t lost; /* LOST: how many records */
};

/* Parse the record at @data, all @size bytes of it. Returns 0, or -EBADMSG for a record too short.
 */
int record_parse(const uint8_t *data, size_t size, struct record *record);

/* Gets each record in order; anything but 0 ends the walk. */
typedef int (*record_sink)(void *context, const struct record *record);

/*
 * records_walk - hand the records from *@tail to @head to @sink.
 * @ring, @ring_size: the data pages; a power of two, at least 8
 * @scratch: RECORD_MAX_SIZE bytes, for a record that wraps
 * Moves *@tail behind what was walked. Returns 0, what @sink returned, or -EBADMSG when a record
 * does not parse: then the rest up to @head cannot be read either and is skipped.
 */
int records_walk(const uint8_t *ring, uint64_t ring_size, uint64_t head, uint64_t *tail,
		 uint8_t *scratch, record_sink sink, void *context);

#endif
