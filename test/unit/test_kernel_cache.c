/*
 * Is a kernel that was unpacked once found again, and one whose copy is damaged unpacked anew? The
 * module is included, so that the order of its last steps can be watched.
 */
#include <dirent.h>
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

#include "kernel_samples.h"
#include "no_tmpfile.h"

static int synced; /* descriptor of the last fdatasync that went well, or -1 */
static bool sync_fails;
static unsigned int links;

static int watched_fdatasync(int fd)
{
	if (sync_fails) {
		errno = EIO;
		return -1;
	}
	synced = fd;
	return fdatasync(fd);
}

/* Nothing gets its name before it is on the disk. */
static int watched_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	int fd = -1;

	assert_int_equal(sscanf(from, "/proc/self/fd/%d", &fd), 1);
	assert_int_equal(fd, synced);
	links++;
	return linkat(from_dir, from, to_dir, to, flags);
}

#define fdatasync watched_fdatasync
#define linkat	  watched_linkat
#define open(...) watched_openat(AT_FDCWD, __VA_ARGS__)
#include "../../src/run/kernel_cache.c"
#undef fdatasync
#undef linkat
#undef open

#define DATA_SIZE 0x123456

struct fixture {
	char root[64], folder[80], kernel[80];
	struct sample vmlinux; /* what every opening must give */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sample bzimage = sample_packed(DATA_SIZE, SAMPLE_ZSTD);

	strcpy(f->root, "/tmp/test_kernel_cache-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->folder, sizeof(f->folder), "%s/cache", f->root);
	snprintf(f->kernel, sizeof(f->kernel), "%s/vmlinuz", f->root);
	assert_int_equal(
		file_write_new(f->kernel, bzimage.data, bzimage.size, 0644, &(struct error){ "" }),
		0);
	free(bzimage.data);
	f->vmlinux = sample_vmlinux(DATA_SIZE);
	setenv("KTSTR_CACHE_DIR", f->folder, 1);
	synced = -1;
	sync_fails = no_tmpfile = false;
	links = 0;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", f->root);
	assert_int_equal(system(command), 0);
	free(f->vmlinux.data);
	free(f);
	return 0;
}

/* The one entry of the cache; false when there is none. */
static bool find_entry(const struct fixture *f, char path[512])
{
	DIR *dir = opendir(f->folder);
	struct dirent *entry;
	unsigned int count = 0;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.') {
			snprintf(path, 512, "%s/%s", f->folder, entry->d_name);
			count++;
		}
	if (dir)
		closedir(dir);
	assert_true(count <= 1);
	return count == 1;
}

/* Open @f's kernel: what would get into guest memory must be the whole vmlinux. */
static void open_and_compare(const struct fixture *f)
{
	const struct topology topology = TOPOLOGY(1, 1, 1, 1);
	struct kernel_image *image;
	struct kernel_entry entry;
	struct guest_memory memory;
	struct error err = { "" };

	if (kernel_cache_open(f->kernel, -1, &image, &err))
		fail_msg("%s", err.text);
	assert_false(kernel_image_is_bzimage(image));
	assert_int_equal(guest_memory_create(&memory, &topology, 64, NULL, &err), 0);
	assert_int_equal(kernel_image_load(image, &memory, &entry, &err), 0);
	assert_memory_equal(guest_memory_at(&memory, SAMPLE_TEXT_GPA, SAMPLE_TEXT_SIZE),
			    f->vmlinux.data + SAMPLE_TEXT_AT, SAMPLE_TEXT_SIZE);
	assert_memory_equal(guest_memory_at(&memory, SAMPLE_DATA_GPA, DATA_SIZE),
			    f->vmlinux.data + SAMPLE_DATA_AT, DATA_SIZE);
	guest_memory_destroy(&memory);
	kernel_image_close(image);
}

