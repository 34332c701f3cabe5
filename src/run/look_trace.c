/* What did the flight recorder hold when the test failed? See look_trace.h. */
#include "run/look_trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/look_marks.h"
#include "trace/tree.h"

/* So much from before the payload is shown as well: who started it, and what was there. */
#define BEFORE_NS 100000000ull

void look_trace_init(struct look_trace *trace)
{
	trace->path[0] = trace->error[0] = '\0';
	trace->events = trace->span_ns = trace->failed_ns = 0;
	trace->unreadable = 0;
	trace->file.fd = -1;
}

static void lost(struct look_trace *trace, const struct error *err)
{
	artefact_abandon(&trace->file);
	snprintf(trace->error, sizeof(trace->error), "%s", err->text);
}

static int put(void *data, const void *bytes, size_t size, struct failure *failure)
{
	struct error err = { "" };
	int ret = artefact_write(data, bytes, size, &err);

	return ret ? failure_set(failure, ret, "%s", err.text) : 0;
}

void look_trace_take(struct look_trace *trace, const struct flight *flight,
		     const struct inspect_source *source, const struct observation *seen,
		     uint64_t at_ns, struct artefacts *artefacts)
{
	const uint64_t start = seen->guest_started_ns, now = observation_guest_ns(seen, at_ns);
	struct flight_read read = { .from_ns = start > BEFORE_NS ? start - BEFORE_NS : 0,
				    .release = seen->release };
	const struct trace_sink sink = { &trace->file, put };
	struct error err = { "" };

	artefact_abandon(&trace->file);
	look_trace_init(trace);
	if (artefact_begin(artefacts, ARTEFACT_FAILURE_TRACE, &trace->file, &err) ||
	    flight_write(flight, source, &read, &sink, &err)) {
		lost(trace, &err);
		return;
	}
	trace->events = read.events;
	trace->span_ns = read.last_ns - read.first_ns;
	trace->unreadable = read.unreadable;
	/* The host's clock may be behind the guest's by what it took to tell of the start. */
	trace->failed_ns = read.last_ns && now < read.last_ns ? read.last_ns : now;
}

/* Also those of which the window has no word: who they are, and to which process they belong. */
static int write_tasks(const struct trace_sink *sink, const struct inspect_machine *machine,
		       uint64_t boottime_ns, struct failure *failure)
{
	struct tree *tree = malloc(sizeof(*tree));
	int ret = 0;

	if (!tree)
		return failure_set(failure, -ENOMEM, "out of memory");
	tree->sink = sink;
	tree->failure = failure;
	tree->boottime_ns = boottime_ns;
	tree_begin(tree);
	for (unsigned int i = 0; i < machine->nr_tasks && !ret; i++) {
		const struct inspect_name *task = &machine->names[i];
		const struct tree_process process = { .pid = (uint32_t)task->pid,
						      .name = task->comm };

		if (task->pid <= 0 || task->tgid <= 0)
			continue;
		if (task->pid == task->tgid)
			ret = tree_process(tree, &process);
		if (!ret)
			ret = tree_thread(tree, (uint32_t)task->pid, (uint32_t)task->tgid,
					  task->comm);
	}
	if (!ret)
		ret = tree_end(tree);
	free(tree);
	return ret;
}

void look_trace_keep(struct look_trace *trace, const struct observation *seen,
		     const struct verdict *verdict, struct artefacts *artefacts)
{
	const struct trace_sink sink = { &trace->file, put };
	struct failure failure = { "" };
	struct error err = { "" };
	int ret;

	if (trace->file.fd < 0)
		return;
	ret = look_marks_write(&sink, seen, verdict, trace->failed_ns, &failure);
	if (!ret && seen->inside.machine)
		ret = write_tasks(&sink, seen->inside.machine, trace->failed_ns, &failure);
	if (ret)
		error_set(&err, ret, "%s", failure.text);
	else
		ret = artefact_commit(artefacts, &trace->file, &err);
	if (ret)
		lost(trace, &err);
	else
		snprintf(trace->path, sizeof(trace->path), "%s", trace->file.path);
}

void look_trace_drop(struct look_trace *trace)
{
	artefact_abandon(&trace->file);
	trace->error[0] = '\0';
}
