/* Which of a machine's tasks are blocked or sleep, and which could run and are forgotten? See
 * machine.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/machine_means.h"

static void note_task(const struct machine_means *means, const struct inspect_task *task,
		      struct inspect_blocked *blocked)
{
	uint64_t now = means->has_runqueues ? means->runqueues.now_task_ns : 0;

	*blocked = (struct inspect_blocked){ .task = *task };
	blocked->is_known = task->ran_at_ns && task->ran_at_ns <= now;
	blocked->not_run_ns = blocked->is_known ? now - task->ran_at_ns : 0;
}

static int add_blocked(struct machine_means *means, struct inspect_machine *machine,
		       const struct inspect_task *task, struct error *err)
{
	struct inspect_blocked *blocked;

	machine->nr_blocked_in_all++;
	if (machine->nr_blocked == MACHINE_MAX_BLOCKED)
		return 0;
	blocked = &machine->blocked[machine->nr_blocked++];
	note_task(means, task, blocked);
	return backtrace_of_task(&means->unwinder, task->address, &blocked->trace, err);
}

/* Their backtraces come once it is known which ones are the last. */
static void add_sleeping(struct machine_means *means, struct inspect_machine *machine,
			 const struct inspect_task *task)
{
	struct inspect_blocked *sleeping = machine->sleeping;

	machine->nr_sleeping_in_all++;
	if (machine->nr_sleeping == MACHINE_MAX_SLEEPING)
		memmove(sleeping, sleeping + 1, --machine->nr_sleeping * sizeof(*sleeping));
	note_task(means, task, &sleeping[machine->nr_sleeping++]);
}

static bool is_asleep(const struct inspect_task *task)
{
	return task->letter == 'S' && !task->is_kernel_thread && task->tgid != 1;
}

/* Does its CPU's run queue have it? True also where not all of that was read. */
static bool is_queued(const struct inspect_machine *machine, const struct inspect_task *task)
{
	const struct runqueue *runqueue = NULL;

	for (unsigned int i = 0; i < machine->nr_cpus; i++)
		if (task->cpu >= 0 && machine->cpus[i].cpu == (unsigned int)task->cpu)
			runqueue = &machine->cpus[i].runqueue;
	if (!runqueue || !runqueue->is_known || *runqueue->why ||
	    runqueue->current == task->address)
		return true;
	for (unsigned int i = 0; i < runqueue->nr_waiting; i++)
		if (runqueue->waiting[i].task.address == task->address)
			return true;
	return false;
}

static void add_unqueued(struct machine_means *means, struct inspect_machine *machine,
			 const struct inspect_task *task)
{
	if (machine->nr_unqueued < MACHINE_MAX_LONGEST)
		waiting_read(&means->runqueues, task, &machine->unqueued[machine->nr_unqueued++]);
	machine->nr_unqueued_in_all++;
}

#define NAMES_STEP 256u

static int add_name(struct inspect_machine *machine, const struct inspect_task *task,
		    struct error *err)
{
	struct inspect_name *name;

	if (machine->nr_tasks % NAMES_STEP == 0) {
		name = reallocarray(machine->names, machine->nr_tasks + NAMES_STEP, sizeof(*name));
		if (!name)
			return error_set(err, -ENOMEM, "the guest's tasks: out of memory");
		machine->names = name;
	}
	name = &machine->names[machine->nr_tasks++];
	*name = (struct inspect_name){ .pid = task->pid, .tgid = task->tgid };
	memcpy(name->comm, task->comm, sizeof(name->comm));
	name->comm[sizeof(name->comm) - 1] = '\0';
	return 0;
}

int machine_read_tasks(struct machine_means *means, struct inspect_machine *machine,
		       struct error *err)
{
	struct tasks_walk walk;
	unsigned int damaged = 0;
	uint64_t address;

	if (!means->has_tasks) {
		machine_copy_why(machine->why_tasks, means->why_tasks);
		return 0;
	}
	machine->blocked = calloc(MACHINE_MAX_BLOCKED, sizeof(*machine->blocked));
	machine->sleeping = calloc(MACHINE_MAX_SLEEPING, sizeof(*machine->sleeping));
	if (!machine->blocked || !machine->sleeping)
		return error_set(err, -ENOMEM, "the guest's tasks: out of memory");
	tasks_begin(&walk, &means->tasks);
	while (tasks_next(&walk, &address)) {
		struct inspect_task task;
		int ret;

		if (!task_read(&means->tasks, address, &task)) {
			damaged++;
			continue;
		}
		ret = add_name(machine, &task, err);
		if (ret)
			return ret;
		if (task.letter == 'R' && !task.state && !task.on_cpu && !is_queued(machine, &task))
			add_unqueued(means, machine, &task);
		/* What still runs has not got as far as to wait. */
		if (task.on_cpu)
			continue;
		if (is_asleep(&task))
			add_sleeping(means, machine, &task);
		if (!task_is_blocked(&task))
			continue;
		ret = add_blocked(means, machine, &task, err);
		if (ret)
			return ret;
	}
	for (unsigned int i = 0; i < machine->nr_sleeping; i++) {
		struct inspect_blocked *sleeping = &machine->sleeping[i];
		int ret = backtrace_of_task(&means->unwinder, sleeping->task.address,
					    &sleeping->trace, err);

		if (ret)
			return ret;
	}
	if (walk.broken)
		snprintf(machine->why_tasks, sizeof(machine->why_tasks),
			 "the list of tasks ends early: %s", walk.broken);
	else if (damaged)
		snprintf(machine->why_tasks, sizeof(machine->why_tasks),
			 "%u tasks are damaged or not readable", damaged);
	return 0;
}
