/* How do tasks come, run and go? See crew.h. */
#include "crew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wait.h"

/* For all to be made and set up, in a guest that is slow; and for all to stop. */
#define READY_NS (30 * WORK_S)
#define LOOK_NS	 (2 * WORK_MS)

static void no_action(int signal)
{
	(void)signal;
}

/* Interrupts what a task waits in, and nothing else: no SA_RESTART. */
static void take_signals(struct crew *crew)
{
	struct sigaction wake = { .sa_handler = no_action };

	sigaction(SIGUSR1, &wake, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Where they are ignored they are not kept for us, either. */
	signal(SIGINT, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&crew->signals);
	sigaddset(&crew->signals, SIGINT);
	sigaddset(&crew->signals, SIGTERM);
	sigaddset(&crew->signals, SIGHUP);
	sigaddset(&crew->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &crew->signals, NULL);
}

const struct work_group *crew_group_of(const struct work_plan *plan, uint32_t task)
{
	uint32_t i = 0;

	while (task >= plan->groups[i].first_task + plan->groups[i].nr_tasks)
		i++;
	return &plan->groups[i];
}

/* Until @until, or a child ends, or somebody asks us to end. */
static int wait_until(struct crew *crew, uint64_t until, struct failure *failure)
{
	for (uint64_t now = task_now(); now < until; now = task_now()) {
		const struct timespec left = { .tv_sec = (time_t)((until - now) / WORK_S),
					       .tv_nsec = (long)((until - now) % WORK_S) };
		int got = sigtimedwait(&crew->signals, NULL, &left);
		int ret = got == SIGCHLD ? crew_reap(crew, false, failure) : 0;

		if (ret)
			return ret;
		if (got > 0 && got != SIGCHLD)
			return failure_set(failure, -EINTR, "ended by signal %d in mid-run", got);
	}
	return 0;
}

static int wait_ready(struct crew *crew, struct failure *failure)
{
	const uint64_t end = task_now() + READY_NS;
	uint32_t ready = 0;
	int ret = 0;

	while (!ret && ready < crew->plan->nr_tasks) {
		const struct task_record *record = &crew->stage->records[ready];
		uint32_t state = __atomic_load_n(&record->state, __ATOMIC_ACQUIRE);

		if (state == TASK_READY)
			ready++;
		else if (state == TASK_FAILED)
			ret = failure_set(failure, -EINVAL, "group '%s': %s",
					  crew_group_of(crew->plan, ready)->name, record->failure);
		else if (task_now() > end)
			ret = failure_set(failure, -ETIMEDOUT,
					  "only %u of %u tasks were ready after %d s; take fewer",
					  ready, crew->plan->nr_tasks, (int)(READY_NS / WORK_S));
		else
			ret = wait_until(crew, task_now() + LOOK_NS, failure);
	}
	return ret;
}

static int set_up_groups(struct crew *crew, struct failure *failure)
{
	const struct work_plan *plan = crew->plan;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < plan->nr_groups; i++) {
		const struct kind *kind = plan->groups[i].kind;
		size_t size = kind->shared_size ? kind->shared_size(&plan->groups[i]) : 0;

		if (size) {
			void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

			if (map == MAP_FAILED)
				return failure_set(failure, -errno,
						   "group '%s': cannot map %zu bytes: %s",
						   plan->groups[i].name, size, strerror(errno));
			crew->shared[i] = map;
			crew->shared_sizes[i] = size;
		}
		crew->nr_set_up = i + 1;
		if (kind->setup)
			ret = kind->setup(&plan->groups[i], crew->shared[i], failure);
	}
	return ret;
}

/*
 * Looks at the window's ends must come in time whatever the load does and the scheduler under test
 * decides. It sleeps in between. After the tasks were made: they are as the caller is.
 */
static void raise_priority(struct crew *crew)
{
	const int priority = 1;

	/* musl's sched_setscheduler is a stub that fails; struct sched_param is one int. */
	crew->no_priority = syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority) != 0;
}

int crew_create(struct crew *crew, const struct work_plan *plan, const struct places *places,
		struct failure *failure)
{
	int ret;

