/*
 * How is a protobuf message read, when anybody may have written it? Field by field, never beyond
 * its end, and without recursion: a message within one is bytes, until a reader is set on them.
 * Wire format: protobuf.dev/programming-guides/encoding.
 */
#ifndef KTSTR_TRACE_PB_READ_H
#define KTSTR_TRACE_PB_READ_H

#include <stddef.h>
#include <stdint.h>

/* What of a message is still to be read. */
struct pb_reader {
	const uint8_t *at, *end;
};

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_LENGTH = 2, PB_FIXED32 = 5 };

struct pb_field {
	uint32_t number;
	enum pb_wire wire;
	uint64_t value;		/* VARINT, FIXED64, FIXED32 */
	struct pb_reader bytes; /* LENGTH: a string, a message, or packed numbers */
};

/*
 * pb_varint - the next number
 * Returns 0, or -EBADMSG: the message ends within it, or it has more than 64 bits.
 */
int pb_varint(struct pb_reader *reader, uint64_t *value);

/*
 * pb_next - the next field
 * Returns 1; 0: there is none; -EBADMSG: what is there is no field, or longer than what is left
 * (groups, which nobody writes any more, are no fields either). Then the rest cannot be read.
 */
int pb_next(struct pb_reader *reader, struct pb_field *field);

#endif
