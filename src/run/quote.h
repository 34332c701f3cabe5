/* What did the task do that a failure names? The trace of that VM is asked, when it is there. */
#ifndef KTSTR_RUN_QUOTE_H
#define KTSTR_RUN_QUOTE_H

#include "report/quote.h"
#include "trace/tasks.h"
#include "verdict/named.h"

/* It is read unasked, beside what else runs on the host: some 300 MiB at most. */
#define QUOTE_MAX_EVENTS (2u << 20)

/*
 * quote_take - @path: of the trace; NULL: there is none, and @is_expected says whether one was
 * asked for, @why_none why it is not there; NULL: nothing is known. What keeps it from being read
 * is said in @quote, also that it has more than QUOTE_MAX_EVENTS.
 */
void quote_take(struct quote *quote, const struct observation *seen, const char *path,
		bool is_expected, const char *why_none);

/* quote_span - @quote gets one span of a task; its by stays. @start_ns: as below */
void quote_span(struct quote *quote, const struct task_span *span, uint64_t start_ns,
		const struct trace_events *events, const struct trace_tasks *tasks);

/*
 * quote_from - @quote gets what the task of @named did at its time
 * @start_ns: the payload's, guest's CLOCK_BOOTTIME
 */
void quote_from(struct quote *quote, const struct named *named, uint64_t start_ns,
		const struct trace_events *events, const struct trace_tasks *tasks);

#endif
