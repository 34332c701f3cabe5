/* Is what a sparse file holds found, all of it, in a list that stays short? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/extents.h"
#include "util/memfd.h"

#define PAGE EXTENTS_PAGE
#define FAR  (1u << 20) /* no gap that is taken in at once */

static int sparse_file(uint64_t size)
{
	int fd = memfd_new("extents", MFD_CLOEXEC, NULL);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void touch(int fd, uint64_t page)
{
	assert_int_equal(pwrite(fd, "x", 1, (off_t)(page * PAGE)), 1);
}

static void an_empty_file(void **state)
{
	struct extents extents;
	int fd = sparse_file(16 * FAR);

	(void)state;
	assert_int_equal(extents_of_file(fd, 0, 16 * FAR, &extents), 0);
	assert_int_equal(extents.count, 0);
	assert_true(extents_are_sound(&extents, 0));
	extents_free(&extents);
	close(fd);
}

static void what_is_near_is_one(void **state)
{
	struct extents extents;
	int fd = sparse_file(16 * FAR);

	(void)state;
	touch(fd, 0);
	touch(fd, 2);
	touch(fd, 1024);
	touch(fd, 4095);
	assert_int_equal(extents_of_file(fd, 0, 16 * FAR, &extents), 0);
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
	close(fd);
}

/* What lies before and behind it in the file is none of it. */
static void a_part_of_a_file(void **state)
{
	struct extents extents;
	int fd = sparse_file(16 * FAR);

	(void)state;
	touch(fd, 3);
	touch(fd, 255);
	touch(fd, 256);
	touch(fd, 300);
	touch(fd, 511);
	touch(fd, 512);
	touch(fd, 4000);
	assert_int_equal(extents_of_file(fd, 256 * PAGE, 256 * PAGE, &extents), 0);
	assert_int_equal(extents.count, 3);
	assert_int_equal(extents.list[0].at, 0);
	assert_int_equal(extents.list[0].size, PAGE);
	assert_int_equal(extents.list[1].at, 44 * PAGE);
	assert_int_equal(extents.list[2].at, 255 * PAGE);
	assert_int_equal(extents.list[2].size, PAGE);
	extents_free(&extents);
	assert_int_equal(extents_of_file(fd, 1024 * PAGE, 256 * PAGE, &extents), 0);
	assert_int_equal(extents.count, 0);
	extents_free(&extents);
	close(fd);
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

static void errors_are_told(void **state)
{
	struct extents extents;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(extents_of_file(fds[0], 0, FAR, &extents), -ESPIPE);
	assert_null(extents.list);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file),	   cmocka_unit_test(what_is_near_is_one),
		cmocka_unit_test(a_part_of_a_file),	   cmocka_unit_test(the_list_stays_short),
		cmocka_unit_test(what_is_no_list_of_ours), cmocka_unit_test(errors_are_told),
	};

	return cmocka_run_group_tests_name("extents", tests, NULL, NULL);
}
