/* How do tasks end: when they should, and when they should not? See crew.h. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"
#include "wait.h"

/* For all to stop by themselves, and how often it is looked whether they have. */
#define STOP_NS (5 * WORK_S)
#define LOOK_NS (2 * WORK_MS)

/* A process ended that should not have. */
static int say_died(const struct crew *crew, uint32_t task, int status, struct failure *failure)
{
	const struct work_group *group = crew_group_of(crew->plan, task);
	const char *own = "";
	char how[64];

	for (uint32_t i = 0; i < group->nr_tasks; i++)
		if (crew->stage->records[group->first_task + i].state == TASK_FAILED)
			own = crew->stage->records[group->first_task + i].failure;
	if (own[0])
		return failure_set(failure, -ECHILD, "group '%s': %s", group->name, own);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	return failure_set(failure, -ECHILD, "task %s/%u (process %ld) %s in mid-run", group->name,
			   task - group->first_task, (long)crew->tasks[task].process, how);
}

int crew_reap(struct crew *crew, bool expected, struct failure *failure)
{
	int ret = 0;

	for (uint32_t i = 0; i < crew->plan->nr_tasks; i++) {
		int status;

		if (!crew->tasks[i].process ||
		    waitpid(crew->tasks[i].process, &status, WNOHANG) <= 0)
			continue;
		if (!ret && !expected)
			ret = say_died(crew, i, status, failure);
		crew->tasks[i].process = 0;
	}
	return ret;
}

void crew_kill(const struct crew *crew, const struct work_group *group, int sig)
{
	for (uint32_t i = 0; i < group->nr_tasks; i++)
		if (crew->tasks[group->first_task + i].process)
			kill(crew->tasks[group->first_task + i].process, sig);
}

/* All groups at once; one that is frozen has to run to end. */
static void end_groups(struct crew *crew)
{
	for (uint32_t i = 0; i < crew->plan->nr_groups; i++) {
		__atomic_store_n(&crew->stage->groups[i].stop, 1, __ATOMIC_SEQ_CST);
		wake_all(&crew->stage->groups[i].go);
	}
	__atomic_store_n(&crew->stage->stop, 1, __ATOMIC_SEQ_CST);
	wake_all(&crew->stage->stop);
	for (uint32_t i = 0; crew->plan->nr_phases > 1 && i < crew->plan->nr_groups; i++)
		crew_kill(crew, &crew->plan->groups[i], SIGCONT);
}

void crew_stop(struct crew *crew)
{
	const uint64_t end = task_now() + STOP_NS;
	bool left = true, killed = false;

	end_groups(crew);
	while (left) {
		const struct timespec moment = { .tv_nsec = LOOK_NS };

		crew_reap(crew, true, NULL);
		left = false;
		for (uint32_t i = 0; i < crew->plan->nr_tasks; i++) {
			const struct task_record *record = &crew->stage->records[i];

			left |= crew->tasks[i].process != 0;
			if (record->tid && record->state != TASK_ENDED)
				syscall(SYS_tgkill, record->pid, record->tid, SIGUSR1);
			if (!killed && task_now() > end && crew->tasks[i].process) {
				kill(crew->tasks[i].process, SIGKILL);
				crew->nr_killed++;
			}
		}
		killed |= task_now() > end;
		/* A process that cannot be killed, since it does not run, is left to its fate. */
		if (task_now() > end + 2 * STOP_NS)
			break;
		if (left)
			sigtimedwait(&crew->signals, NULL, &moment);
	}
}
