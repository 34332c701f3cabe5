/* Why does a payload not come to its end? See hang.h. */
#include "verdict/hang.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"
#include "verdict/telling.h"

#define LEAST_NS 500000000ull

/* Printable, of hostile bytes; a function's name is cut. */
#define NAME_SIZE 64

static const char *task_name(const struct inspect_task *task, char text[NAME_SIZE])
{
	char comm[TASK_COMM_SIZE * 3];

	utf8_printable(comm, sizeof(comm), task->comm, strlen(task->comm));
	snprintf(text, NAME_SIZE, "%.48s[%" PRId32 "]", comm, task->pid);
	return text;
}

/* " in mutex_lock"; "" where it is not known. */
static const char *place(const struct backtrace *trace, char text[NAME_SIZE + 8])
{
	const char *function = telling_function(trace, true);
	char name[NAME_SIZE];

	utf8_printable(name, sizeof(name), function, strlen(function));
	snprintf(text, NAME_SIZE + 8, "%s%s", *name ? " in " : "", name);
	return text;
}

static bool is_blocked(const struct inspect_machine *machine, uint64_t least_ns,
		       char text[HANG_SIZE])
{
	const struct inspect_blocked *longest = NULL;
	char task[NAME_SIZE], where[NAME_SIZE + 8];

	for (unsigned int i = 0; i < machine->nr_blocked; i++) {
		const struct inspect_blocked *blocked = &machine->blocked[i];

		if (!blocked->task.is_kernel_thread && blocked->is_known &&
		    blocked->not_run_ns >= least_ns &&
		    (!longest || blocked->not_run_ns > longest->not_run_ns))
			longest = blocked;
	}
	if (!longest)
		return false;
	snprintf(text, HANG_SIZE, "%s has been blocked for %.1f s%s",
		 task_name(&longest->task, task), (double)longest->not_run_ns / 1e9,
		 place(&longest->trace, where));
	return true;
}

static bool is_starved(const struct inspect_machine *machine, uint64_t least_ns,
		       char text[HANG_SIZE])
{
	const struct waiting *longest = machine->longest;
	const struct waiting *end = longest + machine->nr_longest;
	char task[NAME_SIZE];

	/* Of others it is only known when they last ran. */
	while (longest < end && longest->by != WAIT_QUEUED)
		longest++;
	if (longest == end || longest->waited_ns < least_ns)
		return false;
	snprintf(text, HANG_SIZE, "%s could run and has not for %.1f s",
		 task_name(&longest->task, task), (double)longest->waited_ns / 1e9);
	return true;
}

static bool is_running(const struct inspect_machine *machine, char text[HANG_SIZE])
{
	const struct inspect_cpu *first = NULL;
	char task[NAME_SIZE], where[NAME_SIZE + 8] = " in user mode", others[32] = "";
	unsigned int nr = 0;

	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		const struct inspect_cpu *cpu = &machine->cpus[i];

		if (*cpu->why_task || *cpu->why_registers || telling_is_idle(cpu) ||
		    cpu->task.is_kernel_thread)
			continue;
		first = nr++ ? first : cpu;
	}
	if (!first)
		return false;
	if (!telling_is_user(first))
		place(&first->trace, where);
	if (nr > 1)
		snprintf(others, sizeof(others), ", and %u other%s run%s", nr - 1,
			 nr > 2 ? "s" : "", nr > 2 ? "" : "s");
	snprintf(text, HANG_SIZE, "%s runs on CPU %u%s%s", task_name(&first->task, task),
		 first->cpu, where, others);
	return true;
}

/* It would run, had the kernel not just something of its own to do on its CPU. */
static bool is_about_to_run(const struct inspect_machine *machine, char text[HANG_SIZE])
{
	for (unsigned int i = 0; i < machine->nr_longest; i++) {
		const struct inspect_task *task = &machine->longest[i].task;
		char name[NAME_SIZE], cpu[24] = "";

		if (task->is_kernel_thread || task->tgid == 1)
			continue;
		if (task->cpu >= 0)
			snprintf(cpu, sizeof(cpu), " on CPU %" PRId32, task->cpu);
		snprintf(text, HANG_SIZE, "%s is about to run%s", task_name(task, name), cpu);
		return true;
	}
	return false;
}

static bool is_asleep(const struct inspect_machine *machine, char text[HANG_SIZE])
{
	const struct inspect_blocked *last;
	char task[NAME_SIZE], where[NAME_SIZE + 8];

	if (!machine->nr_sleeping)
		return false;
	last = &machine->sleeping[machine->nr_sleeping - 1];
	snprintf(text, HANG_SIZE, "all CPUs are idle, and %s sleeps%s",
		 task_name(&last->task, task), place(&last->trace, where));
	return true;
}

bool hang_describe(const struct inspect_machine *machine, uint64_t limit_ms, char text[HANG_SIZE])
{
	uint64_t least_ns = limit_ms < UINT64_MAX / 1000000 ? limit_ms * 1000000 / 4 : UINT64_MAX;

	if (least_ns < LEAST_NS)
		least_ns = LEAST_NS;
	return is_blocked(machine, least_ns, text) || is_starved(machine, least_ns, text) ||
	       is_running(machine, text) || is_about_to_run(machine, text) ||
	       is_asleep(machine, text);
}
