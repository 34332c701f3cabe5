/* Does init unpack every good cargo as it is meant, and does it refuse every other with its words?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>

static uint64_t free_memory;
static uint64_t taken_by_each; /* file, folder or link that is looked at; bytes */

static int fake_sysinfo(struct sysinfo *info)
{
	*info = (struct sysinfo){ .freeram = free_memory / 4096, .mem_unit = 4096 };
	free_memory -= taken_by_each;
	return 0;
}

#define sysinfo(info) fake_sysinfo(info)
#include "../../guest/cargo.c"
#undef sysinfo

#include "cpio_sample.h"
#include "initramfs/initramfs.h"

/* What is said of a member that begins at byte 0. */
#define NO_HEADER "cargo: no cpio header (\"newc\") at byte 0"

/* One a test: "root", where the cargo goes, beside "outside", where nothing may ever go. */
static char dir[64];
static int top_fd, root_fd;
static struct cpio_sample cargo;
static char why[256];

static int set_up(void **state)
{
	(void)state;
	memset(&cargo, 0, sizeof(cargo));
	free_memory = UINT64_C(1) << 40;
	taken_by_each = 0;
	strcpy(dir, "/tmp/test-cargo.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	top_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top_fd, "root", 0755) || mkdirat(top_fd, "outside", 0755))
		return -1;
	root_fd = openat(top_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	close(root_fd);
	close(top_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* --- the cargo --- */

static void folder(const char *path, mode_t mode)
{
	cpio_put(&cargo, S_IFDIR | mode, 0, path, NULL, 0);
}

static void file(const char *path, mode_t mode, const char *text)
{
	cpio_put(&cargo, S_IFREG | mode, 0, path, text, strlen(text));
}

static void link_to(const char *path, const char *target)
{
	cpio_put(&cargo, S_IFLNK | 0777, 0, path, target, strlen(target));
}

/* From a block of exactly this size, so that ASan sees a read beyond it. */
static int unpack_first(size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	int ret;

	assert_non_null(exact);
	memcpy(exact, cargo.bytes, size);
	memset(why, 'x', sizeof(why));
	why[0] = '\0';
	ret = cargo_unpack(root_fd, exact, size, why, sizeof(why));
	free(exact);
	return ret;
}

/* What was put into the cargo, with a trailer; the next begins with an empty one. */
static void unpack(void)
{
	int ret;

	cpio_end(&cargo);
	ret = unpack_first(cargo.size);
	if (ret)
		fail_msg("%d: %s", ret, why);
	assert_string_equal(why, "");
	cargo.size = 0;
}

static void refuses_bytes(size_t size, int code, const char *words)
{
	int ret = unpack_first(size);

	if (ret != code || strcmp(why, words))
		fail_msg("%d '%s', expected %d '%s'", ret, why, code, words);
}

static void refuses(int code, const char *words)
{
	cpio_end(&cargo);
	refuses_bytes(cargo.size, code, words);
	cargo.size = 0;
}

/* --- what has become of it --- */

static struct stat stat_of(const char *path)
{
	struct stat st;

	if (fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW))
		fail_msg("no '%s'", path);
	return st;
}

static bool is_there(const char *path)
{
	struct stat st;

	return !fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW);
}

static void assert_mode(const char *path, mode_t mode)
{
	if (stat_of(path).st_mode != mode)
		fail_msg("'%s' has mode %#o, not %#o", path, stat_of(path).st_mode, mode);
}

static void assert_holds(const char *path, const char *text)
{
	int fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char got[64] = "";

	if (fd < 0)
		fail_msg("'%s' is no file", path);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	close(fd);
	assert_string_equal(got, text);
}

static void assert_leads_to(const char *path, const char *target)
{
	char got[64] = "";

	if (readlinkat(root_fd, path, got, sizeof(got) - 1) < 0)
		fail_msg("'%s' is no link", path);
	assert_string_equal(got, target);
}

/* What is there before the cargo is. @path: seen from "root" */
static void make_file(const char *path, mode_t mode, const char *text)
{
	int fd = openat(root_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void make_folder(const char *path, mode_t mode)
{
	assert_int_equal(mkdirat(root_fd, path, 0700), 0);
	assert_int_equal(fchmodat(root_fd, path, mode, 0), 0);
}

static void make_link(const char *path, const char *target)
{
	assert_int_equal(symlinkat(target, root_fd, path), 0);
}

static int entries_in(int at_fd, const char *path)
{
	int fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *entries = fdopendir(fd);

	assert_non_null(entries);
	while (readdir(entries))
		count++;
	closedir(entries);
	return count - 2; /* "." and ".." */
}

/* --- what is taken --- */

static void files_with_their_modes_and_dates(void **state)
{
	mode_t mask = umask(077);
	char body[8] = "1234567";
	time_t before = time(NULL);

	(void)state;
	folder("a", 0755);
	folder("a/b", 01777);
	folder("a/b/c", 0750);
	file("a/empty", 0644, "");
	file("a/b/c/deep", 0, "of mode 0");
	file("a/run", 0755, "#!/bin/sh\n");
	file("a/su", 04755, ""); /* without a byte: writing takes the bit from who is not root */
	/* Whatever the padding. */
	for (size_t i = 1; i < sizeof(body); i++) {
		char path[] = "a/b/0";

		path[4] = (char)('0' + i);
		cpio_put(&cargo, S_IFREG | 0664, 1000000000 + (uint32_t)i, path, body, i);
	}
	/* Each length of a name as well. */
	file("n", 0600, "n");
	file("nn", 0600, "nn");
	file("nnn", 0600, "nnn");
	file("nnnn", 0600, "nnnn");
	unpack();

	assert_int_equal(umask(mask), 077);
	assert_mode("a", S_IFDIR | 0755);
	assert_mode("a/b", S_IFDIR | 01777);
	assert_mode("a/b/c", S_IFDIR | 0750);
	assert_mode("a/empty", S_IFREG | 0644);
	assert_mode("a/b/c/deep", S_IFREG);
	assert_int_equal(stat_of("a/b/c/deep").st_size, 9);
	assert_mode("a/run", S_IFREG | 0755);
	assert_mode("a/su", S_IFREG | 04755);
	assert_holds("a/run", "#!/bin/sh\n");
	assert_holds("a/empty", "");
	for (size_t i = 1; i < sizeof(body); i++) {
		char path[] = "a/b/0", text[8] = "";

		path[4] = (char)('0' + i);
		memcpy(text, body, i);
		assert_holds(path, text);
		assert_mode(path, S_IFREG | 0664);
		assert_int_equal(stat_of(path).st_mtime, 1000000000 + i);
	}
	assert_holds("n", "n");
	assert_holds("nn", "nn");
	assert_holds("nnn", "nnn");
	assert_holds("nnnn", "nnnn");
	/* Whose date nobody said: of now. */
	assert_true(stat_of("n").st_mtime >= before - 1);
}

static void folders_that_are_there_stay(void **state)
{
	ino_t inode;

	(void)state;
	make_folder("a", 0700);
	make_file("a/mine", 0600, "mine");
	inode = stat_of("a").st_ino;
	/* By a link as well, which stays one. */
	make_folder("usr", 0700);
	make_link("lib", "usr");
	folder("a", 0755);
	file("a/yours", 0600, "yours");
	folder("lib", 0711);
	file("lib/there", 0600, "there");
	unpack();
	assert_int_equal(stat_of("a").st_ino, inode);
	assert_mode("a", S_IFDIR | 0755);
	assert_holds("a/mine", "mine");
	assert_holds("a/yours", "yours");
	assert_leads_to("lib", "usr");
	assert_mode("usr", S_IFDIR | 0711);
	assert_holds("usr/there", "there");
}

static void a_folder_takes_the_place_of_what_is_none(void **state)
{
	(void)state;
	make_file("file", 0644, "a file");
	make_link("nowhere", "there/is/none");
	make_file("../outside/file", 0644, "outside");
	make_link("to-file", "../outside/file");
	folder("file", 0755);
	folder("nowhere", 0755);
	folder("to-file", 0755);
	unpack();
	assert_mode("file", S_IFDIR | 0755);
	assert_mode("nowhere", S_IFDIR | 0755);
	assert_mode("to-file", S_IFDIR | 0755);
	assert_holds("../outside/file", "outside");
}

static void links_that_are_there(void **state)
{
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	char target[1001];

	(void)state;
	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	make_link("same", "usr/bin");
	make_link("other", "usr/bin");
	make_link("longer", "usr/bin/x");
	make_link("shorter", "usr");
	make_link("to-folder", "../outside");
	make_file("file", 0644, "a file");
	assert_int_equal(utimensat(root_fd, "same", old, AT_SYMLINK_NOFOLLOW), 0);
	link_to("same", "usr/bin");
	link_to("other", "usr/lib");
	link_to("longer", "usr/bin");
	link_to("shorter", "usr/bin");
	link_to("to-folder", "usr/bin");
	link_to("file", "usr/bin");
	link_to("new", "/any/where/../at all");
	link_to("long", target);
	unpack();
	assert_int_equal(stat_of("same").st_mtime, 1); /* not made anew */
	assert_leads_to("same", "usr/bin");
	assert_leads_to("other", "usr/lib");
	assert_leads_to("longer", "usr/bin");
	assert_leads_to("shorter", "usr/bin");
	assert_leads_to("to-folder", "usr/bin");
	assert_leads_to("file", "usr/bin");
	assert_leads_to("new", "/any/where/../at all");
	assert_int_equal(stat_of("long").st_size, sizeof(target) - 1);
	assert_int_equal(entries_in(top_fd, "outside"), 0);
}

/* The applets of busybox are links to it: a payload's own ls must not be written over busybox. */
static void nothing_is_written_through_what_is_there(void **state)
{
	(void)state;
	make_file("../outside/busybox", 0755, "busybox");
	make_link("ls", "../outside/busybox");
	make_link("nowhere", "../outside/new");
	make_file("busybox", 0755, "ours");
	assert_int_equal(linkat(root_fd, "busybox", root_fd, "hard", 0), 0);
	file("ls", 0700, "own ls");
	file("nowhere", 0700, "new");
	file("busybox", 0700, "own busybox");
	unpack();
	assert_holds("ls", "own ls");
	assert_mode("ls", S_IFREG | 0700);
	assert_holds("nowhere", "new");
	assert_holds("busybox", "own busybox");
	assert_mode("busybox", S_IFREG | 0700);
	assert_holds("hard", "ours");
	assert_mode("hard", S_IFREG | 0755);
	assert_holds("../outside/busybox", "busybox");
	assert_mode("../outside/busybox", S_IFREG | 0755);
	assert_int_equal(entries_in(top_fd, "outside"), 1);
}

static void of_two_at_one_place_the_later_counts(void **state)
{
	(void)state;
	file("a", 0600, "first");
	link_to("a", "second");
	file("a", 0644, "third");
	folder("b", 0700);
	folder("b", 0755);
	unpack();
	assert_holds("a", "third");
	assert_mode("a", S_IFREG | 0644);
	assert_mode("b", S_IFDIR | 0755);
}

static void what_is_mounted_over_is_passed_over(void **state)
{
	(void)state;
	folder("dev", 0755);
	cpio_put(&cargo, S_IFCHR | 0600, 0, "dev/console", NULL, 0);
	folder("proc", 0555);
	file("proc/x", 0644, "x");
	link_to("sys", "elsewhere");
	folder("sys/kernel/debug", 0700);
	/* Their names only begin, or end, alike. */
	folder("devices", 0755);
	file("devices/dev", 0644, "dev");
	file("de", 0644, "de");
	file("sysctl", 0644, "sysctl");
	unpack();
	assert_false(is_there("dev"));
	assert_false(is_there("proc"));
	assert_false(is_there("sys"));
	assert_holds("devices/dev", "dev");
	assert_holds("de", "de");
	assert_holds("sysctl", "sysctl");
}

static void names_that_only_look_odd(void **state)
{
	static const char *const names[] = { "...",    "..a",  "a..",	   ".a",
					     "a .. b", "\xff", "TRAILER!!" };
	char longest[NAME_MAX + 1];

	(void)state;
	memset(longest, 'n', NAME_MAX);
	longest[NAME_MAX] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		file(names[i], 0644, names[i]);
	file(longest, 0644, "long");
	unpack();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_holds(names[i], names[i]);
	assert_holds(longest, "long");
}

static void digits_of_either_case(void **state)
{
	(void)state;
	cpio_put(&cargo, S_IFREG | 0644, 0x5eadbeef, "a", NULL, 0xb);
	for (size_t i = 0; i < CPIO_HEADER_SIZE; i++)
		if (cargo.bytes[i] >= 'a')
			cargo.bytes[i] = (uint8_t)(cargo.bytes[i] - 'a' + 'A');
	unpack();
	assert_int_equal(stat_of("a").st_mtime, 0x5eadbeef);
	assert_int_equal(stat_of("a").st_size, 0xb);
}

static void what_follows_the_trailer_is_not_looked_at(void **state)
{
	(void)state;
	file("a", 0644, "a");
	cpio_end(&cargo);
	memset(cargo.bytes + cargo.size, 0xa5, 300);
	assert_int_equal(unpack_first(cargo.size + 300), 0);
	assert_holds("a", "a");
	/* An archive of nothing else is none of our business. */
	cargo.size = 0;
	unpack();
}

/* Both sides: what the launcher packs, init unpacks. */
static void what_the_launcher_packs(void **state)
{
	struct initramfs *tree = initramfs_create();
	struct error err;
	uint64_t size;

	(void)state;
	assert_non_null(tree);
	assert_int_equal(initramfs_add_data(tree, "/bin/tool", "tool", 4, 0755, &err), 0);
	assert_int_equal(initramfs_add_data(tree, "/tmp/d/f", "", 0, 0600, &err), 0);
	assert_int_equal(initramfs_add_link(tree, "/sbin/link", "../bin/tool", &err), 0);
	assert_int_equal(initramfs_add_dir(tree, "/ktstr/empty", &err), 0);
	size = initramfs_layout(tree);
	assert_true(size <= sizeof(cargo.bytes));
	assert_int_equal(initramfs_write(tree, cargo.bytes, size, &err), 0);
	initramfs_destroy(tree);
	/* Once more over what it has made: the same layout that the initramfs has. */
	for (int i = 0; i < 2; i++) {
		if (unpack_first(size))
			fail_msg("%s", why);
		assert_leads_to("bin", "usr/bin");
		assert_leads_to("lib64", "usr/lib64");
		assert_holds("usr/bin/tool", "tool");
		assert_mode("usr/bin/tool", S_IFREG | 0755);
		assert_leads_to("usr/sbin/link", "../bin/tool");
		assert_mode("tmp", S_IFDIR | 01777);
		assert_holds("tmp/d/f", "");
		assert_mode("ktstr/empty", S_IFDIR | 0755);
		assert_mode("root", S_IFDIR | 0700);
		assert_false(is_there("dev"));
	}
}

/* --- what is refused --- */

static void cut_off_anywhere(void **state)
{
	(void)state;
	folder("a", 0755);
	file("a/file", 0644, "bytes");
	link_to("link", "a/file");
	cpio_end(&cargo);
	for (size_t size = 0; size < cargo.size; size++) {
		if (unpack_first(size) != -EINVAL)
			fail_msg("%zu of %zu bytes were taken", size, cargo.size);
		assert_true(strstr(why, "it ends without a trailer, at byte ") ||
			    strstr(why, "a name of "));
		assert_int_equal(is_there("a"), size >= 112);
		assert_int_equal(is_there("a/file"), size >= 112 + 120 + 8);
	}
	assert_int_equal(unpack_first(cargo.size), 0);
}

static void without_a_trailer(void **state)
{
	(void)state;
	refuses_bytes(0, -EINVAL, "cargo: it ends without a trailer, at byte 0");
	file("a", 0644, "a");
	refuses_bytes(cargo.size, -EINVAL, "cargo: it ends without a trailer, at byte 116");
	/* Zeroes behind the last member, as at the end of a page. */
	refuses_bytes(cargo.size + 109, -EINVAL, "cargo: it ends without a trailer, at byte 116");
	refuses_bytes(cargo.size + 110, -EINVAL, "cargo: no cpio header (\"newc\") at byte 116");
	assert_holds("a", "a");
}

static void headers_that_are_none(void **state)
{
	/* Beginnings of the fields that count: mode, mtime, size, size of the name. */
	static const size_t fields[] = { 14, 46, 54, 94 };
	static const char *const magics[] = { "070702", "070707", "07070", "\x71\xc7",
					      "\x28\xb5\x2f\xfd" };
	static const char wrong[] = { 'g', 'G', '/', ':', '@', '`', ' ', '-', 'x', '\0', '\xff' };

	(void)state;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		file("a", 0644, "a");
		memcpy(cargo.bytes, magics[i], strlen(magics[i]) + 1);
		refuses(-EINVAL, NO_HEADER);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		for (size_t at = fields[i]; at < fields[i] + 8; at++)
			for (size_t k = 0; k < sizeof(wrong); k++) {
				file("a", 0644, "a");
				cargo.bytes[at] = (uint8_t)wrong[k];
				refuses(-EINVAL, NO_HEADER);
			}
	assert_int_equal(entries_in(top_fd, "root"), 0);
}

static void names_that_are_none(void **state)
{
	static const char *const paths[] = { "/",    "/a",	 "..",	 "../outside/a",
					     "a/..", "a/../b",	 ".",	 "./a",
					     "a/.",  "a/./b",	 "//a",	 "a//b",
					     "a/",   "dev/../a", "dev/", "a/b/" };
	char words[256];

	(void)state;
	make_folder("a", 0755);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(words, sizeof(words), "cargo: the path '%s'", paths[i]);
		file(paths[i], 0644, "out");
		refuses(-EINVAL, words);
		folder(paths[i], 0755);
		refuses(-EINVAL, words);
		link_to(paths[i], "x");
		refuses(-EINVAL, words);
	}
	assert_int_equal(entries_in(top_fd, "root"), 1);
	assert_int_equal(entries_in(top_fd, "root/a"), 0);
	assert_int_equal(entries_in(top_fd, "outside"), 0);

	/* Its size counts the NUL: no name, and an empty one. */
	cpio_header(&cargo, S_IFREG | 0644, 0, 0, 0);
	refuses(-EINVAL, "cargo: a name of 0 bytes and a file of 0 at byte 0, where 232 are left");
	file("", 0644, "");
	refuses(-EINVAL, "cargo: a name of 1 bytes and a file of 0 at byte 0, where 236 are left");
	/* Without its NUL, and with one inside. */
	file("abcd", 0644, "text");
	memcpy(cargo.bytes + CPIO_HEADER_SIZE, "abcde", 5);
	refuses(-EINVAL, "cargo: a name without its end at byte 0");
	file("abcd", 0644, "text");
	cargo.bytes[CPIO_HEADER_SIZE + 2] = '\0';
	refuses(-EINVAL, "cargo: a name without its end at byte 0");
	assert_int_equal(entries_in(top_fd, "root"), 1);
}

static void names_that_are_too_long(void **state)
{
	char path[PATH_MAX + 1];

	(void)state;
	memset(path, 'n', PATH_MAX);
	path[PATH_MAX] = '\0';
	file(path, 0644, "");
	refuses(-EINVAL,
		"cargo: a name of 4097 bytes and a file of 0 at byte 0, where 4332 are left");
	/* One that a path can be, for the file system to judge. */
	path[PATH_MAX - 1] = '\0';
	file(path, 0644, "");
	cpio_end(&cargo);
	assert_int_equal(unpack_first(cargo.size), -ENAMETOOLONG);
	/* Its words are cut, and have an end. */
	assert_true(strlen(why) < sizeof(why));
	assert_non_null(strstr(why, "cargo: making the file '/nnnnnnnnnnnn"));
	assert_non_null(strstr(why, "nnn': File name too long"));
}

/* A member that says this of itself, with two bytes of a name and the trailer behind. */
static void refuses_sizes(uint32_t name_size, uint32_t size)
{
	char words[256];

	cpio_header(&cargo, S_IFREG | 0644, 0, size, name_size);
	memcpy(cargo.bytes + cargo.size, "a", 2);
	cargo.size += 2;
	snprintf(words, sizeof(words),
		 "cargo: a name of %u bytes and a file of %u at byte 0, where 236 are left",
		 name_size, size);
	refuses(-EINVAL, words);
}

static void sizes_that_are_not_there(void **state)
{
	/* Those at the end wrap to little in 32 bits, when they are padded or have a header. */
	static const uint32_t sizes[] = { 127,	      4096,	  0x7fffffff,
					  0x80000000, 0xffffff90, 0xffffff91,
					  0xfffffffc, 0xfffffffd, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		refuses_sizes(2, sizes[i]);
		refuses_sizes(sizes[i], 0);
		refuses_sizes(sizes[i], sizes[i]);
	}
	assert_int_equal(entries_in(top_fd, "root"), 0);
	/* As large as what is left, to the byte. */
	cpio_header(&cargo, S_IFREG | 0644, 0, 5, 2);
	memcpy(cargo.bytes + cargo.size, "a\0bytes\0\0\0", 10);
	refuses_bytes(cargo.size + 9, -EINVAL,
		      "cargo: a name of 2 bytes and a file of 5 at byte 0, where 119 are left");
	refuses_bytes(cargo.size + 10, -EINVAL, "cargo: it ends without a trailer, at byte 120");
	assert_holds("a", "bytes");
}

/* All of the bytes that the largest member says are there: what comes behind is found. */
static void a_member_of_4_GiB(void **state)
{
	const uint64_t largest = UINT32_MAX, room = largest + (1 << 20);
	uint8_t *bytes = mmap(NULL, room, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)state;
	assert_true(bytes != MAP_FAILED);
	/* Where it is passed over. */
	cpio_header(&cargo, S_IFREG | 0644, 0, UINT32_MAX, sizeof("dev/x"));
	memcpy(cargo.bytes + cargo.size, "dev/x", 6);
	memcpy(bytes, cargo.bytes, cargo.size + 6);
	cargo.size = 0;
	file("behind", 0644, "behind");
	cpio_end(&cargo);
	memcpy(bytes + 116 + largest + 1, cargo.bytes, cargo.size);
	if (cargo_unpack(root_fd, bytes, room, why, sizeof(why)))
		fail_msg("%s", why);
	assert_holds("behind", "behind");
	/* One byte less is there than it says. */
	assert_int_equal(cargo_unpack(root_fd, bytes, 116 + largest, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "cargo: a name of 6 bytes and a file of 4294967295 at byte 0, "
				 "where 4294967411 are left");
	/* As a link it is too long, and nothing of it is copied. */
	memcpy(bytes + 14, "0000a1ff", 8);
	memcpy(bytes + CPIO_HEADER_SIZE, "lin/x", 6);
	assert_int_equal(cargo_unpack(root_fd, bytes, room, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "cargo: link '/lin/x' with a target of 4294967295 bytes");
	munmap(bytes, room);
}

static void links_to_nothing_or_too_far(void **state)
{
	static char target[PATH_MAX + 1];

	(void)state;
	memset(target, 't', PATH_MAX);
	link_to("a", "");
	refuses(-EINVAL, "cargo: link '/a' with a target of 0 bytes");
	link_to("a", target);
	refuses(-EINVAL, "cargo: link '/a' with a target of 4096 bytes");
	assert_int_equal(entries_in(top_fd, "root"), 0);
}

static void what_is_no_file_folder_or_link(void **state)
{
	static const mode_t kinds[] = { S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK, 0, 0070000, 0170000 };
	char words[256];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		cpio_put(&cargo, kinds[i] | 0644, 0, "a", NULL, 0);
		snprintf(words, sizeof(words), "cargo: '/a' is of the unknown mode %#o",
			 kinds[i] | 0644);
		refuses(-EINVAL, words);
	}
	assert_int_equal(entries_in(top_fd, "root"), 0);
}

/* What the file system says, and to what. */
static void what_cannot_be_made(void **state)
{
	(void)state;
	make_folder("folder", 0755);
	make_file("folder/in it", 0644, "x");
	make_file("file", 0644, "x");
	file("no/file", 0644, "x");
	refuses(-ENOENT, "cargo: making the file '/no/file': No such file or directory");
	folder("no/folder", 0755);
	refuses(-ENOENT, "cargo: making the folder '/no/folder': No such file or directory");
	link_to("no/link", "x");
	refuses(-ENOENT, "cargo: making the link '/no/link': No such file or directory");
	file("file/below", 0644, "x");
	refuses(-ENOTDIR, "cargo: making the file '/file/below': Not a directory");
	/* A folder is never removed: what is in it may be needed. */
	file("folder", 0644, "x");
	refuses(-EISDIR, "cargo: making the file '/folder': Is a directory");
	link_to("folder", "x");
	refuses(-EISDIR, "cargo: making the link '/folder': Is a directory");
	assert_holds("folder/in it", "x");
	/* The first that fails is the last that is tried. */
	file("no/file", 0644, "x");
	file("behind", 0644, "x");
	refuses(-ENOENT, "cargo: making the file '/no/file': No such file or directory");
	assert_false(is_there("behind"));
}

static void what_cannot_be_written(void **state)
{
	struct rlimit old, small = { .rlim_cur = 4 };
	int ret;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	file("a", 0644, "12345678");
	cpio_end(&cargo);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ret = unpack_first(cargo.size);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(ret, -EFBIG);
	assert_string_equal(why, "cargo: writing '/a': File too large");
}

static void what_is_larger_than_free_memory(void **state)
{
	(void)state;
	file("a", 0644, "a");
	cpio_end(&cargo);
	/* 8 MiB stay free. */
	free_memory = 8 * MIB + 4095;
	refuses_bytes(cargo.size, -ENOMEM,
		      "cargo: what is to be unpacked takes 1 MiB, and of the guest's memory 0 MiB "
		      "are free for it; include less, or give it more with --memory");
	free_memory = 0;
	refuses_bytes(cargo.size, -ENOMEM,
		      "cargo: what is to be unpacked takes 1 MiB, and of the guest's memory 0 MiB "
		      "are free for it; include less, or give it more with --memory");
	assert_false(is_there("a"));
	free_memory = 8 * MIB + 4096;
	assert_int_equal(unpack_first(cargo.size), 0);
	/* By its size alone: nothing of it is looked at. */
	free_memory = 436 * MIB + 4096;
	assert_int_equal(cargo_unpack(root_fd, NULL, 428 * MIB + 4097, why, sizeof(why)), -ENOMEM);
	assert_string_equal(why, "cargo: what is to be unpacked takes 429 MiB, and of the guest's "
				 "memory 428 MiB are free for it; include less, or give it more "
				 "with --memory");
}

/* Of small files each takes a page, and more. */
static void many_that_are_small(void **state)
{
	char long_name[200];

	(void)state;
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	file("a", 0644, "a");
	file("b", 0644, "b");
	file(long_name, 0644, "c");
	cpio_end(&cargo);
	taken_by_each = 4096;
	free_memory = 8 * MIB + 3 * 4096;
	assert_int_equal(unpack_first(cargo.size), -ENOMEM);
	assert_true(is_there("b"));
	assert_false(is_there(long_name));
	memcpy(long_name + 100, "' takes 1 MiB, and of the guest's memory 0 MiB are free for it;",
	       64);
	assert_non_null(strstr(why, "cargo: '/nnnnnn"));
	assert_non_null(strstr(why, long_name));
	assert_non_null(strstr(why, "with --memory"));
}

static int count_open(void)
{
	return entries_in(AT_FDCWD, "/proc/self/fd");
}

static void nothing_stays_open(void **state)
{
	int before = count_open();

	for (int i = 0; i < 3; i++) {
		file("a", 0644, "x");
		file("a", 0644, "x");
		link_to("b", "x");
		folder("c", 0755);
		file("c", 0755, "x");
		refuses(-EISDIR, "cargo: making the file '/c': Is a directory");
		what_cannot_be_written(state);
		cargo.size = 0;
	}
	assert_int_equal(count_open(), before);
}

/*
 * Somebody who writes into it meanwhile, with what would be bad if it came between look and use. Of
 * the two names any mixture may be read, as no copy is made in one step: they differ where that
 * gives a folder that there is not.
 */
struct meddler {
	uint8_t *header; /* of a member with a name of 12 characters and a body of 8 bytes */
	atomic_bool stop;
};

static void *meddle(void *data)
{
	struct meddler *meddler = data;
	uint8_t *size = meddler->header + sizeof(MAGIC) - 1 + FILESIZE * FIELD_SIZE;
	uint8_t *name_size = meddler->header + sizeof(MAGIC) - 1 + NAMESIZE * FIELD_SIZE;
	uint8_t *name = meddler->header + HEADER_SIZE;

	for (unsigned int i = 0; !atomic_load(&meddler->stop); i++) {
		memcpy(name, i & 1 ? "../outside/x" : "in/outside/x", 12);
		if (i % 64 == 0)
			memcpy(size, i % 128 ? "00000008" : "7ffffff8", FIELD_SIZE);
		if (i % 256 == 0)
			memcpy(name_size, i % 512 ? "0000000d" : "7ffffff1", FIELD_SIZE);
	}
	return NULL;
}

static void one_that_changes_meanwhile(void **state)
{
	struct meddler meddler = { .stop = false };
	unsigned int taken = 0, refused = 0;
	pthread_t thread;
	uint8_t *exact;
	size_t at;

	(void)state;
	folder("in", 0755);
	folder("in/outside", 0755);
	at = cargo.size;
	file("in/outside/x", 0644, "8 bytes.");
	cpio_end(&cargo);
	/* A block of exactly this size, so that ASan sees what is read beyond it. */
	exact = malloc(cargo.size);
	assert_non_null(exact);
	memcpy(exact, cargo.bytes, cargo.size);
	meddler.header = exact + at;
	assert_int_equal(pthread_create(&thread, NULL, meddle, &meddler), 0);
	for (unsigned int i = 0; i < 20000 || !taken || !refused; i++) {
		if (cargo_unpack(root_fd, exact, cargo.size, why, sizeof(why)))
			refused++;
		else
			taken++;
	}
	atomic_store(&meddler.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	free(exact);
	assert_int_equal(entries_in(top_fd, "outside"), 0);
	assert_int_equal(entries_in(top_fd, "root"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_with_their_modes_and_dates),
		TEST(folders_that_are_there_stay),
		TEST(a_folder_takes_the_place_of_what_is_none),
		TEST(links_that_are_there),
		TEST(nothing_is_written_through_what_is_there),
		TEST(of_two_at_one_place_the_later_counts),
		TEST(what_is_mounted_over_is_passed_over),
		TEST(names_that_only_look_odd),
		TEST(digits_of_either_case),
		TEST(what_follows_the_trailer_is_not_looked_at),
		TEST(what_the_launcher_packs),
		TEST(cut_off_anywhere),
		TEST(without_a_trailer),
		TEST(headers_that_are_none),
		TEST(names_that_are_none),
		TEST(names_that_are_too_long),
		TEST(sizes_that_are_not_there),
		TEST(a_member_of_4_GiB),
		TEST(links_to_nothing_or_too_far),
		TEST(what_is_no_file_folder_or_link),
		TEST(what_cannot_be_made),
		TEST(what_cannot_be_written),
		TEST(what_is_larger_than_free_memory),
		TEST(many_that_are_small),
		TEST(one_that_changes_meanwhile),
		TEST(nothing_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
