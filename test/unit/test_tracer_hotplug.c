/* Are the kernel's words on CPUs that go and come read right? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/tracer/hotplug.h"
#include "../../guest/tracer/machine.h"

/* Of a literal, with the NUL that ends it. */
#define PARSE(text, event) hotplug_parse(text, sizeof(text), event)

static void of_cpus(void **state)
{
	struct hotplug_event event = { 0 };

	(void)state;
	assert_true(PARSE("online@/devices/system/cpu/cpu1\0ACTION=online", &event));
	assert_true(event.online);
	assert_int_equal(event.cpu, 1);
	assert_true(PARSE("offline@/devices/system/cpu/cpu254\0ACTION=offline", &event));
	assert_false(event.online);
	assert_int_equal(event.cpu, 254);
	assert_true(PARSE("online@/devices/system/cpu/cpu1023", &event));
	assert_int_equal(event.cpu, MACHINE_MAX_CPUS - 1);
}

static void of_others(void **state)
{
	static const char *const others[] = {
		"",
		"@",
		"online",
		"online@",
		"add@/devices/system/cpu/cpu1",
		"change@/devices/system/cpu/cpu1",
		"xonline@/devices/system/cpu/cpu1",
		"online@/devices/system/cpu",
		"online@/devices/system/cpu/cpu",
		"online@/devices/system/cpu/cpufreq",
		"online@/devices/system/cpu/cpu1/cache",
		"online@/devices/system/cpu/cpu-1",
		"online@/devices/system/cpu/cpu1024",
		"online@/devices/system/cpu/cpu99999999999999999999",
		"online@/devices/system/memory/memory1",
	};
	struct hotplug_event event;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (hotplug_parse(others[i], strlen(others[i]) + 1, &event))
			fail_msg("'%s' was taken", others[i]);
	/* What has no end is none. */
	assert_false(hotplug_parse("online@/devices/system/cpu/cpu1", 31, &event));
	assert_false(hotplug_parse("", 0, &event));
}

/* This machine's CPUs stay where they are. */
static void nothing_happens(void **state)
{
	struct hotplug_event event;
	int fd = hotplug_open();

	(void)state;
	if (fd < 0)
		skip(); /* a container without uevents */
	assert_int_equal(hotplug_next(fd, &event), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_cpus),
		cmocka_unit_test(of_others),
		cmocka_unit_test(nothing_happens),
	};

	return cmocka_run_group_tests_name("tracer hotplug", tests, NULL, NULL);
}
