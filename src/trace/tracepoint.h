/*
 * Which tracepoints are recorded, where does this kernel keep their fields, and how does one raw
 * record become a FtraceEvent? Offsets and sizes come from tracefs, never from memory: they differ
 * between kernels (since 6.16 sched_process_fork has its comms behind __data_loc, for one).
 */
#ifndef KTSTR_TRACE_TRACEPOINT_H
#define KTSTR_TRACE_TRACEPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"
#include "trace/pb.h"

#define TRACEPOINT_TYPES      10
#define TRACEPOINT_MAX_FIELDS 7

enum field_kind {
	FIELD_INT = 1,
	FIELD_STRING,
	FIELD_INT_OR_COMMON_PID, /* where the kernel has dropped the field, current is meant */
};

struct event_field {
	const char *name; /* in the format file */
	uint8_t number;	  /* in the protobuf message */
	uint8_t kind;	  /* enum field_kind */
};

struct event_type {
	const char *system;
	const char *name;
	uint16_t number; /* of the message within FtraceEvent */
	bool required;
	struct event_field fields[TRACEPOINT_MAX_FIELDS]; /* kind 0 ends them */
};

/* sched_switch first: without it there is no trace. */
extern const struct event_type event_types[TRACEPOINT_TYPES];

/* Where a field lies within the raw record. */
struct field_place {
	uint16_t offset;
	uint16_t size; /* 0: the kernel has no such field */
	bool is_signed;
	bool is_array; /* of char, within the record */
	bool data_loc; /* u32: where in the record (low half), how long (high half) */
	bool rel_loc;  /* the same, counted from the field's own end */
};

struct tracepoint {
	const struct event_type *type;
	uint16_t id; /* the record's common_type, and perf_event_attr.config */
	struct field_place common_pid;
	struct field_place fields[TRACEPOINT_MAX_FIELDS];
};

/*
 * tracepoint_parse_format - fill @tp from the text of a tracefs format file.
 * Returns 0, or -EBADMSG and says which field of @type is missing or of an unfit shape.
 */
int tracepoint_parse_format(const char *text, const struct event_type *type, struct tracepoint *tp,
			    struct failure *failure);

/* Of a format file's text with its NUL; what is behind that is not read. */
#define TRACEPOINT_FORMAT_SIZE 16384

/*
 * tracepoint_read_format - the text of <@tracefs>/events/<system>/<name>/format
 * Returns 0; -ENOENT (no such event) or what open and read say, with a message.
 */
int tracepoint_read_format(const char *tracefs, const struct event_type *type,
			   char text[TRACEPOINT_FORMAT_SIZE], struct failure *failure);

/*
 * tracepoint_load - tracepoint_parse_format of that. Returns as both.
 */
int tracepoint_load(const char *tracefs, const struct event_type *type, struct tracepoint *tp,
		    struct failure *failure);

/*
 * tracepoint_encode - append the raw record to @out, as field 2 (event) of a FtraceEventBundle.
 * @tps:  what is recorded; the record's common_type says which one it is
 * @time: CLOCK_BOOTTIME, ns
 * Returns 0; -EBADMSG when the record belongs to none of them or ends within a field; -ENOSPC when
 * @out is too small. In both cases @out is as before.
 */
int tracepoint_encode(const struct tracepoint *tps, size_t nr_tps, const uint8_t *raw,
		      size_t raw_size, uint64_t time, struct pb *out);

#endif
