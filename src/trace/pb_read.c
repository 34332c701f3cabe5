/* How is a protobuf message read, when anybody may have written it? See pb_read.h. */
#include "trace/pb_read.h"

#include <errno.h>
#include <string.h>

int pb_varint(struct pb_reader *reader, uint64_t *value)
{
	const uint8_t *at = reader->at;
	uint64_t sum = 0;

	for (unsigned int shift = 0; shift < 64 && at < reader->end; shift += 7) {
		const uint64_t bits = *at & 0x7f;

		/* Of the tenth byte one bit has room. */
		if (shift == 63 && bits > 1)
			return -EBADMSG;
		sum |= bits << shift;
		if (!(*at++ & 0x80)) {
			reader->at = at;
			*value = sum;
			return 0;
		}
	}
	return -EBADMSG;
}

static int fixed(struct pb_reader *reader, size_t size, uint64_t *value)
{
	if ((size_t)(reader->end - reader->at) < size)
		return -EBADMSG;
	*value = 0;
	/* Little-endian, as this machine is. */
	memcpy(value, reader->at, size);
	reader->at += size;
	return 0;
}

static int bytes(struct pb_reader *reader, struct pb_reader *within)
{
	uint64_t length;

	if (pb_varint(reader, &length) || length > (uint64_t)(reader->end - reader->at))
		return -EBADMSG;
	within->at = reader->at;
	within->end = reader->at += length;
	return 0;
}

int pb_next(struct pb_reader *reader, struct pb_field *field)
{
	uint64_t tag;
	int ret = -EBADMSG;

	if (reader->at == reader->end)
		return 0;
	/* Numbers have 29 bits, and there is no field 0. */
	if (pb_varint(reader, &tag) || tag >> 32 || !(tag >> 3))
		return -EBADMSG;
	field->number = (uint32_t)(tag >> 3);
	field->wire = tag & 7;
	field->value = 0;
	field->bytes = (struct pb_reader){ NULL, NULL };
	switch (field->wire) {
	case PB_VARINT:
		ret = pb_varint(reader, &field->value);
		break;
	case PB_FIXED64:
		ret = fixed(reader, 8, &field->value);
		break;
	case PB_LENGTH:
		ret = bytes(reader, &field->bytes);
		break;
	case PB_FIXED32:
		ret = fixed(reader, 4, &field->value);
		break;
	}
	return ret ? ret : 1;
}
