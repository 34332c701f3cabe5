/* Which tasks are there, and what runs on a CPU? See tasks.h. */
#include "inspect/tasks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inspect/inspect.h"

/* include/linux/sched.h: what of __state and exit_state is reported, and by which letter; the
 * kernel's types do not have these. */
#define TASK_UNINTERRUPTIBLE 0x2u
#define TASK_REPORT	     0x7fu
#define TASK_NOLOAD	     0x400u
#define TASK_RTLOCK_WAIT     0x1000u
#define TASK_FROZEN	     0x8000u
/* PID_MAX_LIMIT of 64 bits */
#define MAX_PID		     (1 << 22)

static const struct {
	const char *name, *symbol;
} class_names[NR_CLASSES] = {
	[CLASS_UNKNOWN] = { "unknown", NULL },
	[CLASS_STOP] = { "stop", "stop_sched_class" },
	[CLASS_DEADLINE] = { "deadline", "dl_sched_class" },
	[CLASS_RT] = { "rt", "rt_sched_class" },
	[CLASS_FAIR] = { "fair", "fair_sched_class" },
	[CLASS_EXT] = { "ext", "ext_sched_class" },
	[CLASS_IDLE] = { "idle", "idle_sched_class" },
};

#define WANT(path, field)                                                                          \
	{                                                                                          \
		"task_struct", path, offsetof(struct tasks, field), false                          \
	}
#define MAY(path, field)                                                                           \
	{                                                                                          \
		"task_struct", path, offsetof(struct tasks, field), true                           \
	}

static const struct layout_want wants[] = {
	WANT("pid", pid),
	WANT("tgid", tgid),
	WANT("comm", comm),
	WANT("__state", state),
	WANT("state", state),
	WANT("tasks", list),
	MAY("exit_state", exit_state),
	MAY("sched_class", class),
	MAY("policy", policy),
	MAY("prio", prio),
	MAY("rt_priority", rt_priority),
	MAY("thread_info.cpu", cpu),
	MAY("cpu", cpu),
	MAY("on_cpu", on_cpu),
	MAY("on_rq", on_rq),
	MAY("mm", mm),
	MAY("se.exec_start", exec_start),
	MAY("signal", signal),
	MAY("thread_node", thread),
	{ "signal_struct", "thread_head", offsetof(struct tasks, threads), true },
	{ "pcpu_hot", "current_task", offsetof(struct tasks, hot_current), true },
};

int tasks_open(struct inspect *inspect, const struct btf *btf, struct tasks *tasks, char *why)
{
	*tasks = (struct tasks){ .inspect = inspect };
	if (layout_resolve(btf, wants, sizeof(wants) / sizeof(*wants), tasks, why))
		return -ENOENT;
	if (!inspect_symbol(inspect, "init_task", &tasks->first)) {
		snprintf(why, INSPECT_WHY_SIZE, "the kernel has no symbol init_task");
		return -ENOENT;
	}
	for (unsigned int i = 0; i < NR_CLASSES; i++)
		if (!class_names[i].symbol ||
		    !inspect_symbol(inspect, class_names[i].symbol, &tasks->classes[i]))
			tasks->classes[i] = 0;
	return 0;
}

static char letter_of(const struct inspect_task *task)
{
	static const char letters[] = "RSDTtXZP";
	uint32_t state = task->state;
	unsigned int i = 0;

	if ((state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) == (TASK_UNINTERRUPTIBLE | TASK_NOLOAD))
		return 'I';
	if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN))
		state |= TASK_UNINTERRUPTIBLE;
	for (state = (state | task->exit_state) & TASK_REPORT; state; state >>= 1)
		i++;
	return letters[i];
}

bool task_is_blocked(const struct inspect_task *task)
{
	return task->letter == 'D';
}

