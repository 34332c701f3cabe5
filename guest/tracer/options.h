/* What was the tracer asked to do? Its options are those of wprof v0.4, as far as it has them. */
#ifndef KTSTR_TRACER_OPTIONS_H
#define KTSTR_TRACER_OPTIONS_H

#include <stdint.h>

#include "trace/failure.h"

#define OPTIONS_EXIT_USAGE 64 /* EX_USAGE, the exit status for a bad option */

struct options {
	uint64_t duration_ms;
	uint64_t ringbuf_kb;  /* rounded up to a power of two, as wprof does */
	uint64_t ringbuf_cnt; /* 0: wprof's default, which depends on the number of CPUs */
	const char *trace;    /* points into argv */
	const char *data;     /* likewise */
};

enum options_answer {
	OPTIONS_RECORD = 0,
	OPTIONS_HELP,
	OPTIONS_USAGE,
	OPTIONS_VERSION,
};

/*
 * tracer_options_parse - an enum options_answer, or -EINVAL with the offending option named.
 * An option given twice: the last one wins. Uses getopt's global state, so one call at a time.
 */
int tracer_options_parse(int argc, char **argv, struct options *options, struct failure *failure);

/* Bytes of buffer that the options ask for on a machine with @cpus CPUs. */
uint64_t options_budget(const struct options *options, unsigned int cpus);

extern const char options_help_text[];
extern const char options_usage_text[];

#endif