static void unpacked_once(void **state)
{
	struct fixture *f = *state;
	struct stat first, second;
	char entry[512];

	open_and_compare(f);
	assert_int_equal(links, 1);
	assert_true(find_entry(f, entry));
	assert_int_equal(stat(entry, &first), 0);
	assert_int_equal(first.st_mode & 07777, 0600);
	for (int i = 0; i < 3; i++)
		open_and_compare(f);
	assert_int_equal(links, 1);
	assert_int_equal(stat(entry, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
}

enum damage {
	EMPTY,
	SHORT,
	HEADERS_ONLY,
	ALL_ZERO,
	HOLE,
	LAST_ZERO,
	TOO_LONG,
	WITHOUT_TRAILER,
	NO_KERNEL,
	ANOTHER_SIZE,
	DAMAGES,
};

static void do_damage(const struct fixture *f, const char *path, enum damage damage)
{
	const off_t size = (off_t)(f->vmlinux.size + sizeof(struct trailer));
	struct trailer trailer = { .magic = MAGIC };
	uint8_t *zeros = calloc(1, (size_t)size);
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	switch (damage) {
	case EMPTY:
		assert_int_equal(ftruncate(fd, 0), 0);
		break;
	case SHORT:
		assert_int_equal(ftruncate(fd, size - 1), 0);
		break;
	case HEADERS_ONLY: /* as if the data had never been written: the size is right */
		assert_int_equal(ftruncate(fd, 4096), 0);
		assert_int_equal(ftruncate(fd, size), 0);
		break;
	case ALL_ZERO:
		assert_int_equal(pwrite(fd, zeros, (size_t)size, 0), size);
		break;
	case HOLE:
		assert_int_equal(pwrite(fd, zeros, SAMPLE_EVERY, 0x54321), SAMPLE_EVERY);
		break;
	case LAST_ZERO:
		assert_int_equal(pwrite(fd, zeros, 4096, size - 4096), 4096);
		break;
	case TOO_LONG:
		assert_int_equal(pwrite(fd, zeros, 4096, size), 4096);
		break;
	case WITHOUT_TRAILER: /* of an older launcher */
		assert_int_equal(ftruncate(fd, (off_t)f->vmlinux.size), 0);
		break;
	case NO_KERNEL: /* whole, but none of ours */
		memset(zeros, 'x', 64);
		trailer.size = 64;
		assert_true(sampled_crc(zeros, -1, 64, &trailer.crc));
		memcpy(zeros + 64, &trailer, sizeof(trailer));
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, zeros, 64 + sizeof(trailer), 0), 64 + sizeof(trailer));
		break;
	default: /* the trailer of a shorter file */
		trailer.size = 64;
		assert_true(sampled_crc(f->vmlinux.data, -1, 64, &trailer.crc));
		assert_int_equal(
			pwrite(fd, &trailer, sizeof(trailer), size - (off_t)sizeof(trailer)),
			sizeof(trailer));
		break;
	}
	close(fd);
	free(zeros);
}

static void damaged_entries_are_made_anew(void **state)
{
	struct fixture *f = *state;
	char entry[512];

	open_and_compare(f);
	assert_true(find_entry(f, entry));
	for (enum damage damage = 0; damage < DAMAGES; damage++) {
		do_damage(f, entry, damage);
		links = 0;
		open_and_compare(f);
		if (links != 1)
			fail_msg("damage %d: not unpacked anew", (int)damage);
		/* And that one is good again. */
		open_and_compare(f);
		if (links != 1)
			fail_msg("damage %d: unpacked for ever", (int)damage);
	}
}

static void what_cannot_be_synced_gets_no_name(void **state)
{
	struct fixture *f = *state;
	char entry[512];

	sync_fails = true;
	open_and_compare(f);
	assert_int_equal(links, 0);
	assert_false(find_entry(f, entry));
}

static void another_file_is_another_kernel(void **state)
{
	struct fixture *f = *state;
	struct sample bzimage = sample_packed(DATA_SIZE, SAMPLE_XZ);
	char old[512], entry[512];

	open_and_compare(f);
	assert_true(find_entry(f, old));
	unlink(f->kernel);
	assert_int_equal(file_write_new(f->kernel, bzimage.data, bzimage.size, 0644, NULL), 0);
	free(bzimage.data);
	unlink(old);
	open_and_compare(f);
	assert_int_equal(links, 2);
	assert_true(find_entry(f, entry));
	assert_string_not_equal(entry, old);
}

static void the_oldest_make_room(void **state)
{
	struct fixture *f = *state;
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char path[512];

	assert_int_equal(mkdir(f->folder, 0700), 0);
	for (unsigned int i = 0; i < KERNEL_CACHE_ENTRIES; i++) {
		snprintf(path, sizeof(path), "%s/" PREFIX "%u", f->folder, i);
		assert_int_equal(file_write_new(path, "x", 1, 0600, NULL), 0);
	}
	snprintf(path, sizeof(path), "%s/" PREFIX "3", f->folder);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	open_and_compare(f);
	assert_int_equal(links, 1);
	assert_int_equal(access(path, F_OK), -1);
	path[strlen(path) - 1] = '0';
	assert_int_equal(access(path, F_OK), 0);
}

static void one_that_is_used_stays(void **state)
{
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct fixture *f = *state;
	char entry[512], path[512];
	struct stat st;

	open_and_compare(f);
	assert_true(find_entry(f, entry));
	assert_int_equal(utimensat(AT_FDCWD, entry, old, 0), 0);
	for (unsigned int i = 0; i < KERNEL_CACHE_ENTRIES; i++) {
		snprintf(path, sizeof(path), "%s/" PREFIX "%u", f->folder, i);
		assert_int_equal(file_write_new(path, "x", 1, 0600, NULL), 0);
	}
	/* Written first, and used last. */
	open_and_compare(f);
	assert_int_equal(stat(entry, &st), 0);
	assert_true(st.st_mtim.tv_sec > 1000);
	make_room(f->folder);
	assert_int_equal(access(entry, F_OK), 0);
	assert_int_equal(links, 1);
}

