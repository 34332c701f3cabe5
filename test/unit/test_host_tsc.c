/* Is a host's TSC believed only where its kernel keeps time by it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/tsc.h"

static void judged_by_the_clocksource(void **state)
{
	static const char *const good[] = { "tsc", "tsc\n" };
	static const char *const bad[] = { "kvm-clock\n",
					   "kvm-clock",
					   "hyperv_clocksource_tsc_page\n",
					   "",
					   "\n",
					   "hpet\n",
					   "acpi_pm",
					   "acpi_pm\n",
					   "jiffies\n",
					   "xen\n",
					   "tsc-early\n",
					   "hyperv_clocksource_msr\n",
					   "ts\n",
					   "tscx\n",
					   "kvm-clock x\n",
					   "\ntsc",
					   " tsc" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!host_tsc_is_reliable(good[i]))
			fail_msg("'%s' was not believed", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (host_tsc_is_reliable(bad[i]))
			fail_msg("'%s' was believed", bad[i]);
}

static void this_host_is_read(void **state)
{
	char clocksource[64] = "";
	FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");

	(void)state;
	if (!file)
		skip();
	assert_non_null(fgets(clocksource, sizeof(clocksource), file));
	fclose(file);
	assert_int_equal(host_tsc_read(), host_tsc_is_reliable(clocksource));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged_by_the_clocksource),
		cmocka_unit_test(this_host_is_read),
	};

	return cmocka_run_group_tests_name("host_tsc", tests, NULL, NULL);
}
