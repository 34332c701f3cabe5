/* Is what a kernel's package holds found, unpacked once, and nothing else written, whatever it
 * says? */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/kernel_find.h"
#include "run/kernel_package.h"
#include "run/package_unpack.h"
#include "util/file.h"

#define PACKAGE_SIZE (256 * 1024)

static char folder[PATH_MAX];
static unsigned int unpacked; /* how often it was said */

static void count_unpacked(void *data, const char *line)
{
	(void)data;
	unpacked += !!strstr(line, "unpacking the kernel package");
}

static const struct kernel_source source = { .root = "", .say = count_unpacked };

static int setup(void **state)
{
	(void)state;
	/* As most have it who have a group of their own: the cache is only theirs all the same. */
	umask(002);
	unpacked = 0;
	snprintf(folder, sizeof(folder), "/tmp/test_kernel_package.XXXXXX");
	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	return setenv("KTSTR_CACHE_DIR", "cache", 1);
}

static int teardown(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") || system(command);
}

/* A member: its text is its path. A path that begins with '>' is a link to outside. */
static void add(struct archive *archive, const char *path)
{
	struct archive_entry *entry = archive_entry_new();
	bool link = *path == '>';

	archive_entry_set_pathname(entry, path + link);
	archive_entry_set_filetype(entry, link ? AE_IFLNK : AE_IFREG);
	archive_entry_set_perm(entry, 0777);
	if (link)
		archive_entry_set_symlink(entry, "/tmp");
	else
		archive_entry_set_size(entry, (int64_t)strlen(path));
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	if (!link)
		assert_int_equal(archive_write_data(archive, path, strlen(path)), strlen(path));
	archive_entry_free(entry);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	unlink(path);
	assert_int_equal(file_write_new(path, bytes, size, 0644, NULL), 0);
}

/* The members, as a .deb with a tar that xz packed, or as an .rpm. */
static void make_package(const char *path, const char *const *members)
{
	static char payload[PACKAGE_SIZE], package[PACKAGE_SIZE];
	bool deb = strstr(path, ".deb");
	struct archive *archive = archive_write_new();
	size_t size, all = 0;

	if (deb)
		archive_write_add_filter_xz(archive);
	else
		archive_write_add_filter_gzip(archive);
	if (deb)
		archive_write_set_format_pax_restricted(archive);
	else
		archive_write_set_format_cpio_newc(archive);
	assert_int_equal(archive_write_open_memory(archive, payload, sizeof(payload), &size), 0);
	for (; *members; members++)
		add(archive, *members);
	archive_write_close(archive);
	archive_write_free(archive);
	if (deb) {
		struct archive_entry *entry = archive_entry_new();

		archive = archive_write_new();
		archive_write_set_format_ar_svr4(archive);
		archive_write_open_memory(archive, package, sizeof(package), &all);
		for (int i = 0; i < 2; i++) {
			archive_entry_set_pathname(entry, i ? "data.tar.xz" : "debian-binary");
			archive_entry_set_filetype(entry, AE_IFREG);
			archive_entry_set_size(entry, i ? (int64_t)size : 4);
			assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
			archive_write_data(archive, i ? payload : "2.0\n", i ? size : 4);
		}
		archive_entry_free(entry);
		archive_write_close(archive);
		archive_write_free(archive);
	} else {
		/* A lead, two empty headers, and the payload (RPM's docs, "V4 file format"). */
		static const char header[16] = "\x8e\xad\xe8\x01";

		memset(package, 0, 96);
		memcpy(package, "\xed\xab\xee\xdb\x03", 5);
		memcpy(package + 96, header, sizeof(header));
		memcpy(package + 112, header, sizeof(header));
		memcpy(package + 128, payload, size);
		all = 128 + size;
	}
	write_file(path, package, all);
}

static void has(const char *image, const char *path, const char *text)
{
	char whole[2 * PATH_MAX], found[256] = "";
	FILE *file;

	snprintf(whole, sizeof(whole), "%.*s/%s", (int)(strrchr(image, '/') - image), image, path);
	file = fopen(whole, "r");
	if (!file)
		fail_msg("no %s", whole);
	assert_non_null(fgets(found, sizeof(found), file));
	fclose(file);
	assert_string_equal(found, text);
}

