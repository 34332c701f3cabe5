/* Is it told which pages a mapping has touched, and are those that will be written there at once?
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/huge.h"
#include "util/memfd.h"
#include "vmm/touched.h"

#define PAGE  4096u
#define PAGES 1024u
#define SIZE  (PAGES * PAGE)

/* As a fork's: its file's first half, and zeroes. */
static uint8_t *map_fork(void)
{
	int fd = memfd_new("ram", MFD_CLOEXEC, NULL);
	uint8_t *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(fd >= 0 && at != MAP_FAILED);
	assert_int_equal(madvise(at, SIZE, MADV_NOHUGEPAGE), 0);
	assert_int_equal(ftruncate(fd, SIZE / 2), 0);
	assert_ptr_equal(mmap(at, SIZE / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0),
			 at);
	close(fd);
	return at;
}

static unsigned int count_resident(uint8_t *at, unsigned int page, unsigned int count)
{
	unsigned char resident[PAGES];
	unsigned int sum = 0;

	assert_int_equal(mincore(at, SIZE, resident), 0);
	for (unsigned int i = page; i < page + count; i++)
		sum += resident[i] & 1;
	return sum;
}

/* Of those pages, how many are written ones? */
static unsigned int count_written(const struct touched *touched, unsigned int page,
				  unsigned int count)
{
	unsigned int sum = 0;

	for (uint32_t i = 0; i < touched->nr_runs; i++)
		for (uint32_t of = 0; of < touched->runs[i].count; of++)
			sum += touched->runs[i].written && touched->runs[i].page + of >= page &&
			       touched->runs[i].page + of < page + count;
	return sum;
}

static unsigned int count_all(const struct touched *touched)
{
	unsigned int sum = 0;

	for (uint32_t i = 0; i < touched->nr_runs; i++)
		sum += touched->runs[i].count;
	return sum;
}

static unsigned long anonymous_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			break;
	fclose(status);
	return kib;
}

/* Does a page become the mapping's own by reading? Most kernels map the zero page there. */
static bool reading_takes_pages(void)
{
	uint8_t *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long before;

	assert_true(at != MAP_FAILED);
	assert_int_equal(madvise(at, SIZE, MADV_NOHUGEPAGE), 0);
	before = anonymous_kib();
	for (unsigned int i = 0; i < PAGES; i++)
		(void)*(volatile uint8_t *)(at + i * PAGE);
	before = anonymous_kib() - before;
	munmap(at, SIZE);
	return before > SIZE / 1024 / 2;
}

static void need_scan(const struct touched *touched)
{
	if (!touched_is_known(touched)) {
		print_message("this kernel has no PAGEMAP_SCAN\n");
		skip();
	}
}

static void touch(uint8_t *at)
{
	volatile uint8_t *bytes = at;

	bytes[3 * PAGE] = 1;
	bytes[4 * PAGE] = 1;
	bytes[700 * PAGE] = 1;
	(void)bytes[100 * PAGE];
	(void)bytes[900 * PAGE];
}

static void what_is_touched_is_noted(void **state)
{
	struct touched *touched = touched_new();
	uint8_t *at = map_fork();
	unsigned int before;

	(void)state;
	assert_non_null(touched);
	assert_false(touched_is_known(touched));
	touch(at);
	touched_note(touched, at, SIZE);
	need_scan(touched);
	assert_int_equal(count_written(touched, 3, 2), 2);
	assert_int_equal(count_written(touched, 700, 1), 1);
	assert_int_equal(count_written(touched, 0, PAGES), reading_takes_pages() ? 4 : 3);
	/* Those that were read, and neighbours that the kernel has mapped with them. */
	assert_true(count_all(touched) >= 5 && count_all(touched) < PAGES / 4);

	/* The first word stands. */
	before = count_all(touched);
	at[5 * PAGE] = 1;
	touched_note(touched, at, SIZE);
	assert_int_equal(count_all(touched), before);
	munmap(at, SIZE);
	touched_free(touched);
}

