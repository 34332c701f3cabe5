/* ktstr-work: do verdicts follow from what was seen, and is too little of it none? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/work/check.h"

static struct places places;
static struct work_stats stats;
static struct work_group group = { .name = "client", .nr_tasks = 4 };
static char line[640];

static int make(void **state)
{
	struct group_stats *of = &stats.groups[0];

	(void)state;
	memset(of, 0, sizeof(*of));
	of->group = &group;
	of->sum = (struct counters){ .run_ns = 400 * WORK_MS,
				     .has_run = true,
				     .has_delay = true,
				     .has_switches = true,
				     .has_migrations = true };
	of->iterations = 100;
	of->seen = 4;
	of->run_min = 80 * WORK_MS;
	of->run_max = 120 * WORK_MS;
	of->run_min_task = 3;
	stats.run_ns = 800 * WORK_MS;
	stats.window_ns = stats.looked_ns = WORK_S;
	stats.start = 1000 * WORK_S;
	return 0;
}

static enum check_verdict decide(const char *metric, enum check_op op, double limit)
{
	struct work_check check = { .text = "text",
				    .metric = metric_find(metric, strlen(metric)),
				    .op = op,
				    .limit = limit };

	return check_decide(&check, &stats, line, sizeof(line));
}

static void what_a_busy_host_changes(void **state)
{
	static const char *const timed[] = { "share",	 "share_spread", "max_gap",
					     "wake_p99", "request_max",	 "iterations_per_s",
					     "run_delay" };
	static const char *const others[] = { "off_allowed", "numa_local", "migrations",
					      "switches_vol", "moves_across_llc" };

	(void)state;
	for (size_t i = 0; i < sizeof(timed) / sizeof(timed[0]); i++)
		assert_true(metric_is_timed(metric_find(timed[i], strlen(timed[i]))));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(metric_is_timed(metric_find(others[i], strlen(others[i]))));
}

static void shares(void **state)
{
	(void)state;
	assert_int_equal(decide("share", CHECK_AT_LEAST, 5000), CHECK_HOLDS);
	assert_int_equal(decide("share", CHECK_ABOVE, 5000), CHECK_FAILS);
	assert_string_equal(line, "FAILS: client.share was 50 %, limit 50 %");
	assert_int_equal(decide("share_spread", CHECK_AT_MOST, 4000), CHECK_HOLDS);
	assert_int_equal(decide("share_spread", CHECK_BELOW, 3900), CHECK_FAILS);
	assert_string_equal(line, "FAILS: client.share_spread was 40 %, limit 39 % (least: task "
				  "client/3 0.080 s, most: task client/0 0.120 s)");
}

static void wakes(uint32_t count, uint64_t ns)
{
	while (count--)
		hist_add(&stats.groups[0].wakes, ns);
}

static void the_worst_is_named(void **state)
{
	(void)state;
	wakes(2000, 38 * WORK_MS);
	stats.groups[0].wake =
		(struct stats_worst){ { 38 * WORK_MS, 1000 * WORK_S + 2152 * WORK_MS, 3 }, 2, 0 };
	assert_int_equal(decide("wake_p99", CHECK_BELOW, 5e6), CHECK_FAILS);
	assert_string_equal(line, "FAILS: client.wake_p99 was 38 ms, limit 5 ms (task client/2, "
				  "CPU 3, waited from 2.114 s)");
}

static void too_little_is_inconclusive(void **state)
{
	(void)state;
	wakes(999, 5000);
	assert_int_equal(decide("wake_p99", CHECK_BELOW, 5e6), CHECK_INCONCLUSIVE);
	assert_string_equal(line, "inconclusive: text: 999 wake-ups were seen, 1000 are needed; "
				  "run longer");
	wakes(1, 5000);
	assert_int_equal(decide("wake_p99", CHECK_BELOW, 5e6), CHECK_HOLDS);
	assert_int_equal(decide("wake_p999", CHECK_BELOW, 5e6), CHECK_INCONCLUSIVE);
	stats.groups[0].sum.run_ns = 4 * WORK_MS;
	assert_int_equal(decide("share_spread", CHECK_BELOW, 5000), CHECK_INCONCLUSIVE);
	stats.groups[0].sum.run_ns = stats.groups[0].iterations = 0;
	assert_int_equal(decide("max_gap", CHECK_BELOW, 5e6), CHECK_INCONCLUSIVE);
	assert_non_null(strstr(line, "no task of the group ran"));
	stats.groups[0].sum.has_run = false;
	assert_int_equal(decide("share", CHECK_BELOW, 5e6), CHECK_INCONCLUSIVE);
	make(NULL);
	stats.groups[0].sum.has_migrations = false;
	assert_int_equal(decide("migrations", CHECK_AT_MOST, 0), CHECK_INCONCLUSIVE);
}

/* The kernel's counters are of a little more than a window that is shorter than what it begins
 * with. */
