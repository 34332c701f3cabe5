/* Which moments does the trace of a failure mark? See look_marks.h. */
#include "run/look_marks.h"

#include <stdarg.h>
#include <stdio.h>

/* Names are cut at half of what a mark takes (trace_mark). */
#define MARK_SIZE 512

struct marks {
	const struct trace_sink *sink;
	struct failure *failure;
	int ret; /* of the first that was not written */
};

/* What did not happen has no moment. */
static void put(struct marks *marks, uint64_t boottime_ns, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void put(struct marks *marks, uint64_t boottime_ns, const char *fmt, ...)
{
	char name[MARK_SIZE];
	va_list ap;

	if (!boottime_ns || marks->ret)
		return;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	marks->ret = trace_mark(marks->sink, boottime_ns, name, marks->failure);
}

static void put_scheduler(struct marks *marks, const struct scheduler_life *life,
			  uint64_t failed_ns)
{
	put(marks, life->attached_ns, "scheduler '%s' is attached", life->ops);
	if (!life->was_stopped)
		put(marks, life->end_ns, "scheduler '%s' %s%s", life->ops,
		    *life->why ? "is ejected: " : "ends", life->why);
	/* It made room for another one; behind the failure it is only cleaned up. */
	else if (life->end_ns < failed_ns)
		put(marks, life->end_ns, "scheduler '%s' is stopped", life->ops);
}

int look_marks_write(const struct trace_sink *sink, const struct observation *seen,
		     const struct verdict *verdict, uint64_t failed_ns, struct failure *failure)
{
	struct marks marks = { sink, failure, trace_marks_track(sink, failure) };

	put(&marks, seen->guest_started_ns, "payload starts");
	for (unsigned int i = 0; i < seen->scheduler.nr_lives; i++)
		put_scheduler(&marks, &seen->scheduler.lives[i], failed_ns);
	if (seen->exited)
		put(&marks, seen->exit.end_ns, "payload ends");
	if (*seen->work.failed)
		put(&marks, seen->work.task.pid ? seen->work.task.from_ns : failed_ns,
		    "ktstr-work: %s", seen->work.failed);
	put(&marks, failed_ns, "failure: %s", verdict->cause);
	return marks.ret;
}
