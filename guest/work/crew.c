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
		uint64_t ns = crew->leaving && until - now > LOOK_NS ? LOOK_NS : until - now;
		const struct timespec left = { .tv_sec = (time_t)(ns / WORK_S),
					       .tv_nsec = (long)(ns % WORK_S) };
		int got = sigtimedwait(&crew->signals, NULL, &left);
		int ret = got == SIGCHLD ? crew_reap(crew, false, failure) : 0;

		if (ret)
			return ret;
		if (got > 0 && got != SIGCHLD)
			return failure_set(failure, -EINTR, "ended by signal %d in mid-run", got);
		if (crew->leaving)
			crew_chase(crew);
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

static void *map_shared(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static int make_records(struct crew *crew, struct failure *failure)
{
	const struct work_plan *plan = crew->plan;
	const uint32_t nr_windows = work_plan_windows(plan);

	crew->stage_size = sizeof(*crew->stage) + plan->nr_tasks * sizeof(struct task_record);
	crew->notes_size = (size_t)plan->nr_tasks * nr_windows * sizeof(*crew->notes);
	crew->tasks = calloc(plan->nr_tasks, sizeof(*crew->tasks));
	crew->looks = calloc((size_t)plan->nr_tasks * (plan->nr_phases + 1), sizeof(*crew->looks));
	crew->stage = map_shared(crew->stage_size);
	crew->notes = map_shared(crew->notes_size);
	if (!crew->tasks || !crew->looks || !crew->stage || !crew->notes)
		return failure_set(failure, -ENOMEM, "no memory for the records of %u tasks",
				   plan->nr_tasks);
	crew->stage->nr_windows = nr_windows;
	for (uint32_t i = 0; i < plan->nr_changes; i++)
		crew->stage->changes[i] = (struct task_span){ UINT64_MAX, UINT64_MAX };
	return 0;
}

int crew_create(struct crew *crew, const struct work_plan *plan, const struct places *places,
		struct failure *failure)
{
	int ret;

	*crew = (struct crew){ .plan = plan, .places = places };
	take_signals(crew);
	ret = make_records(crew, failure);
	if (!ret)
		ret = work_cgroups_make(&crew->cgroups, plan, failure);
	if (!ret)
		ret = set_up_groups(crew, failure);
	for (uint32_t i = 0; !ret && i < plan->nr_groups; i++)
		ret = crew_try_changes(crew, &plan->groups[i], failure);
	for (uint32_t i = 0; !ret && i < plan->nr_groups; i++)
		ret = crew_spawn_group(crew, &plan->groups[i], failure);
	if (!ret)
		ret = wait_ready(crew, failure);
	if (!ret)
		raise_priority(crew);
	return ret;
}

/* Each begins where the one before it was to end; its window, when all has changed that changes. */
static int run_phase(struct crew *crew, uint32_t phase, uint64_t begin, struct failure *failure)
{
	struct task_stage *stage = crew->stage;
	int ret = wait_until(crew, begin, failure);
	uint64_t now;

	if (ret)
		return ret;
	crew_look(crew, phase);
	if (phase)
		ret = crew_enter_phase(crew, phase, failure);
	now = task_now();
	if (now - begin > crew->late_ns)
		crew->late_ns = now - begin;
	if (stage->nr_windows > 1)
		__atomic_store_n(&stage->windows[1 + phase].from, phase ? now : begin,
				 __ATOMIC_SEQ_CST);
	return ret;
}

int crew_run(struct crew *crew, struct failure *failure)
{
	const uint64_t used = machine_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	const uint64_t stolen = counters_stolen(-1);
	const struct work_plan *plan = crew->plan;
	struct task_stage *stage = crew->stage;
	uint64_t at;
	int ret;

	crew->in_guest = stolen;
	stage->start = task_now();
	at = stage->start + plan->warmup_ns;
	stage->windows[0] = (struct task_span){ at, at + work_plan_duration(plan) };
	for (uint32_t i = 0; stage->nr_windows > 1 && i < plan->nr_phases; i++) {
		at += plan->phases[i].duration_ns;
		stage->windows[1 + i] = (struct task_span){ UINT64_MAX, at };
	}
	ret = crew_enter_phase(crew, 0, failure);
	at = stage->windows[0].from;
	for (uint32_t i = 0; !ret && i < plan->nr_phases; i++) {
		ret = run_phase(crew, i, at, failure);
		at += plan->phases[i].duration_ns;
	}
	if (!ret)
		ret = wait_until(crew, at, failure);
	if (ret)
		return ret;
	crew_note_waiting(crew);
	crew_look(crew, plan->nr_phases);
	crew->used_ns = machine_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - used - crew->others_ns;
	crew->stolen_ns = counters_stolen(-1) - stolen;
	crew_stop(crew);
	return 0;
}

void crew_destroy(struct crew *crew)
{
	/* Where the records could not be made there are no tasks. */
	if (crew->stage && crew->notes && crew->tasks && !crew->stage->stop)
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
	if (crew->notes)
		munmap(crew->notes, crew->notes_size);
	free(crew->looks);
	free(crew->tasks);
	*crew = (struct crew){ 0 };
}
