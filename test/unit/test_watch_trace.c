/* Is a trace kept when it came whole, and only then? */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "../../guest/protocol.h"
#include "run/watch_trace.h"

static struct artefacts artefacts;
static struct watch_trace trace;
static struct error err;
static const char content[] = "a trace of forty bytes, all of them good";
#define SIZE 40u

static int set_up(void **state)
{
	(void)state;
	memset(&artefacts, 0, sizeof(artefacts));
	strcpy(artefacts.dir, "/tmp/test_watch_trace.XXXXXX");
	strcpy(artefacts.stem, "test");
	trace = (struct watch_trace){
		.asked = true, .artefacts = &artefacts, .suffix = ".pb", .max_size = 1000
	};
	watch_trace_init(&trace);
	return mkdtemp(artefacts.dir) ? 0 : -1;
}

/* How many files there are; all of them go. */
static unsigned int files(void)
{
	DIR *dir = opendir(artefacts.dir);
	const struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		count++;
		assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	}
	closedir(dir);
	return count;
}

static int tear_down(void **state)
{
	(void)state;
	watch_trace_finish(&trace);
	assert_int_equal(files(), 0);
	return rmdir(artefacts.dir);
}

static int begin(uint64_t size)
{
	const struct ktstr_trace announced = { .size = size };

	return watch_trace_take(&trace, KTSTR_TRACE_BEGIN, &announced, sizeof(announced), &err);
}

static int data(size_t from, size_t count)
{
	return watch_trace_take(&trace, KTSTR_TRACE_DATA, content + from, (uint32_t)count, &err);
}

static int end(uint64_t size, uint32_t crc)
{
	const struct ktstr_trace announced = { .size = size, .crc = crc };

	return watch_trace_take(&trace, KTSTR_TRACE_END, &announced, sizeof(announced), &err);
}

static uint32_t good_crc(void)
{
	return (uint32_t)crc32(0, (const Bytef *)content, SIZE);
}

static void a_whole_one(void **state)
{
	char kept[100];
	FILE *file;

	(void)state;
	assert_int_equal(begin(SIZE), 0);
	assert_int_equal(trace.state, TRACE_INCOMPLETE);
	assert_int_equal(data(0, 15), 0);
	assert_int_equal(data(15, 0), 0);
	assert_int_equal(data(15, 25), 0);
	assert_int_equal(end(SIZE, good_crc()), 0);
	assert_int_equal(trace.state, TRACE_COMPLETE);
	assert_int_equal(trace.size, SIZE);
	watch_trace_finish(&trace);
	assert_non_null(strstr(trace.file.path, "/test.pb"));
	file = fopen(trace.file.path, "r");
	assert_non_null(file);
	assert_int_equal(fread(kept, 1, sizeof(kept), file), SIZE);
	fclose(file);
	assert_memory_equal(kept, content, SIZE);
	assert_int_equal(files(), 1);
	/* There is one. */
	assert_int_equal(begin(SIZE), -EPROTO);
	assert_int_equal(data(0, 0), -EPROTO);
	assert_int_equal(end(SIZE, good_crc()), -EPROTO);
}

static void an_empty_one(void **state)
{
	(void)state;
	assert_int_equal(begin(0), 0);
	assert_int_equal(end(0, 0), 0);
	assert_int_equal(trace.state, TRACE_COMPLETE);
	assert_int_equal(files(), 1);
}

static void out_of_turn(void **state)
{
	(void)state;
	assert_int_equal(data(0, 1), -EPROTO);
	assert_non_null(strstr(err.text, "outside of a trace"));
	assert_int_equal(end(0, 0), -EPROTO);
	assert_non_null(strstr(err.text, "never began"));
	assert_int_equal(begin(SIZE), 0);
	assert_int_equal(begin(SIZE), -EPROTO);
	trace.asked = false;
	watch_trace_finish(&trace);
	watch_trace_init(&trace);
	assert_int_equal(begin(SIZE), -EPROTO);
	assert_non_null(strstr(err.text, "not asked for"));
	assert_int_equal(trace.state, TRACE_NONE);
}

static void larger_than_it_can_be(void **state)
{
	(void)state;
	assert_int_equal(begin(1001), -EPROTO);
	assert_int_equal(begin(UINT64_MAX), -EPROTO);
	assert_non_null(strstr(err.text, "more than the guest's memory"));
	assert_int_equal(begin(1000), 0);
}

static void more_than_was_announced(void **state)
{
	(void)state;
	assert_int_equal(begin(20), 0);
	assert_int_equal(data(0, 20), 0);
	assert_int_equal(data(20, 1), -EPROTO);
	assert_non_null(strstr(err.text, "more trace bytes than the 20"));
	assert_int_equal(trace.size, 20);
}

/* It is gone when no more comes. */
static void not_whole(void **state)
{
	const struct {
		uint64_t size;
		uint32_t crc;
	} ends[] = { { SIZE, good_crc() ^ 1 }, { SIZE + 1, good_crc() }, { SIZE - 1, good_crc() } };

	(void)state;
	assert_int_equal(begin(SIZE), 0);
	assert_int_equal(data(0, SIZE - 1), 0);
	assert_int_equal(end(SIZE, good_crc()), -EPROTO);
	/* What came agrees with its end, but not with what was announced. */
	assert_int_equal(end(SIZE - 1, trace.crc), -EPROTO);
	assert_int_equal(data(SIZE - 1, 1), 0);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		assert_int_equal(end(ends[i].size, ends[i].crc), -EPROTO);
	assert_int_equal(trace.state, TRACE_INCOMPLETE);
}

/* The host's own trouble is none of the guest's: it may go on, and what it sends is counted. */
static void nowhere_to_keep_it(void **state)
{
	char dir[sizeof(artefacts.dir)];

	(void)state;
	memcpy(dir, artefacts.dir, sizeof(dir));
	strcpy(artefacts.dir, "/nowhere");
	assert_int_equal(begin(SIZE), 0);
	assert_int_equal(trace.state, TRACE_UNWRITTEN);
	assert_non_null(strstr(trace.error, "/nowhere"));
	assert_int_equal(data(0, SIZE), 0);
	assert_int_equal(end(SIZE, good_crc() + 1), -EPROTO);
	assert_int_equal(end(SIZE, good_crc()), 0);
	assert_int_equal(trace.state, TRACE_UNWRITTEN);
	assert_int_equal(trace.size, SIZE);
	memcpy(artefacts.dir, dir, sizeof(dir));
}

/* The same in the middle of it, and at its end: a file that is there is not replaced. */
static void no_longer_a_place_to_keep_it(void **state)
{
	FILE *file;

	(void)state;
	assert_int_equal(begin(SIZE), 0);
	assert_int_equal(data(0, 20), 0);
	close(trace.file.fd);
	assert_int_equal(data(20, 10), 0);
	assert_int_equal(trace.state, TRACE_UNWRITTEN);
	assert_non_null(strstr(trace.error, "cannot write"));
	assert_int_equal(data(30, 10), 0);
	assert_int_equal(end(SIZE, good_crc()), 0);
	assert_int_equal(files(), 0);

	watch_trace_init(&trace);
	assert_int_equal(begin(SIZE), 0);
	assert_int_equal(data(0, SIZE), 0);
	file = fopen(trace.file.path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(end(SIZE, good_crc()), 0);
	assert_int_equal(trace.state, TRACE_UNWRITTEN);
	assert_int_equal(files(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_whole_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_empty_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(out_of_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(larger_than_it_can_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_than_was_announced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nowhere_to_keep_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_longer_a_place_to_keep_it, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("watch trace", tests, NULL, NULL);
}
