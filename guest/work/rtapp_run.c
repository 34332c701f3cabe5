/* How does a task of rt-app's run? See rtapp.h. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include "lock.h"
#include "rtapp.h"

/* The tasks that wait take the end's signal as they are; each wait looks whether it is over. */
#define FOREVER_NS (3600 * WORK_S)

/* What a task has of its own. */
struct running {
	struct task *task;
	const struct rtapp *rtapp;
	uint64_t began;			      /* its first phase */
	uint64_t timers[RTAPP_MAX_RESOURCES]; /* the unique ones; 0: not used so far */
	bool held[RTAPP_MAX_RESOURCES];	      /* mutexes */
};

/* Of all tasks of all groups: one pair of words for each resource. */
static uint32_t *word_of(const struct running *r, uint16_t resource)
{
	return (uint32_t *)&r->task->stage->common[resource];
}

/* Until the word is not @value, a wake-up, a signal. */
static void wait_on(struct task *task, uint32_t *word, uint32_t value)
{
	task_blocks(task);
	wait_while(word, value);
	task_woken(task);
}

static void lock(struct running *r, uint16_t resource)
{
	r->held[resource] = work_lock(r->task, word_of(r, resource));
}

static void unlock(struct running *r, uint16_t resource)
{
	/* A task that is stopped goes on without what it waited for. */
	if (!r->held[resource])
		return;
	r->held[resource] = false;
	work_unlock(word_of(r, resource));
}

static void signal_condition(uint32_t *word, int count)
{
	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	wake(word, count);
}

/*
 * Until somebody signals; what came before counts for nothing. rt-app's files have waits with the
 * mutex held, as pthread_cond_wait wants it, and without: it is then as it was before.
 */
static void wait_condition(struct running *r, const struct rtapp_step *step, bool signals)
{
	uint32_t *condition = word_of(r, step->resource), seen;
	const bool held = r->held[step->mutex];

	if (!held)
		lock(r, step->mutex);
	if (signals)
		signal_condition(condition, 1);
	seen = __atomic_load_n(condition, __ATOMIC_SEQ_CST);
	unlock(r, step->mutex);
	while (!task_done(r->task) && __atomic_load_n(condition, __ATOMIC_SEQ_CST) == seen)
		wait_on(r->task, condition, seen);
	lock(r, step->mutex);
	if (!held)
		unlock(r, step->mutex);
}

static void resume(struct running *r, const struct rtapp_step *step)
{
	const bool held = r->held[step->mutex];

	if (!held)
		lock(r, step->mutex);
	signal_condition(word_of(r, step->resource), INT_MAX);
	if (!held)
		unlock(r, step->mutex);
}

/* The two words: how many have come, and how often all had. */
static void barrier(struct task *task, uint32_t *words, uint32_t users)
{
	uint32_t round = __atomic_load_n(&words[1], __ATOMIC_SEQ_CST);

	if (__atomic_add_fetch(&words[0], 1, __ATOMIC_SEQ_CST) == users) {
		__atomic_store_n(&words[0], 0, __ATOMIC_SEQ_CST);
		signal_condition(&words[1], INT_MAX);
		return;
	}
	while (!task_done(task) && __atomic_load_n(&words[1], __ATOMIC_SEQ_CST) == round)
		wait_on(task, &words[1], round);
}

static void timer(struct running *r, const struct rtapp_step *step)
{
	uint64_t *next = r->rtapp->resources[step->resource].own
				 ? &r->timers[step->resource]
				 : &r->task->stage->common[step->resource];
	uint64_t when = __atomic_load_n(next, __ATOMIC_SEQ_CST), now = task_now();

	when = (when ? when : r->began) + step->ns;
	if (when < now && !step->absolute)
		when = now;
	__atomic_store_n(next, when, __ATOMIC_SEQ_CST);
	task_sleep_until(r->task, when);
}

/* Busy for so long, whatever of it is CPU time. */
static void run_time(struct task *task, uint64_t ns)
{
	uint64_t now = task_now(), end = now + ns;

	for (; now < end && !task_done(task); now = task_now())
		task_ran(task, now);
}

static void run_step(struct running *r, const struct rtapp_step *step)
{
	struct task *task = r->task;

	switch (step->type) {
	case STEP_RUN:
		task_run_for(task, step->ns);
		break;
	case STEP_RUNTIME:
		run_time(task, step->ns);
		break;
	case STEP_SLEEP:
		task_sleep_until(task, task_now() + step->ns);
		break;
	case STEP_TIMER:
		timer(r, step);
		break;
	case STEP_LOCK:
		lock(r, step->resource);
		break;
	case STEP_UNLOCK:
		unlock(r, step->resource);
		break;
	case STEP_WAIT:
	case STEP_SYNC:
	case STEP_SUSPEND:
		wait_condition(r, step, step->type == STEP_SYNC);
		break;
	case STEP_SIGNAL:
		signal_condition(word_of(r, step->resource), 1);
		break;
	case STEP_BROAD:
		signal_condition(word_of(r, step->resource), INT_MAX);
		break;
	case STEP_RESUME:
		resume(r, step);
		break;
	case STEP_BARRIER:
		barrier(task, word_of(r, step->resource),
			r->rtapp->resources[step->resource].users);
		break;
	case STEP_YIELD:
		sched_yield();
		break;
	}
}

static void run_phase(struct running *r, const struct rtapp_phase *phase)
{
	for (uint64_t i = 0; i < phase->loops && !task_done(r->task); i++) {
		task_ran(r->task, task_now());
		for (uint32_t j = 0; j < phase->nr_steps && !task_done(r->task); j++)
			run_step(r, &r->rtapp->steps[phase->first_step + j]);
		task_iteration(r->task);
	}
}

static void run(struct task *task)
{
	const struct rtapp_task *is = &task->group->rtapp;
	struct running r = { .task = task,
			     .rtapp = task->rtapp,
			     .began = task_came(task) + is->delay_ns };

	if (is->delay_ns)
		task_sleep_until(task, r.began);
	for (uint64_t i = 0; i < is->loops && !task_done(task); i++)
		for (uint32_t j = 0; j < is->nr_phases; j++)
			run_phase(&r, &r.rtapp->phases[is->first_phase + j]);
	/* Its group may go while others stay, who want them. */
	for (uint16_t i = 0; i < r.rtapp->nr_resources; i++)
		if (r.held[i])
			unlock(&r, i);
	/* It has done all of it: it stays, and wants nothing more, so that its counters can be
	 * read. */
	while (!task_done(task)) {
		const struct timespec forever = { .tv_sec = FOREVER_NS / WORK_S };

		task_blocks(task);
		nanosleep(&forever, NULL);
	}
}

const struct kind kind_rtapp = {
	.name = "rt-app",
	.help = "a task of a file of rt-app's",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.run = run,
};
