/* What do the pieces of the decoder share? Private to decode*.c. */
#ifndef KTSTR_TRACE_DECODE_WALK_H
#define KTSTR_TRACE_DECODE_WALK_H

#include <stdbool.h>

#include "trace/decode.h"
#include "trace/pb_read.h"

/* enum BuiltinClock; numbers from 64 on are of one sequence of packets, for its own use. */
enum {
	CLOCK_BUILTIN_REALTIME = 1,
	CLOCK_BUILTIN_MONOTONIC = 3,
	CLOCK_BUILTIN_MONOTONIC_RAW = 5,
	CLOCK_BUILTIN_BOOTTIME = 6,
	CLOCK_BUILTINS = 16
};

/* How far each clock is behind BOOTTIME. */
struct decode_clocks {
	bool known[CLOCK_BUILTINS];
	uint64_t behind_ns[CLOCK_BUILTINS]; /* wraps round where it is ahead */
};

/* A CPU, as far as it was walked. */
struct decode_cpu {
	uint64_t last_ns;
	/* Who has got it last; pid -1: nobody was seen to. */
	int32_t pid, prio;
	struct trace_text comm;
};

struct decode {
	const struct trace_reader *reader;
	struct failure *failure;
	const uint8_t *start; /* of the trace */
	const uint8_t *packet;
	struct decode_clocks clocks;
	bool has_marks;
	uint64_t marks_track; /* the number of the launcher's own track */
	struct decode_cpu cpus[TRACE_MAX_CPUS];
};

/* The packet at hand is bad: -EBADMSG, with where it is and what is wrong. */
int decode_bad(const struct decode *walk, const char *what);

/* decode_clocks_learn - of a ClockSnapshot. Returns 0 or -EBADMSG, as decode_bad. */
int decode_clocks_learn(struct decode *walk, struct pb_reader snapshot, struct trace_clocks *said);

/*
 * decode_clocks_boottime - *@ns, of the clock @id, as BOOTTIME
 * Returns 0, or -ENOTSUP with which clock that is.
 */
int decode_clocks_boottime(const struct decode *walk, uint64_t id, uint64_t *ns);

/* decode_ftrace - a FtraceEventBundle. Returns as trace_decode. */
int decode_ftrace(struct decode *walk, struct pb_reader bundle);

/* An event of which nothing is known yet. */
#define TRACE_EVENT_UNKNOWN                                                                        \
	((struct trace_event){ .current = -1,                                                      \
			       .pid = -1,                                                          \
			       .other_pid = -1,                                                    \
			       .prio = -1,                                                         \
			       .other_prio = -1,                                                   \
			       .target_cpu = -1,                                                   \
			       .from_cpu = -1 })

/* decode_event - hand it on, and remember of its CPU what the next ones need. */
int decode_event(struct decode *walk, const struct trace_event *event);

/* decode_compact - the FtraceEventBundle.CompactSched of @cpu, whose times are behind by @behind_ns
 */
int decode_compact(struct decode *walk, uint16_t cpu, uint64_t behind_ns, struct pb_reader compact);

#endif
