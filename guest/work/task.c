/* What does a task of a load tell of itself? See task.h. */
#include "task.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* The part of [from, to) that is in @span, and where it ends. */
static uint64_t part(const struct task_span *span, uint64_t from, uint64_t to, uint64_t *end)
{
	uint64_t first = load(&span->from), last = load(&span->to);

	if (from < first)
		from = first;
	if (to > last)
		to = last;
	*end = to;
	return from < to ? to - from : 0;
}

static bool is_in(const struct task_span *span, uint64_t when)
{
	return when >= load(&span->from) && when < load(&span->to);
}

uint64_t task_longest(const struct task_stage *stage, uint32_t number, uint32_t window,
		      uint64_t from, uint64_t to, uint64_t *end)
{
	const struct task_crowd *crowd = &stage->groups[number];
	uint32_t nr_live = __atomic_load_n(&crowd->nr_live, __ATOMIC_ACQUIRE);
	uint64_t longest = 0, piece_end, in_window;

	*end = to;
	for (uint32_t i = 0; i < nr_live; i++) {
		uint64_t ns = part(&crowd->live[i], from, to, &piece_end);

		ns = ns ? part(&stage->windows[window], piece_end - ns, piece_end, &in_window) : 0;
		if (ns > longest) {
			longest = ns;
			*end = in_window;
		}
	}
	return longest;
}

static void note_worst(struct task_worst *worst, uint64_t ns, uint64_t at, unsigned int cpu)
{
	if (ns > worst->ns)
		*worst = (struct task_worst){ ns, at, cpu };
}

static void note_gap(struct task *task, uint64_t from, uint64_t to)
{
	for (uint32_t i = 0; i < task->stage->nr_windows; i++) {
		uint64_t end, ns = task_longest(task->stage, task->number, i, from, to, &end);

		note_worst(&task->notes[i].worst_gap, ns, end, task->cpu);
	}
}

/* Of [from, to) on @cpu, what is in the window while that CPU was not allowed. */
static uint64_t off_allowed(const struct task *task, uint32_t window, uint64_t from, uint64_t to)
{
	const struct task_stage *stage = task->stage;
	const cpu_set_t *allowed = &task->allowed;
	struct task_span so = { 0, UINT64_MAX };
	uint64_t off = 0, end, ns;

	for (uint32_t i = 0; i <= task->nr_changes; i++) {
		const struct task_places *next = i < task->nr_changes ? &task->changes[i] : NULL;

		/* While it is being changed either is right. */
		so.to = next ? load(&stage->changes[next->change].from) : UINT64_MAX;
		ns = CPU_ISSET(task->cpu, allowed) ? 0 : part(&so, from, to, &end);
		off += ns ? part(&stage->windows[window], end - ns, end, &end) : 0;
		if (!next)
			break;
		so.from = load(&stage->changes[next->change].to);
		allowed = &next->allowed;
	}
	return off;
}

/* What it ran without a gap, until task->last, on the CPU where it was. */
static void close_piece(struct task *task)
{
	const uint16_t node = task->places->node[task->cpu];
	const bool by_node = task->places->nr_nodes > 1 && node < PLACES_MAX_NODES;
	const bool may_be_off = !CPU_ISSET(task->cpu, &task->allowed) || task->nr_changes;

	for (uint32_t i = 0; i < task->stage->nr_windows; i++) {
		struct task_notes *notes = &task->notes[i];
		uint64_t end,
			ns = part(&task->stage->windows[i], task->cpu_since, task->last, &end);

		notes->seen |= ns > 0;
		if (by_node)
			notes->node_ns[node] += ns;
		if (ns && may_be_off)
			notes->off_allowed_ns += off_allowed(task, i, end - ns, end);
	}
}

static void note_move(const struct places *places, unsigned int from, unsigned int to,
		      struct task_notes *notes)
{
	if (places->node[to] != places->node[from])
		notes->moves_across_node++;
	else if (places->llc[to] != places->llc[from])
		notes->moves_across_llc++;
	else
		notes->moves_in_llc++;
}

/* It was off its CPU: is it on another one? */
static void look_where(struct task *task, uint64_t now)
{
	int cpu = sched_getcpu();

	const bool known = cpu >= 0 && cpu < PLACES_MAX_CPUS;
	const bool moved = known && (unsigned int)cpu != task->cpu;

	close_piece(task);
	task->cpu_since = now;
	for (uint32_t i = 0; i < task->stage->nr_windows; i++) {
		if (!is_in(&task->stage->windows[i], now))
			continue;
		task->notes[i].seen = true;
		if (moved)
			note_move(task->places, task->cpu, (unsigned int)cpu, &task->notes[i]);
	}
	if (moved)
		task->cpu = (unsigned int)cpu;
}

void task_gap(struct task *task, uint64_t now)
{
	uint64_t since = task->last;

	look_where(task, now);
	note_gap(task, since, now);
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

/* Was it there all the while, and not frozen? */
static bool uninterrupted(const struct task *task, uint64_t from, uint64_t to)
{
	const struct task_crowd *crowd = &task->stage->groups[task->number];
	uint32_t nr_live = __atomic_load_n(&crowd->nr_live, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < nr_live; i++)
		if (is_in(&crowd->live[i], from))
			return is_in(&crowd->live[i], to);
	return false;
}

/* It runs again, and has wanted to since @wanted. */
static void note_wake(struct task *task, uint64_t wanted)
{
	uint64_t now = task_now(), late = now > wanted ? now - wanted : 0;

	look_where(task, now);
	note_gap(task, wanted, now);
	for (uint32_t i = 0; i < task->stage->nr_windows; i++) {
		if (!is_in(&task->stage->windows[i], wanted) ||
		    !uninterrupted(task, wanted, wanted + late))
			continue;
		hist_add(&task->notes[i].wakes, late);
		note_worst(&task->notes[i].worst_wake, late, now, task->cpu);
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
	uint64_t now = task_now();

	task_ran(task, now);
	for (uint32_t i = 0; i < task->stage->nr_windows; i++) {
		if (!is_in(&task->stage->windows[i], sent) || !uninterrupted(task, sent, now))
			continue;
		hist_add(&task->notes[i].requests, now - sent);
		note_worst(&task->notes[i].worst_request, now - sent, now, task->cpu);
	}
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

	/* It has wanted to run since its group was let go. */
	task->cpu = cpu < 0 ? 0 : (unsigned int)cpu;
	task->last = task_came(task);
	task->cpu_since = task_now();
	task_ran(task, task->cpu_since);
	__atomic_store_n(&task->record->began, 1, __ATOMIC_SEQ_CST);
}

void task_end(struct task *task)
{
	close_piece(task);
	__atomic_store_n(&task->record->ready_since, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&task->record->state, TASK_LEFT, __ATOMIC_RELEASE);
}
