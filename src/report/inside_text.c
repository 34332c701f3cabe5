/* What of what a guest showed tells why its test failed? In few lines; see inside.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/inside.h"
#include "util/utf8.h"

/* The terminal gets so much of each; the dump has all. */
#define MAX_FRAMES  7u
#define MAX_CPUS    3u
#define MAX_WAITING 2u
#define MAX_BLOCKED 1u

/* Shorter waits are every day's. */
#define WORTH_NS 500000000ull

void report_task(const struct inspect_task *task, char text[REPORT_TASK_SIZE])
{
	char name[TASK_COMM_SIZE * 3];

	if (!task->pid) {
		snprintf(text, REPORT_TASK_SIZE, "idle");
		return;
	}
	utf8_printable(name, sizeof(name), task->comm, strlen(task->comm));
	snprintf(text, REPORT_TASK_SIZE, "%s[%" PRId32 "]", name, task->pid);
}

/* The compiler puts ".constprop.0" and the like behind a name. */
static bool is_one_of(const struct backtrace_frame *frame, const char *const *names)
{
	size_t length = strcspn(frame->symbol, ".");

	for (; *names && frame->kind != FRAME_SCAN; names++)
		if (strlen(*names) == length && !memcmp(frame->symbol, *names, length))
			return true;
	return false;
}

static bool is_exception_entry(const struct backtrace_frame *frame)
{
	return frame->kind != FRAME_SCAN && !strncmp(frame->symbol, "asm_exc_", 8);
}

/* Where a backtrace begins to tell something: behind the kernel's own way to die, ... */
static unsigned int behind_panic(const struct backtrace *trace)
{
	static const char *const dying[] = { "panic", "vpanic", NULL };
	unsigned int first = 0, last;

	for (unsigned int i = 0; i < trace->nr; i++)
		if (is_one_of(&trace->frames[i], dying))
			first = i + 1;
	if (!first)
		return 0;
	/* ... and of an exception that led there behind its entry; ... */
	last = first + 8 < trace->nr ? first + 8 : trace->nr;
	for (unsigned int i = first; i < last; i++)
		if (is_exception_entry(&trace->frames[i]))
			first = i + 1;
	return first < trace->nr ? first : 0;
}

/* ... or behind the way into the scheduler, which is the same of all that sleep. */
static unsigned int first_frame(const struct backtrace *trace)
{
	static const char *const sleeping[] = { "__schedule", "schedule", "preempt_schedule",
						NULL };
	unsigned int first = behind_panic(trace);

	while (first + 1 < trace->nr && is_one_of(&trace->frames[first], sleeping))
		first++;
	return first;
}

static void put_backtrace(FILE *out, const struct backtrace *trace)
{
	unsigned int first = first_frame(trace), shown = 0;

	for (unsigned int i = first; i < trace->nr && shown < MAX_FRAMES; i++, shown++) {
		char frame[REPORT_FRAME_SIZE];

		report_frame(&trace->frames[i], frame);
		fprintf(out, "    | %.93s\n", frame);
	}
	if (first + shown < trace->nr)
		fprintf(out, "    | (%u more)\n", trace->nr - first - shown);
	if (!trace->nr && *trace->why)
		fprintf(out, "    | (not readable: %s)\n", trace->why);
}

static bool has_panicked(const struct inspect_cpu *cpu)
{
	return behind_panic(&cpu->trace) > 0;
}

static bool is_idle(const struct inspect_cpu *cpu)
{
	return *cpu->why_task ? cpu->takes_interrupts : !cpu->task.pid;
}

/* How much a CPU tells: one that panicked, one that takes no interrupts, one that works in the
 * kernel. */
static unsigned int weight(const struct inspect_cpu *cpu)
{
	if (*cpu->why_registers || !cpu->trace.nr)
		return 0;
	if (has_panicked(cpu))
		return 4;
	if (!cpu->is_in_user && !cpu->takes_interrupts)
		return is_idle(cpu) ? 1 : 3;
	if (!cpu->is_in_user && !is_idle(cpu))
		return 2;
	return 0;
}

