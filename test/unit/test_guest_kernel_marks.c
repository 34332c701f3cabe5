/* Does init see what the kernel notes while a payload runs? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../guest/kernel_marks.h"

static char folder[] = "/tmp/ktstr-marks-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void only_what_is_added_counts(void **state)
{
	struct kernel_marks marks;
	uint64_t tainted, kills;
	char path[128];
	int proc;

	(void)state;
	snprintf(path, sizeof(path), "%s/sys", folder);
	mkdir(path, 0755);
	strcat(path, "/kernel");
	mkdir(path, 0755);
	put("sys/kernel/tainted", "4096\n");
	put("vmstat", "nr_free_pages 1\noom_kill_disabled 7\noom_kill 2\nlast 3\n");
	proc = open(folder, O_RDONLY | O_DIRECTORY);
	kernel_marks_open(&marks, proc);
	kernel_marks_read(&marks, &tainted, &kills);
	assert_int_equal(tainted, 0);
	assert_int_equal(kills, 0);
	put("sys/kernel/tainted", "4608\n");
	put("vmstat", "nr_free_pages 1\noom_kill_disabled 9\noom_kill 5\nlast 3\n");
	kernel_marks_read(&marks, &tainted, &kills);
	assert_int_equal(tainted, 512);
	assert_int_equal(kills, 3);
	/* Numbers that go back tell nothing. */
	put("vmstat", "oom_kill 1\n");
	kernel_marks_read(&marks, &tainted, &kills);
	assert_int_equal(kills, 0);
	kernel_marks_close(&marks);
	close(proc);
}

static void a_kernel_that_does_not_tell(void **state)
{
	uint64_t tainted = 1, kills = 1;
	struct kernel_marks marks;

	(void)state;
	kernel_marks_open(&marks, -1);
	kernel_marks_read(&marks, &tainted, &kills);
	assert_int_equal(tainted, 0);
	assert_int_equal(kills, 0);
	kernel_marks_close(&marks);
	assert_int_equal(kernel_marks_find("oom_kill\noom_kill", "oom_kill"), 0);
	assert_int_equal(kernel_marks_find("", "oom_kill"), 0);
	assert_int_equal(kernel_marks_find("oom_kill 8", "oom_kill"), 8);
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_added_counts),
		cmocka_unit_test(a_kernel_that_does_not_tell),
	};

	return cmocka_run_group_tests_name("guest_kernel_marks", tests, begin, end);
}
