/* ktstr-work: are the kernel's counters of a task read as the kernel tells them to the task itself?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/work/counters.h"
#include "../../guest/work/crew.h"
#include "../../guest/work/node_memory.h"

static void sleep_often(int times)
{
	/* Long enough that its timer has not fired before the task is off its CPU. */
	const struct timespec moment = { .tv_nsec = 1000000 };

	while (times--)
		nanosleep(&moment, NULL);
}

static void own(void **state)
{
	struct counters first, now, between;
	struct rusage usage;
	const pid_t self = getpid();

	(void)state;
	counters_read(self, self, &first);
	sleep_often(25);
	getrusage(RUSAGE_SELF, &usage);
	counters_read(self, self, &now);
	between = counters_since(&now, &first);
	assert_true(between.has_run && between.has_switches);
	assert_true(now.run_ns > first.run_ns);
	/* Not the line of the forced ones, whose name ends in the other's. */
	assert_true(between.voluntary >= 25);
	assert_true(now.voluntary >= (uint64_t)usage.ru_nvcsw &&
		    now.voluntary <= (uint64_t)usage.ru_nvcsw + 5);
	assert_true(now.forced >= (uint64_t)usage.ru_nivcsw);
	/* Where there is a file there are its numbers. */
	if (!access("/proc/self/sched", R_OK))
		assert_true(now.has_migrations);
	if (!access("/proc/self/schedstat", R_OK))
		assert_true(now.has_delay);
}

static void none(void **state)
{
	struct counters counters;

	(void)state;
	/* The largest number of a process is smaller (PID_MAX_LIMIT). */
	counters_read(1 << 23, 1 << 23, &counters);
	assert_false(counters.has_run || counters.has_delay || counters.has_switches ||
		     counters.has_migrations);
}

static struct node_memory memory_of(const char *text)
{
	char path[] = "/tmp/ktstr-numa-XXXXXX";
	struct node_memory memory;
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	node_memory_read(path, &memory);
	unlink(path);
	return memory;
}

static void memory(void **state)
{
	struct node_memory is;

	(void)state;
	is = memory_of(
		"00400000 default file=/bin/N1=9 mapped=20 mapmax=3 N1=20 kernelpagesize_kB=4\n"
		"00600000 default file=/bin/work anon=2 dirty=2 mapmax=9 N1=900 kernelpagesize_kB=4\n"
		"7f000000 bind:1 anon=40 dirty=40 active=0 N0=30 N1=10 kernelpagesize_kB=4\n"
		"7f400000 default anon=1 dirty=1 N1=1 kernelpagesize_kB=2048\n"
		"7f800000 default file=/dev/zero\\040(deleted) dirty=7 N0=7777 kernelpagesize_kB=4\n"
		"7ffff000 default stack anon=2 dirty=2 N64=2 N=3 Nx=3 N99999999999999999999=1\n");
	assert_true(is.known);
	assert_int_equal(is.node, 1);
	assert_int_equal(is.kib, 40 * 4 + 2048);
	is = memory_of("");
	assert_true(is.known && !is.kib);
	node_memory_read("/nowhere/numa_maps", &is);
	assert_false(is.known);
}

/* A wait that goes on counts as far as it went, of a group that is there and not frozen. */
static void waits_that_go_on(void **state)
{
	static struct work_plan plan = { .nr_groups = 1, .nr_tasks = 1, .groups[0].nr_tasks = 1 };
	static const struct kind kind;
	static struct places places = { .nr_nodes = 1 };
	struct crew_look looks[5];
	struct crew crew = { .plan = &plan, .places = &places, .looks = looks };
	struct task_record *record;
	struct task_crowd *crowd;

	(void)state;
	if (access("/proc/self/schedstat", R_OK))
		skip();
	plan.groups[0].kind = &kind;
	crew.stage = calloc(1, sizeof(*crew.stage) + sizeof(*record));
	assert_non_null(crew.stage);
	record = &crew.stage->records[0];
	record->pid = record->tid = getpid();
	record->began = 1;
	crowd = &crew.stage->groups[0];
	crowd->live[0] = (struct task_span){ 1, UINT64_MAX };
	crew_look(&crew, 0); /* has not come */
	crowd->nr_live = 1;
	record->ready_since = task_now() - 40 * WORK_S;
	crew_look(&crew, 1);
	crowd->live[0].from = record->ready_since + 20 * WORK_S;
	crew_look(&crew, 2);
	record->ready_since = task_now() + 40 * WORK_S;
	crew_look(&crew, 3); /* sleeps */
	record->ready_since = task_now() - 40 * WORK_S;
	crowd->live[0].to = task_now();
	crew_look(&crew, 4); /* frozen */
	assert_true(looks[1].counters.delay_ns - looks[0].counters.delay_ns >= 40 * WORK_S);
	assert_in_range(looks[2].counters.delay_ns - looks[0].counters.delay_ns, 20 * WORK_S,
			39 * WORK_S);
	assert_true(looks[3].counters.delay_ns - looks[0].counters.delay_ns < 10 * WORK_S);
	assert_true(looks[4].counters.delay_ns - looks[0].counters.delay_ns < 10 * WORK_S);
	free(crew.stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own),
		cmocka_unit_test(none),
		cmocka_unit_test(memory),
		cmocka_unit_test(waits_that_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
