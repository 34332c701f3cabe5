/*
 * Which of the kernel's lines tell that something is wrong with it? A table of marks, and what was
 * found of them in one VM while its payload ran. The lines are the kernel's own, never those that a
 * payload wrote to /dev/kmsg; all the same the guest may have made them up, without end.
 */
#ifndef KTSTR_VERDICT_SPLATS_H
#define KTSTR_VERDICT_SPLATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../guest/protocol.h"
#include "util/line_split.h"
#include "util/pattern.h"

/* Of one line, printable, with its NUL. */
#define SPLAT_LINE_SIZE 256
/* How many are kept as they are; all are counted. */
#define SPLATS_KEPT	4

/* The name of a kill for want of memory. */
#define SPLAT_OOM "out of memory"

/* A kind of splat. */
struct splat_mark {
	const char *name;   /* "warning", "soft lockup": as in "kernel warning" */
	uint64_t explained; /* the taint bits that the kernel sets with it */
};

struct splat {
	const char *name; /* of its mark; NULL: there is none */
	char line[SPLAT_LINE_SIZE];
};

/* All zeros at the start, but for the first two. */
struct splats {
	const struct patterns *allowed; /* the caller's; or NULL */
	bool all_allowed;
	/* The guest has stood still, to be looked at: what stalls from here on is of that. */
	bool has_stood;

	struct splat kept[SPLATS_KEPT]; /* the first ones that are not allowed */
	uint64_t found;			/* how many there were of them */
	struct splat allowed_first;	/* of those that are */
	uint64_t allowed_count;
	char oom_line[SPLAT_LINE_SIZE]; /* the last one of a task killed for memory; or "" */
	uint64_t explained;		/* taint bits, of all of them */
	struct line_split split;
};

/*
 * splat_mark_of - does this line of the kernel's log, without its time, tell of a splat? NULL: no.
 * Formats of Linux 6.1 to 7.x.
 */
const struct splat_mark *splat_mark_of(const char *line);

/* splats_add - bytes of the kernel's log, "[    1.234567] text" lines, in pieces of any size */
void splats_add(struct splats *splats, const char *bytes, size_t count);

/*
 * splats_finish - no more comes: what the kernel's own marks tell beyond its lines is added: taint
 * flags, processes killed for memory, a CPU that is gone. Once.
 */
void splats_finish(struct splats *splats, const struct ktstr_exited *exited);

/* splats_died_of - a line of the kernel's log, with its time: if it tells of what a kernel dies of
 * rather than another one that was taken for it, @line is it. "" at first. */
void splats_died_of(char line[SPLAT_LINE_SIZE], const char *text);

#endif