static void nothing_seen_is_inconclusive(void **state)
{
	static const char *const metrics[] = { "max_gap", "off_allowed", "moves_in_llc",
					       "moves_across_llc", "moves_across_node" };

	(void)state;
	stats.groups[0].seen = 0;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		assert_int_equal(decide(metrics[i], CHECK_AT_MOST, 1e9), CHECK_INCONCLUSIVE);
		assert_non_null(strstr(line, "was seen in the window"));
	}
	/* One that wanted to run all the while has a gap, and was nowhere. */
	stats.groups[0].gap.worst.ns = 7 * WORK_MS;
	assert_int_equal(decide("max_gap", CHECK_BELOW, 5e6), CHECK_FAILS);
	assert_int_equal(decide("off_allowed", CHECK_AT_MOST, 1e9), CHECK_INCONCLUSIVE);
}

/* Within the width of a bucket nobody knows. */
static void near_the_limit(void **state)
{
	(void)state;
	wakes(2000, 1000000);
	wakes(1, 50000000); /* the maximum, which is exact, is another */
	assert_int_equal(decide("wake_p50", CHECK_BELOW, 1100000), CHECK_HOLDS);
	assert_int_equal(decide("wake_p50", CHECK_BELOW, 900000), CHECK_FAILS);
	assert_int_equal(decide("wake_p50", CHECK_BELOW, 1000000), CHECK_INCONCLUSIVE);
	assert_int_equal(decide("wake_max", CHECK_AT_MOST, 50000000), CHECK_HOLDS);
}

/* Each metric tells its own number, and isolated() that of time on wrong CPUs. */
static void each_tells_its_own(void **state)
{
	struct group_stats *of = &stats.groups[0];
	struct work_check isolated = { .text = "isolated(client)",
				       .metric = metric_find("off_allowed", strlen("off_allowed")),
				       .op = CHECK_AT_MOST,
				       .isolated = true };

	(void)state;
	of->run_cv = 0.25;
	assert_int_equal(decide("share_cv", CHECK_AT_MOST, 2500), CHECK_HOLDS);
	assert_int_equal(decide("share_cv", CHECK_BELOW, 2500), CHECK_FAILS);
	of->gap.worst.ns = 7 * WORK_MS;
	assert_int_equal(decide("max_gap", CHECK_AT_MOST, 7e6), CHECK_HOLDS);
	assert_int_equal(decide("max_gap", CHECK_BELOW, 7e6), CHECK_FAILS);
	of->sum.delay_ns = 40 * WORK_MS;
	assert_int_equal(decide("run_delay", CHECK_AT_MOST, 10e6), CHECK_HOLDS);
	assert_int_equal(decide("run_delay", CHECK_BELOW, 10e6), CHECK_FAILS);
	assert_int_equal(check_decide(&isolated, &stats, line, sizeof(line)), CHECK_HOLDS);
	of->off_allowed_ns = WORK_MS;
	of->off_task = 2;
	assert_int_equal(check_decide(&isolated, &stats, line, sizeof(line)), CHECK_FAILS);
	assert_string_equal(line, "FAILS: client was 1 ms on CPUs that it may not use (most of it: "
				  "task client/2)");
	/* 98.5 % are fast: the 99th is not, the median is. */
	wakes(1970, 10000);
	wakes(30, 9000000);
	assert_int_equal(decide("wake_p50", CHECK_BELOW, 20000), CHECK_HOLDS);
	assert_int_equal(decide("wake_p99", CHECK_BELOW, 8000000), CHECK_FAILS);
}

