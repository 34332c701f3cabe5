/* ktstr-launch trace: what does a scheduling trace show, in words and numbers? */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "run/quote.h"
#include "trace/load.h"
#include "util/utf8.h"

#define WAITS_SHOWN 20u

static const char *const type_names[TRACE_TYPES] = {
	[TRACE_SWITCH] = "switch",  [TRACE_WAKING] = "waking", [TRACE_WAKEUP] = "wakeup",
	[TRACE_WAKEUP_NEW] = "new", [TRACE_MIGRATE] = "move",  [TRACE_NEWTASK] = "newtask",
	[TRACE_FORK] = "fork",	    [TRACE_EXEC] = "exec",     [TRACE_RENAME] = "rename",
	[TRACE_EXIT] = "exit",	    [TRACE_FREE] = "free",
};

/* A trace that was read, and where its clock is taken to begin. */
struct shown {
	struct trace_events events;
	struct trace_tasks tasks;
	uint64_t start_ns;
	bool has_start; /* that is the payload's */
	bool is_cut_off;
	uint64_t count[TRACE_TYPES];
};

static double at_s(const struct shown *shown, uint64_t ns)
{
	return (double)(int64_t)(ns - shown->start_ns) / 1e9;
}

/* Of a guest's bytes what a terminal may get. */
static const char *name(const struct shown *shown, uint32_t number, char text[1024])
{
	utf8_printable(text, 1024, trace_events_name(&shown->events, number),
		       shown->events.names[number].size);
	return text;
}

/* --- reading --------------------------------------------------------------------------------- */

static int read_trace(struct shown *shown, const char *path, struct failure *failure)
{
	int ret = trace_load(&shown->events, path, TRACE_MAX_EVENTS, &shown->is_cut_off, failure);

	if (!ret)
		ret = trace_tasks_read(&shown->events, &shown->tasks, failure);
	if (ret)
		return ret;
	for (size_t i = 0; i < shown->events.nr_events; i++)
		shown->count[shown->events.events[i].type]++;
	shown->start_ns = shown->events.first_ns;
	for (size_t i = 0; i < shown->events.nr_marks; i++)
		if (!strcmp(trace_events_name(&shown->events, shown->events.marks[i].name),
			    "payload starts")) {
			shown->start_ns = shown->events.marks[i].ns;
			shown->has_start = true;
		}
	return 0;
}

/* --- orders ---------------------------------------------------------------------------------- */

struct task_row {
	const struct trace_task *task;
	uint64_t sums[TASK_DOINGS];
	struct wake_latencies wakes;
};

static int by_runs(const void *a, const void *b)
{
	const struct task_row *left = a, *right = b;

	return left->sums[TASK_RUNS] < right->sums[TASK_RUNS] ? 1
	       : left->sums[TASK_RUNS] > right->sums[TASK_RUNS]
		       ? -1
		       : left->task->pid - right->task->pid;
}

/* All tasks, who ran most first. Owned by the caller; NULL: no memory. */
static struct task_row *rows_of(const struct shown *shown)
{
	const struct trace_tasks *tasks = &shown->tasks;
	struct task_row *rows = calloc(tasks->nr_tasks + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < tasks->nr_tasks; i++) {
		rows[i].task = &tasks->tasks[i];
		trace_tasks_sums(tasks, rows[i].task, 0, UINT64_MAX, rows[i].sums);
		if (trace_tasks_wakes(tasks, rows[i].task, &rows[i].wakes)) {
			free(rows);
			return NULL;
		}
	}
	if (rows)
		qsort(rows, tasks->nr_tasks, sizeof(*rows), by_runs);
	return rows;
}

