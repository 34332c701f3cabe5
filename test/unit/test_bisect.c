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
		{ { .kind = VERDICT_INCONCLUSIVE, .exit_status = 117, .by_host = true },
		  true,
		  125,
		  125 },
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

static void a_suite_is_what_its_tests_are(void **state)
{
	static const struct {
		unsigned int good, bad, untold, skipped;
		int status;
	} cases[] = {
		{ 3, 0, 0, 0, 0 },   { 3, 0, 0, 2, 0 },	  { 3, 1, 0, 0, 1 },   { 0, 1, 2, 0, 1 },
		{ 3, 0, 1, 0, 125 }, { 0, 0, 0, 2, 125 }, { 0, 0, 1, 0, 125 }, { 0, 0, 0, 0, 125 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bisect_votes votes = { 0 };

		for (unsigned int n = 0; n < cases[i].good; n++)
			bisect_vote(&votes, OUTCOME_PASS, BISECT_GOOD);
		for (unsigned int n = 0; n < cases[i].bad; n++)
			bisect_vote(&votes, OUTCOME_FAIL, BISECT_BAD);
		for (unsigned int n = 0; n < cases[i].untold; n++)
			bisect_vote(&votes, OUTCOME_FAIL, BISECT_SKIP);
		for (unsigned int n = 0; n < cases[i].skipped; n++)
			bisect_vote(&votes, OUTCOME_SKIP, BISECT_SKIP);
		assert_int_equal(bisect_votes_status(&votes), cases[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_has_its_status),
		cmocka_unit_test(a_suite_is_what_its_tests_are),
		cmocka_unit_test(a_failure_that_is_expected_is_good),
	};

	return cmocka_run_group_tests_name("bisect", tests, NULL, NULL);
}