static void both_kinds_are_unpacked_once(void **state)
{
	static const char *const members[] = { "./boot/vmlinuz-6.1",
					       "./boot/config-6.1",
					       "./boot/System.map-6.1",
					       "./lib/modules/6.1/kernel/a/b.ko",
					       ">./lib/modules/6.1/build",
					       "./usr/share/doc/x",
					       NULL };
	static const char *const fedora[] = { "./lib/modules/6.2/vmlinuz",
					      "./lib/modules/6.2/config",
					      "./usr/lib/modules/6.2/kernel/a.ko.xz", NULL };
	struct error err = { "" };
	char *image, *again;

	(void)state;
	make_package("k.deb", members);
	if (kernel_find(&source, "k.deb", &image, &err))
		fail_msg("%s", err.text);
	has(image, "vmlinuz", members[0]);
	has(image, "config", members[1]);
	has(image, "lib/modules/6.1/kernel/a/b.ko", members[3]);
	assert_int_equal(unpacked, 1);
	assert_int_equal(kernel_find(&source, "k.deb", &again, &err), 0);
	assert_string_equal(again, image);
	assert_int_equal(unpacked, 1);
	/* What was damaged is made anew. */
	assert_int_equal(unlink(image), 0);
	free(again);
	assert_int_equal(kernel_find(&source, "k.deb", &again, &err), 0);
	assert_int_equal(unpacked, 2);
	free(again);
	free(image);
	make_package("k.rpm", fedora);
	if (kernel_find(&source, "k.rpm", &image, &err))
		fail_msg("%s", err.text);
	has(image, "vmlinuz", fedora[0]);
	has(image, "config", fedora[1]);
	has(image, "lib/modules/6.2/kernel/a.ko.xz", fedora[2]);
	free(image);
	/* Nothing that is not finished, no link, nothing that nobody wants. */
	assert_int_equal(system("test -z \"$(find cache -name '.new-*' -o -type l -o -name doc -o "
				"-name 'System.map*')\""),
			 0);
}

/* What a process that ends leaves to others: all descriptors from @first on are closed. */
static void end_of_process(int first)
{
	assert_int_equal(close_range((unsigned int)first, ~0u, 0), 0);
}