/* The longest first. */
static size_t longest_waits(const struct shown *shown, const struct trace_task *of,
			    const struct task_span *waits[WAITS_SHOWN])
{
	const size_t first = of ? of->first : 0;
	const size_t nr = of ? of->nr_spans : shown->tasks.nr_spans;
	size_t found = 0;

	for (size_t i = first; i < first + nr; i++) {
		const struct task_span *span = &shown->tasks.spans[i];
		const uint64_t ns = span->to_ns - span->from_ns;
		size_t at = found;

		/* How long one is that ended out of sight nobody knows. */
		if (span->doing != TASK_WAITS || span->is_cut)
			continue;
		while (at && waits[at - 1]->to_ns - waits[at - 1]->from_ns < ns)
			at--;
		if (at == WAITS_SHOWN)
			continue;
		found += found < WAITS_SHOWN;
		memmove(&waits[at + 1], &waits[at], (found - at - 1) * sizeof(*waits));
		waits[at] = span;
	}
	return found;
}

/* --- as text --------------------------------------------------------------------------------- */

static void print_summary(const struct shown *shown)
{
	const struct trace_events *events = &shown->events;
	char text[3][1024];

	if (events->release)
		printf("machine  %s %s %s, %" PRIu32 " CPUs\n",
		       name(shown, events->sysname, text[0]), name(shown, events->release, text[1]),
		       name(shown, events->machine, text[2]), events->system_cpus);
	else
		puts("machine  not said");
	printf("span     %.6f s, from %.6f s on\n",
	       (double)(events->last_ns - events->first_ns) / 1e9, at_s(shown, events->first_ns));
	printf("events   %zu:", events->nr_events);
	for (size_t i = 0; i < TRACE_TYPES; i++)
		if (shown->count[i])
			printf(" %" PRIu64 " %s", shown->count[i], type_names[i]);
	printf("\ntasks    %zu\n", shown->tasks.nr_tasks);
	if (events->disordered)
		printf("order    %" PRIu64 " events were earlier than one before them\n",
		       events->disordered);
	if (!events->nr_lost)
		puts("lost     none");
	for (size_t i = 0; i < events->nr_lost; i++)
		printf("lost     CPU %u, before %.6f s\n", events->lost[i].cpu,
		       at_s(shown, events->lost[i].to_ns));
	for (size_t i = 0; i < events->nr_marks; i++)
		printf("mark     %.6f s %s\n", at_s(shown, events->marks[i].ns),
		       name(shown, events->marks[i].name, text[0]));
}

static int print_tasks(const struct shown *shown)
{
	struct task_row *rows = rows_of(shown);
	char text[1024];

	if (!rows)
		return -ENOMEM;
	printf("\n%-16s %7s %11s %11s %11s %6s %7s %11s %11s %11s\n", "TASK", "PID", "RAN s",
	       "WAITED s", "SLEPT s", "MOVES", "WAKES", "P50 ms", "P99 ms", "MAX ms");
	for (size_t i = 0; i < shown->tasks.nr_tasks; i++)
		printf("%-16s %7" PRId32 " %11.6f %11.6f %11.6f %6" PRIu64
		       " %7zu %11.6f %11.6f %11.6f\n",
		       name(shown, rows[i].task->comm, text), rows[i].task->pid,
		       (double)rows[i].sums[TASK_RUNS] / 1e9,
		       (double)rows[i].sums[TASK_WAITS] / 1e9,
		       (double)rows[i].sums[TASK_SLEEPS] / 1e9, rows[i].task->moves,
		       rows[i].wakes.count, (double)rows[i].wakes.p50_ns / 1e6,
		       (double)rows[i].wakes.p99_ns / 1e6, (double)rows[i].wakes.max_ns / 1e6);
	free(rows);
	return 0;
}

static void print_waits(const struct shown *shown, const struct trace_task *of)
{
	const struct task_span *waits[WAITS_SHOWN + 1];
	const size_t nr = longest_waits(shown, of, waits);

	if (!nr)
		puts("no task has waited for a CPU");
	for (size_t i = 0; i < nr; i++) {
		struct quote quote = { .by = "trace", .has_start = shown->has_start };

		quote_span(&quote, waits[i], shown->start_ns, &shown->events, &shown->tasks);
		report_quote_text(stdout, &quote, "wait");
	}
}

/* --- as JSON --------------------------------------------------------------------------------- */

static void put_name(struct json *json, const char *key, const struct shown *shown, uint32_t number)
{
	char text[1024];

	json_put_text(json, key, name(shown, number, text));
}