static void without_unnamed_files(void **state)
{
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct fixture *f = *state;
	char entry[512], left[512], young[512];

	no_tmpfile = true;
	assert_int_equal(mkdir(f->folder, 0700), 0);
	snprintf(left, sizeof(left), "%s/" PARTIAL_PREFIX "1", f->folder);
	snprintf(young, sizeof(young), "%s/" PARTIAL_PREFIX "2", f->folder);
	assert_int_equal(file_write_new(left, "x", 1, 0600, NULL), 0);
	assert_int_equal(file_write_new(young, "x", 1, 0600, NULL), 0);
	assert_int_equal(utimensat(AT_FDCWD, left, old, 0), 0);
	open_and_compare(f);
	assert_int_equal(links, 0);
	assert_true(find_entry(f, entry));
	open_and_compare(f);
	/* What a launcher that was killed left is gone; what one writes now is not. */
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(young, F_OK), 0);
	assert_int_equal(unlink(entry), 0);
	sync_fails = true;
	open_and_compare(f);
	assert_false(find_entry(f, entry));
}

/* Many at once: one unpacks, and all have the same. */
static void several_at_once_unpack_once(void **state)
{
	struct fixture *f = *state;
	char path[512];
	int begin[2], unpacked = 0, status;

	assert_int_equal(pipe(begin), 0);
	for (int i = 0; i < 8; i++) {
		if (fork())
			continue;
		close(begin[1]);
		(void)!read(begin[0], path, 1);
		open_and_compare(f);
		_exit((int)links);
	}
	close(begin[0]);
	close(begin[1]);
	while (wait(&status) > 0) {
		assert_true(WIFEXITED(status));
		unpacked += WEXITSTATUS(status);
	}
	assert_int_equal(unpacked, 1);
	assert_true(find_entry(f, path));
}

/* The lock is the kernel's own; it goes with who holds it. */
static void a_lock_that_is_held_is_waited_for(void **state)
{
	struct fixture *f = *state;
	char folder[PATH_MAX], entry[PATH_MAX + NAME_MAX];
	int lock, status;
	pid_t child;

	assert_true(open_folder(folder) && entry_path(f->kernel, folder, entry));
	lock = lock_entry(folder, entry, -1);
	assert_true(lock >= 0);
	child = fork();
	if (!child) {
		close(lock);
		open_and_compare(f);
		_exit((int)links);
	}
	/* It comes no further. */
	usleep(200000);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	/* Its holder is killed: the lock goes with it. */
	close(lock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void without_a_cache(void **state)
{
	struct fixture *f = *state;
	char entry[512];

	setenv("KTSTR_CACHE_DIR", "", 1);
	open_and_compare(f);
	/* Where others can write they could put a kernel of theirs. */
	assert_int_equal(mkdir(f->folder, 0700), 0);
	assert_int_equal(chmod(f->folder, 0777), 0);
	setenv("KTSTR_CACHE_DIR", f->folder, 1);
	open_and_compare(f);
	assert_int_equal(links, 0);
	assert_false(find_entry(f, entry));
}

/* As most have it who have a group of their own. */
static void an_umask_that_lets_the_group_in(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(002);

	open_and_compare(f);
	umask(old);
	open_and_compare(f);
	assert_int_equal(links, 1);
}

static void count_entries(void *data, const struct cache_entry *entry)
{
	unsigned int *counts = data;

	counts[!entry->release]++;
	assert_true(entry->disk_bytes >= DATA_SIZE && entry->used > 1000 && !entry->identity);
}

static void listed_and_cleared(void **state)
{
	struct fixture *f = *state;
	struct cache_cleared cleared;
	unsigned int counts[2] = { 0 }; /* whole, damaged */
	char entry[512], path[512];

	kernel_cache_list(count_entries, counts);
	assert_int_equal(kernel_cache_clear(&cleared, NULL), 0);
	assert_int_equal(counts[0] + counts[1] + cleared.count, 0);
	assert_int_equal(access(f->folder, F_OK), -1);
	open_and_compare(f);
	kernel_cache_list(count_entries, counts);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 0);
	assert_true(find_entry(f, entry));
	do_damage(f, entry, LAST_ZERO);
	kernel_cache_list(count_entries, counts);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 1);
	snprintf(path, sizeof(path), "%s/" PARTIAL_PREFIX "1", f->folder);
	assert_int_equal(file_write_new(path, "x", 1, 0600, NULL), 0);
	assert_int_equal(kernel_cache_clear(&cleared, NULL), 0);
	assert_int_equal(cleared.count, 1);
	assert_true(cleared.disk_bytes >= DATA_SIZE);
	assert_false(find_entry(f, entry));
	assert_int_equal(access(path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unpacked_once),
		TEST(damaged_entries_are_made_anew),
		TEST(what_cannot_be_synced_gets_no_name),
		TEST(another_file_is_another_kernel),
		TEST(the_oldest_make_room),
		TEST(one_that_is_used_stays),
		TEST(without_unnamed_files),
		TEST(several_at_once_unpack_once),
		TEST(a_lock_that_is_held_is_waited_for),
		TEST(without_a_cache),
		TEST(listed_and_cleared),
		TEST(an_umask_that_lets_the_group_in),
	};

	return cmocka_run_group_tests_name("kernel_cache", tests, NULL, NULL);
}
