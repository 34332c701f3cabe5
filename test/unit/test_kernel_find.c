/* Is the kernel found that the user meant, and is what helps said where it is not? */
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/kernel_find.h"
#include "suite/kernels.h"
#include "util/file.h"

static char folder[PATH_MAX];
static char said[512];

static void keep(void *data, const char *line)
{
	(void)data;
	snprintf(said, sizeof(said), "%s", line);
}

static const struct kernel_source source = { .root = folder, .say = keep };

/* A file below the folder, with all that it lies in. */
static void make(const char *path)
{
	char whole[2 * PATH_MAX], *slash;
	struct error err = { "" };

	snprintf(whole, sizeof(whole), "%s/%s", folder, path);
	slash = strrchr(whole, '/');
	*slash = '\0';
	assert_int_equal(file_make_dirs(whole, NULL), 0);
	*slash = '/';
	if (file_write_new(whole, "x", 1, 0644, &err))
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_kernel_find.XXXXXX");
	*said = '\0';
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") || system(command);
}

static void finds(const char *named, const char *path)
{
	struct error err = { "" };
	char *image;

	if (kernel_find(&source, named, &image, &err))
		fail_msg("'%s': %s", named, err.text);
	assert_string_equal(image, path);
	free(image);
}

static void refuses(const char *named, int code, const char *text)
{
	struct error err = { "" };
	char *image;

	assert_int_equal(kernel_find(&source, named, &image, &err), code);
	assert_null(image);
	if (!strstr(err.text, text))
		fail_msg("says '%s', not '%s'", err.text, text);
}

static void files_are_themselves(void **state)
{
	(void)state;
	make("bzImage");
	finds("bzImage", "bzImage");
	finds("./bzImage", "./bzImage");
	assert_string_equal(said, "");
	refuses("nowhere/bzImage", -ENOENT, "kernel 'nowhere/bzImage': No such file");
	refuses("bzImage/x", -ENOTDIR, "kernel 'bzImage/x': Not a directory");
	refuses("", -ENOENT, "kernel '': No such file");
}

static void folders_are_trees(void **state)
{
	(void)state;
	make("tree/vmlinux");
	finds("tree", "tree/vmlinux");
	make("tree/arch/x86/boot/bzImage");
	finds("tree", "tree/arch/x86/boot/bzImage");
	make("6.1/vmlinuz");
	finds("6.1", "6.1/vmlinuz");
	/* A folder of that name is no image. */
	make("bad/vmlinux/x");
	refuses("bad", -ENOENT, "none of arch/x86/boot/bzImage, vmlinuz or vmlinux in it");
}

static void releases_are_in_boot(void **state)
{
	char path[PATH_MAX + 64];

	(void)state;
	make("boot/vmlinuz-6.12.9-amd64");
	snprintf(path, sizeof(path), "%s/boot/vmlinuz-6.12.9-amd64", folder);
	finds("6.12.9-amd64", path);
	make("lib/modules/7.1/vmlinuz");
	snprintf(path, sizeof(path), "%s/lib/modules/7.1/vmlinuz", folder);
	finds("7.1", path);
	/* A file here goes first. */
	make("7.1");
	finds("7.1", "7.1");
	refuses("6.13", -ENOENT, "kernel '6.13': No such file or directory; nor is it a release");
}

static void the_tree_that_one_stands_in_is_the_default(void **state)
{
	(void)state;
	refuses(NULL, -EINVAL, "no kernel given; give --kernel IMG or set KTSTR_KERNEL");
	make("Kbuild");
	refuses(NULL, -EINVAL, "no kernel given; give");
	make("arch/x86/Kconfig");
	refuses(NULL, -EINVAL, "the kernel tree here has none of arch/x86/boot/bzImage");
	assert_string_equal(said, "");
	make("arch/x86/boot/bzImage");
	finds(NULL, "arch/x86/boot/bzImage");
	assert_string_equal(said,
			    "no kernel given: taking arch/x86/boot/bzImage of the kernel tree "
			    "here");
}

/* As a user: root reads all. */
static void what_cannot_be_read_gets_a_hint(void **state)
{
	char path[PATH_MAX + 64];
	int status;

	(void)state;
	make("boot/vmlinuz-6.1");
	snprintf(path, sizeof(path), "%s/boot/vmlinuz-6.1", folder);
	assert_int_equal(chmod(path, 0600) | chmod(folder, 0755), 0);
	if (!fork()) {
		struct error err = { "" };
		char *image;

		if (!geteuid() && setuid(65534))
			_exit(1);
		if (kernel_find(&source, "6.1", &image, &err) != -EACCES)
			_exit(2);
		if (!strstr(err.text, "sudo chmod +r ") || !strstr(err.text, path))
			_exit(3);
		_exit(0);
	}
	wait(&status);
	if (geteuid())
		skip();
	assert_int_equal(status, 0);
}

/* @given and the names that are expected, each a line of words. */
static void names(const char *given, const char *releases, const char *expected)
{
	char text[3][256], *words[3][8], *rest;
	const char *const lines[] = { given, releases, expected };
	struct error err = { "" };
	size_t count = 0;
	int ret;

	for (size_t i = 0; i < 3; i++) {
		snprintf(text[i], sizeof(text[i]), "%s", lines[i]);
		count = 0;
		for (char *word = strtok_r(text[i], " ", &rest); word;
		     word = strtok_r(NULL, " ", &rest))
			words[i][count++] = i == 1 ? strdup(word) : word;
	}
	ret = kernels_name(words[1], words[0], count, &err);
	if (ret)
		fail_msg("%s: %s", given, err.text);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(words[1][i], words[2][i]);
		free(words[1][i]);
	}
}

static void kernels_of_one_release_are_told_apart(void **state)
{
	char *same[] = { strdup("6.1"), strdup("6.1") }, *const given[] = { "k/a", "k/a" };
	struct error err = { "" };

	(void)state;
	names("a/bzImage b/bzImage", "6.1 6.2", "6.1 6.2");
	names("a/bzImage b/bzImage", "6.1 6.1", "6.1-a 6.1-b");
	names("/k/a/arch/bzImage /k/ab/arch/bzImage c", "6.1 6.1 6.2", "6.1-a 6.1-ab 6.2");
	names("base patched", "6.1 6.1", "6.1-base 6.1-patched");
	names("k/bzImage k/new/x/bzImage", "6.1 6.1", "6.1-k 6.1-x");
	names("x/1 y/2 z/3", "6.1 6.1 6.1", "6.1-1 6.1-2 6.1-3");
	names("a/1/b a/2/b c/1/b c/2/b", "6.1 6.1 6.1 6.1", "6.1-a_1 6.1-a_2 6.1-c_1 6.1-c_2");
	names("tree/ ./tree2/", "6.1 6.1", "6.1-tree 6.1-tree2");
	names("b a/b", "6.1 6.1", "6.1-b 6.1-a");
	names("/b b", "6.1 6.1", "6.1-_b 6.1-b");
	names("x", "6.1~rc*1", "6.1_rc_1");
	assert_int_equal(kernels_name(same, given, 2, &err), -EINVAL);
	assert_non_null(strstr(err.text, "kernel 'k/a' is given twice; give it once"));
	free(same[0]);
	free(same[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_themselves, setup, teardown),
		cmocka_unit_test_setup_teardown(folders_are_trees, setup, teardown),
		cmocka_unit_test_setup_teardown(releases_are_in_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(the_tree_that_one_stands_in_is_the_default, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_gets_a_hint, setup, teardown),
		cmocka_unit_test(kernels_of_one_release_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
