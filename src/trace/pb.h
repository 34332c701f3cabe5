/*
 * How is a protobuf message written into a buffer of fixed size? Only what a trace needs: varints,
 * strings, messages within messages. Wire format: protobuf.dev/programming-guides/encoding.
 */
#ifndef KTSTR_TRACE_PB_H
#define KTSTR_TRACE_PB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pb {
	uint8_t *data;
	size_t size;
	size_t used;
	bool full; /* something did not fit: what is there is not whole */
};

/* A varint field. For int32 and int64 fields sign-extend @value to 64 bits. */
void pb_uint(struct pb *pb, uint32_t field, uint64_t value);
void pb_string(struct pb *pb, uint32_t field, const char *text, size_t length);

/* A message within: what pb_begin returns goes to pb_end. */
size_t pb_begin(struct pb *pb, uint32_t field);
void pb_end(struct pb *pb, size_t mark);

/* The parts of the above, for a message whose body is elsewhere. */
void pb_length_prefix(struct pb *pb, uint32_t field, size_t length);
size_t pb_varint_size(uint64_t value);

#endif
