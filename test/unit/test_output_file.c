/* Is a file that the user named whole or as it was, and is what is no file written to? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/file.h"
#include "util/output_file.h"

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_output_file-XXXXXX");
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return chdir("/") || system(command);
}

static void put(const char *path, const char *text)
{
	assert_int_equal(file_write_new(path, text, strlen(text), 0644, NULL), 0);
}

static void expect(const char *path, const char *text)
{
	char bytes[256];
	int fd = open(path, O_RDONLY);
	ssize_t count = read(fd, bytes, sizeof(bytes) - 1);

	assert_true(fd >= 0 && count >= 0);
	close(fd);
	bytes[count] = '\0';
	assert_string_equal(bytes, text);
}

/* How many names are here, hidden ones included. */
static int entries(void)
{
	FILE *ls = popen("ls -A | wc -l", "r");
	int count = -1;

	assert_int_equal(fscanf(ls, "%d", &count), 1);
	pclose(ls);
	return count;
}

/* Open @path, write "new", and see @path as it was until the end. */
static void replace(const char *path)
{
	struct output_file file;
	struct error err = { "" };

	if (output_file_open(&file, path, &err))
		fail_msg("%s", err.text);
	assert_int_equal(file_write_all(file.fd, "new", 3), 0);
	if (output_file_commit(&file, &err))
		fail_msg("%s", err.text);
	output_file_abandon(&file);
}

static void a_file_is_replaced_whole(void **state)
{
	struct output_file file;
	char where[PATH_MAX];
	struct stat st;

	(void)state;
	replace("report");
	expect("report", "new");
	assert_int_equal(chmod("report", 0640), 0);
	assert_int_equal(truncate("report", 0), 0);
	assert_int_equal(output_file_open(&file, "report", NULL), 0);
	assert_int_equal(file_write_all(file.fd, "half", 4), 0);
	assert_true(output_file_folder(&file, where));
	assert_string_equal(where, folder);
	expect("report", "");
	assert_int_equal(output_file_commit(&file, NULL), 0);
	expect("report", "half");
	/* Who may read the old one may read the new one. */
	assert_int_equal(stat("report", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(entries(), 1);
}

static void what_is_abandoned_leaves_the_old_one(void **state)
{
	struct output_file file;

	(void)state;
	put("report", "old");
	assert_int_equal(output_file_open(&file, "report", NULL), 0);
	assert_int_equal(file_write_all(file.fd, "half", 4), 0);
	output_file_abandon(&file);
	output_file_abandon(&file);
	expect("report", "old");
	assert_int_equal(output_file_open(&file, "fresh", NULL), 0);
	output_file_abandon(&file);
	assert_int_equal(entries(), 1);
}

static void links_stay_links(void **state)
{
	char target[64];

	(void)state;
	assert_int_equal(mkdir("deep", 0755), 0);
	put("deep/there", "old");
	assert_int_equal(symlink("there", "deep/second"), 0);
	assert_int_equal(symlink("deep/second", "first"), 0);
	replace("first");
	expect("deep/there", "new");
	assert_int_equal(readlink("first", target, sizeof(target)), 11);
	assert_int_equal(readlink("deep/second", target, sizeof(target)), 5);
	/* To what is yet to be made. */
	assert_int_equal(symlink("deep/later", "dangling"), 0);
	replace("dangling");
	expect("deep/later", "new");
	assert_int_equal(readlink("dangling", target, sizeof(target)), 10);
	assert_int_equal(entries(), 3);
}

static void descriptors_are_written_to(void **state)
{
	char path[64];
	int fds[2], fd;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[1]);
	replace(path);
	assert_int_equal(read(fds[0], path, sizeof(path)), 3);
	assert_memory_equal(path, "new", 3);
	/* A file behind one goes on where it is: `3>>log`. */
	put("log", "first ");
	fd = open("log", O_WRONLY | O_APPEND);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	replace(path);
	expect("log", "first new");
	/* By way of a link, as /dev/stdout is. */
	assert_int_equal(symlink(path, "link"), 0);
	replace("link");
	expect("log", "first newnew");
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

static void dash_is_standard_output(void **state)
{
	int old = dup(STDOUT_FILENO), fd;

	(void)state;
	fflush(stdout);
	put("out", "");
	fd = open("out", O_WRONLY);
	dup2(fd, STDOUT_FILENO);
	replace("-");
	/* It stays open. */
	assert_int_equal(write(STDOUT_FILENO, "!", 1), 1);
	dup2(old, STDOUT_FILENO);
	close(fd);
	close(old);
	expect("out", "new!");
}

static void a_fifo_is_written_to(void **state)
{
	int status;
	struct stat st;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	if (!fork()) {
		replace("fifo");
		_exit(0);
	}
	expect("fifo", "new");
	wait(&status);
	assert_int_equal(status, 0);
	assert_int_equal(stat("fifo", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	replace("/dev/null");
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void refused(const char *path, int code, const char *text)
{
	struct output_file file;
	struct error err = { "" };
	int ret = output_file_open(&file, path, &err);

	if (ret != code || !strstr(err.text, text))
		fail_msg("'%s': %d '%s'", path, ret, err.text);
	output_file_abandon(&file);
}

static void what_cannot_be_is_said(void **state)
{
	char longest[PATH_MAX + 10];
	bool root = geteuid() == 0;

	(void)state;
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	put("file", "mine");
	put("read-only", "mine");
	assert_int_equal(chmod("read-only", 0444), 0);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	refused("", -ENOENT, "No such file");
	refused(longest, -ENAMETOOLONG, "File name too long");
	refused("dir", -EISDIR, "'dir' is a folder");
	refused("gone/file", -ENOENT, "'gone/file'");
	refused("file/x", -ENOTDIR, "'file/x'");
	refused("loop", -ELOOP, "'loop'");
	refused("/dev/fd/777", -EBADF, "'/dev/fd/777'");
	assert_int_equal(root ? chown(folder, 65534, 65534) | seteuid(65534) : 0, 0);
	refused("read-only", -EACCES, "'read-only' is there and not to be replaced");
	assert_int_equal(chmod(folder, 0555), 0);
	refused("new", -EACCES, "a folder that you may write to");
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	expect("file", "mine");
	expect("read-only", "mine");
	assert_int_equal(entries(), 4);
}

static void a_full_disk_leaves_the_old_one(void **state)
{
	struct output_file file;
	struct error err = { "" };

	(void)state;
	replace("/dev/null");
	assert_int_equal(output_file_open(&file, "/dev/full", &err), 0);
	assert_int_equal(file_write_all(file.fd, "x", 1), -ENOSPC);
	output_file_abandon(&file);
	/* The folder goes away underneath. */
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(output_file_open(&file, "dir/report", &err), 0);
	assert_int_equal(system("rm -r dir"), 0);
	assert_int_equal(output_file_commit(&file, &err), -ENOENT);
	assert_non_null(strstr(err.text, "'dir/report'"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_replaced_whole), TEST(what_is_abandoned_leaves_the_old_one),
		TEST(links_stay_links),		TEST(descriptors_are_written_to),
		TEST(dash_is_standard_output),	TEST(a_fifo_is_written_to),
		TEST(what_cannot_be_is_said),	TEST(a_full_disk_leaves_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