/* Of a task without memory nobody knows whether it is at home. */
static void at_home(void **state)
{
	struct group_stats *of = &stats.groups[0];

	(void)state;
	stats.nr_nodes = 2;
	of->local_ns = 30;
	of->node_ns = 40;
	of->local_least = 0.5;
	of->local_task = 3;
	of->local_node = 1;
	assert_int_equal(decide("numa_local", CHECK_ABOVE, 7400), CHECK_HOLDS);
	assert_int_equal(decide("numa_local", CHECK_ABOVE, 7600), CHECK_FAILS);
	assert_string_equal(line, "FAILS: client.numa_local was 75 %, limit 76 % (least: task "
				  "client/3 50 %, memory on node 1)");
	of->homeless = 1;
	assert_int_equal(decide("numa_local", CHECK_ABOVE, 7400), CHECK_INCONCLUSIVE);
	of->homeless = 0;
	of->memory_unknown = 1;
	assert_int_equal(decide("numa_local", CHECK_ABOVE, 7400), CHECK_INCONCLUSIVE);
	make(NULL);
	stats.nr_nodes = 1;
	assert_int_equal(decide("numa_local", CHECK_ABOVE, 7400), CHECK_INCONCLUSIVE);
}

static struct task_stage *stage;
static struct task_notes *notes;

static struct task task_on(unsigned int cpu)
{
	struct task task = { .stage = stage,
			     .record = &stage->records[0],
			     .notes = notes,
			     .places = &places,
			     .cpu = cpu };

	memset(task.record, 0, sizeof(*task.record));
	memset(notes, 0, 2 * sizeof(*notes));
	stage->nr_windows = 1;
	stage->windows[0] = (struct task_span){ 1000, UINT64_MAX };
	stage->groups[0].nr_live = 1;
	stage->groups[0].live[0] = (struct task_span){ 0, UINT64_MAX };
	return task;
}

/* A gap is what of it is in the window, and time on a CPU that is not allowed is noted. */
static void tasks_note_gaps(void **state)
{
	uint64_t now = task_now();
	struct task task = task_on(PLACES_MAX_CPUS - 1);

	(void)state;
	stage->windows[0] = (struct task_span){ now - 3 * WORK_MS, now + WORK_S };
	task.cpu_since = now - 9 * WORK_MS;
	task.last = now - 8 * WORK_MS;
	task_ran(&task, now);
	assert_int_equal(notes[0].worst_gap.ns, 3 * WORK_MS);
	assert_int_equal(notes[0].off_allowed_ns, 0);
	task = task_on(PLACES_MAX_CPUS - 1);
	task.cpu_since = now - 9 * WORK_MS;
	task.last = now - 8 * WORK_MS;
	task_ran(&task, now);
	assert_int_equal(notes[0].worst_gap.ns, 8 * WORK_MS);
	assert_int_equal(notes[0].off_allowed_ns, WORK_MS);
	assert_int_equal(notes[0].moves_in_llc, 1);
	assert_true(task.cpu < PLACES_MAX_CPUS - 1);
	/* Two looks that are near each other are no gap. */
	notes[0].worst_gap.ns = 0;
	task_ran(&task, now + TASK_GAP_NS - 1);
	assert_int_equal(notes[0].worst_gap.ns, 0);
}

/* What it did in between is not known of a window in which it did not look. */
static void tasks_note_that_they_are_seen(void **state)
{
	const uint64_t now = task_now();
	struct task task = task_on(0);

	(void)state;
	stage->nr_windows = 2;
	/* Its end was past before all had changed with which it begins. */
	stage->windows[1] = (struct task_span){ now - WORK_MS, now - 2 * WORK_MS };
	task.cpu_since = now - 9 * WORK_MS;
	task.last = now - 8 * WORK_MS;
	task_ran(&task, now);
	assert_true(notes[0].seen);
	assert_false(notes[1].seen);
	assert_int_equal(notes[1].worst_gap.ns, 0);
	/* In the midst of a piece without a gap. */
	task = task_on(0);
	stage->nr_windows = 2;
	stage->windows[1] = (struct task_span){ now - 5 * WORK_MS, now - 4 * WORK_MS };
	task.cpu_since = now - 9 * WORK_MS;
	task.last = now - 2 * WORK_MS;
	task_ran(&task, now);
	assert_true(notes[1].seen);
	assert_int_equal(notes[1].worst_gap.ns, 0);
}

