/* Is all that was added in a list that stays short, and is one of others looked at? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util/extents.h"

#define PAGE EXTENTS_PAGE
#define FAR  (1u << 20) /* no gap that is taken in at once */

static void nothing(void **state)
{
	struct extents extents = { 0 };

	(void)state;
	assert_int_equal(extents_total(&extents), 0);
	assert_true(extents_are_sound(&extents, 0));
	extents_free(&extents);
}

static void what_is_near_is_one(void **state)
{
	static const uint64_t pages[] = { 0, 2, 1024, 4095 };
	struct extents extents = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		assert_int_equal(extents_add(&extents, pages[i] * PAGE, PAGE), 0);
	assert_int_equal(extents.count, 3);
	assert_int_equal(extents.list[0].at, 0);
	assert_int_equal(extents.list[0].size, 3 * PAGE);
	assert_int_equal(extents.list[1].at, 1024 * PAGE);
	assert_int_equal(extents.list[1].size, PAGE);
	assert_int_equal(extents.list[2].at, 4095 * PAGE);
	assert_int_equal(extents.list[2].size, PAGE);
	assert_int_equal(extents_total(&extents), 5 * PAGE);
	assert_true(extents_are_sound(&extents, 16 * FAR));
	extents_free(&extents);
}

/* However many there are, each page that was added is in it, and it is short. */
static void the_list_stays_short(void **state)
{
	struct extents extents = { 0 };
	const uint64_t many = 10 * EXTENTS_MAX;
	size_t at = 0;

	(void)state;
	for (uint64_t i = 0; i < many; i++)
		assert_int_equal(extents_add(&extents, i * FAR, PAGE), 0);
	assert_true(extents.count > EXTENTS_MAX / 4 && extents.count <= EXTENTS_MAX);
	assert_true(extents_are_sound(&extents, many * FAR));
	for (uint64_t i = 0; i < many; i++) {
		while (at < extents.count && extents.list[at].at + extents.list[at].size <= i * FAR)
			at++;
		assert_true(at < extents.count && extents.list[at].at <= i * FAR &&
			    extents.list[at].at + extents.list[at].size >= i * FAR + PAGE);
	}
	extents_free(&extents);
}

static void what_is_no_list_of_ours(void **state)
{
	static const struct extent wrong[][2] = {
		{ { 0, PAGE }, { PAGE, PAGE } },	 /* no gap */
		{ { 0, 3 * PAGE }, { 2 * PAGE, PAGE } }, /* overlapping */
		{ { 4 * PAGE, PAGE }, { 0, PAGE } },	 /* descending */
		{ { 0, PAGE }, { 4 * PAGE, 0 } },	 /* empty */
		{ { 1, PAGE }, { 4 * PAGE, PAGE } },	 /* not whole pages */
		{ { 0, PAGE + 1 }, { 4 * PAGE, PAGE } },
		{ { 0, PAGE }, { 15 * PAGE, 2 * PAGE } }, /* beyond the end */
		{ { 0, PAGE }, { 17 * PAGE, PAGE } },
		{ { 0, PAGE }, { 8 * PAGE, -PAGE } },
	};
	struct extent right[2] = { { 0, PAGE }, { 15 * PAGE, PAGE } };
	struct extents extents = { .list = right, .count = 2 };

	(void)state;
	assert_true(extents_are_sound(&extents, 16 * PAGE));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		extents.list = (struct extent *)wrong[i];
		if (extents_are_sound(&extents, 16 * PAGE))
			fail_msg("list %zu is taken", i);
	}
	extents.count = EXTENTS_MAX + 1;
	assert_false(extents_are_sound(&extents, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(what_is_near_is_one),
		cmocka_unit_test(the_list_stays_short),
		cmocka_unit_test(what_is_no_list_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
