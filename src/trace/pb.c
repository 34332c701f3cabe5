/* How is a protobuf message written into a buffer of fixed size? See pb.h. */
#include "trace/pb.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2 };

size_t pb_varint_size(uint64_t value)
{
	size_t size = 1;

	while (value >>= 7)
		size++;
	return size;
}

static size_t put_varint(uint8_t *at, uint64_t value)
{
	size_t size = 0;

	while (value >= 0x80) {
		at[size++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	at[size++] = (uint8_t)value;
	return size;
}

static void varint(struct pb *pb, uint64_t value)
{
	if (pb->full || pb->size - pb->used < pb_varint_size(value)) {
		pb->full = true;
		return;
	}
	pb->used += put_varint(pb->data + pb->used, value);
}

void pb_uint(struct pb *pb, uint32_t field, uint64_t value)
{
	varint(pb, (uint64_t)field << 3 | WIRE_VARINT);
	varint(pb, value);
}

void pb_length_prefix(struct pb *pb, uint32_t field, size_t length)
{
	varint(pb, (uint64_t)field << 3 | WIRE_LENGTH);
	varint(pb, length);
}

void pb_string(struct pb *pb, uint32_t field, const char *text, size_t length)
{
	pb_length_prefix(pb, field, length);
	if (pb->full || pb->size - pb->used < length) {
		pb->full = true;
		return;
	}
	memcpy(pb->data + pb->used, text, length);
	pb->used += length;
}

size_t pb_begin(struct pb *pb, uint32_t field)
{
	pb_length_prefix(pb, field, 0);
	return pb->used;
}

/* One byte is there for the length, enough for nearly all messages; the others move up. */
void pb_end(struct pb *pb, size_t mark)
{
	size_t length, more;

	if (pb->full)
		return;
	length = pb->used - mark;
	more = pb_varint_size(length) - 1;
	if (pb->size - pb->used < more) {
		pb->full = true;
		return;
	}
	if (more)
		memmove(pb->data + mark + more, pb->data + mark, length);
	put_varint(pb->data + mark - 1, length);
	pb->used += more;
}
