/* How do tasks end: when they should, and when they should not? See crew.h. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"
#include "wait.h"

/*
 * How long no task stops before the rest is killed, and as long again before the rest of these is
 * left alone; and how often it is looked. A failure that is to be recorded waits for it: what is
 * recorded is the last there is, so it is to be short. Where there are many tasks they take turns.
 */
#define STOP_NS (2 * WORK_S)
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

static void kill_all(struct crew *crew)
{
	for (uint32_t i = 0; i < crew->plan->nr_tasks; i++)
		if (crew->tasks[i].process) {
			kill(crew->tasks[i].process, SIGKILL);
			crew->nr_killed++;
		}
}

void crew_stop(struct crew *crew)
{
	uint64_t since = task_now();
	uint32_t before = UINT32_MAX;
	bool is_killing = false;

	end_groups(crew);
	for (;;) {
		const struct timespec moment = { .tv_nsec = LOOK_NS };
		uint32_t left = 0, running = 0;

		crew_reap(crew, true, NULL);
		for (uint32_t i = 0; i < crew->plan->nr_tasks; i++) {
			const struct task_record *record = &crew->stage->records[i];

			left += crew->tasks[i].process != 0;
			if (record->tid && record->state != TASK_ENDED) {
				syscall(SYS_tgkill, record->pid, record->tid, SIGUSR1);
				running++;
			}
		}
		if (!left)
			break;
		/* Threads end before their process does. */
		if (left + running < before) {
			before = left + running;
			since = task_now();
		} else if (task_now() - since > STOP_NS) {
			/* A process that cannot be killed, since it does not run, is left to its
			 * fate. */
			if (is_killing)
				break;
			is_killing = true;
			since = task_now();
			kill_all(crew);
		}
		sigtimedwait(&crew->signals, NULL, &moment);
	}
}
