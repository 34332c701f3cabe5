/* Is the list of CPUs read right, and is never more memory planned than there is? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../../guest/tracer/machine.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static void cpulist(void **state)
{
	static const char *const hostile[] = {
		"",
		"\n",
		"x",
		"0-",
		"-1",
		"0,",
		"0,,1",
		"3-1",
		"1,1",
		"2,1",
		"0-5,3",
		"0 1",
		"0-3x",
		"0-3\nx",
		"1024",
		"0-1024",
		"0-99999999999999999999",
		"0-3,0-3",
		"+1",
		"0--2",
	};
	uint16_t cpus[MACHINE_MAX_CPUS];
	size_t i;

	(void)state;
	assert_int_equal(cpulist_parse("0\n", cpus), 1);
	assert_int_equal(cpus[0], 0);
	assert_int_equal(cpulist_parse("0-3,8,10-11\n", cpus), 7);
	assert_int_equal(cpus[3], 3);
	assert_int_equal(cpus[4], 8);
	assert_int_equal(cpus[6], 11);
	assert_int_equal(cpulist_parse("1-253", cpus), 253);
	assert_int_equal(cpulist_parse("0-1023", cpus), 1024);
	assert_int_equal(cpus[1023], 1023);
	for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		if (cpulist_parse(hostile[i], cpus) != -EINVAL)
			fail_msg("'%s' was taken", hostile[i]);
}

static void this_machine(void **state)
{
	uint16_t cpus[MACHINE_MAX_CPUS];
	struct failure failure = { "" };
	uint64_t bytes = 0, offset, monotonic, boottime;
	int64_t late;

	(void)state;
	assert_true(machine_possible_cpus(cpus, &failure) >= 1);
	assert_int_equal(machine_available_memory(&bytes, &failure), 0);
	assert_true(bytes > MIB);
	offset = machine_boottime_offset();
	monotonic = machine_clock_ns(CLOCK_MONOTONIC);
	boottime = machine_clock_ns(CLOCK_BOOTTIME);
	late = (int64_t)(boottime - (monotonic + offset));
	assert_true(late > -1000000 && late < 1000000000);
}

static void power_of_two(uint64_t value)
{
	assert_true(value >= 65536);
	assert_int_equal(value & (value - 1), 0);
}

static void plan(void **state)
{
	static const uint64_t available[] = { 16 * MIB, 100 * MIB, 1900 * MIB, 16 * GIB };
	static const unsigned int cpus[] = { 1, 2, 3, 16, 254, 1024 };
	struct sizes sizes;
	size_t i, j;

	(void)state;
	/* wprof's default of 2 GiB in the 2 GiB machine that the floor makes */
	sizes = sizes_plan(2 * GIB, 1900 * MIB, 950 * MIB, 2);
	assert_int_equal(sizes.ring, 8 * MIB);
	assert_int_equal(sizes.spool, 475 * MIB);
	sizes = sizes_plan(2 * GIB, 1900 * MIB, 100 * GIB, 16);
	assert_int_equal(sizes.ring, 4 * MIB);
	assert_int_equal(sizes.spool, 475 * MIB);
	/* what was asked for is a bound, too, and so is the disk */
	sizes = sizes_plan(16 * MIB, 100 * GIB, 100 * GIB, 4);
	assert_int_equal(sizes.ring, 4 * MIB);
	assert_int_equal(sizes.spool, 16 * MIB);
	sizes = sizes_plan(2 * GIB, 100 * GIB, 10 * MIB, 4);
	assert_int_equal(sizes.spool, 5 * MIB);
	/* but some is always had */
	sizes = sizes_plan(1024, 0, 0, 4);
	assert_int_equal(sizes.ring, 65536);
	assert_int_equal(sizes.spool, MIB);

	for (i = 0; i < sizeof(available) / sizeof(available[0]); i++) {
		for (j = 0; j < sizeof(cpus) / sizeof(cpus[0]); j++) {
			sizes = sizes_plan(2 * GIB, available[i], 100 * GIB, cpus[j]);
			power_of_two(sizes.ring);
			assert_true(sizes.ring == 65536 ||
				    sizes.ring * cpus[j] <= available[i] / 16);
			assert_true(sizes.spool <= available[i] / 4);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpulist),
		cmocka_unit_test(this_machine),
		cmocka_unit_test(plan),
	};

	return cmocka_run_group_tests_name("tracer machine", tests, NULL, NULL);
}
