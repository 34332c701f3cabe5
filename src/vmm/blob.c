/* How is a paused machine written down as bytes? See blob.h. */
#include "vmm/blob.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Little-endian, as is all that KVM writes on the hosts that there are. */
struct header {
	char magic[8];
	uint32_t version;
	uint32_t reserved; /* 0 */
	uint64_t size;	   /* of the whole blob, bytes */
};

struct record_header {
	uint32_t type;
	uint32_t index;
	uint32_t size;	   /* without the zeroes that fill up to the next 8 bytes */
	uint32_t reserved; /* 0 */
};

static_assert(sizeof(struct header) % 8 == 0, "records begin at multiples of 8");
static_assert(sizeof(struct record_header) % 8 == 0, "and so do their bytes");

static const char magic[8] = "ktstrvm";

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* @size more zeroed bytes at the end, or NULL. */
static uint8_t *append(struct blob *blob, size_t size)
{
	size_t needed = blob->size + size, room = blob->room ? blob->room : 4096;
	uint8_t *at;

	if (blob->failed)
		return NULL;
	while (room < needed)
		room *= 2;
	if (room != blob->room) {
		at = realloc(blob->bytes, room);
		if (!at) {
			blob->failed = true;
			return NULL;
		}
		blob->bytes = at;
		blob->room = room;
	}
	at = blob->bytes + blob->size;
	memset(at, 0, size);
	blob->size = needed;
	return at;
}

static void begin(struct blob *blob)
{
	struct header header = { .version = BLOB_VERSION };
	uint8_t *at = append(blob, sizeof(header));

	memcpy(header.magic, magic, sizeof(magic));
	if (at)
		memcpy(at, &header, sizeof(header));
}

void blob_add(struct blob *blob, uint32_t type, uint32_t index, const void *bytes, uint32_t size)
{
	struct record_header header = { .type = type, .index = index, .size = size };
	uint8_t *at;

	if (!blob->size)
		begin(blob);
	at = append(blob, sizeof(header) + padded(size));
	if (!at)
		return;
	memcpy(at, &header, sizeof(header));
	if (size)
		memcpy(at + sizeof(header), bytes, size);
}

int blob_end(struct blob *blob, struct error *err)
{
	uint64_t size;

	if (!blob->size)
		begin(blob);
	if (blob->failed)
		return error_set(err, -ENOMEM, "no memory for the state of a VM, after %zu bytes",
				 blob->size);
	size = blob->size;
	memcpy(blob->bytes + offsetof(struct header, size), &size, sizeof(size));
	return 0;
}

void blob_free(struct blob *blob)
{
	free(blob->bytes);
	*blob = (struct blob){ 0 };
}

int blob_read(struct blob_reader *reader, const void *bytes, size_t size, struct error *err)
{
	struct header header;

	if (size < sizeof(header))
		return error_set(err, -EPROTO, "saved state: %zu bytes, its header alone has %zu",
				 size, sizeof(header));
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, magic, sizeof(magic)) != 0 || header.reserved)
		return error_set(err, -EPROTO, "saved state: it does not begin as one does");
	if (header.version != BLOB_VERSION)
		return error_set(err, -EPROTO, "saved state: of version %u, this program has %u",
				 header.version, BLOB_VERSION);
	if (header.size != size)
		return error_set(err, -EPROTO, "saved state: %zu bytes, by its header %llu", size,
				 (unsigned long long)header.size);
	*reader = (struct blob_reader){ .bytes = bytes, .size = size, .at = sizeof(header) };
	return 0;
}

int blob_next(struct blob_reader *reader, struct blob_record *record, struct error *err)
{
	size_t left = reader->size - reader->at;
	struct record_header header;

	if (!left)
		return 0;
	if (left < sizeof(header))
		goto beyond;
	memcpy(&header, reader->bytes + reader->at, sizeof(header));
	left -= sizeof(header);
	if (header.reserved || header.size > left || padded(header.size) > left)
		goto beyond;
	record->type = header.type;
	record->index = header.index;
	record->size = header.size;
	record->bytes = reader->bytes + reader->at + sizeof(header);
	reader->at += sizeof(header) + padded(header.size);
	return 1;
beyond:
	return error_set(err, -EPROTO, "saved state: the record at byte %zu of %zu is damaged",
			 reader->at, reader->size);
}
