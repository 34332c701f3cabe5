/* How is a paused machine written down as bytes? See records.h. */
#include "vmm/records.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Little-endian, as is all that KVM writes on the hosts that there are. */
struct header {
	char magic[8];
	uint32_t version;
	uint32_t reserved; /* 0 */
	uint64_t size;	   /* of the whole records, bytes */
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
static uint8_t *append(struct records *records, size_t size)
{
	size_t needed = records->size + size, room = records->room ? records->room : 4096;
	uint8_t *at;

	if (records->failed)
		return NULL;
	while (room < needed)
		room *= 2;
	if (room != records->room) {
		at = realloc(records->bytes, room);
		if (!at) {
			records->failed = true;
			return NULL;
		}
		records->bytes = at;
		records->room = room;
	}
	at = records->bytes + records->size;
	memset(at, 0, size);
	records->size = needed;
	return at;
}

static void begin(struct records *records)
{
	struct header header = { .version = RECORDS_VERSION };
	uint8_t *at = append(records, sizeof(header));

	memcpy(header.magic, magic, sizeof(magic));
	if (at)
		memcpy(at, &header, sizeof(header));
}

void records_add(struct records *records, uint32_t type, uint32_t index, const void *bytes,
		 uint32_t size)
{
	struct record_header header = { .type = type, .index = index, .size = size };
	uint8_t *at;

	if (!records->size)
		begin(records);
	at = append(records, sizeof(header) + padded(size));
	if (!at)
		return;
	memcpy(at, &header, sizeof(header));
	if (size)
		memcpy(at + sizeof(header), bytes, size);
}

int records_end(struct records *records, struct error *err)
{
	uint64_t size;

	if (!records->size)
		begin(records);
	if (records->failed)
		return error_set(err, -ENOMEM, "no memory for the state of a VM, after %zu bytes",
				 records->size);
	size = records->size;
	memcpy(records->bytes + offsetof(struct header, size), &size, sizeof(size));
	return 0;
}

void records_free(struct records *records)
{
	free(records->bytes);
	*records = (struct records){ 0 };
}

int records_read(struct record_reader *reader, const void *bytes, size_t size, struct error *err)
{
	struct header header;

	if (size < sizeof(header))
		return error_set(err, -EPROTO, "saved state: %zu bytes, its header alone has %zu",
				 size, sizeof(header));
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, magic, sizeof(magic)) != 0 || header.reserved)
		return error_set(err, -EPROTO, "saved state: it does not begin as one does");
	if (header.version != RECORDS_VERSION)
		return error_set(err, -EPROTO, "saved state: of version %u, this program has %u",
				 header.version, RECORDS_VERSION);
	if (header.size != size)
		return error_set(err, -EPROTO, "saved state: %zu bytes, by its header %llu", size,
				 (unsigned long long)header.size);
	*reader = (struct record_reader){ .bytes = bytes, .size = size, .at = sizeof(header) };
	return 0;
}

int records_next(struct record_reader *reader, struct record *record, struct error *err)
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

int records_find(const void *bytes, size_t size, uint32_t type, uint32_t index, void *out,
		 uint32_t out_size, struct error *err)
{
	struct record_reader reader;
	struct record record = { 0 };
	int ret = records_read(&reader, bytes, size, err);

	if (ret)
		return ret;
	while ((ret = records_next(&reader, &record, err)) > 0) {
		if (record.type != type || record.index != index)
			continue;
		if (record.size != out_size)
			return error_set(err, -EPROTO,
					 "saved state: a record of type %#x has %u bytes, not %u",
					 type, record.size, out_size);
		memcpy(out, record.bytes, out_size);
		return 0;
	}
	return ret ? ret : error_set(err, -EPROTO, "saved state: no record of type %#x", type);
}