	*crew = (struct crew){ .plan = plan, .places = places };
	take_signals(crew);
	crew->stage_size = sizeof(*crew->stage) + plan->nr_tasks * sizeof(struct task_record);
	crew->tasks = calloc(plan->nr_tasks, sizeof(*crew->tasks));
	crew->stage = mmap(NULL, crew->stage_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew->stage == MAP_FAILED)
		crew->stage = NULL;
	if (!crew->tasks || !crew->stage)
		return failure_set(failure, -ENOMEM, "no memory for the records of %u tasks",
				   plan->nr_tasks);
	ret = work_cgroups_make(&crew->cgroups, plan, failure);
	if (!ret)
		ret = set_up_groups(crew, failure);
	for (uint32_t i = 0; !ret && i < plan->nr_groups; i++)
		ret = crew_spawn_group(crew, &plan->groups[i], failure);
	if (!ret)
		ret = wait_ready(crew, failure);
	if (!ret)
		raise_priority(crew);
	return ret;
}

static void look(struct crew *crew, bool after)
{
	for (uint32_t i = 0; i < crew->plan->nr_tasks; i++) {
		const struct task_record *record = &crew->stage->records[i];
		struct crew_task *task = &crew->tasks[i];
		uint64_t iterations = __atomic_load_n(&record->iterations, __ATOMIC_RELAXED);

		counters_read(record->pid, record->tid, after ? &task->after : &task->before);
		*(after ? &task->iterations_after : &task->iterations_before) = iterations;
	}
}

/* A task that wants to run as the window ends has waited until then: nobody else notes that. */
static void note_waiting(struct crew *crew)
{
	const struct task_stage *stage = crew->stage;

	for (uint32_t i = 0; i < crew->plan->nr_tasks; i++) {
		struct task_record *record = &crew->stage->records[i];
		uint64_t since = __atomic_load_n(&record->ready_since, __ATOMIC_SEQ_CST);

		/* From the start on, where it has not run at all. */
		if (!since && !record->iterations && !record->worst_gap.at_ns)
			since = stage->start;
		if (!since || since >= stage->window_end)
			continue;
		if (since < stage->window_start)
			since = stage->window_start;
		if (stage->window_end - since > record->worst_gap.ns) {
			record->worst_gap.ns = stage->window_end - since;
			record->worst_gap.at_ns = stage->window_end;
			record->worst_gap.cpu = UINT32_MAX;
		}
	}
}

int crew_run(struct crew *crew, struct failure *failure)
{
	const uint64_t used = machine_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct task_stage *stage = crew->stage;
	int ret;

	stage->start = task_now();
	stage->window_start = stage->start + crew->plan->warmup_ns;
	stage->window_end = stage->window_start + crew->plan->phases[0].duration_ns;
	__atomic_store_n(&stage->go, 1, __ATOMIC_SEQ_CST);
	wake_all(&stage->go);
	ret = wait_until(crew, stage->window_start, failure);
	if (ret)
		return ret;
	look(crew, false);
	ret = wait_until(crew, stage->window_end, failure);
	if (ret)
		return ret;
	crew->late_ns = task_now() - stage->window_end;
	note_waiting(crew);
	look(crew, true);
	crew->used_ns = machine_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - used;
	crew_stop(crew);
	return 0;
}

void crew_destroy(struct crew *crew)
{
	if (crew->stage && crew->tasks && !crew->stage->stop)
		crew_stop(crew);
	for (uint32_t i = crew->nr_set_up; i-- > 0;) {
		const struct work_group *group = &crew->plan->groups[i];

		if (group->kind->teardown)
			group->kind->teardown(group, crew->shared[i]);
	}
	for (uint32_t i = 0; i < PLAN_MAX_GROUPS; i++)
		if (crew->shared[i])
			munmap(crew->shared[i], crew->shared_sizes[i]);
	work_cgroups_remove(&crew->cgroups);
	if (crew->stage)
		munmap(crew->stage, crew->stage_size);
	free(crew->tasks);
	*crew = (struct crew){ 0 };
}
