/* Does the spool keep the newest within its bound, whatever the file system has room for? */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/tracer/spool.h"

static struct failure failure;

struct folder {
	char root[32];
	char path[64];
	struct spool spool;
};

static int setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	strcpy(folder->root, "/tmp/spool.XXXXXX");
	assert_non_null(mkdtemp(folder->root));
	snprintf(folder->path, sizeof(folder->path), "%s/data", folder->root);
	folder->spool.fd = -1;
	*state = folder;
	return 0;
}

static int teardown(void **state)
{
	struct folder *folder = *state;
	int ret;

	spool_close(&folder->spool);
	/* It has no name while it is open, so nothing can be left. */
	ret = rmdir(folder->root);
	free(folder);
	return ret;
}

/* Segment number @n: its CPU, its events and all of its bytes tell which it is. */
static int put(struct spool *spool, unsigned int n)
{
	static uint8_t body[SPOOL_SEGMENT_SIZE];
	const struct segment segment = {
		.cpu = (uint16_t)n, .lost = n % 3 == 0, .used = 32000 + n, .events = 10 + n
	};

	memset(body, (int)n, sizeof(body));
	return spool_put(spool, &segment, body, &failure);
}

static void expect(const struct spool *spool, uint64_t nth, unsigned int n)
{
	static uint8_t body[SPOOL_SEGMENT_SIZE];
	struct segment segment;
	size_t i;

	memset(body, 0xee, sizeof(body));
	assert_int_equal(spool_get(spool, nth, &segment, body, &failure), 0);
	assert_int_equal(segment.cpu, n);
	assert_int_equal(segment.lost, n % 3 == 0);
	assert_int_equal(segment.used, 32000 + n);
	assert_int_equal(segment.events, 10 + n);
	for (i = 0; i < segment.used; i++)
		if (body[i] != (uint8_t)n)
			fail_msg("segment %u: byte %zu is %u", n, i, body[i]);
}

static void in_order(void **state)
{
	struct folder *folder = *state;
	unsigned int n;

	assert_int_equal(spool_open(&folder->spool, folder->path, 5 * SPOOL_SEGMENT_SIZE, &failure),
			 0);
	assert_int_equal(spool_kept(&folder->spool), 0);
	for (n = 0; n < 5; n++)
		assert_int_equal(put(&folder->spool, n), 0);
	assert_int_equal(spool_kept(&folder->spool), 5);
	assert_int_equal(folder->spool.dropped, 0);
	for (n = 0; n < 5; n++)
		expect(&folder->spool, n, n);
}

static void newest_kept(void **state)
{
	struct folder *folder = *state;
	unsigned int n;
	struct stat st;

	/* A bound that is no whole number of segments is rounded down. */
	assert_int_equal(
		spool_open(&folder->spool, folder->path, 6 * SPOOL_SEGMENT_SIZE - 1, &failure), 0);
	for (n = 0; n < 18; n++)
		assert_int_equal(put(&folder->spool, n), 0);
	assert_int_equal(spool_kept(&folder->spool), 5);
	for (n = 0; n < 5; n++)
		expect(&folder->spool, n, 13 + n);
	/* 0 to 12 are gone: 13 x 10 + 78 events */
	assert_int_equal(folder->spool.dropped, 208);
	assert_int_equal(fstat(folder->spool.fd, &st), 0);
	assert_int_equal(st.st_size, 5 * SPOOL_SEGMENT_SIZE);
}

static void release(void **state)
{
	struct folder *folder = *state;
	struct stat before, after;
	unsigned int n;

	assert_int_equal(spool_open(&folder->spool, folder->path, 4 * SPOOL_SEGMENT_SIZE, &failure),
			 0);
	for (n = 0; n < 6; n++)
		assert_int_equal(put(&folder->spool, n), 0);
	assert_int_equal(fstat(folder->spool.fd, &before), 0);
	spool_release(&folder->spool, 0);
	assert_int_equal(fstat(folder->spool.fd, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_true(after.st_blocks <= before.st_blocks);
	for (n = 1; n < 4; n++)
		expect(&folder->spool, n, 2 + n);
}

static void one_segment(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(spool_open(&folder->spool, folder->path, 1, &failure), 0);
	assert_int_equal(put(&folder->spool, 1), 0);
	assert_int_equal(put(&folder->spool, 2), 0);
	assert_int_equal(spool_kept(&folder->spool), 1);
	expect(&folder->spool, 0, 2);
	assert_int_equal(folder->spool.dropped, 11);
}

static void write_error(void **state)
{
	struct folder *folder = *state;
	struct rlimit old, limit;
	int ret;

	assert_int_equal(spool_open(&folder->spool, folder->path, 8 * SPOOL_SEGMENT_SIZE, &failure),
			 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = SPOOL_SEGMENT_SIZE + 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(put(&folder->spool, 1), 0);
	ret = put(&folder->spool, 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(ret, -EFBIG);
	assert_non_null(strstr(failure.text, folder->path));
	assert_non_null(strstr(failure.text, strerror(EFBIG)));
}

/*
 * On a tmpfs with room for three segments and a bit: the bound becomes what fits. Needs a mount, so
 * it happens in a mount namespace of a child, or is skipped where there is no right to one.
 */
static int in_small_tmpfs(const char *root)
{
	struct spool spool;
	char path[64];
	unsigned int n;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", root, "tmpfs", 0, "size=112k"))
		return 77;
	snprintf(path, sizeof(path), "%s/data", root);
	if (spool_open(&spool, path, 100 * SPOOL_SEGMENT_SIZE, &failure))
		return 1;
	for (n = 0; n < 10; n++)
		if (put(&spool, n))
			return 2;
	if (!spool.full || spool_kept(&spool) != 3 || spool.dropped != 7 * 10 + 21)
		return 3;
	for (n = 0; n < 3; n++)
		expect(&spool, n, 7 + n);
	spool_close(&spool);
	return 0;
}

static void full_file_system(void **state)
{
	struct folder *folder = *state;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		_exit(in_small_tmpfs(folder->root));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void refused_paths(void **state)
{
	struct folder *folder = *state;
	char fifo[64];
	struct stat st;

	assert_int_equal(spool_open(&folder->spool, "/dev/null", 1, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "not a regular file"));
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_int_equal(spool_open(&folder->spool, folder->root, 1, &failure), -EISDIR);
	assert_int_equal(spool_open(&folder->spool, "/nowhere/data", 1, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "/nowhere/data"));
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder->root);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(spool_open(&folder->spool, fifo, 1, &failure), -EINVAL);
	assert_int_equal(unlink(fifo), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(in_order),	  IN_FOLDER(newest_kept), IN_FOLDER(release),
		IN_FOLDER(one_segment),	  IN_FOLDER(write_error), IN_FOLDER(full_file_system),
		IN_FOLDER(refused_paths),
	};

	return cmocka_run_group_tests_name("tracer spool", tests, NULL, NULL);
}
