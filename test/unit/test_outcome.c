/* Does every verdict become the outcome that the test's author means? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict/outcome.h"

static const struct expect a_pass = { .kind = EXPECT_PASS }, an_error = { .kind = EXPECT_ERROR };

static enum outcome_kind with_status(const struct verdict *verdict, unsigned int status)
{
	const struct expect expect = { .kind = EXPECT_STATUS, .status = status };

	return outcome_of(verdict, &expect);
}

static void every_verdict_has_its_outcome(void **state)
{
	static const struct {
		struct verdict verdict;
		enum outcome_kind plain, expected; /* without and with expect_err */
	} cases[] = {
		{ { .kind = VERDICT_PASS }, OUTCOME_PASS, OUTCOME_XPASS },
		{ { .kind = VERDICT_FAIL, .exit_status = 1 }, OUTCOME_FAIL, OUTCOME_XFAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 4 }, OUTCOME_SKIP, OUTCOME_SKIP },
		{ { .kind = VERDICT_FAIL, .exit_status = 5 }, OUTCOME_FAIL, OUTCOME_XFAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 125 }, OUTCOME_FAIL, OUTCOME_XFAIL },
		/* A shell's, for a command that it cannot run. */
		{ { .kind = VERDICT_FAIL, .exit_status = 126 }, OUTCOME_FAIL, OUTCOME_ERROR },
		{ { .kind = VERDICT_FAIL, .exit_status = 127 }, OUTCOME_FAIL, OUTCOME_ERROR },
		{ { .kind = VERDICT_FAIL, .exit_status = 127, .signal = 9 },
		  OUTCOME_FAIL,
		  OUTCOME_XFAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 132, .signal = 4 },
		  OUTCOME_FAIL,
		  OUTCOME_XFAIL },
		/* What the kernel did is nobody's to expect, whatever the payload says. */
		{ { .kind = VERDICT_FAIL, .exit_status = 1, .splat = "warning" },
		  OUTCOME_FAIL,
		  OUTCOME_FAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 4, .splat = "warning" },
		  OUTCOME_FAIL,
		  OUTCOME_FAIL },
		{ { .kind = VERDICT_TIMEOUT, .exit_status = 124, .splat = "warning" },
		  OUTCOME_TIMEOUT,
		  OUTCOME_TIMEOUT },
		/* A signal is never a skip, whatever the status says. */
		{ { .kind = VERDICT_FAIL, .exit_status = 4, .signal = 9 },
		  OUTCOME_FAIL,
		  OUTCOME_XFAIL },
		{ { .kind = VERDICT_TIMEOUT, .exit_status = 124 }, OUTCOME_TIMEOUT, OUTCOME_XFAIL },
		{ { .kind = VERDICT_PANIC, .exit_status = 120 }, OUTCOME_FAIL, OUTCOME_ERROR },
		{ { .kind = VERDICT_STALL, .exit_status = 121 }, OUTCOME_FAIL, OUTCOME_ERROR },
		{ { .kind = VERDICT_DIED, .exit_status = 122 }, OUTCOME_FAIL, OUTCOME_ERROR },
		{ { .kind = VERDICT_PROTOCOL, .exit_status = 123 }, OUTCOME_FAIL, OUTCOME_ERROR },
		{ { .kind = VERDICT_NOT_RUN, .exit_status = 127 }, OUTCOME_ERROR, OUTCOME_ERROR },
		{ { .kind = VERDICT_ERROR, .exit_status = 125 }, OUTCOME_ERROR, OUTCOME_ERROR },
		{ { .kind = VERDICT_ERROR, .exit_status = 2, .by_work = true },
		  OUTCOME_ERROR,
		  OUTCOME_ERROR },
		{ { .kind = VERDICT_INCONCLUSIVE, .exit_status = 3, .by_work = true },
		  OUTCOME_INCONCLUSIVE,
		  OUTCOME_INCONCLUSIVE },
		/* 4 is the payload's to say, nobody else's. */
		{ { .kind = VERDICT_ERROR, .exit_status = 4 }, OUTCOME_ERROR, OUTCOME_ERROR },
		{ { .kind = VERDICT_INTERRUPTED, .exit_status = 130 },
		  OUTCOME_NOT_RUN,
		  OUTCOME_NOT_RUN },
	};
	bool kinds[VERDICT_INTERRUPTED + 1] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kinds[cases[i].verdict.kind] = true;
		assert_string_equal(outcome_name(outcome_of(&cases[i].verdict, &a_pass)),
				    outcome_name(cases[i].plain));
		assert_string_equal(outcome_name(outcome_of(&cases[i].verdict, &an_error)),
				    outcome_name(cases[i].expected));
	}
	/* A new kind cannot be forgotten. */
	for (size_t i = 0; i < sizeof(kinds); i++)
		assert_true(kinds[i]);
}