static void what_will_be_written_is_there(void **state)
{
	const struct touched_run runs[] = { { 7, 2, 1 }, { 200, 1, 0 }, { 800, 10, 1 } };
	struct touched *touched = touched_new(), *again = touched_new();
	uint8_t *at = map_fork();

	(void)state;
	assert_int_equal(touched_set(touched, runs, 3, SIZE), 0);
	assert_true(touched_is_known(touched));
	touched_populate(touched, at);
	assert_int_equal(count_resident(at, 7, 2), 2);
	assert_int_equal(count_resident(at, 800, 10), 10);
	touched_note(again, at, SIZE);
	need_scan(again);
	assert_int_equal(count_written(again, 0, PAGES), 12);
	munmap(at, SIZE);
	touched_free(touched);
	touched_free(again);
}

/* One process notes, the other one knows. */
static void it_is_shared(void **state)
{
	struct touched *touched = touched_new();
	uint8_t *at = map_fork();
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		at[9 * PAGE] = 1;
		touched_note(touched, at, SIZE);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	need_scan(touched);
	assert_int_equal(count_written(touched, 9, 1), 1);
	munmap(at, SIZE);
	touched_free(touched);
}

static void there_are_limits(void **state)
{
	struct touched *touched = touched_new();
	uint64_t size = 8ull * TOUCHED_MAX_PAGES * PAGE;
	uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(at != MAP_FAILED);
	assert_int_equal(madvise(at, size, MADV_NOHUGEPAGE), 0);
	/* In runs of two pages. */
	for (uint64_t page = 0; page < size / PAGE; page++)
		if (page % 3)
			at[page * PAGE] = 1;
	touched_note(touched, at, size);
	need_scan(touched);
	assert_int_equal(count_written(touched, 0, UINT32_MAX / 2), TOUCHED_MAX_PAGES);
	/* It is as it may come from a file. */
	assert_int_equal(touched_set(touched, touched->runs, touched->nr_runs, size), 0);
	munmap(at, size);
	touched_free(touched);
}

/* A huge page is one exit; beside it there is room for those that are one each. */
static void huge_pages_are_left_out(void **state)
{
	struct touched *touched = touched_new();
	volatile uint8_t *at = huge_map(SIZE);

	(void)state;
	assert_non_null(at);
	assert_int_equal(madvise((void *)(at + SIZE / 2), SIZE / 2, MADV_NOHUGEPAGE), 0);
	at[0] = 1;
	if (count_resident((void *)at, 0, PAGES) < PAGES / 2) {
		print_message("this host gives out no huge pages\n");
		skip();
	}
	at[(PAGES - 1) * PAGE] = 1;
	touched_note(touched, (void *)at, SIZE);
	need_scan(touched);
	assert_int_equal(count_written(touched, PAGES - 1, 1), 1);
	assert_int_equal(count_all(touched), 1);
	huge_unmap((void *)at, SIZE);
	touched_free(touched);
}

static void what_comes_from_elsewhere_is_checked(void **state)
{
	static struct touched_run many[TOUCHED_MAX_RUNS + 1];
	const struct touched_run wrong[] = { { 0, 0, 1 },
					     { PAGES, 1, 1 },
					     { PAGES - 1, 2, 0 },
					     { 1, UINT32_MAX, 0 },
					     { UINT32_MAX, UINT32_MAX, 1 } };
	const struct touched_run last = { PAGES - 1, 1, 1 };
	struct touched *touched = touched_new();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(touched_set(touched, &wrong[i], 1, SIZE), -EPROTO);
		assert_false(touched_is_known(touched));
	}
	for (size_t i = 0; i <= TOUCHED_MAX_RUNS; i++)
		many[i] = (struct touched_run){ 0, 1, 0 };
	assert_int_equal(touched_set(touched, many, TOUCHED_MAX_RUNS + 1, SIZE), -EPROTO);
	for (size_t i = 0; i <= TOUCHED_MAX_RUNS; i++)
		many[i].written = 1;
	assert_int_equal(touched_set(touched, many, TOUCHED_MAX_RUNS, SIZE), -EPROTO);
	assert_false(touched_is_known(touched));
	assert_int_equal(touched_set(touched, &last, 1, SIZE), 0);
	assert_true(touched_is_known(touched));
	assert_false(touched_is_known(NULL));
	touched_free(touched);
	touched_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_touched_is_noted),
		cmocka_unit_test(what_will_be_written_is_there),
		cmocka_unit_test(it_is_shared),
		cmocka_unit_test(there_are_limits),
		cmocka_unit_test(huge_pages_are_left_out),
		cmocka_unit_test(what_comes_from_elsewhere_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
