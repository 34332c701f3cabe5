/* What did the host keep of the vCPUs' time, and is that told to programs and people? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/protocol.h"
#include "report/host.h"
#include "verdict/host_took.h"

#define S 1000000000ull

static struct host_took took_of(uint64_t ran_s, uint64_t waited_s, uint64_t stood_s)
{
	const struct vmm_cpu_times begin = { 7 * S, 3 * S, 2 * S, 2 };
	const struct vmm_cpu_times end = { (7 + ran_s) * S, (3 + waited_s) * S, 2 * S, 2 };
	struct host_took took = { .began = false };

	host_took_begin(&took, &begin, UINT64_MAX);
	host_took_end(&took, &end, stood_s * S, 2000 * S);
	return took;
}

static void a_share_of_what_was_wanted(void **state)
{
	struct host_took took = took_of(6, 2, 0);

	(void)state;
	assert_null(host_took_absent(&took));
	assert_true(took.ran_ns == 6 * S && took.waited_ns == 2 * S);
	assert_true(host_took_percent(&took) > 24.99 && host_took_percent(&took) < 25.01);
	took = took_of(0, 5, 0);
	assert_true(host_took_percent(&took) > 99.99);
	took = took_of(5, 0, 0);
	assert_true(host_took_percent(&took) < 0.01);
}

static void what_is_not_known_has_its_reason(void **state)
{
	const struct vmm_cpu_times some = { S, S, S, 1 }, less = { S / 2, 0, 0, 1 };
	struct host_took took = { .began = false };

	(void)state;
	/* No payload: an end is none. */
	host_took_end(&took, &some, S, S);
	assert_non_null(strstr(host_took_absent(&took), "no payload"));
	assert_int_equal(took.stood_ns, 0);
	host_took_begin(&took, NULL, UINT64_MAX);
	host_took_end(&took, &some, 0, S);
	assert_non_null(strstr(host_took_absent(&took), "CONFIG_SCHED_INFO"));
	assert_true(host_took_percent(&took) < 0.01);
	/* A clock that goes back is no time. */
	host_took_begin(&took, &some, UINT64_MAX);
	host_took_end(&took, &less, 0, S);
	assert_non_null(strstr(host_took_absent(&took), "no vCPU"));
	/* A later end counts. */
	host_took_begin(&took, &less, UINT64_MAX);
	host_took_end(&took, &less, 0, S);
	host_took_end(&took, &some, 0, S);
	assert_null(host_took_absent(&took));
}

static void a_late_loop_is_no_stop(void **state)
{
	const struct vmm_cpu_times begin = { 0, 0, 0, 2 }, end = { 8 * S, 6 * S, 4 * S, 2 };
	struct host_took took = { .began = false };

	(void)state;
	host_took_begin(&took, &begin, UINT64_MAX);
	/* Of ten seconds one vCPU wanted to run in seven at least. */
	host_took_end(&took, &end, 9 * S, 10 * S);
	assert_true(took.stood_ns == 3 * S);
	host_took_end(&took, &end, 9 * S, 8 * S);
	assert_true(took.stood_ns == 0);
	host_took_end(&took, &end, 2 * S, 100 * S);
	assert_true(took.stood_ns == 2 * S);
	/* A limit leaves out what one of them waited. */
	assert_true(took.uncounted_ns == 2 * S);
}

/* What the guest saw, and what the host's memory did: each may be unknown at either end. */
static void what_else_is_known(void **state)
{
	struct host_took took = { .began = false };

	(void)state;
	host_took_memory(&took, 5 * S);
	host_took_stolen(&took, 5 * S);
	assert_false(took.has_memory || took.has_stolen);
	host_took_begin(&took, NULL, 5 * S);
	host_took_memory(&took, 7 * S);
	assert_true(took.has_memory && took.memory_ns == 2 * S);
	host_took_memory(&took, 8 * S);
	assert_true(took.has_memory && took.memory_ns == 3 * S);
	host_took_memory(&took, 4 * S);
	assert_true(took.has_memory && took.memory_ns == 0);
	host_took_memory(&took, UINT64_MAX);
	assert_true(!took.has_memory && took.memory_ns == 0);
	host_took_begin(&took, NULL, UINT64_MAX);
	host_took_memory(&took, 8 * S);
	assert_false(took.has_memory);
	host_took_stolen(&took, 0);
	assert_true(took.has_stolen && took.stolen_ns == 0);
	host_took_stolen(&took, KTSTR_NOT_TOLD);
	assert_true(!took.has_stolen && took.stolen_ns == 0);
}

