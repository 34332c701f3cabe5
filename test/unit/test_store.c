/*
 * Is a base found again as it was kept, one that is damaged never, and is nothing left of one that
 * could not be kept? The module is included, so that a file system without files that have no name
 * can be played.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "no_tmpfile.h"
#include "run/rights.h"
#include "util/cancel.h"
#include "util/memfd.h"

#define openat watched_openat
#include "../../src/base/store.c"
#undef openat

#define MIB	 (1ull << 20)
#define RAM_SIZE (256 * MIB)
#define PAGE	 EXTENTS_PAGE

struct fixture {
	char root[64], cache[80], folder[96], path[256];
	struct base_identity identity;
	struct base base;
};

/* Pages of all kinds: far and near, many and single, zero among others, the first and the last. */
static const struct {
	uint64_t page;
	unsigned int count;
	bool zero;
} stretches[] = {
	{ 0, 1, false },     { 3, 2, false },	  { 5, 3, true },	 { 8, 1, false },
	{ 400, 700, false }, { 5000, 300, true }, { 20000, 300, false }, { 65535, 1, false },
};

static void fill(uint8_t *ram)
{
	uint64_t chance = 88172645463325252ull;

	for (size_t i = 0; i < sizeof(stretches) / sizeof(stretches[0]); i++) {
		uint64_t *at = (uint64_t *)(ram + stretches[i].page * PAGE);

		for (uint64_t j = 0; j < stretches[i].count * PAGE / sizeof(*at); j++) {
			chance ^= chance << 13;
			chance ^= chance >> 7;
			chance ^= chance << 17;
			at[j] = stretches[i].zero ? 0 : chance;
		}
	}
}

static void make_base(struct base *base)
{
	uint8_t *ram;

	*base = (struct base){ .ram_fd = memfd_new("ram", MFD_CLOEXEC, NULL),
			       .ram_size = RAM_SIZE,
			       .state = malloc(100000),
			       .state_size = 100000,
			       .facts = { .release = "6.12.9-cloud-amd64",
					  .cpus_online = 2,
					  .nodes_online = 1,
					  .boot_ns = 512345678 } };
	memset(base->state, 0x5a, base->state_size);
	base->facts.console = (struct base_text){ strdup("[ 0.0 ] Linux\n"), 14 };
	assert_true(base->ram_fd >= 0);
	assert_int_equal(ftruncate(base->ram_fd, RAM_SIZE), 0);
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, base->ram_fd, 0);
	assert_true(ram != MAP_FAILED);
	fill(ram);
	munmap(ram, RAM_SIZE);
	for (size_t i = 0; i < sizeof(stretches) / sizeof(stretches[0]); i++)
		assert_int_equal(extents_add(&base->extents, stretches[i].page * PAGE,
					     stretches[i].count * PAGE),
				 0);
}

static void make_identity(struct base_identity *identity, const char *text)
{
	identity->text = strdup(text);
	identity_digest(text, identity->digest);
}

static int set_up_in(void **state, const char *where)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "%s/test_store-XXXXXX", where);
	assert_non_null(mkdtemp(f->root));
	snprintf(f->cache, sizeof(f->cache), "%s/cache", f->root);
	snprintf(f->folder, sizeof(f->folder), "%s/bases", f->cache);
	setenv("KTSTR_CACHE_DIR", f->cache, 1);
	make_identity(&f->identity, "topology: 1n1l2c1t\nmemory: 256 MiB\nhost boot: 1-2-3\n");
	snprintf(f->path, sizeof(f->path), "%s/", f->folder);
	name_of(&f->identity, f->path + strlen(f->path));
	make_base(&f->base);
	no_tmpfile = false;
	*state = f;
	return 0;
}

static int set_up(void **state)
{
	return set_up_in(state, "/tmp");
}

