/* ktstr-work: are the kernel's counters of a task read as the kernel tells them to the task itself?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/work/counters.h"

static void sleep_often(int times)
{
	const struct timespec moment = { .tv_nsec = 1000 };

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
