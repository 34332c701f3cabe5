/* Do a run's files appear whole or not at all, each run apart from all others, whatever the disk
 * does? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/artefacts.h"

/* For children, where a failed assertion of cmocka would run the rest of the tests a second time.
 */
#define NEED(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so in the child: %s\n", __FILE__, __LINE__,    \
				#condition);                                                       \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)
#define CHILD_SKIPS 77

static char scratch[64];

static int make_scratch(void **state)
{
	(void)state;
	strcpy(scratch, "/tmp/test_artefacts.XXXXXX");
	return mkdtemp(scratch) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_scratch(void **state)
{
	(void)state;
	return nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_scratch(const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	return path;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static bool file_is(const char *path, const char *expected)
{
	char text[256] = "";
	FILE *file = fopen(path, "r");
	size_t size;

	if (!file)
		return false;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	return size == strlen(expected) && !strcmp(text, expected);
}

/* How many entries, hidden ones too; -1: no such folder. */
static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/* Waits for @child and passes on what it found. */
static void expect_child(pid_t child)
{
	int status;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_SKIPS)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void folders_are_made_and_numbered(void **state)
{
	struct artefacts run;
	struct error err = { "" };
	char expected[PATH_MAX];

	(void)state;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(artefacts_open(&run, in_scratch("a//b/out/"), "fair", 0xabc, &err),
				 0);
		snprintf(expected, sizeof(expected), "%s/fair-%04d", in_scratch("a//b/out/"), i);
		assert_string_equal(run.dir, expected);
		assert_string_equal(run.stem, "fair-0000000000000abc");
		assert_false(run.keep);
		assert_int_equal(entries(run.dir), 0);
		run.keep = true;
		artefacts_close(&run);
		assert_int_equal(entries(expected), 0);
	}
}

static void the_default_folder_is_below_the_working_one(void **state)
{
	struct artefacts run;
	int here = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(chdir(scratch), 0);
	assert_int_equal(artefacts_open(&run, NULL, "t", 1, NULL), 0);
	assert_string_equal(run.dir, "ktstr-out/t-0001");
	artefacts_close(&run);
	assert_int_equal(fchdir(here), 0);
	close(here);
}

static void numbers_go_on_above_the_highest(void **state)
{
	static const char *const there[] = {
		"t-0003",  "t-0017",  "t-00005",	   "t-12345x",
		"t-x9999", "tt-9000", "t-999999999999999", "t-9000-0001",
		"t-123",
	};
	struct artefacts run;

	(void)state;
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
		assert_int_equal(mkdir(in_scratch(there[i]), 0777), 0);
	assert_int_equal(artefacts_open(&run, scratch, "t", 1, NULL), 0);
	assert_string_equal(run.dir, in_scratch("t-0018"));
	artefacts_close(&run);
	/* A file takes a number, too; five digits when four do not do. */
	write_file(in_scratch("t-9999"), "x");
	assert_int_equal(artefacts_open(&run, scratch, "t", 1, NULL), 0);
	assert_string_equal(run.dir, in_scratch("t-10000"));
	artefacts_close(&run);
	assert_int_equal(mkdir(in_scratch("t-999999999"), 0777), 0);
	assert_int_equal(artefacts_open(&run, scratch, "t", 1, NULL), -EEXIST);
}

static void test_names_become_file_names(void **state)
{
	static const struct {
		const char *test, *folder;
	} cases[] = {
		{ "gauntlet/fair/1n1l", "gauntlet_fair_1n1l-0001" },
		{ "../../etc", "_._.._etc-0001" },
		{ "..", "_.-0001" },
		{ "-rf", "_rf-0001" },
		{ "", "_-0001" },
		{ "a b\n\xff", "a_b__-0001" },
	};
	char longest[300];
	struct artefacts run;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(artefacts_open(&run, scratch, cases[i].test, 1, NULL), 0);
		assert_string_equal(run.dir, in_scratch(cases[i].folder));
		artefacts_close(&run);
	}
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(artefacts_open(&run, scratch, longest, UINT64_MAX, NULL), 0);
	assert_int_equal(strlen(run.stem), 100 + 1 + 16);
	artefacts_close(&run);
}

static void an_empty_run_leaves_nothing(void **state)
{
	struct artefacts run;
	struct artefact_file file = { .fd = -1 };

	(void)state;
	assert_int_equal(artefacts_open(&run, scratch, "t", 1, NULL), 0);
	assert_int_equal(artefact_begin(&run, ARTEFACT_TRACE, &file, NULL), 0);
	assert_int_equal(artefact_write(&file, "half", 4, NULL), 0);
	assert_int_equal(entries(run.dir), 1);
	artefact_abandon(&file);
	artefact_abandon(&file);
	assert_int_equal(entries(run.dir), 0);
	artefacts_close(&run);
	assert_int_equal(entries(scratch), 0);
	artefacts_close(&run);
}

static void a_file_appears_whole_under_its_name(void **state)
{
	struct artefacts run;
	struct artefact_file file;
	struct error err = { "" };
	char expected[2 * PATH_MAX];

	(void)state;
	assert_int_equal(artefacts_open(&run, scratch, "t", 0x1f, &err), 0);
	snprintf(expected, sizeof(expected), "%s/t-000000000000001f.repro.wprof.pb", run.dir);
	assert_int_equal(artefact_begin(&run, ARTEFACT_REPRO_TRACE, &file, &err), 0);
	assert_string_equal(file.path, expected);
	assert_int_equal(artefact_write(&file, "one ", 4, &err), 0);
	assert_int_equal(access(file.path, F_OK), -1);
	assert_int_equal(artefact_write(&file, "two", 3, &err), 0);
	assert_false(run.keep);
	assert_int_equal(artefact_commit(&run, &file, &err), 0);
	assert_int_equal(file.fd, -1);
	assert_true(run.keep);
	assert_true(file_is(expected, "one two"));
	assert_int_equal(entries(run.dir), 1);
	artefact_abandon(&file);
	artefacts_close(&run);
	assert_true(file_is(expected, "one two"));
}

static void nothing_is_overwritten(void **state)
{
	struct artefacts run;
	struct artefact_file file, second;
	struct error err = { "" };

	(void)state;
	assert_int_equal(artefacts_open(&run, scratch, "t", 1, &err), 0);
	assert_int_equal(artefact_begin(&run, ARTEFACT_RESULT, &file, &err), 0);
	/* The same one twice at a time. */
	assert_int_equal(artefact_begin(&run, ARTEFACT_RESULT, &second, &err), -EEXIST);
	assert_non_null(strstr(err.text, run.dir));
	artefact_abandon(&second);
	/* The name was taken in the meantime. */
	write_file(file.path, "earlier");
	assert_int_equal(artefact_write(&file, "later", 5, &err), 0);
	assert_int_equal(artefact_commit(&run, &file, &err), -EEXIST);
	assert_non_null(strstr(err.text, file.path));
	assert_non_null(strstr(err.text, "not overwritten"));
	assert_true(file_is(file.path, "earlier"));
	assert_int_equal(entries(run.dir), 1);
	assert_false(run.keep);
	artefact_abandon(&file);
	/* The folder stays, as there is something in it. */
	artefacts_close(&run);
	assert_true(file_is(file.path, "earlier"));
}

/* From now on renameat2 fails in this process as it does on a file system that does not know it. */
static bool forbid_renameat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) &&
	       syscall(SYS_renameat2, AT_FDCWD, "/none", AT_FDCWD, "/none", 1) == -1 &&
	       errno == EINVAL;
}