static void comes_through_as_text(void **state)
{
	static const char *const bad[] = {
		"",	    "1",       "1 2 3",		"x 1 2 3",	  "1 2 3 x",
		"\xff\xff", "1 2 3 4", "1 2 3 4 1 5 1", "1 2 3 4 1 5 1 x"
	};
	struct host_took took = took_of(6, 2, 1), read;
	char text[HOST_TOOK_TEXT_SIZE];

	(void)state;
	host_took_stolen(&took, 5);
	host_took_text(&took, text);
	host_took_read(&read, text);
	assert_true(read.began && read.counts && read.ran_ns == took.ran_ns &&
		    read.waited_ns == took.waited_ns && read.stood_ns == took.stood_ns);
	assert_true(read.has_stolen && read.stolen_ns == 5 && !read.has_memory);
	took = (struct host_took){ .began = true,
				   .counts = true,
				   .ran_ns = UINT64_MAX,
				   .waited_ns = UINT64_MAX,
				   .stood_ns = UINT64_MAX,
				   .has_memory = true,
				   .stolen_ns = UINT64_MAX,
				   .memory_ns = UINT64_MAX };
	host_took_text(&took, text);
	host_took_read(&read, text);
	assert_true(read.ran_ns == UINT64_MAX && read.stood_ns == UINT64_MAX);
	assert_true(!read.has_stolen && read.has_memory && read.memory_ns == UINT64_MAX);
	took.began = false;
	host_took_text(&took, text);
	assert_string_equal(text, "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		host_took_read(&read, bad[i]);
		assert_false(read.began);
		assert_int_equal(read.ran_ns, 0);
	}
}

static void assert_json(const struct host_took *took, const char *expected)
{
	struct json json = json_begin();
	size_t size;
	char *text;

	report_host_json(&json, took);
	text = json_text(json_end(&json), false, &size);
	assert_string_equal(text, expected);
	free(text);
}

static void programs_are_told(void **state)
{
	struct host_took took = took_of(6, 2, 1), unknown = { .began = true, .stood_ns = 2 * S };

	(void)state;
	host_took_stolen(&took, 3 * S / 2);
	took.has_memory = true;
	assert_json(&took,
		    "{\"host_took\":{\"percent\":25.00,\"ran_s\":6.000,\"waited_s\":2.000,"
		    "\"stood_still_s\":1.000,\"guest_steal_s\":1.500,\"memory_stall_s\":0.000,"
		    "\"absent\":null}}\n");
	assert_json(&unknown,
		    "{\"host_took\":{\"percent\":null,\"ran_s\":null,\"waited_s\":null,"
		    "\"stood_still_s\":2.000,\"guest_steal_s\":null,\"memory_stall_s\":null,"
		    "\"absent\":\"the host's kernel does not count it: "
		    "/proc/PID/schedstat is missing or all zeros (CONFIG_SCHED_INFO)\"}}\n");
	assert_json(NULL, "{\"host_took\":{\"percent\":null,\"ran_s\":null,\"waited_s\":null,"
			  "\"stood_still_s\":null,\"guest_steal_s\":null,\"memory_stall_s\":null,"
			  "\"absent\":\"no payload started in a VM\"}}\n");
}

static void assert_text(struct host_took took, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_host_text(out, "  ", &took);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void people_are_told_what_matters(void **state)
{
	(void)state;
	assert_text(took_of(6, 2, 0), "  host          took 25.0 % of the vCPUs' time\n");
	assert_text(took_of(1000, 2, 0), "");
	assert_text(took_of(1000, 2, 3),
		    "  host          the VM stood still for 3.0 s: it was stopped, or the host "
		    "slept\n");
	assert_text((struct host_took){ .began = false }, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_of_what_was_wanted),
		cmocka_unit_test(what_is_not_known_has_its_reason),
		cmocka_unit_test(a_late_loop_is_no_stop),
		cmocka_unit_test(what_else_is_known),
		cmocka_unit_test(comes_through_as_text),
		cmocka_unit_test(programs_are_told),
		cmocka_unit_test(people_are_told_what_matters),
	};

	return cmocka_run_group_tests_name("host_took", tests, NULL, NULL);
}
