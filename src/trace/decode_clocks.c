/* What is a moment of another clock in BOOTTIME? See decode_walk.h. */
#include <errno.h>

#include "trace/decode_walk.h"

enum { SNAPSHOT_CLOCKS = 1, CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };

/* One entry of a snapshot. Returns 0 or -EBADMSG. */
static int read_clock(struct pb_reader entry, uint64_t *id, uint64_t *ns)
{
	struct pb_field field;
	int ret;

	*id = *ns = 0;
	while ((ret = pb_next(&entry, &field)) > 0) {
		if (field.number == CLOCK_ID)
			*id = field.value;
		else if (field.number == CLOCK_TIMESTAMP)
			*ns = field.value;
	}
	return ret;
}

/* The first snapshot that has a clock counts: between two of them clocks drift by microseconds. */
int decode_clocks_learn(struct decode *walk, struct pb_reader snapshot, struct trace_clocks *said)
{
	struct decode_clocks *clocks = &walk->clocks;
	uint64_t at[CLOCK_BUILTINS] = { 0 };
	struct pb_field field;
	int ret;

	while ((ret = pb_next(&snapshot, &field)) > 0) {
		uint64_t id, ns;

		if (field.number != SNAPSHOT_CLOCKS)
			continue;
		if (read_clock(field.bytes, &id, &ns))
			return decode_bad(walk, "a clock of a snapshot cannot be read");
		if (id < CLOCK_BUILTINS)
			at[id] = ns;
	}
	if (ret)
		return decode_bad(walk, "a snapshot of clocks cannot be read");
	*said = (struct trace_clocks){ .boottime_ns = at[CLOCK_BUILTIN_BOOTTIME],
				       .realtime_ns = at[CLOCK_BUILTIN_REALTIME],
				       .monotonic_ns = at[CLOCK_BUILTIN_MONOTONIC] };
	if (!at[CLOCK_BUILTIN_BOOTTIME])
		return 0;
	for (size_t id = 0; id < CLOCK_BUILTINS; id++) {
		if (!at[id] || clocks->known[id])
			continue;
		clocks->known[id] = true;
		clocks->behind_ns[id] = at[CLOCK_BUILTIN_BOOTTIME] - at[id];
	}
	return 0;
}

static const char *clock_name(uint64_t id)
{
	static const char *const names[] = { [1] = "REALTIME",	    [2] = "REALTIME_COARSE",
					     [3] = "MONOTONIC",	    [4] = "MONOTONIC_COARSE",
					     [5] = "MONOTONIC_RAW", [6] = "BOOTTIME",
					     [9] = "TSC",	    [10] = "PERF" };

	return id < sizeof(names) / sizeof(names[0]) && names[id] ? names[id] : "no builtin one";
}

int decode_clocks_boottime(const struct decode *walk, uint64_t id, uint64_t *ns)
{
	const struct decode_clocks *clocks = &walk->clocks;

	if (id == CLOCK_BUILTIN_BOOTTIME)
		return 0;
	if (id >= CLOCK_BUILTINS || !clocks->known[id])
		return failure_set(
			walk->failure, -ENOTSUP,
			"trace: the packet at byte %zu has times of clock %llu (%s), and "
			"no snapshot has it beside BOOTTIME",
			(size_t)(walk->packet - walk->start), (unsigned long long)id,
			clock_name(id));
	*ns += clocks->behind_ns[id];
	return 0;
}
