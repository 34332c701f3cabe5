/* Does every end of a run become what `git bisect run` takes? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict/bisect.h"

static const struct expect a_pass = { .kind = EXPECT_PASS }, an_error = { .kind = EXPECT_ERROR };

static int status_of(const struct verdict *verdict, bool started, enum bisect_mode mode)
{
	return bisect_status(verdict, outcome_of(verdict, &a_pass), started, mode);
}

static void each_end_has_its_status(void **state)
{
	static const struct {
		struct verdict verdict;
		bool started;
		int test, boot; /* in the two modes */
	} cases[] = {
		{ { .kind = VERDICT_PASS }, true, 0, 0 },
		{ { .kind = VERDICT_FAIL, .exit_status = 1 }, true, 1, 1 },
		{ { .kind = VERDICT_FAIL, .exit_status = 4 }, true, 125, 125 },
		{ { .kind = VERDICT_FAIL, .exit_status = 123 }, true, 1, 1 },
		{ { .kind = VERDICT_FAIL, .exit_status = 125 }, true, 1, 1 },
		{ { .kind = VERDICT_FAIL, .exit_status = 126 }, true, 125, 125 },
		{ { .kind = VERDICT_FAIL, .exit_status = 127 }, true, 125, 125 },
		{ { .kind = VERDICT_FAIL, .exit_status = 127, .splat = "bug" }, true, 1, 1 },
		{ { .kind = VERDICT_FAIL, .exit_status = 119, .splat = "bug" }, true, 1, 1 },
		{ { .kind = VERDICT_FAIL, .exit_status = 200 }, true, 1, 1 },
		{ { .kind = VERDICT_FAIL, .exit_status = 139, .signal = 11 }, true, 1, 1 },
		{ { .kind = VERDICT_TIMEOUT, .exit_status = 124 }, true, 1, 1 },
		{ { .kind = VERDICT_PANIC, .exit_status = 120 }, true, 1, 1 },
		{ { .kind = VERDICT_PANIC, .exit_status = 120 }, false, 125, 1 },
		{ { .kind = VERDICT_STALL, .exit_status = 121 }, true, 1, 1 },
		{ { .kind = VERDICT_STALL, .exit_status = 121 }, false, 125, 1 },
		{ { .kind = VERDICT_DIED, .exit_status = 122 }, true, 1, 1 },
		{ { .kind = VERDICT_DIED, .exit_status = 122 }, false, 125, 1 },
		{ { .kind = VERDICT_PROTOCOL, .exit_status = 123 }, true, 125, 125 },
		{ { .kind = VERDICT_NOT_RUN, .exit_status = 127 }, false, 125, 125 },
		{ { .kind = VERDICT_ERROR, .exit_status = 125 }, false, 125, 125 },
		{ { .kind = VERDICT_ERROR, .exit_status = 2, .by_work = true }, true, 125, 125 },
		{ { .kind = VERDICT_INCONCLUSIVE, .exit_status = 3, .by_work = true },
		  true,
		  125,
		  125 },
		{ { .kind = VERDICT_INCONCLUSIVE, .exit_status = 125 }, true, 125, 125 },
		{ { .kind = VERDICT_INTERRUPTED, .exit_status = 130 }, true, 125, 125 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(status_of(&cases[i].verdict, cases[i].started, BISECT_TEST),
				 cases[i].test);
		assert_int_equal(status_of(&cases[i].verdict, cases[i].started, BISECT_BOOT),
				 cases[i].boot);
	}
}

static void a_failure_that_is_expected_is_good(void **state)
{
	const struct verdict fails = { .kind = VERDICT_FAIL, .exit_status = 1 };
	const struct verdict passes = { .kind = VERDICT_PASS };

	(void)state;
	assert_int_equal(bisect_status(&fails, outcome_of(&fails, &an_error), true, BISECT_TEST),
			 0);
	assert_int_equal(bisect_status(&passes, outcome_of(&passes, &an_error), true, BISECT_TEST),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_has_its_status),
		cmocka_unit_test(a_failure_that_is_expected_is_good),
	};

	return cmocka_run_group_tests_name("bisect", tests, NULL, NULL);
}
