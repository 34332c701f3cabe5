/* How are the tasks of a group made: a process each, or one process with a thread each? See crew.h.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crew.h"
#include "wait.h"

/* Kinds keep nothing large on the stack. */
#define STACK_SIZE (64ul << 10)

struct start {
	struct crew *crew;
	const struct work_group *group;
	uint32_t index;
	pthread_t thread;
};

static void fail(struct task_record *record, const char *text)
{
	snprintf(record->failure, sizeof(record->failure), "%s", text);
	__atomic_store_n(&record->state, TASK_FAILED, __ATOMIC_RELEASE);
}

/* Where it may run after each change of the plan that says so. */
static bool know_changes(const struct crew *crew, struct task *task)
{
	const struct work_plan *plan = crew->plan;
	struct task_places *changes = calloc(plan->nr_changes + 1, sizeof(*changes));

	task->changes = changes;
	for (uint32_t i = 0; changes && i < plan->nr_changes; i++) {
		const struct work_change *change = &plan->changes[i];

		if (change->group != task->number || change->type != CHANGE_TO)
			continue;
		changes[task->nr_changes].change = i;
		work_group_allowed(&change->is, crew->places, task->index,
				   &changes[task->nr_changes++].allowed);
	}
	return changes;
}

/* From being made until the end. */
static void be_task(struct crew *crew, const struct work_group *group, uint32_t index)
{
	const uint32_t number = (uint32_t)(group - crew->plan->groups);
	const uint32_t of_all = group->first_task + index;
	struct task_stage *stage = crew->stage;
	uint32_t *go = &stage->groups[number].go;
	struct task task = { .stage = stage,
			     .record = &stage->records[of_all],
			     .notes = &crew->notes[(size_t)of_all * stage->nr_windows],
			     .group = group,
			     .number = number,
			     .places = crew->places,
			     .rtapp = &crew->plan->rtapp,
			     .index = index,
			     .shared = crew->shared[number],
			     .random = group->seed ^ (index * 0x9e3779b97f4a7c15ull) };
	struct failure failure = { "" };

	task.record->pid = getpid();
	task.record->tid = (pid_t)syscall(SYS_gettid);
	work_group_allowed(group, crew->places, index, &task.allowed);
	if (crew_setup_task(crew, group, index, &failure)) {
		fail(task.record, failure.text);
		return;
	}
	if (!know_changes(crew, &task)) {
		fail(task.record, "no memory for its changes");
		return;
	}
	__atomic_store_n(&task.record->state, TASK_READY, __ATOMIC_RELEASE);
	while (!__atomic_load_n(go, __ATOMIC_ACQUIRE) && !task_done(&task))
		wait_while(go, 0);
	if (!task_done(&task)) {
		task_begin(&task);
		group->kind->run(&task);
		task_end(&task);
	}
	while (!__atomic_load_n(&stage->stop, __ATOMIC_ACQUIRE))
		wait_while(&stage->stop, 0);
	__atomic_store_n(&task.record->state, TASK_ENDED, __ATOMIC_RELEASE);
	free((void *)(uintptr_t)task.changes);
}

static void *thread_main(void *data)
{
	struct start *start = data;

	be_task(start->crew, start->group, start->index);
	return NULL;
}

/* The process whose threads the tasks of a group are. */
static void be_threads(struct crew *crew, const struct work_group *group)
{
	struct start *starts = calloc(group->nr_tasks, sizeof(*starts));
	uint32_t made = 0;
	pthread_attr_t attr;
	int ret = starts ? 0 : ENOMEM;
	char text[96];

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	while (!ret && made < group->nr_tasks) {
		starts[made] = (struct start){ .crew = crew, .group = group, .index = made };
		ret = pthread_create(&starts[made].thread, &attr, thread_main, &starts[made]);
		made += !ret;
	}
	if (ret) {
		snprintf(text, sizeof(text), "cannot make thread %u: %s", made, strerror(ret));
		fail(&crew->stage->records[group->first_task + made], text);
	}
	while (made)
		pthread_join(starts[--made].thread, NULL);
	free(starts);
}

/* A child: dies with its parent, which may have gone before we could say so. */
static void be_child(struct crew *crew, const struct work_group *group, uint32_t index,
		     pid_t parent)
{
	struct failure failure = { "" };

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	if (work_cgroups_join(&crew->cgroups, group, 0, &failure))
		fail(&crew->stage->records[group->first_task + index], failure.text);
	else if (group->threads)
		be_threads(crew, group);
	else
		be_task(crew, group, index);
	_exit(0);
}

int crew_spawn_group(struct crew *crew, const struct work_group *group, struct failure *failure)
{
	uint32_t processes = group->threads ? 1 : group->nr_tasks;
	pid_t self = getpid();

	for (uint32_t i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return failure_set(
				failure, -errno,
				"group '%s': cannot make process %u of %u: %s; take fewer "
				"--tasks, or raise the limit (ulimit -u, pids.max, "
				"kernel.pid_max)",
				group->name, i, processes, strerror(errno));
		if (!pid)
			be_child(crew, group, i, self);
		crew->tasks[group->first_task + i].process = pid;
	}
	return 0;
}
