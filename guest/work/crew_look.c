/* What has the kernel counted of the tasks so far, and what did the looking take? See crew.h. */
#include <sched.h>
#include <stdio.h>

#include "crew.h"

/* Of all tasks of the group: threads have one memory. */
static void look_at_memory(const struct crew *crew, const struct work_group *group,
			   struct crew_look *looks)
{
	char path[64];

	if (crew->places->nr_nodes < 2 || !(group->kind->tells & KIND_TELLS_MEMORY))
		return;
	for (uint32_t i = 0; i < group->nr_tasks; i++) {
		if (i && group->threads) {
			looks[i].memory = looks[0].memory;
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%ld/numa_maps",
			 (long)crew->stage->records[group->first_task + i].pid);
		node_memory_read(path, &looks[i].memory);
	}
}

/*
 * CPU time of the process that measures. Most kernels count what a host took of a CPU as the time
 * of the task that was on it: it is no more than what passed, less that.
 */
struct spent {
	uint64_t cpu_ns, clock_ns, stolen_ns;
	int cpu;
};

static struct spent spent_begin(bool guest)
{
	struct spent from = { .cpu = guest ? sched_getcpu() : -1 };

	from.stolen_ns = from.cpu >= 0 ? counters_stolen(from.cpu) : 0;
	from.clock_ns = task_now();
	from.cpu_ns = machine_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	return from;
}

/* How much of the CPU time since @from is not ours. */
static uint64_t spent_by_others(const struct spent *from)
{
	uint64_t cpu_ns = machine_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - from->cpu_ns;
	uint64_t ns = task_now() - from->clock_ns, stolen;

	if (from->cpu < 0 || sched_getcpu() != from->cpu)
		return 0;
	stolen = counters_stolen(from->cpu) - from->stolen_ns;
	ns = stolen < ns ? ns - stolen : 0;
	return cpu_ns > ns ? cpu_ns - ns : 0;
}

/* How long a task wants to run by now, and does not: the kernel counts a wait when it is over. */
static uint64_t waits_by_now(const struct crew *crew, uint32_t task)
{
	const struct task_record *record = &crew->stage->records[task];
	const uint64_t group = (uint64_t)(crew_group_of(crew->plan, task) - crew->plan->groups);
	const struct task_crowd *crowd = &crew->stage->groups[group];
	const struct task_span *live = crowd->nr_live ? &crowd->live[crowd->nr_live - 1] : NULL;
	uint64_t since = __atomic_load_n(&record->ready_since, __ATOMIC_SEQ_CST), now = task_now();

	/* It has not come, stands still, or has gone. */
	if (!live || live->to != UINT64_MAX)
		return 0;
	if (!__atomic_load_n(&record->began, __ATOMIC_SEQ_CST))
		since = live->from;
	else if (since && since < live->from)
		since = live->from;
	return since && since < now ? now - since : 0;
}

void crew_look(struct crew *crew, uint32_t number)
{
	struct crew_look *looks = &crew->looks[(size_t)number * crew->plan->nr_tasks];
	const struct spent from = spent_begin(crew->in_guest);

	crew->looked_ns[number] = task_now();
	for (uint32_t i = 0; i < crew->plan->nr_tasks; i++) {
		const struct task_record *record = &crew->stage->records[i];

		counters_read(record->pid, record->tid, &looks[i].counters);
		looks[i].counters.delay_ns += waits_by_now(crew, i);
		looks[i].iterations = __atomic_load_n(&record->iterations, __ATOMIC_RELAXED);
	}
	for (uint32_t i = 0; i < crew->plan->nr_groups; i++)
		look_at_memory(crew, &crew->plan->groups[i],
			       &looks[crew->plan->groups[i].first_task]);
	crew->others_ns += spent_by_others(&from);
}

/* A task that wants to run as all ends has waited until then: nobody else notes that. */
void crew_note_waiting(struct crew *crew)
{
	const struct task_stage *stage = crew->stage;
	const uint64_t end = stage->windows[0].to;

	for (uint32_t i = 0; i < crew->plan->nr_tasks; i++) {
		const struct task_record *record = &stage->records[i];
		struct task_notes *notes = &crew->notes[(size_t)i * stage->nr_windows];
		uint64_t at, ns, since = __atomic_load_n(&record->ready_since, __ATOMIC_SEQ_CST);
		uint32_t group = (uint32_t)(crew_group_of(crew->plan, i) - crew->plan->groups);

		if (!__atomic_load_n(&record->began, __ATOMIC_SEQ_CST))
			since = stage->start;
		for (uint32_t j = 0; since && j < stage->nr_windows; j++) {
			ns = task_longest(stage, group, j, since, end, &at);
			if (ns > notes[j].worst_gap.ns)
				notes[j].worst_gap = (struct task_worst){ ns, at, UINT32_MAX };
		}
	}
}