/* A number of ns, exactly. */
static void put_ns(struct json *json, const char *key, uint64_t ns)
{
	json_put_number(json, key, ns);
}

struct list {
	const struct shown *shown;
	const struct task_row *rows;
	const struct task_span *waits[WAITS_SHOWN + 1];
	void (*put)(struct json *json, const struct list *list, size_t i);
	size_t at, nr;
};

static void put_mark(struct json *json, const struct list *list, size_t i)
{
	const struct sched_mark *mark = &list->shown->events.marks[i];

	put_ns(json, "ns", mark->ns);
	put_name(json, "name", list->shown, mark->name);
}

static void put_lost(struct json *json, const struct list *list, size_t i)
{
	const struct trace_lost *lost = &list->shown->events.lost[i];

	json_put_int(json, "cpu", lost->cpu);
	put_ns(json, "from_ns", lost->from_ns);
	put_ns(json, "to_ns", lost->to_ns);
}

static void put_task(struct json *json, const struct list *list, size_t i)
{
	const struct task_row *row = &list->rows[i];

	put_name(json, "task", list->shown, row->task->comm);
	json_put_int(json, "pid", row->task->pid);
	put_ns(json, "ran_ns", row->sums[TASK_RUNS]);
	put_ns(json, "waited_ns", row->sums[TASK_WAITS]);
	put_ns(json, "slept_ns", row->sums[TASK_SLEEPS]);
	json_put_number(json, "moves", row->task->moves);
	json_put_number(json, "wakes", row->wakes.count);
	put_ns(json, "wake_p50_ns", row->wakes.p50_ns);
	put_ns(json, "wake_p99_ns", row->wakes.p99_ns);
	put_ns(json, "wake_max_ns", row->wakes.max_ns);
}

static void put_wait(struct json *json, const struct list *list, size_t i)
{
	const struct task_span *span = list->waits[i];
	const struct trace_task *task = &list->shown->tasks.tasks[span->task], *behind;
	uint64_t ns;

	behind = trace_tasks_ran_most(&list->shown->tasks, span->cpu, span->on_cpu_from_ns,
				      span->to_ns, &ns);
	put_name(json, "task", list->shown, task->comm);
	json_put_int(json, "pid", task->pid);
	json_put_int(json, "cpu", span->cpu);
	put_ns(json, "from_ns", span->from_ns);
	put_ns(json, "for_ns", span->to_ns - span->from_ns);
	put_ns(json, "queued_ns", span->to_ns - span->on_cpu_from_ns);
	json_put_int(json, "behind_pid", behind ? behind->pid : 0);
	put_ns(json, "behind_ns", ns);
}

static struct json_object *next(void *data, bool *end)
{
	struct list *list = data;
	struct json json;

	*end = list->at == list->nr;
	if (*end)
		return NULL;
	json = json_begin();
	list->put(&json, list, list->at++);
	return json_end(&json);
}

static void put_list(struct json *json, const char *key, struct list *list, size_t nr,
		     void (*put)(struct json *json, const struct list *list, size_t i))
{
	list->put = put;
	list->at = 0;
	list->nr = nr;
	json_put_list(json, key, next, list);
}

static int print_json(const struct shown *shown)
{
	const struct trace_events *events = &shown->events;
	struct list list = { .shown = shown, .rows = rows_of(shown) };
	struct json json = json_begin(), counts = json_begin();
	size_t size;
	char *text;

	if (!list.rows)
		json.failed = true;
	put_name(&json, "sysname", shown, events->sysname);
	put_name(&json, "release", shown, events->release);
	put_name(&json, "version", shown, events->version);
	put_name(&json, "machine", shown, events->machine);
	json_put_number(&json, "cpus", events->system_cpus);
	json_put_number(&json, "cpus_seen", events->cpus);
	put_ns(&json, "start_ns", shown->start_ns);
	put_ns(&json, "first_ns", events->first_ns);
	put_ns(&json, "last_ns", events->last_ns);
	json_put_number(&json, "disordered", events->disordered);
	json_put_bool(&json, "cut_off", shown->is_cut_off);
	for (size_t i = 0; i < TRACE_TYPES; i++)
		json_put_number(&counts, type_names[i], shown->count[i]);
	json_put(&json, "events", json_end(&counts));
	put_list(&json, "marks", &list, events->nr_marks, put_mark);
	put_list(&json, "lost", &list, events->nr_lost, put_lost);
	put_list(&json, "tasks", &list, list.rows ? shown->tasks.nr_tasks : 0, put_task);
	put_list(&json, "waits", &list, longest_waits(shown, NULL, list.waits), put_wait);
	text = json_text(json_end(&json), true, &size);
	free((void *)list.rows);
	if (!text)
		return -ENOMEM;
	fwrite(text, 1, size, stdout);
	free(text);
	return 0;
}