/* What is frozen waits for nobody, and a gap is told to each phase that it is in. */
static void phases_and_freezing(void **state)
{
	uint64_t now = task_now(), late = now - 8 * WORK_MS;
	struct task task = task_on(0);

	(void)state;
	stage->nr_windows = 2;
	stage->windows[1] = (struct task_span){ now - 5 * WORK_MS, UINT64_MAX };
	task.last = late;
	task_ran(&task, now);
	assert_int_equal(notes[0].worst_gap.ns, 8 * WORK_MS);
	assert_int_equal(notes[1].worst_gap.ns, 5 * WORK_MS);

	task = task_on(0);
	stage->groups[0].nr_live = 2;
	stage->groups[0].live[0].to = now - 6 * WORK_MS;
	stage->groups[0].live[1] = (struct task_span){ now - WORK_MS, UINT64_MAX };
	task.last = late;
	task_ran(&task, now);
	assert_int_equal(notes[0].worst_gap.ns, 2 * WORK_MS);
	assert_int_equal(notes[0].worst_gap.at_ns, now - 6 * WORK_MS);
	/* Woken before, it runs behind it: nobody knows how late it would have been. */
	task.record->ready_since = late;
	task_woken(&task);
	assert_int_equal(notes[0].wakes.count, 0);
	task.record->ready_since = now;
	task_woken(&task);
	assert_int_equal(notes[0].wakes.count, 1);
}

/* A CPU is a wrong one from when it was taken away, and while that was being done it is none. */
static void where_it_may_run_changes(void **state)
{
	const uint64_t end = task_now();
	struct task_places change = { .change = 5 };
	struct task task = task_on(2);

	(void)state;
	CPU_SET(2, &task.allowed);
	task.changes = &change;
	task.nr_changes = 1;
	CPU_SET(3, &change.allowed);
	task.cpu_since = end - 10 * WORK_MS;
	task.last = end;
	stage->changes[5] = (struct task_span){ UINT64_MAX, UINT64_MAX };
	task_end(&task);
	assert_int_equal(notes[0].off_allowed_ns, 0);
	stage->changes[5] = (struct task_span){ end - 6 * WORK_MS, end - 4 * WORK_MS };
	task_end(&task);
	assert_int_equal(notes[0].off_allowed_ns, 4 * WORK_MS);
	task.cpu = 3;
	task_end(&task);
	assert_int_equal(notes[0].off_allowed_ns, 8 * WORK_MS);
}

static void tasks_note_wakes(void **state)
{
	struct task task = task_on(0);
	uint64_t when = task_now() + 2 * WORK_MS;

	(void)state;
	task.last = task_now();
	task_sleep_until(&task, when);
	assert_int_equal(notes[0].wakes.count, 1);
	assert_true(task_now() >= when);
	assert_true(notes[0].worst_wake.ns == notes[0].wakes.max);
	/* What is past is no wake-up. */
	task_sleep_until(&task, when);
	assert_int_equal(notes[0].wakes.count, 1);
	/* Nor is a wait whose end was there already. */
	task_blocks(&task);
	task_woken(&task);
	assert_int_equal(notes[0].wakes.count, 1);
	task.group = &group;
	task_blocks(&task);
	task_wakes(&task, 0);
	task_woken(&task);
	assert_int_equal(notes[0].wakes.count, 2);
}

static int make_stage(void **state)
{
	(void)state;
	stage = calloc(1, sizeof(*stage) + sizeof(struct task_record));
	notes = calloc(2, sizeof(*notes));
	return stage && notes ? 0 : -1;
}

static int free_stage(void **state)
{
	(void)state;
	free(notes);
	free(stage);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shares, make),
		cmocka_unit_test_setup(the_worst_is_named, make),
		cmocka_unit_test_setup(too_little_is_inconclusive, make),
		cmocka_unit_test_setup(nothing_seen_is_inconclusive, make),
		cmocka_unit_test_setup(near_the_limit, make),
		cmocka_unit_test_setup(each_tells_its_own, make),
		cmocka_unit_test_setup(at_home, make),
		cmocka_unit_test(what_a_busy_host_changes),
		cmocka_unit_test(tasks_note_gaps),
		cmocka_unit_test(tasks_note_wakes),
		cmocka_unit_test(tasks_note_that_they_are_seen),
		cmocka_unit_test(phases_and_freezing),
		cmocka_unit_test(where_it_may_run_changes),
	};

	return cmocka_run_group_tests_name("work verdict", tests, make_stage, free_stage);
}
