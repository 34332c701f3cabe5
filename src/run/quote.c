/* What did the task do that a failure names? See quote.h. */
#include "run/quote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trace/load.h"
#include "util/utf8.h"

static void fill(struct quote_task *to, const struct trace_events *events, int32_t pid,
		 uint32_t name)
{
	to->pid = pid;
	utf8_printable(to->name, sizeof(to->name), trace_events_name(events, name),
		       events->names[name].size);
}

/* Of what it did meanwhile the one with the largest share. */
static const struct task_span *longest(const struct trace_tasks *tasks,
				       const struct trace_task *task, uint64_t from_ns,
				       uint64_t to_ns)
{
	const struct task_span *best = NULL;
	uint64_t most = 0;

	for (size_t i = task->first; i < task->first + task->nr_spans; i++) {
		const uint64_t share = task_span_within(&tasks->spans[i], from_ns, to_ns);

		if (share > most) {
			most = share;
			best = &tasks->spans[i];
		}
	}
	return best;
}

/* Of which CPUs may something be missing that this span would not be without? */
static void find_missing(struct quote *quote, const struct trace_events *events,
			 const struct task_span *span)
{
	const unsigned int cpus = events->system_cpus > events->cpus ? events->system_cpus
								     : events->cpus;
	bool missing[TRACE_MAX_CPUS] = { false };

	for (size_t i = 0; i < events->nr_lost; i++)
		if (events->lost[i].from_ns < span->to_ns && events->lost[i].to_ns > span->from_ns)
			missing[events->lost[i].cpu] = true;
	for (unsigned int cpu = 0; cpu < cpus && cpu < TRACE_MAX_CPUS; cpu++) {
		/* Who runs is nowhere else. */
		if (span->doing == TASK_RUNS && span->cpu != (int)cpu)
			continue;
		if (!missing[cpu] && (events->last_of_cpu[cpu] || cpu >= events->system_cpus))
			continue;
		if (!quote->nr_missing++ || span->cpu == (int)cpu) {
			quote->missing_cpu = (int)cpu;
			quote->is_all_missing = !events->last_of_cpu[cpu];
		}
	}
}

/* Do switches show that nothing ran on @cpu? Nothing is taken for that of which events are lost. */
static bool was_idle(const struct trace_events *events, int cpu, uint64_t from_ns, uint64_t to_ns)
{
	struct task_span idle = { .from_ns = 0 };
	uint64_t first_ns = 0, ns = 0;
	bool is_idle = false, has_switch = false;

	for (size_t i = 0; i < events->nr_lost; i++)
		if (events->lost[i].cpu == cpu && events->lost[i].from_ns < to_ns &&
		    events->lost[i].to_ns > from_ns)
			return false;
	for (size_t i = 0; i < events->nr_events; i++) {
		const struct sched_event *event = &events->events[i];

		if (event->cpu != cpu)
			continue;
		if (!first_ns)
			first_ns = event->ns;
		if (event->type != TRACE_SWITCH)
			continue;
		if (!has_switch) {
			is_idle = !event->other_pid;
			idle.from_ns = first_ns;
			has_switch = true;
		}
		idle.to_ns = event->ns;
		ns += is_idle ? task_span_within(&idle, from_ns, to_ns) : 0;
		is_idle = !event->pid;
		idle.from_ns = event->ns;
	}
	idle.to_ns = UINT64_MAX;
	ns += is_idle ? task_span_within(&idle, from_ns, to_ns) : 0;
	return ns == to_ns - from_ns;
}

void quote_span(struct quote *quote, const struct task_span *span, uint64_t start_ns,
		const struct trace_events *events, const struct trace_tasks *tasks)
{
	static const char *const states[TASK_DOINGS] = { "running", "waiting", "sleeping" };
	const struct trace_task *task = &tasks->tasks[span->task], *behind;

	fill(&quote->task, events, task->pid, task->comm);
	quote->state = states[span->doing];
	quote->letter = span->letter == '?' ? '\0' : span->letter;
	quote->cpu = span->cpu;
	quote->from_ns = (int64_t)(span->from_ns - start_ns);
	quote->for_ns = span->to_ns - span->from_ns;
	quote->is_longer = span->is_older || span->is_open;
	quote->is_shorter = span->is_cut;
	quote->queue_ns = quote->for_ns;
	find_missing(quote, events, span);
	if (span->doing != TASK_WAITS)
		return;
	quote->queue_ns = span->to_ns - span->on_cpu_from_ns;
	behind = trace_tasks_ran_most(tasks, span->cpu, span->on_cpu_from_ns, span->to_ns,
				      &quote->behind_ns);
	quote->is_idle = !behind && was_idle(events, span->cpu, span->on_cpu_from_ns, span->to_ns);
	if (behind)
		fill(&quote->behind, events, behind->pid, behind->comm);
	if (!span->is_preempted && span->by > 0)
		fill(&quote->woken_by, events, span->by, span->by_comm);
}

void quote_from(struct quote *quote, const struct named *named, uint64_t start_ns,
		const struct trace_events *events, const struct trace_tasks *tasks)
{
	const uint64_t to_ns = named->to_ns ? named->to_ns : tasks->end_ns;
	const uint64_t from_ns = to_ns > named->for_ns ? to_ns - named->for_ns : 0;
	const struct trace_task *task =
		trace_tasks_find(events, tasks, named->pid, NULL, from_ns, to_ns);
	const struct task_span *span = task ? longest(tasks, task, from_ns, to_ns) : NULL;

	if (span)
		quote_span(quote, span, start_ns, events, tasks);
	else
		snprintf(quote->why, sizeof(quote->why), "%s in the %.1f s that the trace has%s",
			 task ? "nothing is known of that time" : "it neither ran nor was woken",
			 (double)(events->last_ns - events->first_ns) / 1e9,
			 events->nr_lost ? ", and events are missing" : "");
}

static void read_file(struct quote *quote, const struct named *named, uint64_t start_ns,
		      const char *path)
{
	struct trace_tasks tasks = { .spans = NULL };
	struct failure failure = { "" };
	struct trace_events events;
	int ret = trace_load(&events, path, QUOTE_MAX_EVENTS, &quote->is_cut_off, &failure);

	if (!ret)
		ret = trace_tasks_read(&events, &tasks, &failure);
	if (ret)
		snprintf(quote->why, sizeof(quote->why), "%.200s%s", failure.text,
			 ret == -E2BIG ? "; ktstr-launch trace reads larger ones" : "");
	else
		quote_from(quote, named, start_ns, &events, &tasks);
	trace_tasks_free(&tasks);
	trace_events_free(&events);
}

void quote_take(struct quote *quote, const struct observation *seen, const char *path,
		bool is_expected, const char *why_none)
{
	struct named named;

	*quote = (struct quote){ .cpu = -1, .has_start = true, .is_expected = is_expected };
	if (!named_find(seen, &named))
		return;
	quote->by = named.by;
	quote->task.pid = named.pid;
	memcpy(quote->task.name, named.task, sizeof(quote->task.name));
	if (!path)
		snprintf(quote->why, sizeof(quote->why), "%.250s",
			 why_none      ? why_none
			 : is_expected ? "there is no trace"
				       : "nothing was recorded; --record-mib or --wprof does");
	else
		read_file(quote, &named, seen->guest_started_ns, path);
}