static void a_file_system_without_noreplace_does_as_well(void **state)
{
	pid_t child;

	(void)state;
	child = fork();
	if (!child) {
		struct artefacts run;
		struct artefact_file file;
		struct error err = { "" };

		if (!forbid_renameat2()) {
			fprintf(stderr, "skipped: no seccomp filter can be set here\n");
			_exit(CHILD_SKIPS);
		}
		NEED(!artefacts_open(&run, scratch, "t", 1, &err));
		NEED(!artefact_begin(&run, ARTEFACT_RESULT, &file, &err));
		NEED(!artefact_write(&file, "one", 3, &err));
		NEED(!artefact_commit(&run, &file, &err));
		NEED(file_is(file.path, "one"));
		NEED(entries(run.dir) == 1);
		NEED(!artefact_begin(&run, ARTEFACT_RESULT, &file, &err));
		NEED(!artefact_write(&file, "two", 3, &err));
		NEED(artefact_commit(&run, &file, &err) == -EEXIST);
		NEED(file_is(file.path, "one"));
		NEED(entries(run.dir) == 1);
		_exit(0);
	}
	expect_child(child);
}

#define PROCESSES 10
#define ROUNDS	  6

static void ten_processes_at_once_do_not_meet(void **state)
{
	pid_t children[PROCESSES];
	int gate[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		close(gate[1]);
		NEED(read(gate[0], &byte, 1) == 0); /* until all are there */
		for (int round = 0; round < ROUNDS; round++) {
			struct artefacts run;
			struct artefact_file file;
			char text[256];

			NEED(!artefacts_open(&run, in_scratch("deep/out"), "t", 1, NULL));
			NEED(entries(run.dir) == 0);
			NEED(!artefact_begin(&run, ARTEFACT_RESULT, &file, NULL));
			snprintf(text, sizeof(text), "%d.%d", i, round);
			NEED(!artefact_write(&file, text, strlen(text), NULL));
			NEED(!artefact_commit(&run, &file, NULL));
			NEED(entries(run.dir) == 1);
			NEED(file_is(file.path, text));
			artefacts_close(&run);
		}
		_exit(0);
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < PROCESSES; i++)
		expect_child(children[i]);
	assert_int_equal(entries(in_scratch("deep/out")), PROCESSES * ROUNDS);
	/* No number was left out either. */
	for (int i = 1; i <= PROCESSES * ROUNDS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "deep/out/t-%04d", i);
		assert_int_equal(entries(in_scratch(name)), 1);
	}
}

