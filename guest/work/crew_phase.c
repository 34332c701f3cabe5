/* What comes, goes, freezes and changes as a phase begins? See crew.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"
#include "wait.h"

static bool touches_cpus(const struct work_change *change)
{
	/* A cgroup's CPUs replace those of its tasks. */
	return change->cpus || change->cgroup || (!change->policy && !change->nice);
}

static int named(const struct work_group *group, struct failure *failure, int ret)
{
	struct failure why = *failure;

	return failure_set(failure, ret, "option '--change': group '%s': %s", group->name,
			   why.text);
}

/* One task of the group, or the caller (@tid 0). */
static int change_task(const struct crew *crew, const struct work_change *change, pid_t tid,
		       uint32_t index, struct failure *failure)
{
	int ret = 0;

	if (touches_cpus(change))
		ret = crew_set_cpus(tid, &change->is, crew->places, index, failure);
	if (!ret && (change->policy || change->nice))
		ret = crew_set_policy(tid, &change->is.sched, failure);
	return ret;
}

static int change_group(struct crew *crew, const struct work_change *change,
			struct failure *failure)
{
	const struct work_group *is = &change->is;
	int ret = 0;

	if (change->cgroup)
		ret = work_cgroups_set(&crew->cgroups, &change->settings, failure);
	for (uint32_t i = 0; !ret && change->moves && i < is->nr_tasks; i++)
		if (crew->tasks[is->first_task + i].process)
			ret = work_cgroups_join(&crew->cgroups, is,
						crew->tasks[is->first_task + i].process, failure);
	for (uint32_t i = 0; !ret && i < is->nr_tasks; i++)
		ret = change_task(crew, change, crew->stage->records[is->first_task + i].tid, i,
				  failure);
	return ret ? named(is, failure, ret) : 0;
}

/* In a child, which is none of the load. The settings of cgroups are not tried: their words were
 * checked, and they would count. */
static int try_all(struct crew *crew, const struct work_group *group, uint32_t number,
		   struct failure *failure)
{
	int ret = work_cgroups_join(&crew->cgroups, group, 0, failure);
	/* Where its cgroup gets other CPUs only then, these are not to be had yet. */
	bool settled = true;

	if (!ret)
		ret = crew_setup_task(crew, group, 0, failure);
	for (uint32_t i = 0; !ret && i < crew->plan->nr_changes; i++) {
		const struct work_change *change = &crew->plan->changes[i];

		if (change->group != number || change->type != CHANGE_TO)
			continue;
		if (change->moves)
			ret = work_cgroups_join(&crew->cgroups, &change->is, 0, failure);
		settled &= !change->settings.has_cpus &&
			   (change->cpus || change->policy || change->nice || change->cgroup);
		if (!ret && settled && change->cpus)
			ret = crew_set_cpus(0, &change->is, crew->places, 0, failure);
		if (!ret && (change->policy || change->nice))
			ret = crew_set_policy(0, &change->is.sched, failure);
		if (ret)
			ret = named(group, failure, ret);
	}
	return ret;
}

int crew_try_changes(struct crew *crew, const struct work_group *group, struct failure *failure)
{
	const uint32_t number = (uint32_t)(group - crew->plan->groups);
	struct failure *said;
	bool any = false;
	int status = 0;
	pid_t pid;

	for (uint32_t i = 0; i < crew->plan->nr_changes; i++)
		any |= crew->plan->changes[i].group == number &&
		       crew->plan->changes[i].type == CHANGE_TO;
	if (!any)
		return 0;
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED)
		return failure_set(failure, -ENOMEM, "no memory to try the changes of '%s'",
				   group->name);
	pid = fork();
	if (!pid)
		_exit(try_all(crew, group, number, said) ? 1 : 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || status)
		failure_set(failure, -EINVAL, "%s",
			    said->text[0] ? said->text : "cannot try the changes of a group");
	munmap(said, sizeof(*said));
	return pid < 0 || status ? -EINVAL : 0;
}

