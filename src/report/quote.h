/*
 * What did the task do that a failure names? One answer out of a trace, and how it is said. All
 * names in it are the guest's: printable, and bounded.
 */
#ifndef KTSTR_REPORT_QUOTE_H
#define KTSTR_REPORT_QUOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/json.h"

struct quote_task {
	int32_t pid; /* 0: none; -1: it is not known which */
	char name[64];
};

struct quote {
	const char *by; /* who names the task; NULL: nobody does, and the rest means nothing */
	struct quote_task task;
	char why[256];	   /* why nothing is quoted; "": it is */
	bool is_expected;  /* a trace was asked for, so that its absence is a surprise */
	const char *state; /* "waiting", "running", "sleeping" */
	char letter;	   /* of one that sleeps: its state in ps */
	int cpu;	   /* -1: not known */
	bool has_start;	   /* it is known when the payload started */
	int64_t from_ns;   /* from the payload's start on; before it negative */
	uint64_t for_ns;
	bool is_longer;		  /* it began before the trace, or went on behind it */
	bool is_cut_off;	  /* the file ends within the trace */
	bool is_shorter;	  /* what ended it is not in the trace: at most so long */
	unsigned int nr_missing;  /* of so many CPUs events are missing meanwhile */
	int missing_cpu;	  /* one of them */
	bool is_all_missing;	  /* there is none of that CPU at all */
	uint64_t queue_ns;	  /* of one that waits: at last in the queue of @cpu */
	bool is_idle;		  /* nothing ran there in that time */
	struct quote_task behind; /* who ran there longest, while it waited */
	uint64_t behind_ns;	  /* for how long */
	/* Who ran where it was woken; an interrupt that came meanwhile may have done it. pid 0: it
	 * was not woken, but lost its CPU. */
	struct quote_task woken_by;
};

/* report_quote_text - in two lines at most; @which: what they begin with */
void report_quote_text(FILE *out, const struct quote *quote, const char *which);

/* report_quote_json - the field "quote": an object, or null where no task is named */
void report_quote_json(struct json *json, const struct quote *quote);

#endif
