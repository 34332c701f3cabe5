/* Which events make the first picture? See opening.h. */
#include "page/opening.h"

#include <errno.h>
#include <stdlib.h>

#include "page/numbers.h"

/* The events that a task or a CPU is what it is by: their places and 1 more; 0: none. */
struct held {
	size_t changed, woken;
};

struct holding {
	uint8_t *holders; /* of each event: for how many tasks and CPUs it is there, 3 at most */
	struct numbers numbers; /* by pid, of the tasks */
	struct held *tasks, cpus[TRACE_MAX_CPUS];
	size_t nr_tasks, room;
};

/* NULL: no memory. */
static struct held *task_of(struct holding *holding, int32_t pid)
{
	uint32_t *number = number_of(&holding->numbers, (uint32_t)pid);

	if (!number)
		return NULL;
	if (*number != NO_NUMBER)
		return &holding->tasks[*number];
	if (holding->nr_tasks == holding->room) {
		size_t room = holding->room ? 2 * holding->room : 256;
		struct held *grown = reallocarray(holding->tasks, room, sizeof(*grown));

		if (!grown)
			return NULL;
		holding->tasks = grown;
		holding->room = room;
	}
	*number = (uint32_t)holding->nr_tasks++;
	holding->tasks[*number] = (struct held){ 0 };
	return &holding->tasks[*number];
}

/* Event @i instead of the one that is held, or none for SIZE_MAX. */
static void hold(struct holding *holding, size_t *held, size_t i)
{
	if (*held)
		holding->holders[*held - 1]--;
	*held = i + 1;
	if (*held)
		holding->holders[i]++;
}

static int hold_switch(struct holding *holding, const struct sched_event *event, size_t i)
{
	const int32_t pids[] = { event->other_pid, event->pid };

	hold(holding, &holding->cpus[event->cpu].changed, i);
	for (size_t k = 0; k < 2; k++) {
		struct held *task;

		/* Who idles is no task. */
		if (pids[k] <= 0)
			continue;
		task = task_of(holding, pids[k]);
		if (!task)
			return -ENOMEM;
		hold(holding, &task->changed, i);
		hold(holding, &task->woken, SIZE_MAX);
	}
	return 0;
}

/* A wake-up of one that is awake changes nothing: the first one counts. */
static int hold_wake(struct holding *holding, const struct sched_event *event, size_t i)
{
	struct held *task = task_of(holding, event->pid);

	if (!task)
		return -ENOMEM;
	if (!task->woken)
		hold(holding, &task->woken, i);
	return 0;
}

int opening_pick(const struct sched_event *events, size_t nr, size_t since, enum trace_type wake,
		 struct sched_event **picked, size_t *nr_picked)
{
	struct holding *holding = calloc(1, sizeof(*holding));
	int ret = 0;

	*nr_picked = 0;
	*picked = malloc(nr * sizeof(**picked));
	if (holding)
		holding->holders = calloc(since + 1, 1);
	if (!holding || !holding->holders || !*picked)
		ret = -ENOMEM;
	for (size_t i = 0; i < since && !ret; i++) {
		if (events[i].type == TRACE_SWITCH)
			ret = hold_switch(holding, &events[i], i);
		else if (events[i].type == wake || events[i].type == TRACE_WAKEUP_NEW)
			ret = hold_wake(holding, &events[i], i);
	}
	for (size_t i = 0; i < nr && !ret; i++)
		if (i >= since || holding->holders[i])
			(*picked)[(*nr_picked)++] = events[i];
	if (holding) {
		numbers_free(&holding->numbers);
		free(holding->tasks);
		free(holding->holders);
	}
	free(holding);
	return ret;
}