/* --- as it begins -----------------------------------------------------------------------------*/

static void begin_live(struct task_crowd *crowd)
{
	crowd->live[crowd->nr_live] = (struct task_span){ task_now(), UINT64_MAX };
	__atomic_store_n(&crowd->nr_live, crowd->nr_live + 1, __ATOMIC_RELEASE);
}

static void end_live(struct task_crowd *crowd)
{
	struct task_span *last = &crowd->live[crowd->nr_live - 1];

	if (last->to == UINT64_MAX)
		__atomic_store_n(&last->to, task_now(), __ATOMIC_SEQ_CST);
}

static void stop_group(struct crew *crew, const struct work_group *group, struct task_crowd *crowd)
{
	end_live(crowd);
	__atomic_store_n(&crowd->stop, 1, __ATOMIC_SEQ_CST);
	/* It may be frozen. */
	crew_kill(crew, group, SIGCONT);
	crew->leaving = true;
	crew_chase(crew);
}

void crew_chase(struct crew *crew)
{
	crew->leaving = false;
	for (uint32_t i = 0; i < crew->plan->nr_groups; i++) {
		const struct work_group *group = &crew->plan->groups[i];

		if (!crew->stage->groups[i].stop)
			continue;
		for (uint32_t j = 0; j < group->nr_tasks; j++) {
			const struct task_record *record =
				&crew->stage->records[group->first_task + j];

			if (__atomic_load_n(&record->state, __ATOMIC_ACQUIRE) != TASK_READY)
				continue;
			syscall(SYS_tgkill, record->pid, record->tid, SIGUSR1);
			crew->leaving = true;
		}
	}
}

static int make_change(struct crew *crew, const struct work_change *change, struct failure *failure)
{
	const struct work_group *group = &crew->plan->groups[change->group];
	struct task_crowd *crowd = &crew->stage->groups[change->group];
	int ret = 0;

	switch (change->type) {
	case CHANGE_FREEZE:
		end_live(crowd);
		crew_kill(crew, group, SIGSTOP);
		break;
	case CHANGE_THAW:
		begin_live(crowd);
		crew_kill(crew, group, SIGCONT);
		break;
	case CHANGE_STOP:
		stop_group(crew, group, crowd);
		break;
	case CHANGE_TO:
		ret = change_group(crew, change, failure);
		break;
	}
	return ret;
}

/*
 * All changes of a phase are one to the tasks: what one group does to a cgroup changes where the
 * tasks of others may run, before it is their turn.
 */
static int make_changes(struct crew *crew, uint32_t phase, struct failure *failure)
{
	const struct work_plan *plan = crew->plan;
	struct task_span *spans = crew->stage->changes;
	const uint64_t from = task_now();
	uint64_t to;
	int ret = 0;

	for (uint32_t i = 0; i < plan->nr_changes; i++)
		if (plan->changes[i].phase == phase)
			__atomic_store_n(&spans[i].from, from, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; !ret && i < plan->nr_changes; i++)
		if (plan->changes[i].phase == phase)
			ret = make_change(crew, &plan->changes[i], failure);
	to = task_now();
	for (uint32_t i = 0; i < plan->nr_changes; i++)
		if (plan->changes[i].phase == phase)
			__atomic_store_n(&spans[i].to, to, __ATOMIC_SEQ_CST);
	return ret;
}

int crew_enter_phase(struct crew *crew, uint32_t phase, struct failure *failure)
{
	const struct work_plan *plan = crew->plan;
	int ret = make_changes(crew, phase, failure);

	for (uint32_t i = 0; !ret && i < plan->nr_groups; i++) {
		struct task_crowd *crowd = &crew->stage->groups[i];

		if (plan->groups[i].comes != phase)
			continue;
		begin_live(crowd);
		__atomic_store_n(&crowd->go, 1, __ATOMIC_SEQ_CST);
		wake_all(&crowd->go);
	}
	return ret;
}