static void an_expected_status_is_that_one_alone(void **state)
{
	static const struct {
		struct verdict verdict;
		unsigned int expected;
		enum outcome_kind outcome;
	} cases[] = {
		{ { .kind = VERDICT_FAIL, .exit_status = 3 }, 3, OUTCOME_XFAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 2 }, 3, OUTCOME_FAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 127 }, 127, OUTCOME_XFAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 127 }, 3, OUTCOME_FAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 4 }, 4, OUTCOME_XFAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 4 }, 3, OUTCOME_SKIP },
		{ { .kind = VERDICT_FAIL, .exit_status = 137, .signal = 9 }, 137, OUTCOME_FAIL },
		{ { .kind = VERDICT_TIMEOUT, .exit_status = 124 }, 124, OUTCOME_TIMEOUT },
		{ { .kind = VERDICT_PASS }, 3, OUTCOME_XPASS },
		{ { .kind = VERDICT_INCONCLUSIVE, .exit_status = 3, .by_work = true },
		  3,
		  OUTCOME_XFAIL },
		{ { .kind = VERDICT_INCONCLUSIVE, .exit_status = 3, .by_work = true },
		  2,
		  OUTCOME_INCONCLUSIVE },
		{ { .kind = VERDICT_ERROR, .exit_status = 2, .by_work = true }, 2, OUTCOME_XFAIL },
		{ { .kind = VERDICT_ERROR, .exit_status = 125 }, 125, OUTCOME_ERROR },
		{ { .kind = VERDICT_PANIC, .exit_status = 120 }, 120, OUTCOME_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(outcome_name(with_status(&cases[i].verdict, cases[i].expected)),
				    outcome_name(cases[i].outcome));
}

static void an_expected_line_is_to_be_there(void **state)
{
	static const struct {
		struct verdict verdict;
		enum outcome_kind said, unsaid;
	} cases[] = {
		{ { .kind = VERDICT_PASS }, OUTCOME_XPASS, OUTCOME_XPASS },
		{ { .kind = VERDICT_FAIL, .exit_status = 1 }, OUTCOME_XFAIL, OUTCOME_FAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 127 }, OUTCOME_XFAIL, OUTCOME_FAIL },
		{ { .kind = VERDICT_FAIL, .exit_status = 4 }, OUTCOME_SKIP, OUTCOME_SKIP },
		{ { .kind = VERDICT_TIMEOUT }, OUTCOME_XFAIL, OUTCOME_TIMEOUT },
		{ { .kind = VERDICT_FAIL, .exit_status = 1, .splat = "bug" },
		  OUTCOME_FAIL,
		  OUTCOME_FAIL },
		{ { .kind = VERDICT_PANIC }, OUTCOME_ERROR, OUTCOME_ERROR },
		{ { .kind = VERDICT_NOT_RUN, .exit_status = 127 }, OUTCOME_ERROR, OUTCOME_ERROR },
		{ { .kind = VERDICT_ERROR }, OUTCOME_ERROR, OUTCOME_ERROR },
		{ { .kind = VERDICT_ERROR, .exit_status = 2, .by_work = true },
		  OUTCOME_XFAIL,
		  OUTCOME_ERROR },
		{ { .kind = VERDICT_INCONCLUSIVE, .exit_status = 125 },
		  OUTCOME_INCONCLUSIVE,
		  OUTCOME_INCONCLUSIVE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (enum expect_kind kind = EXPECT_STDOUT; kind <= EXPECT_STDERR; kind++) {
			const struct expect expect = { .kind = kind };
			struct verdict verdict = cases[i].verdict;

			assert_string_equal(outcome_name(outcome_of(&verdict, &expect)),
					    outcome_name(cases[i].unsaid));
			verdict.said_it = true;
			assert_string_equal(outcome_name(outcome_of(&verdict, &expect)),
					    outcome_name(cases[i].said));
		}
}

static void names_and_what_is_bad(void **state)
{
	static const struct {
		const char *name;
		bool bad;
	} expected[] = {
		[OUTCOME_PASS] = { "pass", false },
		[OUTCOME_FAIL] = { "fail", true },
		[OUTCOME_TIMEOUT] = { "timeout", true },
		[OUTCOME_XFAIL] = { "xfail", false },
		[OUTCOME_XPASS] = { "xpass", true },
		[OUTCOME_SKIP] = { "skip", false },
		[OUTCOME_INCONCLUSIVE] = { "inconclusive", true },
		[OUTCOME_ERROR] = { "error", true },
		[OUTCOME_NOT_RUN] = { "not-run", false },
		[OUTCOME_NOT_RUN + 1] = { "unknown", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_string_equal(outcome_name((enum outcome_kind)i), expected[i].name);
		assert_int_equal(outcome_is_bad((enum outcome_kind)i), expected[i].bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_has_its_outcome),
		cmocka_unit_test(an_expected_status_is_that_one_alone),
		cmocka_unit_test(an_expected_line_is_to_be_there),
		cmocka_unit_test(names_and_what_is_bad),
	};

	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
