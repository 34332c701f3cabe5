/*
 * How is a paused machine written down as bytes? A header, then records one after the other; each
 * has a type, an index (a vCPU's number, or 0) and its bytes. What the records mean is for those
 * who add and read them.
 */
#ifndef KTSTR_VMM_BLOB_H
#define KTSTR_VMM_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Changes with the meaning of any record: an older blob is then none of ours. */
#define BLOB_VERSION 1u

/* One that is being put together; zeroed before the first record is added. */
struct blob {
	uint8_t *bytes; /* owned: blob_free */
	size_t size;
	size_t room;
	bool failed; /* no memory: all that is added later is dropped */
};

struct blob_record {
	uint32_t type;
	uint32_t index;
	uint32_t size;	   /* bytes */
	const void *bytes; /* in the blob, at an address like its own modulo 8 */
};

/* Read from front to back; the bytes stay the caller's and must not change meanwhile. */
struct blob_reader {
	const uint8_t *bytes;
	size_t size;
	size_t at;
};

/* blob_add - copy a record to the end. A failure shows in blob_end. */
void blob_add(struct blob *blob, uint32_t type, uint32_t index, const void *bytes, uint32_t size);

/* blob_end - all is added. Returns 0, or -ENOMEM when memory ran out on the way. */
int blob_end(struct blob *blob, struct error *err);

void blob_free(struct blob *blob);

/* blob_read - begin to read. Returns 0; or -EPROTO with a message: no blob, not of this version,
 * cut off or too long. */
int blob_read(struct blob_reader *reader, const void *bytes, size_t size, struct error *err);

/*
 * blob_next - the next record. Returns 1; 0 behind the last; -EPROTO with a message when it does
 * not lie within the blob.
 */
int blob_next(struct blob_reader *reader, struct blob_record *record, struct error *err);

#endif
