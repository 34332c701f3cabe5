/*
 * How is a paused machine written down as bytes? A header, then records one after the other; each
 * has a type, an index (a vCPU's number, or 0) and its bytes. What the records mean is for those
 * who add and read them.
 */
#ifndef KTSTR_VMM_RECORDS_H
#define KTSTR_VMM_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Changes with the meaning of any record: older ones are then not ours. */
#define RECORDS_VERSION 1u

/* One that is being put together; zeroed before the first record is added. */
struct records {
	uint8_t *bytes; /* owned: records_free */
	size_t size;
	size_t room;
	bool failed; /* no memory: all that is added later is dropped */
};

struct record {
	uint32_t type;
	uint32_t index;
	uint32_t size;	   /* bytes */
	const void *bytes; /* among the others', at an address like theirs modulo 8 */
};

/* Read from front to back; the bytes stay the caller's and must not change meanwhile. */
struct record_reader {
	const uint8_t *bytes;
	size_t size;
	size_t at;
};

/* records_add - copy a record to the end. A failure shows in records_end. */
void records_add(struct records *records, uint32_t type, uint32_t index, const void *bytes,
		 uint32_t size);

/* records_end - all is added. Returns 0, or -ENOMEM when memory ran out on the way. */
int records_end(struct records *records, struct error *err);

void records_free(struct records *records);

/* records_read - begin to read. Returns 0; or -EPROTO with a message: none, not of this
 * version, cut off or too long. */
int records_read(struct record_reader *reader, const void *bytes, size_t size, struct error *err);

/*
 * records_next - the next record. Returns 1; 0 behind the last; -EPROTO with a message when it does
 * not lie within them.
 */
int records_next(struct record_reader *reader, struct record *record, struct error *err);

/*
 * records_find - the first record of this type and index, which must have @size bytes.
 * Returns 0 and them in @out; -EPROTO with a message.
 */
int records_find(const void *bytes, size_t size, uint32_t type, uint32_t index, void *out,
		 uint32_t out_size, struct error *err);

#endif
