/* Does a blob come out as it went in, sealed, and does the variable name it for every descendant?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zlib.h>

#include "embed/embed.h"
#include "wprof/wprof.h"

/* Of "abc" (FIPS 180-2, appendix B.1). */
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct blob abc = {
	.name = "abc",
	.provider = "test",
	.version = "1",
	.sha256 = SHA256_ABC,
	.size = 3,
	.stored = (const uint8_t *)"abc",
	.stored_size = 3,
};

static void table_holds_what_the_launcher_needs(void **state)
{
	static const char *const names[] = { "init",	"wprof",   "work",
					     "busybox", "applets", "licenses" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct blob *blob = embed_find(names[i]);
		struct error err = { "" };

		assert_non_null(blob);
		assert_string_equal(blob->name, names[i]);
		assert_true(blob->size > 0);
		assert_true(blob->stored_size <= blob->size);
		assert_int_equal(strlen(blob->sha256), 64);
		assert_true(*blob->provider && *blob->version);
		assert_int_equal(embed_verify(blob, &err), 0);
	}
	assert_null(embed_find("wprofx"));
	assert_null(embed_find(""));
}

static void digest_is_sha256(void **state)
{
	struct blob other = abc;
	struct error err = { "" };

	(void)state;
	assert_int_equal(embed_verify(&abc, &err), 0);
	other.stored = (const uint8_t *)"abd";
	assert_int_equal(embed_verify(&other, &err), -EBADMSG);
	assert_non_null(strstr(err.text, SHA256_ABC));
	assert_non_null(strstr(err.text, "'abc'"));
}

static void compressed_bytes_come_back(void **state)
{
	uint8_t plain[5000], packed[5000], *data;
	z_stream z = { .next_in = plain,
		       .avail_in = sizeof(plain),
		       .next_out = packed,
		       .avail_out = sizeof(packed) };
	struct blob blob = { .name = "zeros", .size = sizeof(plain), .stored = packed };
	struct error err = { "" };

	(void)state;
	memset(plain, 'z', sizeof(plain));
	plain[4000] = 'y';
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	blob.stored_size = z.total_out;
	deflateEnd(&z);

	assert_int_equal(embed_load(&blob, &data, &err), 0);
	assert_memory_equal(data, plain, sizeof(plain));
	free(data);

	/* What the table says of its size must hold, to the byte. */
	blob.size--;
	assert_int_equal(embed_load(&blob, &data, &err), -EIO);
	blob.size += 2;
	assert_int_equal(embed_load(&blob, &data, &err), -EIO);
	blob.size--;
	blob.stored_size--;
	assert_int_equal(embed_load(&blob, &data, &err), -EIO);
	blob.stored_size++;
	packed[blob.stored_size / 2] ^= 0x10;
	err.text[0] = '\0';
	assert_int_equal(embed_load(&blob, &data, &err), -EIO);
	assert_non_null(strstr(err.text, "'zeros'"));
}

/* Runs @check in a child; it returns 0 or the number of the line that failed. */
static void in_child(int (*check)(const void *), const void *arg)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

enum child_fault {
	FINE,
	NOT_OPENED,
	NOT_READ,
	OTHER_BYTES,
	NOT_SEALED,
	WRITTEN,
	RESIZED,
	MORE_SEALS
};