static int first_descriptor(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static void the_ones_in_use_are_kept(void **state)
{
	struct error err = { "" };
	char *images[KERNEL_PACKAGE_ENTRIES + 2];
	int first = first_descriptor();

	(void)state;
	for (int i = 0; i <= KERNEL_PACKAGE_ENTRIES + 1; i++) {
		char member[64];
		const char *const members[] = { member, NULL };

		if (i == KERNEL_PACKAGE_ENTRIES + 1)
			end_of_process(first);
		snprintf(member, sizeof(member), "boot/vmlinuz-6.%d", i);
		make_package("k.deb", members);
		assert_int_equal(kernel_find(&source, "k.deb", &images[i], &err), 0);
		for (int j = 0; i <= KERNEL_PACKAGE_ENTRIES && j <= i; j++)
			assert_int_equal(access(images[j], F_OK), 0);
	}
	/* Not in use any more: those beyond the most that are kept are gone. */
	assert_int_not_equal(access(images[0], F_OK), 0);
	assert_int_not_equal(access(images[1], F_OK), 0);
	assert_int_equal(access(images[2], F_OK), 0);
	for (int i = 0; i <= KERNEL_PACKAGE_ENTRIES + 1; i++)
		free(images[i]);
	end_of_process(first);
}

static void the_ones_used_last_are_kept(void **state)
{
	int first_fd = first_descriptor();
	struct error err = { "" };
	char *images[KERNEL_PACKAGE_ENTRIES + 1], *first;

	(void)state;
	for (int i = 0; i <= KERNEL_PACKAGE_ENTRIES; i++) {
		char member[64];
		const char *const members[] = { member, NULL };

		snprintf(member, sizeof(member), "boot/vmlinuz-6.%d", i);
		make_package("k.deb", members);
		assert_int_equal(kernel_find(&source, "k.deb", &images[i], &err), 0);
		end_of_process(first_fd);
		/* The first is used all the time. */
		utimensat(AT_FDCWD, images[i], NULL, 0);
		if (i) {
			snprintf(member, sizeof(member), "boot/vmlinuz-6.0");
			make_package("k.deb", members);
			assert_int_equal(kernel_find(&source, "k.deb", &first, &err), 0);
			end_of_process(first_fd);
			free(first);
		}
	}
	assert_int_equal(unpacked, KERNEL_PACKAGE_ENTRIES + 1);
	assert_int_equal(access(images[0], F_OK), 0);
	assert_int_not_equal(access(images[1], F_OK), 0);
	assert_int_equal(access(images[KERNEL_PACKAGE_ENTRIES], F_OK), 0);
	for (int i = 0; i <= KERNEL_PACKAGE_ENTRIES; i++)
		free(images[i]);
}

static void refuses(const char *path, int code, const char *text)
{
	struct error err = { "" };
	char *image;
	int ret = kernel_find(&source, path, &image, &err);

	if (ret != code || !strstr(err.text, text))
		fail_msg("%d (%d), '%s', not '%s'", ret, code, err.text, text);
	assert_null(image);
	/* Nothing of it is left. */
	assert_int_equal(system("test -z \"$(ls -A cache/packages 2>/dev/null)\""), 0);
}

static void what_is_no_kernel_leaves_nothing(void **state)
{
	static const char *const none[] = { "usr/share/doc/x", "boot/vmlinuz", NULL };
	static const char *const two[] = { "boot/vmlinuz-1", "boot/vmlinuz-2", NULL };
	static const char *const twice[] = { "boot/vmlinuz-1", "lib/modules/1/a", "lib/modules/1/a",
					     NULL };
	static const char *const link[] = { ">boot/vmlinuz-1", NULL };
	static const char *const good[] = { "boot/vmlinuz-1", "lib/modules/1/kernel/a.ko", NULL };
	static char bytes[PACKAGE_SIZE];
	size_t size;
	FILE *file;

	(void)state;
	make_package("k.deb", none);
	refuses("k.deb", -ENOENT, "no vmlinuz in it");
	make_package("k.rpm", two);
	refuses("k.rpm", -EEXIST, "both 'boot/vmlinuz-1' and 'boot/vmlinuz-2'");
	make_package("k.deb", twice);
	refuses("k.deb", -EEXIST, "exists already");
	make_package("k.deb", link);
	refuses("k.deb", -ENOENT, "no vmlinuz in it");
	/* Cut off at any place. */
	for (int rpm = 0; rpm < 2; rpm++) {
		const char *path = rpm ? "k.rpm" : "k.deb";

		make_package(path, good);
		file = fopen(path, "r");
		size = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		for (size_t cut = 24; cut < (rpm ? size : size - 64); cut += 31) {
			struct error err = { "" };
			char *image;

			write_file("cut", bytes, cut);
			assert_int_not_equal(kernel_find(&source, "cut", &image, &err), 0);
			assert_non_null(strstr(err.text, "kernel package 'cut'"));
		}
	}
	setenv("KTSTR_CACHE_DIR", "", 1);
	refuses("k.deb", -ENOTSUP, "there is no cache to unpack it into");
	setenv("KTSTR_CACHE_DIR", "cache", 1);
	assert_int_equal(chmod("cache/packages", 0777), 0);
	refuses("k.deb", -EPERM, "not yours alone");
}

static void places(void **state)
{
	static const struct {
		const char *path, *place; /* NULL: none */
	} cases[] = {
		{ "./boot/vmlinuz-6.1", "vmlinuz" },
		{ "/boot/config-6.1", "config" },
		{ "lib/modules/6.1/vmlinuz", "vmlinuz" },
		{ "./usr/lib/modules/6.1/config", "config" },
		{ "usr/lib/modules/6.1/kernel/x.ko", "lib/modules/6.1/kernel/x.ko" },
		{ "lib/modules/6.1/kernel/vmlinuz", "lib/modules/6.1/kernel/vmlinuz" },
		{ "boot/vmlinuz", NULL },
		{ "boot/System.map-6.1", NULL },
		{ "lib/modules", NULL },
		{ "lib/modules/6.1", NULL },
		{ "lib/modules/6.1/", NULL },
		{ "lib/modules/../../etc/passwd", NULL },
		{ "lib/modules/6.1/../../../../etc/passwd", NULL },
		{ "lib/modules/6.1//x", NULL },
		{ "lib/modules/-oX/x", NULL },
		{ "lib/modules/-oX/vmlinuz", NULL },
		{ "lib/modules/6.1/./x", NULL },
		{ "lib/modules/6.1/..", NULL },
		{ "../lib/modules/6.1/x", NULL },
		{ "boot/vmlinuz-../../x", NULL },
		{ "/../boot/vmlinuz-1", NULL },
		{ "", NULL },
		{ "/", NULL },
		{ "etc/passwd", NULL },
	};
	static char longest[2 * PATH_MAX];
	char place[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = package_place(cases[i].path, place);

		if (found != !!cases[i].place || (found && strcmp(place, cases[i].place)))
			fail_msg("'%s' goes to '%s'", cases[i].path, found ? place : "nowhere");
	}
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "lib/modules/1/", strlen("lib/modules/1/"));
	assert_false(package_place(longest, place));
	assert_false(package_is_one("!<arch>\nother", 13));
	assert_false(package_is_one("\xed\xab", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_kinds_are_unpacked_once, setup, teardown),
		cmocka_unit_test_setup_teardown(the_ones_used_last_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(the_ones_in_use_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_kernel_leaves_nothing, setup, teardown),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