static void put_cpu(FILE *out, const struct inspect_cpu *cpu, bool with_trace)
{
	char task[REPORT_TASK_SIZE] = "a task that is not readable";

	if (*cpu->why_registers) {
		fprintf(out, "  CPU %u: %s\n", cpu->cpu, cpu->why_registers);
		return;
	}
	if (!*cpu->why_task)
		report_task(&cpu->task, task);
	fprintf(out, "  CPU %u: %s, in %s%s%s\n", cpu->cpu, task,
		cpu->is_in_user ? "user mode" : "the kernel",
		cpu->is_in_user || cpu->takes_interrupts ? "" : ", with interrupts off",
		with_trace ? ":" : "");
	if (with_trace)
		put_backtrace(out, &cpu->trace);
}

/* All CPUs in a line each, the one that tells most first, with how it came where it is. */
static void put_cpus(FILE *out, const struct inspect_machine *machine)
{
	unsigned int most = 0, shown = 0;

	for (unsigned int i = 1; i < machine->nr_cpus; i++)
		if (weight(&machine->cpus[i]) > weight(&machine->cpus[most]))
			most = i;
	if (!machine->nr_cpus)
		return;
	put_cpu(out, &machine->cpus[most], weight(&machine->cpus[most]) > 1);
	for (unsigned int i = 0; i < machine->nr_cpus && shown < MAX_CPUS; i++) {
		if (i == most || is_idle(&machine->cpus[i]))
			continue;
		put_cpu(out, &machine->cpus[i], false);
		shown++;
	}
}

static const char *runs_on(const struct inspect_machine *machine, int32_t number,
			   char text[REPORT_TASK_SIZE])
{
	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		const struct inspect_cpu *cpu = &machine->cpus[i];

		if ((int32_t)cpu->cpu != number || *cpu->why_task)
			continue;
		report_task(&cpu->task, text);
		return text;
	}
	return NULL;
}

static void put_waiting(FILE *out, const struct inspect_machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_longest && i < MAX_WAITING; i++) {
		const struct waiting *waiting = &machine->longest[i];
		char task[REPORT_TASK_SIZE], other[REPORT_TASK_SIZE];
		const char *runs;

		if (waiting->by != WAIT_QUEUED || waiting->waited_ns < WORTH_NS)
			continue;
		report_task(&waiting->task, task);
		fprintf(out, "  waiting: %s (%s) for %.1f s", task,
			task_class_name(waiting->task.class), (double)waiting->waited_ns / 1e9);
		if (waiting->task.cpu >= 0)
			fprintf(out, " on CPU %" PRId32, waiting->task.cpu);
		runs = runs_on(machine, waiting->task.cpu, other);
		if (runs)
			fprintf(out, ", which runs %s", runs);
		fputs(waiting->is_throttled ? "; its cgroup's quota is used up\n" : "\n", out);
	}
	for (unsigned int i = 0; i < machine->nr_unqueued && i < MAX_WAITING; i++) {
		char task[REPORT_TASK_SIZE];

		if (machine->unqueued[i].waited_ns < WORTH_NS)
			continue;
		report_task(&machine->unqueued[i].task, task);
		fprintf(out, "  in no queue: %s could run%s\n", task,
			machine->unqueued[i].is_throttled ? "; its cgroup's quota is used up" : "");
	}
}

static void put_blocked(FILE *out, const struct inspect_machine *machine)
{
	unsigned int shown = 0;

	for (unsigned int i = 0; i < machine->nr_blocked && shown < MAX_BLOCKED; i++) {
		const struct inspect_blocked *blocked = &machine->blocked[i];
		char task[REPORT_TASK_SIZE];

		if (blocked->is_known && blocked->not_run_ns < WORTH_NS)
			continue;
		report_task(&blocked->task, task);
		fprintf(out, "  blocked (D): %s", task);
		if (blocked->is_known)
			fprintf(out, " for %.1f s", (double)blocked->not_run_ns / 1e9);
		fputs(":\n", out);
		put_backtrace(out, &blocked->trace);
		shown++;
	}
	if (machine->nr_blocked_in_all > shown && shown)
		fprintf(out, "  blocked (D): %u tasks in all\n", machine->nr_blocked_in_all);
}

void report_inside_text(FILE *out, const struct inside *inside, enum verdict_kind kind)
{
	if (!inside->at_ns)
		return;
	if (!inside->machine) {
		fprintf(out, "  inside: not readable: %s\n", inside->why);
		return;
	}
	/* What a payload that ended by itself was doing is for the dump. */
	if (kind != VERDICT_FAIL)
		put_cpus(out, inside->machine);
	put_waiting(out, inside->machine);
	put_blocked(out, inside->machine);
}