bool task_read(const struct tasks *tasks, uint64_t address, struct inspect_task *task)
{
	struct inspect *inspect = tasks->inspect;
	uint64_t pid, tgid, state, class;

	*task = (struct inspect_task){ .address = address };
	if (!layout_read(inspect, address, &tasks->pid, &pid) || pid > MAX_PID ||
	    !layout_read(inspect, address, &tasks->tgid, &tgid) || tgid > MAX_PID ||
	    !layout_read(inspect, address, &tasks->state, &state) ||
	    tasks->comm.size != sizeof(task->comm) ||
	    !inspect_read(inspect, address + tasks->comm.offset, task->comm, sizeof(task->comm)) ||
	    !memchr(task->comm, 0, sizeof(task->comm)))
		return false;
	task->pid = (int32_t)pid;
	task->tgid = (int32_t)tgid;
	task->state = (uint32_t)state;
	task->exit_state = (uint32_t)layout_read_or(inspect, address, &tasks->exit_state, 0);
	task->letter = letter_of(task);
	class = layout_read_or(inspect, address, &tasks->class, 0);
	for (unsigned int i = 0; class && i < NR_CLASSES; i++)
		if (tasks->classes[i] == class)
			task->class = i;
	task->policy = (uint32_t)layout_read_or(inspect, address, &tasks->policy, 0);
	task->prio = (int32_t)layout_read_or(inspect, address, &tasks->prio, 0);
	task->rt_priority = (uint32_t)layout_read_or(inspect, address, &tasks->rt_priority, 0);
	task->cpu = (int32_t)layout_read_or(inspect, address, &tasks->cpu, (uint64_t)-1);
	task->on_cpu = layout_read_or(inspect, address, &tasks->on_cpu, 0) != 0;
	/* TASK_ON_RQ_QUEUED (kernel/sched/sched.h); 2: it is on its way to another queue. */
	task->on_rq = layout_read_or(inspect, address, &tasks->on_rq, 0) == 1;
	task->is_kernel_thread = tasks->mm.found &&
				 !layout_read_or(inspect, address, &tasks->mm, 1) &&
				 !task->exit_state;
	task->ran_at_ns = layout_read_or(inspect, address, &tasks->exec_start, 0);
	return true;
}

bool task_of_cpu(const struct tasks *tasks, unsigned int cpu, uint64_t *address)
{
	uint64_t at;

	if (inspect_per_cpu(tasks->inspect, "current_task", cpu, &at))
		return inspect_read_u64(tasks->inspect, at, address) && *address;
	return inspect_per_cpu(tasks->inspect, "pcpu_hot", cpu, &at) &&
	       layout_read(tasks->inspect, at, &tasks->hot_current, address) && *address;
}

const char *task_class_name(enum task_class class)
{
	return class_names[class < NR_CLASSES ? class : CLASS_UNKNOWN].name;
}

void tasks_begin(struct tasks_walk *walk, const struct tasks *tasks)
{
	*walk = (struct tasks_walk){ .tasks = tasks };
	list_begin(&walk->leaders, tasks->inspect, tasks->first + tasks->list.offset, TASKS_MAX);
}

/* The list of @leader's threads, itself among them; false: it is not known. */
static bool begin_threads(struct tasks_walk *walk)
{
	const struct tasks *tasks = walk->tasks;
	uint64_t signal;

	if (!tasks->threads.found || !tasks->thread.found ||
	    !layout_read(tasks->inspect, walk->leader, &tasks->signal, &signal) || !signal)
		return false;
	list_begin(&walk->threads, tasks->inspect, signal + tasks->threads.offset, TASKS_MAX);
	return true;
}

bool tasks_next(struct tasks_walk *walk, uint64_t *address)
{
	const struct tasks *tasks = walk->tasks;
	uint64_t node;

	if (walk->nr == TASKS_MAX) {
		walk->broken = "there are more tasks than are looked at";
		return false;
	}
	for (;;) {
		if (walk->threads.inspect && list_next(&walk->threads, &node)) {
			*address = node - tasks->thread.offset;
			break;
		}
		if (walk->threads.broken)
			walk->broken = walk->threads.broken;
		walk->threads.inspect = NULL;
		if (!list_next(&walk->leaders, &node)) {
			if (walk->leaders.broken)
				walk->broken = walk->leaders.broken;
			return false;
		}
		walk->leader = node - tasks->list.offset;
		if (!begin_threads(walk)) {
			*address = walk->leader;
			break;
		}
	}
	walk->nr++;
	return true;
}
