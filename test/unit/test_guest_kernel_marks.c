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
	struct ktstr_exited exited;
	char path[128];
	int proc;

	(void)state;
	snprintf(path, sizeof(path), "%s/sys", folder);
	mkdir(path, 0755);
	strcat(path, "/kernel");
	mkdir(path, 0755);
	put("sys/kernel/tainted", "4096\n");
	put("vmstat", "nr_free_pages 1\noom_kill_disabled 7\noom_kill 2\nlast 3\n");
	put("stat", "cpu  1 2 3 4 5 6 7 100 9 10\ncpu0 1 2 3 4 5 6 7 100 9 10\n");
	proc = open(folder, O_RDONLY | O_DIRECTORY);
	kernel_marks_open(&marks, proc, proc);
	kernel_marks_read(&marks, &exited);
	assert_int_equal(exited.tainted, 0);
	assert_int_equal(exited.oom_kills, 0);
	assert_int_equal(exited.stolen_ns, 0);
	put("sys/kernel/tainted", "4608\n");
	put("stat", "cpu  1 2 3 4 5 6 7 103 9 10\n");
	put("vmstat", "nr_free_pages 1\noom_kill_disabled 9\noom_kill 5\nlast 3\n");
	kernel_marks_read(&marks, &exited);
	assert_int_equal(exited.tainted, 512);
	assert_int_equal(exited.oom_kills, 3);
	assert_int_equal(exited.stolen_ns, 3000000000 / sysconf(_SC_CLK_TCK));
	/* Numbers that go back tell nothing. */
	put("vmstat", "oom_kill 1\n");
	put("stat", "cpu  1 2 3 4 5 6 7 99 9 10\n");
	kernel_marks_read(&marks, &exited);
	assert_int_equal(exited.oom_kills, 0);
	assert_int_equal(exited.stolen_ns, 0);
	put("stat", "cpu  1 2 3 4\n");
	kernel_marks_read(&marks, &exited);
	assert_true(exited.stolen_ns == KTSTR_NOT_TOLD);
	kernel_marks_close(&marks);
	close(proc);
}

static void a_kernel_that_does_not_tell(void **state)
{
	struct ktstr_exited exited = { .tainted = 1, .oom_kills = 1, .cpus_lost = 1 };
	struct kernel_marks marks;

	(void)state;
	kernel_marks_open(&marks, -1, -1);
	kernel_marks_read(&marks, &exited);
	assert_int_equal(exited.tainted, 0);
	assert_int_equal(exited.oom_kills, 0);
	assert_int_equal(exited.cpus_lost, 0);
	assert_true(exited.stolen_ns == KTSTR_NOT_TOLD);
	kernel_marks_close(&marks);
	assert_int_equal(kernel_marks_find("oom_kill\noom_kill", "oom_kill"), 0);
	assert_int_equal(kernel_marks_find("", "oom_kill"), 0);
	assert_int_equal(kernel_marks_find("oom_kill 8", "oom_kill"), 8);
}

static void a_cpu_that_is_gone(void **state)
{
	static const struct {
		const char *before, *after;
		unsigned int lost, first;
	} cases[] = {
		{ "0-3\n", "0-3\n", 0, 0 },
		{ "0-3\n", "0,2-3\n", 1, 1 },
		{ "0-3\n", "0\n", 3, 1 },
		{ "0-127\n", "0-62,64-126\n", 2, 63 },
		/* One more is no loss; a list that cannot be read tells nothing. */
		{ "0,2\n", "0-2\n", 0, 0 },
		{ "0-3\n", "", 0, 0 },
		{ "0-3\n", "none\n", 0, 0 },
		{ "0-99999999999999999999\n", "0-1022\n", 1, 1023 },
	};
	struct ktstr_exited exited;
	struct kernel_marks marks;
	char path[128];
	int sys;

	(void)state;
	snprintf(path, sizeof(path), "%s/devices", folder);
	mkdir(path, 0755);
	strcat(path, "/system");
	mkdir(path, 0755);
	strcat(path, "/cpu");
	mkdir(path, 0755);
	sys = open(folder, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("devices/system/cpu/online", cases[i].before);
		kernel_marks_open(&marks, -1, sys);
		put("devices/system/cpu/online", cases[i].after);
		kernel_marks_read(&marks, &exited);
		assert_int_equal(exited.cpus_lost, cases[i].lost);
		assert_int_equal(exited.cpu_lost, cases[i].first);
		kernel_marks_close(&marks);
	}
	close(sys);
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
		cmocka_unit_test(a_cpu_that_is_gone),
	};

	return cmocka_run_group_tests_name("guest_kernel_marks", tests, begin, end);
}