/* Does as "echo @text > @path". */
static bool echo(const char *text, const char *path)
{
	int fd = open(path, O_WRONLY);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* Mount a tmpfs of 64 KiB that only this process sees, as root or in a user namespace of its own.
 */
static bool mount_small_disk(const char *path)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char uid_map[32], gid_map[32];

	snprintf(uid_map, sizeof(uid_map), "0 %u 1", uid);
	snprintf(gid_map, sizeof(gid_map), "0 %u 1", gid);
	return !unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) &&
	       (!uid ||
		(echo("deny", "/proc/self/setgroups") && echo(uid_map, "/proc/self/uid_map") &&
		 echo(gid_map, "/proc/self/gid_map"))) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("full", path, "tmpfs", 0, "size=64k");
}

static void a_full_disk_is_said_and_leaves_nothing(void **state)
{
	pid_t child;

	(void)state;
	child = fork();
	if (!child) {
		struct artefacts run;
		struct artefact_file file;
		struct error err = { "" };
		char block[8192];
		int ret, writes = 0;

		if (!mount_small_disk(scratch)) {
			fprintf(stderr, "skipped: cannot mount a small tmpfs: %s\n",
				strerror(errno));
			_exit(CHILD_SKIPS);
		}
		memset(block, 'x', sizeof(block));
		NEED(!artefacts_open(&run, scratch, "t", 1, &err));
		NEED(!artefact_begin(&run, ARTEFACT_TRACE, &file, &err));
		while (!(ret = artefact_write(&file, block, sizeof(block), &err)))
			NEED(++writes < 100);
		NEED(ret == -ENOSPC);
		NEED(strstr(err.text, file.path));
		NEED(strstr(err.text, "No space left on device"));
		NEED(strstr(err.text, "--out"));
		NEED(writes > 0);
		artefact_abandon(&file);
		NEED(!run.keep);
		artefacts_close(&run);
		NEED(entries(scratch) == 0);
		_exit(0);
	}
	expect_child(child);
}

static void a_folder_that_cannot_be_written_is_said(void **state)
{
	struct artefacts run;
	struct error err = { "" };
	bool root = geteuid() == 0;
	int ret;

	(void)state;
	assert_int_equal(chmod(scratch, 0555), 0);
	/* Root may write anywhere. */
	if (root && seteuid(65534)) {
		print_message("skipped: root, and cannot become anyone else: %s\n",
			      strerror(errno));
		skip();
	}
	ret = artefacts_open(&run, scratch, "t", 1, &err);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_int_equal(ret, -EACCES);
	assert_non_null(strstr(err.text, in_scratch("t-0001")));
	assert_non_null(strstr(err.text, "Permission denied"));
	assert_non_null(strstr(err.text, "--out"));
	artefacts_close(&run);

	assert_int_equal(root ? seteuid(65534) : 0, 0);
	ret = artefacts_open(&run, in_scratch("new/er"), "t", 1, &err);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_int_equal(ret, -EACCES);
	assert_non_null(strstr(err.text, in_scratch("new'")));
	assert_int_equal(chmod(scratch, 0755), 0);
	assert_int_equal(entries(scratch), 0);
}

