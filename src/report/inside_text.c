/* What of what a guest showed tells why its test failed? In few lines; see inside.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/inside.h"
#include "util/utf8.h"
#include "verdict/telling.h"

/* The terminal gets so much of each; the dump has all. */
#define MAX_FRAMES   7u
#define MAX_CPUS     3u
#define MAX_WAITING  2u
#define MAX_BLOCKED  1u
#define MAX_SLEEPING 3u

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

static void put_backtrace(FILE *out, const struct backtrace *trace, unsigned int first)
{
	unsigned int end = telling_end(trace, first), shown = 0;

	for (unsigned int i = first; i < end && shown < MAX_FRAMES; i++, shown++) {
		char frame[REPORT_FRAME_SIZE];

		report_frame(&trace->frames[i], frame);
		fprintf(out, "    | %.93s\n", frame);
	}
	if (first + shown < end)
		fprintf(out, "    | (%u more)\n", end - first - shown);
	if (!trace->nr && *trace->why)
		fprintf(out, "    | (not readable: %s)\n", trace->why);
}

/* How much a CPU tells: one that panicked, one that takes no interrupts, one that works in the
 * kernel. */
static unsigned int weight(const struct inspect_cpu *cpu, bool behind_interrupt)
{
	bool takes_interrupts = cpu->takes_interrupts || behind_interrupt;

	if (*cpu->why_registers || !cpu->trace.nr)
		return 0;
	if (telling_has_panicked(&cpu->trace))
		return 4;
	if (telling_is_user(cpu))
		return 0;
	/* It is no part of what runs into its limit. */
	if (behind_interrupt && cpu->task.is_kernel_thread)
		return 1;
	if (!takes_interrupts)
		return telling_is_idle(cpu) ? 1 : 3;
	return telling_is_idle(cpu) ? 0 : 2;
}

/* @first: the frame that its backtrace begins with; -1: without one */
static void put_cpu(FILE *out, const struct inspect_cpu *cpu, int first, bool behind_interrupt)
{
	char task[REPORT_TASK_SIZE] = "a task that is not readable";
	bool is_user = telling_is_user(cpu);

	if (*cpu->why_registers) {
		fprintf(out, "  CPU %u: %s\n", cpu->cpu, cpu->why_registers);
		return;
	}
	if (!*cpu->why_task)
		report_task(&cpu->task, task);
	fprintf(out, "  CPU %u: %s, in %s%s%s\n", cpu->cpu, task,
		is_user ? "user mode" : "the kernel",
		is_user || cpu->takes_interrupts || behind_interrupt ? "" : ", with interrupts off",
		first >= 0 ? ":" : "");
	if (first >= 0)
		put_backtrace(out, &cpu->trace, (unsigned int)first);
}

/*
 * All CPUs that do something in a line each, first the one that is stuck or else tells most, with
 * how it came where it is.
 */
static void put_cpus(FILE *out, const struct inspect_machine *machine, bool behind_interrupt,
		     int stuck_vcpu, unsigned int stuck_frame)
{
	unsigned int most = 0, shown = 0, idle = 0;
	const struct inspect_cpu *cpu;

	for (unsigned int i = 1; i < machine->nr_cpus; i++)
		if (weight(&machine->cpus[i], behind_interrupt) >
		    weight(&machine->cpus[most], behind_interrupt))
			most = i;
	if (!machine->nr_cpus)
		return;
	for (unsigned int i = 0; i < machine->nr_cpus; i++)
		if ((int)machine->cpus[i].vcpu == stuck_vcpu && !*machine->cpus[i].why_registers)
			most = i;
	cpu = &machine->cpus[most];
	if ((int)cpu->vcpu == stuck_vcpu && stuck_frame)
		put_cpu(out, cpu, (int)stuck_frame, true);
	else if ((int)cpu->vcpu == stuck_vcpu || weight(cpu, behind_interrupt) > 1)
		put_cpu(out, cpu, (int)telling_first(&cpu->trace, behind_interrupt),
			behind_interrupt);
	else
		most = machine->nr_cpus;
	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		if (i == most)
			continue;
		if (telling_is_idle(&machine->cpus[i]))
			idle++;
		else if (shown++ < MAX_CPUS)
			put_cpu(out, &machine->cpus[i], -1, behind_interrupt);
	}
	if (shown > MAX_CPUS)
		fprintf(out, "  CPUs: %u more are busy\n", shown - MAX_CPUS);
	if (idle == machine->nr_cpus)
		fputs("  CPUs: all idle\n", out);
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

/* Why a task that could run is not let. */
static const char *held_back(const struct waiting *waiting)
{
	if (!waiting->is_throttled)
		return "";
	return waiting->task.class == CLASS_DEADLINE
		       ? "; its runtime is used up until its next period"
		       : "; its cgroup's quota is used up";
}