/* --- one task -------------------------------------------------------------------------------- */

/* By pid where it is a number. */
static const struct trace_task *find_task(const struct shown *shown, const char *word,
					  uint64_t from_ns, uint64_t to_ns)
{
	const bool is_pid = word[strspn(word, "0123456789")] == '\0' && strlen(word) < 9;

	return trace_tasks_find(&shown->events, &shown->tasks,
				is_pid ? (int32_t)strtol(word, NULL, 10) : 0, word, from_ns, to_ns);
}

static int print_task(const struct shown *shown, const char *path, const char *word, const char *at)
{
	const struct trace_task *task;
	uint64_t ns = 0;
	char *end;

	if (at) {
		const double seconds = strtod(at, &end);

		if (end == at || *end || !(seconds > -1e9 && seconds < 1e9))
			return command_misused("trace", "--at '%s': not a number of seconds", at);
		ns = shown->start_ns + (uint64_t)(int64_t)(seconds * 1e9);
	}
	task = find_task(shown, word, at ? ns : 0, at ? ns + 1 : UINT64_MAX);
	if (!task) {
		command_complain("trace '%s': no task '%s' is in it", path, word);
		return 1;
	}
	if (!at) {
		print_waits(shown, task);
		return 0;
	}
	for (size_t i = task->first; i < task->first + task->nr_spans; i++) {
		struct quote quote = { .by = "trace", .has_start = shown->has_start };

		if (!task_span_within(&shown->tasks.spans[i], ns, ns + 1))
			continue;
		quote_span(&quote, &shown->tasks.spans[i], shown->start_ns, &shown->events,
			   &shown->tasks);
		report_quote_text(stdout, &quote, "then");
		return 0;
	}
	command_complain("trace '%s': nothing is known of task '%s' at %s s", path, word, at);
	return 1;
}

/* What was asked for. Returns an exit status, or -ENOMEM. */
static int show(const struct shown *shown, const struct run_options *options, const char *path)
{
	int ret = 0;

	if (shown->is_cut_off)
		command_complain("trace '%s': it is cut off: this is what stands before that",
				 path);
	if (options->trace_json)
		return print_json(shown);
	if (options->trace_task)
		return print_task(shown, path, options->trace_task, options->trace_at);
	print_summary(shown);
	if (options->trace_tasks)
		ret = print_tasks(shown);
	if (options->trace_waits)
		print_waits(shown, NULL);
	return ret;
}

int cmd_trace(const struct run_options *options)
{
	const char *path = options->operands ? *options->operands : NULL;
	struct failure failure = { "" };
	struct shown shown = { .start_ns = 0 };
	int status;

	if (!path || options->operands[1])
		return command_misused("trace", "give one file");
	if (options->trace_at && !options->trace_task)
		return command_misused("trace", "--at is about a task: give --task");
	if (read_trace(&shown, path, &failure)) {
		command_complain("trace '%s': %s", path,
				 !strncmp(failure.text, "trace: ", 7) ? failure.text + 7
								      : failure.text);
		status = COMMAND_CANNOT;
	} else {
		status = show(&shown, options, path);
	}
	if (status == -ENOMEM) {
		command_complain("trace '%s': out of memory", path);
		status = COMMAND_CANNOT;
	}
	trace_tasks_free(&shown.tasks);
	trace_events_free(&shown.events);
	return status;
}