static int sealed_seen_from_child(const void *arg)
{
	const int *memfd = arg;
	char path[64], bytes[4];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)getppid(), *memfd);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NOT_OPENED;
	if (read(fd, bytes, sizeof(bytes)) != 3)
		return NOT_READ;
	if (memcmp(bytes, "abc", 3))
		return OTHER_BYTES;
	/* A host with vm.memfd_noexec adds F_SEAL_EXEC (0x20). */
	if ((fcntl(fd, F_GET_SEALS) & 0x1f) !=
	    (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return NOT_SEALED;
	/* The inherited descriptor was opened for writing: only the seals are in the way. */
	if (pwrite(*memfd, "x", 1, 0) >= 0 || errno != EPERM)
		return WRITTEN;
	if (ftruncate(*memfd, 0) == 0 || errno != EPERM || ftruncate(*memfd, 9) == 0)
		return RESIZED;
	if (fcntl(*memfd, F_ADD_SEALS, F_SEAL_WRITE) == 0 || errno != EPERM)
		return MORE_SEALS;
	return FINE;
}

static void memfd_is_sealed_and_inherited(void **state)
{
	struct error err = { "" };
	struct stat st;
	int fd = embed_memfd(&abc, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(st.st_mode & 0444, 0444);
	assert_int_equal(st.st_mode & 0222, 0);
	assert_int_equal(st.st_mtim.tv_sec | st.st_mtim.tv_nsec, 0);
	in_child(sealed_seen_from_child, &fd);
	close(fd);
}

static void damaged_blob_gives_no_memfd(void **state)
{
	struct blob damaged = abc;
	struct error err = { "" };

	(void)state;
	damaged.size = 4;
	assert_int_equal(embed_memfd(&damaged, &err), -EIO);
	assert_non_null(strstr(err.text, "damaged"));
}

static int path_opens_without_descriptors(const void *arg)
{
	const struct blob *blob = arg;
	const char *path = getenv(WPROF_PATH_VARIABLE);
	struct stat st;
	int status, fd;
	char magic[4];
	pid_t pid = fork(); /* the grandchild does it */

	if (pid != 0)
		return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									    : NOT_OPENED;
	for (fd = 0; fd < 1024; fd++)
		close(fd);
	fd = path ? open(path, O_RDONLY) : -1;
	if (fd < 0)
		_exit(NOT_OPENED);
	if (fstat(fd, &st) || (uint64_t)st.st_size != blob->size)
		_exit(NOT_READ);
	if (read(fd, magic, sizeof(magic)) != 4 || memcmp(magic, "\177ELF", 4))
		_exit(OTHER_BYTES);
	_exit(FINE);
}

/* Closes the memfd behind the exported path, and forgets the variable. */
static void undo_export(void)
{
	const char *path = getenv(WPROF_PATH_VARIABLE);
	int fd;

	assert_non_null(path);
	assert_int_equal(sscanf(path, "/proc/%*d/fd/%d", &fd), 1);
	close(fd);
	unsetenv(WPROF_PATH_VARIABLE);
}

static void export_names_the_blob_for_grandchildren(void **state)
{
	struct error err = { "" };
	char start[64];
	int used_own = -1;

	(void)state;
	unsetenv(WPROF_PATH_VARIABLE);
	assert_int_equal(embed_export_wprof(&used_own, &err), 0);
	assert_int_equal(used_own, 0);
	snprintf(start, sizeof(start), "/proc/%ld/fd/", (long)getpid());
	assert_int_equal(strncmp(getenv(WPROF_PATH_VARIABLE), start, strlen(start)), 0);
	in_child(path_opens_without_descriptors, embed_find("wprof"));

	/* An outer launcher's export is kept, and is no choice of the user's. */
	used_own = -1;
	assert_int_equal(embed_export_wprof(&used_own, &err), 0);
	assert_int_equal(used_own, 0);
	assert_int_equal(strncmp(getenv(WPROF_PATH_VARIABLE), start, strlen(start)), 0);
	undo_export();
	assert_int_equal(embed_export_wprof(NULL, NULL), 0);
	undo_export();
}

static int exported_fd(void)
{
	int fd = -1;

	unsetenv(WPROF_PATH_VARIABLE);
	assert_int_equal(embed_export_wprof(NULL, NULL), 0);
	assert_int_equal(sscanf(getenv(WPROF_PATH_VARIABLE), "/proc/%*d/fd/%d", &fd), 1);
	return fd;
}

/* Scripts and bats open 3, 4 and so on for themselves, shells 10 and up, and 255. */
static void exported_descriptor_is_out_of_the_way(void **state)
{
	struct rlimit old, low;
	int fd, next;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	next = dup(0);
	close(next);
	fd = exported_fd();
	assert_in_range(fd, 200, 254);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	/* The low one is free again. */
	assert_int_equal(dup(0), next);
	close(next);
	undo_export();

	/* With fewer files as high as can be, and where not even that, as it comes. */
	low = old;
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_in_range(exported_fd(), 50, 63);
	undo_export();
	low.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_in_range(exported_fd(), 3, 15);
	undo_export();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void own_tracer_wins(void **state)
{
	const struct blob *blob = embed_find("wprof");
	char path[] = "/tmp/test_embed-XXXXXX";
	struct error err = { "" };
	int used_own = 0, fd;
	uint8_t *data;

	(void)state;
	setenv(WPROF_PATH_VARIABLE, "/proc/self/exe", 1);
	assert_int_equal(embed_export_wprof(&used_own, &err), 0);
	assert_int_equal(used_own, 1);
	assert_string_equal(getenv(WPROF_PATH_VARIABLE), "/proc/self/exe");

	/* A copy of the blob is the blob; with another last byte it is the user's own. */
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(embed_load(blob, &data, &err), 0);
	assert_int_equal(write(fd, data, blob->size), blob->size);
	setenv(WPROF_PATH_VARIABLE, path, 1);
	assert_int_equal(embed_export_wprof(&used_own, &err), 0);
	assert_int_equal(used_own, 0);
	data[blob->size - 1] ^= 1;
	assert_int_equal(pwrite(fd, data, blob->size, 0), blob->size);
	assert_int_equal(embed_export_wprof(&used_own, &err), 0);
	assert_int_equal(used_own, 1);
	assert_string_equal(getenv(WPROF_PATH_VARIABLE), path);
	free(data);
	close(fd);
	unlink(path);
	unsetenv(WPROF_PATH_VARIABLE);
}

static void assert_refused(const char *path, const char *why)
{
	struct error err = { "" };
	int used_own = 1;

	setenv(WPROF_PATH_VARIABLE, path, 1);
	assert_int_equal(embed_export_wprof(&used_own, &err), -EINVAL);
	assert_int_equal(used_own, 0);
	assert_non_null(strstr(err.text, WPROF_PATH_VARIABLE));
	assert_non_null(strstr(err.text, why));
	assert_string_equal(getenv(WPROF_PATH_VARIABLE), path);
	unsetenv(WPROF_PATH_VARIABLE);
}

static void set_variable_is_never_passed_over(void **state)
{
	char dir[] = "/tmp/test_embed-XXXXXX", path[64];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_refused("", "No such file");
	assert_refused(dir, "a folder");

	snprintf(path, sizeof(path), "%s/file", dir);
	assert_refused(path, "No such file");
	file = fopen(path, "w");
	assert_non_null(file);
	assert_refused(path, "not an ELF");
	fputs("#!/bin/sh\n", file);
	fflush(file);
	assert_refused(path, "not an ELF");
	/* Three bytes of four. */
	assert_int_equal(ftruncate(fileno(file), 0), 0);
	rewind(file);
	fputs("\177EL", file);
	fclose(file);
	assert_refused(path, "not an ELF");
	if (geteuid() == 0) {
		assert_int_equal(chmod(path, 0), 0);
		assert_int_equal(seteuid(65534), 0);
		assert_refused(path, "Permission denied");
		assert_int_equal(seteuid(0), 0);
	}
	unlink(path);

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, "pipe");
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_holds_what_the_launcher_needs),
		cmocka_unit_test(digest_is_sha256),
		cmocka_unit_test(compressed_bytes_come_back),
		cmocka_unit_test(memfd_is_sealed_and_inherited),
		cmocka_unit_test(damaged_blob_gives_no_memfd),
		cmocka_unit_test(export_names_the_blob_for_grandchildren),
		cmocka_unit_test(exported_descriptor_is_out_of_the_way),
		cmocka_unit_test(own_tracer_wins),
		cmocka_unit_test(set_variable_is_never_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
