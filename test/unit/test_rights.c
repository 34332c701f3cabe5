/* Does a restricted process write where it may and nowhere else, and keep all that it needs? */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "deny_syscall.h"
#include "run/rights.h"

static char folder[] = "/tmp/test_rights-XXXXXX";
static char out[64], elsewhere[64], text[96];

static int make(void **state)
{
	int fd;

	(void)state;
	strcpy(folder, "/tmp/test_rights-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(out, sizeof(out), "%s/out", folder);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	snprintf(text, sizeof(text), "%s/text", elsewhere);
	if (mkdir(out, 0700) || mkdir(elsewhere, 0700))
		return -1;
	fd = open(text, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, "precious", 8) != 8)
		return -1;
	return close(fd);
}

static int destroy(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

/* Run @body in a process of its own, which is restricted for good; it returns the step that failed.
 */
static void in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("step %d (status %#x)", WEXITSTATUS(status), status);
}

static const char *in(const char *where, const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", where, name);
	return path[turn];
}

/* As where KTSTR_CACHE_DIR names a file: there is no cache then, and nothing else is wrong. */
static int file_for_a_folder(void)
{
	int ret = rights_keep_writes(out, text, NULL, NULL);

	if (ret == -EOPNOTSUPP)
		return 0;
	if (ret)
		return 1;
	return open(text, O_WRONLY | O_CLOEXEC) >= 0 || errno != EACCES ? 2 : 0;
}

static void a_file_is_no_folder_that_may_be_written(void **state)
{
	(void)state;
	in_child(file_for_a_folder);
}

static int keep_writes(void)
{
	return rights_keep_writes(out, "/no/such/folder", NULL, NULL);
}

static bool refused(int ret)
{
	/* EXDEV: so ABI 1 calls each move from one folder to another. */
	return ret < 0 && (errno == EACCES || errno == EXDEV);
}

static int writes_elsewhere(void)
{
	int fd;

	if (keep_writes())
		return 1;
	if (!refused(open(in(elsewhere, "new"), O_WRONLY | O_CREAT, 0600)))
		return 2;
	if (!refused(open(text, O_WRONLY)) || !refused(open(text, O_RDWR)))
		return 3;
	if (!refused(unlink(text)) || !refused(rename(text, in(elsewhere, "other"))))
		return 4;
	if (!refused(mkdir(in(elsewhere, "folder"), 0700)) ||
	    !refused(mkdir(in(folder, "folder"), 0700)))
		return 5;
	if (!refused(symlink("/", in(elsewhere, "link"))) ||
	    !refused(link(text, in(elsewhere, "hard"))))
		return 6;
	if (!refused(mkfifo(in(elsewhere, "fifo"), 0600)))
		return 7;
	/* Neither by a way round nor into a folder that is ours. */
	if (!refused(open(in(out, "../elsewhere/new"), O_WRONLY | O_CREAT, 0600)) ||
	    !refused(rename(text, in(out, "taken"))))
		return 8;
	fd = open(text, O_RDONLY);
	return fd < 0 ? 9 : 0;
}

/* As artefacts and the kernel cache do it. */
static int writes_in_its_folders(void)
{
	char unnamed[64];
	int fd;

	if (keep_writes())
		return 1;
	if (mkdir(in(out, "run"), 0700))
		return 2;
	fd = open(in(out, "run/.partial"), O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) || ftruncate(fd, 0) || close(fd))
		return 3;
	if (renameat2(AT_FDCWD, in(out, "run/.partial"), AT_FDCWD, in(out, "run/whole"),
		      RENAME_NOREPLACE))
		return 4;
	if (link(in(out, "run/whole"), in(out, "run/again")) || unlink(in(out, "run/again")))
		return 5;
	fd = open(out, O_TMPFILE | O_WRONLY, 0600);
	if (fd >= 0) {
		snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
		if (linkat(AT_FDCWD, unnamed, AT_FDCWD, in(out, "kernel"), AT_SYMLINK_FOLLOW))
			return 6;
		if (utimensat(AT_FDCWD, in(out, "kernel"), NULL, 0))
			return 7;
	}
	if (unlink(in(out, "run/whole")) || rmdir(in(out, "run")) || unlink(in(out, "kernel")))
		return 8;
	/* The output folder itself, once it is empty; and no file beside it. */
	if (!refused(open(in(folder, "new"), O_WRONLY | O_CREAT, 0600)))
		return 9;
	return rmdir(out) ? 10 : 0;
}