/* For what saves a hundred times: no disk is waited for. */
static int set_up_in_memory(void **state)
{
	return set_up_in(state, access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", f->root);
	assert_int_equal(system(command), 0);
	identity_free(&f->identity);
	base_close(&f->base);
	free(f);
	return 0;
}

static void keep(const struct fixture *f)
{
	struct error err = { "" };

	if (store_save(&f->identity, &f->base, -1, &err))
		fail_msg("%s", err.text);
}

static bool is_there(const struct fixture *f)
{
	return access(f->path, F_OK) == 0;
}

static bool loads(const struct fixture *f)
{
	struct base base;
	int ret = store_load(&f->identity, &base);

	assert_true(!ret || ret == -ENOENT);
	assert_int_equal(base.ram_fd >= 0, !ret);
	base_close(&base);
	return !ret;
}

/* How many files there are, without the one for locks. */
static unsigned int files_in(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned int count = 0;

	while (dir && (entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			 strcmp(entry->d_name, LOCKS) != 0;
	if (dir)
		closedir(dir);
	return count;
}

static bool is_within(const struct extents *extents, uint64_t at, uint64_t size)
{
	for (size_t i = 0; i < extents->count; i++)
		if (at >= extents->list[i].at &&
		    at + size <= extents->list[i].at + extents->list[i].size)
			return true;
	return false;
}

/* As a fork sees it: what is in the extents from the file, all else zero. */
static void assert_same_ram(const struct base *base)
{
	uint8_t *expected = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_int_equal(base->ram_size, RAM_SIZE);
	fill(expected);
	for (size_t i = 0; i < sizeof(stretches) / sizeof(stretches[0]); i++)
		assert_true(stretches[i].zero || is_within(&base->extents, stretches[i].page * PAGE,
							   stretches[i].count * PAGE));
	for (size_t i = 0; i < base->extents.count; i++) {
		const struct extent *extent = &base->extents.list[i];
		uint8_t *ram = mmap(NULL, extent->size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				    base->ram_fd, (off_t)(base->ram_offset + extent->at));

		assert_true(ram != MAP_FAILED);
		assert_memory_equal(ram, expected + extent->at, extent->size);
		munmap(ram, extent->size);
	}
	munmap(expected, RAM_SIZE);
}

/* Whole, if there is one. */
static bool loads_whole(const struct fixture *f)
{
	struct base base;

	if (store_load(&f->identity, &base))
		return false;
	assert_int_equal(base.ram_offset % (2 * MIB), 0);
	assert_int_equal(base.state_size, f->base.state_size);
	assert_memory_equal(base.state, f->base.state, base.state_size);
	assert_string_equal(base.facts.release, f->base.facts.release);
	assert_int_equal(base.facts.boot_ns, f->base.facts.boot_ns);
	assert_int_equal(base.facts.console.size, 14);
	assert_same_ram(&base);
	base_close(&base);
	return true;
}

static void assert_whole(const struct fixture *f)
{
	assert_true(loads_whole(f));
}

/* --- what is kept --------------------------------------------------------------------------------
 */

static void what_was_kept_is_found(void **state)
{
	struct fixture *f = *state;
	struct base base;
	struct stat st;

	assert_false(loads(f));
	/* Looking for one makes nothing. */
	assert_int_equal(access(f->cache, F_OK), -1);
	keep(f);
	assert_whole(f);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* Not the memory that is zero: 1005 pages, some between them, and what is beside it. */
	assert_true((uint64_t)st.st_blocks * 512 < 1100 * PAGE);
	assert_int_equal(store_load(&f->identity, &base), 0);
	assert_int_equal(st.st_size, base.ram_offset + RAM_SIZE);
	assert_int_equal(fcntl(base.ram_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_true(fcntl(base.ram_fd, F_GETFD) & FD_CLOEXEC);
	base_close(&base);
	assert_int_equal(files_in(f->folder), 1);
	assert_int_equal(stat(f->folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

/* Whatever the umask is, the folders are only ours, and so are used the next time. */
static struct base_text words(size_t size)
{
	struct base_text text = { malloc(size), size };

	memset(text.bytes, 'x', size);
	return text;
}

/* As large as all that is no memory may be, and no zero among the memory. */
static void no_more_room_than_was_said(void **state)
{
	struct fixture *f = *state;
	struct base_facts *facts = &f->base.facts;
	struct stat st;

	free(facts->console.bytes);
	facts->console = words(BASE_MAX_TEXT);
	facts->init_log = words(BASE_MAX_TEXT);
	extents_free(&f->base.extents);
	assert_int_equal(extents_add(&f->base.extents, 400 * PAGE, 700 * PAGE), 0);
	keep(f);
	assert_int_equal(stat(f->path, &st), 0);
	assert_in_range((uint64_t)st.st_blocks * 512, 700 * PAGE + 2 * BASE_MAX_TEXT,
			base_file_room(&f->base));
}

static void what_is_of_no_use_is_dropped(void **state)
{
	const struct fixture *f = *state;
	struct base base;

	keep(f);
	store_drop(&f->identity);
	assert_int_equal(store_load(&f->identity, &base), -ENOENT);
	store_drop(&f->identity);
	keep(f);
	assert_whole(f);
}

static void an_umask_that_lets_others_in(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(0);

	keep(f);
	umask(old);
	assert_true(loads(f));
}

static void a_base_that_came_from_the_store(void **state)
{
	struct fixture *f = *state;
	struct base base;
	struct error err = { "" };

	keep(f);
	assert_int_equal(store_load(&f->identity, &base), 0);
	assert_int_equal(unlink(f->path), 0);
	/* It is ours as long as it is open, and can be kept again. */
	assert_same_ram(&base);
	assert_int_equal(store_save(&f->identity, &base, -1, &err), 0);
	base_close(&base);
	assert_whole(f);
}

static void memory_that_is_all_zero(void **state)
{
	struct fixture *f = *state;
	struct base base;

	assert_int_equal(ftruncate(f->base.ram_fd, 0), 0);
	assert_int_equal(ftruncate(f->base.ram_fd, RAM_SIZE), 0);
	extents_free(&f->base.extents);
	keep(f);
	assert_int_equal(store_load(&f->identity, &base), 0);
	assert_int_equal(base.extents.count, 0);
	base_close(&base);
}

static void another_identity(void **state)
{
	struct fixture *f = *state;
	struct base_identity other;
	struct base base;
	char path[256];

	keep(f);
	make_identity(&other, "topology: 1n1l2c1t\nmemory: 256 MiB\nhost boot: 1-2-4\n");
	assert_int_equal(store_load(&other, &base), -ENOENT);
	assert_true(is_there(f));
	/* Nor under its name. */
	snprintf(path, sizeof(path), "%s/", f->folder);
	name_of(&other, path + strlen(path));
	assert_int_equal(rename(f->path, path), 0);
	assert_int_equal(store_load(&other, &base), -ENOENT);
	assert_int_equal(access(path, F_OK), -1);
	identity_free(&other);
}

/* --- what is damaged -----------------------------------------------------------------------------
 */

static struct header_of {
	uint64_t file_size, ram_offset, text_size, base_size, nr_pages;
} header_of(const struct fixture *f)
{
	struct header_of header;
	int fd = open(f->path, O_RDONLY);

	assert_int_equal(pread(fd, &header, sizeof(header), 8), sizeof(header));
	close(fd);
	return header;
}

static void flip(const struct fixture *f, uint64_t at)
{
	uint8_t byte;
	int fd = open(f->path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

/* It is not used, and it is gone, so that it is made anew. */
static void assert_refused(const struct fixture *f, const char *what, uint64_t at)
{
	if (loads(f))
		fail_msg("%s, byte %llu: used", what, (unsigned long long)at);
	if (is_there(f))
		fail_msg("%s, byte %llu: still there", what, (unsigned long long)at);
}

static void assert_byte_matters(const struct fixture *f, const char *what, uint64_t at)
{
	char kept[128];

	snprintf(kept, sizeof(kept), "%s/kept", f->root);
	assert_int_equal(link(f->path, kept), 0);
	flip(f, at);
	assert_refused(f, what, at);
	assert_int_equal(rename(kept, f->path), 0);
	flip(f, at);
}

static void one_byte_before_the_memory(void **state)
{
	struct fixture *f = *state;
	const struct header_of header = (keep(f), header_of(f));
	const uint64_t text_at = 112, base_at = text_at + (header.text_size + 7) / 8 * 8;
	const uint64_t table_at = base_at + (header.base_size + 7) / 8 * 8;
	const uint64_t end = table_at + header.nr_pages * 4;

	assert_true(end <= header.ram_offset);
	for (uint64_t at = 0; at < text_at; at++)
		assert_byte_matters(f, "header", at);
	for (uint64_t at = text_at; at < base_at; at += 7)
		assert_byte_matters(f, "identity", at);
	for (uint64_t at = base_at; at < table_at; at += 997)
		assert_byte_matters(f, "state", at);
	for (uint64_t at = table_at; at < end; at += 331)
		assert_byte_matters(f, "page table", at);
	assert_byte_matters(f, "page table", end - 1);
	assert_whole(f);
	/* What belongs to nothing does no harm. */
	flip(f, end);
	assert_whole(f);
}

static void a_file_of_another_size(void **state)
{
	struct fixture *f = *state;
	const struct header_of header = (keep(f), header_of(f));
	const uint64_t sizes[] = { 0,
				   1,
				   111,
				   112,
				   header.ram_offset - 1,
				   header.ram_offset,
				   header.ram_offset + RAM_SIZE - 4096,
				   header.ram_offset + RAM_SIZE - 1,
				   header.ram_offset + RAM_SIZE + 1 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		keep(f);
		assert_int_equal(truncate(f->path, (off_t)sizes[i]), 0);
		assert_refused(f, "truncated", sizes[i]);
	}
}

static void memory_that_got_lost(void **state)
{
	struct fixture *f = *state;
	struct header_of header;
	const uint8_t *zeroes = calloc(1, MIB);
	int fd;

	/* A single page, as a hole. */
	keep(f);
	header = header_of(f);
	fd = open(f->path, O_RDWR);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   (off_t)(header.ram_offset + 20077 * PAGE), PAGE),
			 0);
	close(fd);
	assert_refused(f, "hole", 20077);
	/* The last page of all. */
	keep(f);
	assert_int_equal(truncate(f->path, (off_t)(header.file_size - PAGE)), 0);
	assert_int_equal(truncate(f->path, (off_t)header.file_size), 0);
	assert_refused(f, "last page", 0);
	/* A page that was zero may well be a hole. */
	keep(f);
	fd = open(f->path, O_RDWR);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   (off_t)(header.ram_offset + 6 * PAGE), PAGE),
			 0);
	close(fd);
	assert_whole(f);
	/* A stretch of a MiB that a disk gives back as zeroes: one page in 16 is looked at. */
	fd = open(f->path, O_RDWR);
	assert_int_equal(pwrite(fd, zeroes, MIB, (off_t)(header.ram_offset + 500 * PAGE)), MIB);
	close(fd);
	assert_refused(f, "zeroes", 0);
	free((void *)zeroes);
}

static void another_kind_of_file(void **state)
{
	struct fixture *f = *state;
	char elsewhere[128];

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", f->root);
	keep(f);
	assert_int_equal(rename(f->path, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, f->path), 0);
	assert_refused(f, "a link", 0);
	assert_int_equal(access(elsewhere, F_OK), 0);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_refused(f, "a FIFO", 0);
	assert_int_equal(rename(elsewhere, f->path), 0);
	assert_int_equal(chmod(f->path, 0620), 0);
	assert_refused(f, "others may write", 0);
}

/* --- folders that are not used -------------------------------------------------------------------
 */

static void assert_no_store(const struct fixture *f, int expected)
{
	struct error err = { "" };
	struct cache_cleared cleared;

	assert_false(loads(f));
	assert_int_equal(store_save(&f->identity, &f->base, -1, &err), expected);
	assert_int_equal(*err.text != '\0', expected != -ENODATA);
	assert_int_equal(store_clear(&cleared, &err), expected);
	assert_int_equal(cleared.count, 0);
}

static void no_cache_is_wanted(void **state)
{
	struct fixture *f = *state;

	keep(f);
	setenv("KTSTR_CACHE_DIR", "", 1);
	assert_no_store(f, -ENODATA);
	assert_true(is_there(f));
}

static void a_folder_of_others(void **state)
{
	const char *const paths[] = { ((struct fixture *)*state)->cache,
				      ((struct fixture *)*state)->folder };
	struct fixture *f = *state;

	keep(f);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(chmod(paths[i], 0770), 0);
		assert_no_store(f, -EPERM);
		assert_int_equal(chmod(paths[i], 0707), 0);
		assert_no_store(f, -EPERM);
		assert_int_equal(chmod(paths[i], 0755), 0);
		assert_true(loads(f));
		if (geteuid())
			continue;
		assert_int_equal(chown(paths[i], 12345, (gid_t)-1), 0);
		assert_no_store(f, -EPERM);
		assert_int_equal(chown(paths[i], 0, (gid_t)-1), 0);
	}
	assert_whole(f);
}

static void a_link_in_place_of_a_folder(void **state)
{
	struct fixture *f = *state;
	char link[96], moved[128];

	keep(f);
	snprintf(link, sizeof(link), "%s/link", f->root);
	assert_int_equal(symlink(f->cache, link), 0);
	setenv("KTSTR_CACHE_DIR", link, 1);
	assert_no_store(f, -ELOOP);
	strcat(link, "//");
	setenv("KTSTR_CACHE_DIR", link, 1);
	assert_no_store(f, -ELOOP);
	setenv("KTSTR_CACHE_DIR", f->cache, 1);
	snprintf(moved, sizeof(moved), "%s/moved", f->root);
	assert_int_equal(rename(f->folder, moved), 0);
	assert_int_equal(symlink(moved, f->folder), 0);
	assert_no_store(f, -ELOOP);
	assert_int_equal(files_in(moved), 1);
}

static void a_file_in_place_of_a_folder(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(close(creat(f->cache, 0600)), 0);
	assert_no_store(f, -ENOTDIR);
}

/* --- what cannot be kept -------------------------------------------------------------------------
 */

static void assert_not_kept(const struct fixture *f, int expected, const char *words)
{
	struct error err = { "" };

	assert_int_equal(store_save(&f->identity, &f->base, -1, &err), expected);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
	assert_int_equal(files_in(f->folder), 0);
	assert_false(loads(f));
}

/* Run @body in a process of its own. */
static void in_child(const struct fixture *f, void (*body)(const struct fixture *f))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		body(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("the child ended with %#x", status);
}

static void limit_files(const struct fixture *f)
{
	/* Room for what is in it, but not for its size: a signal would kill us. */
	const struct rlimit limit = { 128 * MIB, 128 * MIB };

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_not_kept(f, -EFBIG, "ulimit -f");
}

static void a_limit_for_files(void **state)
{
	in_child(*state, limit_files);
}

static void fill_disk(const struct fixture *f)
{
	assert_int_equal(mkdir(f->cache, 0700), 0);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", f->cache, "tmpfs", 0, "size=2m,mode=700"))
		_exit(77);
	for (int i = 0; i < 2; i++) {
		no_tmpfile = i;
		assert_not_kept(f, -ENOSPC, "No space left");
	}
	assert_int_equal(umount(f->cache), 0);
	/* It is there again with what it needs. */
	assert_int_equal(mount("none", f->cache, "tmpfs", 0, "size=8m,mode=700"), 0);
	keep(f);
	assert_whole(f);
}

static void a_full_disk(void **state)
{
	if (geteuid())
		skip();
	in_child(*state, fill_disk);
}

/* A file system on which holes take room: what ramfs says of itself. */
static void fill_holes(const struct fixture *f)
{
	assert_int_equal(mkdir(f->cache, 0700), 0);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", f->cache, "ramfs", 0, "mode=700"))
		_exit(77);
	assert_not_kept(f, -EOPNOTSUPP, "no sparse files");
}

static void no_sparse_files(void **state)
{
	if (geteuid())
		skip();
	in_child(*state, fill_holes);
}

static void more_than_the_store(void **state)
{
	struct fixture *f = *state;

	f->base.ram_size = 2ull * STORE_MAX_MIB * MIB;
	assert_int_equal(ftruncate(f->base.ram_fd, (off_t)f->base.ram_size), 0);
	assert_int_equal(
		extents_add(&f->base.extents, RAM_SIZE + MIB, (uint64_t)STORE_MAX_MIB * MIB), 0);
	assert_not_kept(f, -EFBIG, "more than");
}

static void the_user_wants_out(void **state)
{
	struct fixture *f = *state;
	struct error err = { "" };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	raise(SIGUSR1);
	assert_int_equal(store_save(&f->identity, &f->base, fd, &err), -EINTR);
	assert_int_equal(files_in(f->folder), 0);
	assert_int_equal(cancel_take(fd), SIGUSR1);
	assert_int_equal(store_save(&f->identity, &f->base, fd, &err), 0);
	close(fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	assert_whole(f);
}

static void save_with_rights(const struct fixture *f)
{
	struct error err = { "" };
	int ret;

	assert_int_equal(mkdir(f->cache, 0700), 0);
	ret = rights_keep_writes(NULL, f->cache, NULL, &err);
	if (ret == -EOPNOTSUPP)
		_exit(77);
	assert_int_equal(ret, 0);
	/* Nothing else can be written. */
	assert_int_equal(mkdir(f->root, 0700), -1);
	assert_int_equal(open("/dev/null", O_WRONLY), -1);
	for (int i = 0; i < 2; i++) {
		no_tmpfile = i;
		keep(f);
		assert_whole(f);
		flip(f, 0);
		assert_refused(f, "header", 0);
	}
	keep(f);
}

/* What `run` has when it comes to this. */
static void with_few_rights(void **state)
{
	in_child(*state, save_with_rights);
	assert_whole(*state);
}

/* --- room ----------------------------------------------------------------------------------------
 */

/* A file that takes so much room, under a name of ours. */
static void put_other(const struct fixture *f, unsigned int number, uint64_t bytes, time_t used,
		      char path[256])
{
	const struct timespec times[2] = { { .tv_sec = used }, { .tv_sec = used } };
	int fd;

	snprintf(path, 256, "%s/" PREFIX "%064x", f->folder, number);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, (off_t)bytes), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void the_oldest_make_room(void **state)
{
	struct fixture *f = *state;
	char old[256], middle[256], young[256];
	time_t now = time(NULL);

	keep(f);
	assert_int_equal(unlink(f->path), 0);
	put_other(f, 1, 500 * MIB, now - 3, old);
	put_other(f, 2, 400 * MIB, now - 2, middle);
	put_other(f, 3, 124 * MIB, now - 1, young);
	keep(f);
	assert_true(is_there(f));
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(middle, F_OK), 0);
	assert_int_equal(access(young, F_OK), 0);
}

static void one_that_is_used_stays(void **state)
{
	const time_t now = time(NULL);
	const struct timespec times[2] = { { .tv_sec = now - 10 }, { .tv_sec = now - 10 } };
	struct fixture *f = *state;
	struct base_identity other;
	char older[256];
	struct error err;

	keep(f);
	assert_int_equal(utimensat(AT_FDCWD, f->path, times, 0), 0);
	put_other(f, 1, STORE_MAX_MIB * MIB - 8 * MIB, now - 5, older);
	assert_true(loads(f));
	/* Room for one of the two; ours was written first, and used last. */
	make_identity(&other, "another");
	assert_int_equal(store_save(&other, &f->base, -1, &err), 0);
	identity_free(&other);
	assert_int_equal(access(older, F_OK), -1);
	assert_true(is_there(f));
}

/* They fit no machine that there will ever be. */
static void those_of_an_earlier_boot_go(void **state)
{
	struct fixture *f = *state;
	char old[256], young[256];
	time_t booted = time(NULL) - (time_t)(boottime_ns() / 1000000000u);

	keep(f);
	assert_int_equal(unlink(f->path), 0);
	put_other(f, 1, PAGE, booted - BOOT_SLACK_S - 60, old);
	put_other(f, 2, PAGE, booted, young);
	keep(f);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(young, F_OK), 0);
}

/* --- several launchers ---------------------------------------------------------------------------
 */

static void the_second_drops_its_own(void **state)
{
	struct fixture *f = *state;
	struct stat first, second;

	keep(f);
	assert_int_equal(stat(f->path, &first), 0);
	keep(f);
	assert_int_equal(stat(f->path, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
}

/* Where there are no locks: both write, and the second finds that it is done. */
static void two_at_a_time(void **state)
{
	struct fixture *f = *state;
	const char *name = strrchr(f->path, '/') + 1;
	struct new_file files[2];
	struct error err;
	int folder;

	keep(f);
	assert_int_equal(unlink(f->path), 0);
	folder = open_folder(false, NULL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_new(folder, &files[i]), 0);
		assert_int_equal(base_file_write(files[i].fd, &f->identity, &f->base, -1, &err), 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(give_name(folder, &files[i], name), 0);
		close(files[i].fd);
		assert_whole(f);
	}
	close(folder);
}

static void one_at_a_time(void **state)
{
	struct fixture *f = *state;
	int folder, lock;

	keep(f);
	assert_int_equal(unlink(f->path), 0);
	folder = open_folder(false, NULL);
	lock = lock_base(folder, &f->identity);
	assert_true(lock >= 0);
	/* Another one is at it: fine, and nothing is written. */
	keep(f);
	assert_false(is_there(f));
	/* It was killed. */
	close(lock);
	keep(f);
	assert_whole(f);
	close(folder);
}

static void many_at_once(void **state)
{
	struct fixture *f = *state;
	int status;

	for (int i = 0; i < 8; i++) {
		if (fork())
			continue;
		no_tmpfile = i % 2;
		for (int turn = 0; turn < 10; turn++) {
			keep(f);
			loads_whole(f);
			if (turn % 3 == i % 3)
				unlink(f->path);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	keep(f);
	assert_whole(f);
	assert_int_equal(files_in(f->folder), 1);
}

/* However far it has come, there is a whole base or none. */
static void killed_at_any_moment(void **state)
{
	struct fixture *f = *state;
	unsigned int kept = 0, left = 0;
	uint64_t begin, usual;

	keep(f);
	assert_int_equal(unlink(f->path), 0);
	begin = now_ns();
	keep(f);
	usual = (now_ns() - begin) / 1000;
	for (unsigned int i = 0; i < 50; i++) {
		pid_t pid;

		unlink(f->path);
		pid = fork();
		if (!pid) {
			no_tmpfile = i % 2;
			keep(f);
			_exit(0);
		}
		/* The last ones come to their end by themselves. */
		if (i < 45) {
			usleep((useconds_t)(usual * i / 40 + 200));
			assert_int_equal(kill(pid, SIGKILL), 0);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		left += files_in(f->folder) > (unsigned int)is_there(f);
		kept += loads_whole(f);
		assert_true(is_there(f) == loads_whole(f));
		/* The next one finds no lock held, and clears away. */
		unlink(f->path);
		no_tmpfile = false;
		keep(f);
		assert_whole(f);
		assert_int_equal(files_in(f->folder), 1);
	}
	print_message("# 50 times: %u came to their end, %u left something\n", kept, left);
	assert_true(kept >= 5);
}

static void what_was_left_is_removed(void **state)
{
	struct fixture *f = *state;
	struct new_file file;
	int folder;

	keep(f);
	folder = open_folder(false, NULL);
	no_tmpfile = true;
	assert_int_equal(open_new(folder, &file), 0);
	assert_int_equal(files_in(f->folder), 2);
	/* It was killed. */
	close(file.fd);
	close(folder);
	assert_int_equal(unlink(f->path), 0);
	keep(f);
	assert_int_equal(files_in(f->folder), 1);
	assert_whole(f);
}

/* Another one may take it for left, between its creation and its lock. */
static void what_was_taken_for_left(void **state)
{
	struct fixture *f = *state;
	struct new_file file;
	int folder, other;

	keep(f);
	folder = open_folder(false, NULL);
	no_tmpfile = true;
	assert_int_equal(open_new(folder, &file), 0);
	assert_true(hold(&file));
	flock(file.fd, LOCK_UN);
	other = openat(folder, file.partial, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_false(hold(&file));
	assert_int_equal(unlinkat(folder, file.partial, 0), 0);
	close(other);
	assert_false(hold(&file));
	close(file.fd);
	close(folder);
}

static void what_is_being_written_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct new_file file;
	struct error err;
	int folder;

	keep(f);
	assert_int_equal(unlink(f->path), 0);
	folder = open_folder(false, NULL);
	no_tmpfile = true;
	assert_int_equal(open_new(folder, &file), 0);
	keep(f);
	assert_int_equal(files_in(f->folder), 2);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(base_file_write(file.fd, &f->identity, &f->base, -1, &err), 0);
	assert_int_equal(give_name(folder, &file, strrchr(f->path, '/') + 1), 0);
	close(file.fd);
	close(folder);
	assert_whole(f);
	assert_int_equal(files_in(f->folder), 1);
}

/* --- listing and clearing ------------------------------------------------------------------------
 */

struct seen {
	unsigned int count, damaged;
	char first[64], release[65];
	uint64_t disk_bytes;
};

static void see(void *data, const struct cache_entry *entry)
{
	struct seen *seen = data;

	if (!seen->count++ && entry->identity) {
		identity_value(entry->identity, "topology", seen->first, sizeof(seen->first));
		snprintf(seen->release, sizeof(seen->release), "%s", entry->release);
	}
	seen->damaged += !entry->identity;
	assert_int_equal(!entry->identity, !entry->release);
	seen->disk_bytes += entry->disk_bytes;
	assert_true(entry->used > 1000);
}

static void listed_and_cleared(void **state)
{
	const struct timespec times[2] = { { .tv_sec = time(NULL) - 10 },
					   { .tv_sec = time(NULL) - 10 } };
	struct fixture *f = *state;
	struct base_identity other;
	struct seen seen = { 0 };
	struct error err = { "" };
	struct cache_cleared cleared;
	char path[256];

	/* No folder yet: nothing in it. */
	assert_int_equal(store_list(see, &seen, &err), 0);
	assert_int_equal(store_clear(&cleared, &err), 0);
	assert_int_equal(seen.count + cleared.count, 0);
	keep(f);
	assert_int_equal(utimensat(AT_FDCWD, f->path, times, 0), 0);
	make_identity(&other, "topology: 2n2l4c1t\n");
	assert_int_equal(store_save(&other, &f->base, -1, &err), 0);
	put_other(f, 7, MIB, time(NULL) - 20, path);
	snprintf(path, sizeof(path), "%s/not ours", f->folder);
	assert_int_equal(close(creat(path, 0600)), 0);
	assert_int_equal(store_list(see, &seen, &err), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.damaged, 1);
	assert_string_equal(seen.first, "2n2l4c1t");
	assert_string_equal(seen.release, "6.12.9-cloud-amd64");
	/* Looking changes nothing. */
	assert_true(is_there(f));
	assert_int_equal(store_clear(&cleared, &err), 0);
	assert_int_equal(cleared.count, 3);
	assert_int_equal(cleared.disk_bytes, seen.disk_bytes);
	assert_int_equal(files_in(f->folder), 1);
	assert_int_equal(access(path, F_OK), 0);
	identity_free(&other);
}

#define TEST(name)	     cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_IN_MEMORY(name) cmocka_unit_test_setup_teardown(name, set_up_in_memory, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_kept_is_found),
		TEST(no_more_room_than_was_said),
		TEST(what_is_of_no_use_is_dropped),
		TEST(an_umask_that_lets_others_in),
		TEST(a_base_that_came_from_the_store),
		TEST(memory_that_is_all_zero),
		TEST(another_identity),
		TEST(one_byte_before_the_memory),
		TEST(a_file_of_another_size),
		TEST(memory_that_got_lost),
		TEST(another_kind_of_file),
		TEST(no_cache_is_wanted),
		TEST(a_folder_of_others),
		TEST(a_link_in_place_of_a_folder),
		TEST(a_file_in_place_of_a_folder),
		TEST(a_limit_for_files),
		TEST(a_full_disk),
		TEST(no_sparse_files),
		TEST(more_than_the_store),
		TEST(the_user_wants_out),
		TEST(with_few_rights),
		TEST(the_oldest_make_room),
		TEST(one_that_is_used_stays),
		TEST(those_of_an_earlier_boot_go),
		TEST(the_second_drops_its_own),
		TEST(one_at_a_time),
		TEST(two_at_a_time),
		TEST_IN_MEMORY(many_at_once),
		TEST_IN_MEMORY(killed_at_any_moment),
		TEST(what_was_left_is_removed),
		TEST(what_was_taken_for_left),
		TEST(what_is_being_written_is_left_alone),
		TEST(listed_and_cleared),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