static void put_waiting(FILE *out, const struct inspect_machine *machine, uint64_t worth_ns)
{
	unsigned int shown = 0;

	for (unsigned int i = 0; i < machine->nr_longest && shown < MAX_WAITING; i++) {
		const struct waiting *waiting = &machine->longest[i];
		char task[REPORT_TASK_SIZE], other[REPORT_TASK_SIZE];
		const char *runs;

		if (waiting->by != WAIT_QUEUED || waiting->waited_ns < worth_ns)
			continue;
		shown++;
		report_task(&waiting->task, task);
		fprintf(out, "  waiting: %s (%s) for %.1f s", task,
			task_class_name(waiting->task.class), (double)waiting->waited_ns / 1e9);
		if (waiting->task.cpu >= 0)
			fprintf(out, " on CPU %" PRId32, waiting->task.cpu);
		runs = runs_on(machine, waiting->task.cpu, other);
		if (runs)
			fprintf(out, ", which %s%s", strcmp(runs, "idle") ? "runs " : "is ", runs);
		fprintf(out, "%s\n", held_back(waiting));
	}
	for (unsigned int i = 0; i < machine->nr_unqueued && i < MAX_WAITING; i++) {
		char task[REPORT_TASK_SIZE];

		if (machine->unqueued[i].waited_ns < worth_ns)
			continue;
		report_task(&machine->unqueued[i].task, task);
		fprintf(out, "  in no queue: %s could run%s\n", task,
			held_back(&machine->unqueued[i]));
	}
}

static bool is_worth_it(const struct inspect_blocked *blocked)
{
	return !blocked->is_known || blocked->not_run_ns >= WORTH_NS;
}

static void put_blocked(FILE *out, const struct inspect_machine *machine)
{
	unsigned int shown = 0;

	for (unsigned int i = 0; i < machine->nr_blocked && shown < MAX_BLOCKED; i++) {
		const struct inspect_blocked *blocked = &machine->blocked[i];
		char task[REPORT_TASK_SIZE];

		if (!is_worth_it(blocked))
			continue;
		report_task(&blocked->task, task);
		fprintf(out, "  blocked (D): %s", task);
		if (blocked->is_known)
			fprintf(out, " for %.1f s", (double)blocked->not_run_ns / 1e9);
		fputs(":\n", out);
		put_backtrace(out, &blocked->trace, telling_first(&blocked->trace, false));
		shown++;
	}
	if (machine->nr_blocked_in_all > shown && shown)
		fprintf(out, "  blocked (D): %u tasks in all\n", machine->nr_blocked_in_all);
}

/* The last made are a test's own, and its shell waits for them. */
static void put_sleeping(FILE *out, const struct inspect_machine *machine)
{
	unsigned int nr = machine->nr_sleeping;

	for (unsigned int i = 0; i < nr && i < MAX_SLEEPING; i++) {
		const struct inspect_blocked *sleeping = &machine->sleeping[nr - 1 - i];
		const char *function = telling_function(&sleeping->trace, false);
		char task[REPORT_TASK_SIZE], name[CODE_NAME_SIZE];

		report_task(&sleeping->task, task);
		utf8_printable(name, sizeof(name), function, strlen(function));
		fprintf(out, "  asleep: %s", task);
		if (sleeping->is_known)
			fprintf(out, " for %.1f s", (double)sleeping->not_run_ns / 1e9);
		fprintf(out, "%s%.60s\n", *name ? ", in " : "", name);
	}
}

void report_inside_text(FILE *out, const struct inside *inside, enum verdict_kind kind,
			int stuck_vcpu, unsigned int stuck_frame)
{
	/* A guest that runs into a limit takes its interrupts: they are not what it does. */
	bool is_at_limit = kind == VERDICT_TIMEOUT;

	if (!inside->at_ns)
		return;
	if (!inside->machine) {
		fprintf(out, "  inside: not readable: %s\n", inside->why);
		return;
	}
	if (inside->machine->is_out_of_time)
		fputs("  inside: not all was read, its time was over\n", out);
	/* What blocks a test is why it does not end. */
	if (is_at_limit)
		put_blocked(out, inside->machine);
	/* What a payload that ended by itself was doing is for the dump. */
	if (kind == VERDICT_TIMEOUT || kind == VERDICT_PANIC || kind == VERDICT_STALL ||
	    kind == VERDICT_DIED || kind == VERDICT_PROTOCOL)
		put_cpus(out, inside->machine, is_at_limit, stuck_vcpu, stuck_frame);
	/* At a limit a task that would run just then is as good as one that runs. */
	put_waiting(out, inside->machine, is_at_limit ? 0 : WORTH_NS);
	if (is_at_limit)
		put_sleeping(out, inside->machine);
	else
		put_blocked(out, inside->machine);
}
