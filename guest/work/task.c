/* What does a task of a load tell of itself? See task.h. */
#include "task.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* The part of [from, to) that is in the window. */
static uint64_t in_window(const struct task_stage *stage, uint64_t from, uint64_t to)
{
	if (from < stage->window_start)
		from = stage->window_start;
	if (to > stage->window_end)
		to = stage->window_end;
	return from < to ? to - from : 0;
}

static void note_worst(struct task_worst *worst, uint64_t ns, uint64_t at, unsigned int cpu)
{
	if (ns > worst->ns)
		*worst = (struct task_worst){ ns, at, cpu };
}

/* What it ran without a gap, until task->last, on the CPU where it was. */
static void close_piece(struct task *task)
{
	if (!CPU_ISSET(task->cpu, &task->allowed))
		task->record->off_allowed_ns += in_window(task->stage, task->cpu_since, task->last);
}

/* It was off its CPU: is it on another one? */
static void look_where(struct task *task, uint64_t now)
{
	const struct places *places = task->places;
	struct task_record *record = task->record;
	int cpu = sched_getcpu();

	close_piece(task);
	task->cpu_since = now;
	if (cpu < 0 || cpu >= PLACES_MAX_CPUS || (unsigned int)cpu == task->cpu)
		return;
	if (now >= task->stage->window_start && now < task->stage->window_end) {
		if (places->node[cpu] != places->node[task->cpu])
			record->moves_across_node++;
		else if (places->llc[cpu] != places->llc[task->cpu])
			record->moves_across_llc++;
		else
			record->moves_in_llc++;
	}
	task->cpu = (unsigned int)cpu;
}

void task_gap(struct task *task, uint64_t now)
{
	uint64_t gap = in_window(task->stage, task->last, now);

	look_where(task, now);
	note_worst(&task->record->worst_gap, gap, now, task->cpu);
}

void task_run_for(struct task *task, uint64_t ns)
{
	struct timespec used;
	uint64_t end, now = task_now(), left = ns;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	end = (uint64_t)used.tv_sec * WORK_S + (uint64_t)used.tv_nsec + ns;
	/* By the cheap clock, and then by the true one: gaps are no time of a CPU. */
	while (left && !task_done(task)) {
		uint64_t until = now + left;

		while (now < until && !task_done(task)) {
			now = task_now();
			task_ran(task, now);
		}
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		ns = (uint64_t)used.tv_sec * WORK_S + (uint64_t)used.tv_nsec;
		left = ns < end ? end - ns : 0;
	}
}

/* It runs again, and has wanted to since @wanted. */
static void note_wake(struct task *task, uint64_t wanted)
{
	const struct task_stage *stage = task->stage;
	uint64_t now = task_now();

	look_where(task, now);
	if (now > wanted)
		note_worst(&task->record->worst_gap, in_window(stage, wanted, now), now, task->cpu);
	if (wanted >= stage->window_start && wanted < stage->window_end) {
		uint64_t late = now > wanted ? now - wanted : 0;

		hist_add(&task->record->wakes, late);
		note_worst(&task->record->worst_wake, late, now, task->cpu);
	}
	task->last = now;
	__atomic_store_n(&task->record->ready_since, now, __ATOMIC_RELAXED);
}

void task_sleep_until(struct task *task, uint64_t when)
{
	struct timespec until = { .tv_sec = (time_t)(when / WORK_S),
				  .tv_nsec = (long)(when % WORK_S) };
	uint64_t now = task_now();

	task_ran(task, now);
	if (when <= now)
		return;
	__atomic_store_n(&task->record->ready_since, when, __ATOMIC_RELAXED);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		if (task_done(task))
			return;
	note_wake(task, when);
}

void task_blocks(struct task *task)
{
	task_ran(task, task_now());
	__atomic_store_n(&task->record->ready_since, 0, __ATOMIC_SEQ_CST);
}

void task_wakes(struct task *task, uint32_t index)
{
	struct task_record *other = &task->stage->records[task->group->first_task + index];
	uint64_t nothing = 0;

	/* One that does not wait is not woken: it has another time there already. */
	__atomic_compare_exchange_n(&other->ready_since, &nothing, task_now(), false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void task_woken(struct task *task)
{
	uint64_t wanted = __atomic_load_n(&task->record->ready_since, __ATOMIC_SEQ_CST);

	if (wanted) {
		note_wake(task, wanted);
		return;
	}
	/* What it waited for was there before it waited, or a signal came. */
	task->last = task_now();
	look_where(task, task->last);
	__atomic_store_n(&task->record->ready_since, task->last, __ATOMIC_RELAXED);
}

void task_served(struct task *task, uint64_t sent)
{
	const struct task_stage *stage = task->stage;
	uint64_t now = task_now();

	task_ran(task, now);
	if (sent < stage->window_start || sent >= stage->window_end)
		return;
	hist_add(&task->record->requests, now - sent);
	note_worst(&task->record->worst_request, now - sent, now, task->cpu);
}

void task_fail(struct task *task, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(task->record->failure, sizeof(task->record->failure), fmt, args);
	va_end(args);
	__atomic_store_n(&task->record->state, TASK_FAILED, __ATOMIC_RELEASE);
	_exit(1);
}

void task_begin(struct task *task)
{
	int cpu = sched_getcpu();

	/* It has wanted to run since all were let go. */
	task->cpu = cpu < 0 ? 0 : (unsigned int)cpu;
	task->last = task->stage->start;
	task->cpu_since = task_now();
	task_ran(task, task->cpu_since);
}

void task_end(struct task *task)
{
	close_piece(task);
	__atomic_store_n(&task->record->state, TASK_ENDED, __ATOMIC_RELEASE);
}