/* As --stderr's file does it: open before, renamed after, in a folder where nothing else is ours.
 */
static int gives_a_file_its_name(void)
{
	int fd = open(in(elsewhere, ".partial"), O_WRONLY | O_CREAT, 0600);

	if (rights_keep_writes(out, NULL, elsewhere, NULL))
		return 1;
	if (write(fd, "x", 1) != 1 || fsync(fd))
		return 2;
	if (!refused(open(text, O_WRONLY)) || !refused(mkdir(in(elsewhere, "folder"), 0700)))
		return 3;
	return rename(in(elsewhere, ".partial"), text) ? 4 : 0;
}

static int writes_to_its_cache(void)
{
	if (rights_keep_writes(NULL, out, NULL, NULL))
		return 1;
	if (open(in(out, "cached"), O_WRONLY | O_CREAT, 0600) < 0 || unlink(in(out, "cached")))
		return 2;
	return refused(rmdir(elsewhere)) ? 0 : 3;
}

static void *write_elsewhere(void *arg)
{
	*(bool *)arg = refused(open(text, O_WRONLY));
	return NULL;
}

static int keeps_what_it_has(void)
{
	int fd = open(text, O_WRONLY | O_APPEND), pipes[2];
	bool restricted = false, had_kvm = access("/dev/kvm", W_OK) == 0;
	pthread_t thread;

	if (fd < 0 || pipe(pipes))
		return 1;
	if (keep_writes())
		return 2;
	/* Standard output, --stderr, pipes, memfds. */
	if (write(fd, "!", 1) != 1 || write(pipes[1], "!", 1) != 1)
		return 3;
	fd = memfd_create("memory", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 4096))
		return 4;
	/* The repro VM's. */
	if (had_kvm && open("/dev/kvm", O_RDWR) < 0)
		return 5;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 6;
	if (pthread_create(&thread, NULL, write_elsewhere, &restricted) ||
	    pthread_join(thread, NULL) || !restricted)
		return 7;
	return 0;
}

static int without_landlock(void)
{
	struct error err = { "" };

	if (!deny_syscall(444, 0, 0, ENOSYS))
		return 1;
	if (rights_keep_writes(NULL, NULL, NULL, &err) != -EOPNOTSUPP || *err.text)
		return 2;
	/* Nothing is restricted then. */
	if (open(text, O_WRONLY) < 0)
		return 3;
	return rights_try() == -EOPNOTSUPP ? 0 : 4;
}

static int too_many_layers(void)
{
	struct error err = { "" };
	int ret = 0;

	for (int i = 0; !ret && i < 100; i++)
		ret = rights_keep_writes(NULL, NULL, NULL, &err);
	return ret == -EOPNOTSUPP && !*err.text ? 0 : 1;
}

static int has_privileges_before(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		return 1;
	rights_no_new_privileges();
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
}

static void only_where_landlock_is(void)
{
	if (syscall(444, NULL, 0, 1) < 0) {
		print_message("no Landlock in this kernel: %s\n", strerror(errno));
		skip();
	}
}

static void nothing_is_written_elsewhere(void **state)
{
	(void)state;
	only_where_landlock_is();
	in_child(writes_elsewhere);
	assert_int_equal(rights_try(), 0);
}

static void its_own_folders_are_written_to(void **state)
{
	(void)state;
	only_where_landlock_is();
	in_child(writes_to_its_cache);
	in_child(writes_in_its_folders);
	in_child(gives_a_file_its_name);
}

static void what_is_open_stays_so(void **state)
{
	(void)state;
	only_where_landlock_is();
	in_child(keeps_what_it_has);
}

static void kernels_without_it_are_fine(void **state)
{
	(void)state;
	in_child(without_landlock);
	only_where_landlock_is();
	in_child(too_many_layers);
}

static void privileges_are_given_up(void **state)
{
	(void)state;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
		skip();
	in_child(has_privileges_before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_written_elsewhere),
		TEST(its_own_folders_are_written_to),
		TEST(what_is_open_stays_so),
		TEST(kernels_without_it_are_fine),
		TEST(a_file_is_no_folder_that_may_be_written),
		cmocka_unit_test(privileges_are_given_up),
	};

	return cmocka_run_group_tests_name("rights", tests, NULL, NULL);
}