static void a_file_in_the_way_is_said(void **state)
{
	static const char *const paths[] = { "file", "file/", "file/out", "file/a/b",
					     "dangling/x" };
	struct artefacts run;

	(void)state;
	write_file(in_scratch("file"), "mine");
	assert_int_equal(symlink("nowhere", in_scratch("dangling")), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct error err = { "" };

		assert_int_equal(artefacts_open(&run, in_scratch(paths[i]), "t", 1, &err),
				 -ENOTDIR);
		assert_non_null(strstr(err.text, scratch));
		assert_non_null(strstr(err.text, i == 4 ? "leads nowhere" : "is a file"));
		assert_string_equal(run.dir, "");
	}
	assert_true(file_is(in_scratch("file"), "mine"));
}

static void paths_are_bounded_not_cut(void **state)
{
	static char path[2 * PATH_MAX];
	struct artefacts run;
	struct artefact_file file;
	struct error err = { "" };
	size_t length = 0;

	(void)state;
	/* The longest that is accepted holds each of the files. */
	while (strlen(path) + 100 < 3700) {
		length += (size_t)snprintf(path + length, sizeof(path) - length, "%s/%090d",
					   length ? "" : scratch, 0);
	}
	assert_int_equal(artefacts_open(&run, path, "t", 1, &err), 0);
	artefacts_close(&run);
	length += (size_t)snprintf(path + length, sizeof(path) - length, "/");
	memset(path + length, 'x', 3792 - length);
	path[3792] = '\0';
	assert_int_equal(artefacts_open(&run, path, "t", 1, &err), 0);
	assert_int_equal(artefact_begin(&run, ARTEFACT_REPRO_FAILURE_DUMP, &file, &err), 0);
	assert_int_equal(artefact_commit(&run, &file, &err), 0);
	artefacts_close(&run);

	path[3792] = 'x';
	assert_int_equal(artefacts_open(&run, path, "t", 1, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "3793 bytes"));
	memset(path, 'x', sizeof(path) - 1);
	assert_int_equal(artefacts_open(&run, path, "t", 1, &err), -ENAMETOOLONG);
	assert_int_equal(artefacts_open(&run, "", "t", 1, &err), -EINVAL);
}

static void the_variant_is_fnv_1a(void **state)
{
	static const char *const foobar[] = { "foobar" }, *const split1[] = { "ab", "c" };
	static const char *const split2[] = { "a", "bc" }, *const empty[] = { "" };

	(void)state;
	assert_true(artefacts_variant(NULL, 0) == 0xcbf29ce484222325ull);
	/* The published values for "" and "foobar", each with a NUL: no_null + one multiplication.
	 */
	assert_true(artefacts_variant(empty, 1) == 0xaf63bd4c8601b7dfull);
	assert_true(artefacts_variant(foobar, 1) == 0x85944171f73967e8ull * 0x100000001b3ull);
	assert_true(artefacts_variant(split1, 2) != artefacts_variant(split2, 2));
	assert_true(artefacts_variant(foobar, 1) != artefacts_variant(empty, 1));
}

#define with_scratch(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(folders_are_made_and_numbered),
		with_scratch(the_default_folder_is_below_the_working_one),
		with_scratch(numbers_go_on_above_the_highest),
		with_scratch(test_names_become_file_names),
		with_scratch(an_empty_run_leaves_nothing),
		with_scratch(a_file_appears_whole_under_its_name),
		with_scratch(nothing_is_overwritten),
		with_scratch(a_file_system_without_noreplace_does_as_well),
		with_scratch(ten_processes_at_once_do_not_meet),
		with_scratch(a_full_disk_is_said_and_leaves_nothing),
		with_scratch(a_folder_that_cannot_be_written_is_said),
		with_scratch(a_file_in_the_way_is_said),
		with_scratch(paths_are_bounded_not_cut),
		cmocka_unit_test(the_variant_is_fnv_1a),
	};

	return cmocka_run_group_tests_name("artefacts", tests, NULL, NULL);
}
