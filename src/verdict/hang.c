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
	const struct waiting *longest = machine_longest_queued(machine);
	char task[NAME_SIZE];

	if (!longest || longest->waited_ns < least_ns)
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

/* A moment is no wait: the kernel may just have something of its own to do on its CPU. */
static bool is_waiting(const struct waiting *all, unsigned int nr, char text[HANG_SIZE])
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct inspect_task *task = &all[i].task;
		char name[NAME_SIZE], cpu[24] = "";

		if (task->is_kernel_thread || task->tgid == 1)
			continue;
		if (task->cpu >= 0)
			snprintf(cpu, sizeof(cpu), " on CPU %" PRId32, task->cpu);
		task_name(task, name);
		if (all[i].is_throttled)
			snprintf(text, HANG_SIZE, "%s could run%s, and its quota is used up", name,
				 cpu);
		else if (all[i].by == WAIT_UNKNOWN)
			snprintf(text, HANG_SIZE, "%s could run%s, and does not", name, cpu);
		else if (all[i].waited_ns < LEAST_NS)
			snprintf(text, HANG_SIZE, "%s is about to run%s", name, cpu);
		else if (all[i].by == WAIT_QUEUED)
			snprintf(text, HANG_SIZE, "%s could run%s and has not for %.1f s", name,
				 cpu, (double)all[i].waited_ns / 1e9);
		else
			snprintf(text, HANG_SIZE, "%s could run%s; it last ran %.1f s ago", name,
				 cpu, (double)all[i].waited_ns / 1e9);
		return true;
	}
	return false;
}

/* What is known of the CPUs when none runs what the payload may be. */
static bool describe_cpus(const struct inspect_machine *machine, char text[HANG_SIZE / 2])
{
	unsigned int nr_unknown = 0;
	char task[NAME_SIZE];

	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		const struct inspect_cpu *cpu = &machine->cpus[i];

		if (*cpu->why_task || (*cpu->why_registers && !telling_is_idle(cpu))) {
			nr_unknown++;
		} else if (!telling_is_idle(cpu)) {
			snprintf(text, HANG_SIZE / 2, "the kernel's %s runs on CPU %u",
				 task_name(&cpu->task, task), cpu->cpu);
			return true;
		}
	}
	if (nr_unknown || !machine->nr_cpus) {
		snprintf(text, HANG_SIZE / 2, "what some CPUs do is not known");
		return false;
	}
	snprintf(text, HANG_SIZE / 2, "all CPUs are idle");
	return false;
}

/* Blocked, but not for long, or for how long is not known: a payload that comes on slowly. */
static bool is_blocked_at_all(const struct inspect_machine *machine, const char *cpus,
			      char text[HANG_SIZE])
{
	char task[NAME_SIZE], where[NAME_SIZE + 8];

	for (unsigned int i = 0; i < machine->nr_blocked; i++) {
		const struct inspect_blocked *blocked = &machine->blocked[i];

		if (blocked->task.is_kernel_thread || blocked->task.tgid == 1)
			continue;
		snprintf(text, HANG_SIZE, "%s, and %s is blocked%s", cpus,
			 task_name(&blocked->task, task), place(&blocked->trace, where));
		return true;
	}
	return false;
}

static bool is_asleep(const struct inspect_machine *machine, char text[HANG_SIZE])
{
	char task[NAME_SIZE], where[NAME_SIZE + 8], cpus[HANG_SIZE / 2];
	const bool is_busy = describe_cpus(machine, cpus);
	const struct inspect_blocked *last;

	if (!machine->nr_sleeping) {
		if (is_blocked_at_all(machine, cpus, text))
			return true;
		if (is_busy)
			snprintf(text, HANG_SIZE, "%s", cpus);
		return is_busy;
	}
	last = &machine->sleeping[machine->nr_sleeping - 1];
	snprintf(text, HANG_SIZE, "%s, and %s sleeps%s", cpus, task_name(&last->task, task),
		 place(&last->trace, where));
	return true;
}

bool hang_describe(const struct inspect_machine *machine, uint64_t limit_ms, char text[HANG_SIZE])
{
	uint64_t least_ns = limit_ms < UINT64_MAX / 1000000 ? limit_ms * 1000000 / 4 : UINT64_MAX;

	if (least_ns < LEAST_NS)
		least_ns = LEAST_NS;
	return is_blocked(machine, least_ns, text) || is_starved(machine, least_ns, text) ||
	       is_running(machine, text) ||
	       is_waiting(machine->longest, machine->nr_longest, text) ||
	       is_waiting(machine->unqueued, machine->nr_unqueued, text) ||
	       is_asleep(machine, text);
}
