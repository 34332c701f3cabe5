/* Which files are tests? See load.h. */
#include "suite/load.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry/directives.h"

#define SIDECAR_SUFFIX ".ktstr"

struct load {
	struct tests *tests;
	void (*complain)(const char *line);
	int bad;
};

static void refuse(struct load *load, const struct error *wrong)
{
	load->complain(wrong->text);
	load->bad++;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Paths of tests of one name. In another folder a link has another NAME.ktstr and other includes.
 */
static bool is_same_test(const struct test *a, const struct test *b)
{
	char folder_a[PATH_MAX], folder_b[PATH_MAX];

	snprintf(folder_a, sizeof(folder_a), "%s", a->path);
	snprintf(folder_b, sizeof(folder_b), "%s", b->path);
	return is_same_file(a->path, b->path) && is_same_file(dirname(folder_a), dirname(folder_b));
}

/* Names of tests are names of variants and of folders. */
static const struct test *find_name(const struct tests *tests, const char *name)
{
	for (size_t i = 0; i < tests->count; i++)
		if (!strcmp(tests->list[i].name, name))
			return &tests->list[i];
	return NULL;
}

/*
 * A test's name has the folders in it that lie between the one that was given and its file: @below
 * is its path from there on. What is no part of a name becomes '_'.
 */
static int name_by_path(struct test *test, const char *below, struct error *err)
{
	const char *slash = strrchr(below, '/');
	char *name;

	if (!slash)
		return 0;
	if (asprintf(&name, "%.*s/%s", (int)(slash - below), below, test->name) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	free(test->name);
	test->name = name;
	for (char *c = name; c < name + (slash - below); c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-/", *c))
			*c = '_';
	if (strlen(name) > TEST_MAX_NAME)
		return error_set(
			err, -EINVAL,
			"%s: '%s' is longer than the %d bytes that a test's name may have; "
			"rename the file or a folder, or give the folder that it is in",
			test->path, name, TEST_MAX_NAME);
	return 0;
}

/* @below: its path below the folder that was given; NULL: the file itself was */
static int load_one(struct load *load, const char *path, const char *below, struct error *err)
{
	struct tests *tests = load->tests;
	struct test *grown = reallocarray(tests->list, tests->count + 1, sizeof(*grown));
	struct error wrong = { "" };
	const struct test *other;
	struct test *test;
	int ret;

	if (!grown)
		return error_set(err, -ENOMEM, "out of memory");
	tests->list = grown;
	test = &grown[tests->count];
	ret = test_load(test, path, &wrong);
	if (!ret && below) {
		ret = name_by_path(test, below, &wrong);
		if (ret)
			test_destroy(test);
	}
	if (ret == -ENOMEM)
		return error_set(err, ret, "%s", wrong.text);
	if (ret) {
		refuse(load, &wrong);
		return 0;
	}
	other = find_name(tests, test->name);
	for (size_t i = 0; !other && i < tests->count; i++)
		if (!strcmp(tests->list[i].path, test->path))
			other = &tests->list[i];
	/* The same file given twice, "tests tests/fair.sh", is one test. */
	if (other && is_same_test(other, test)) {
		test_destroy(test);
		return 0;
	}
	if (other) {
		error_set(&wrong, -EINVAL,
			  "test '%s': both '%s' and '%s' have this name; rename one of them",
			  test->name, other->path, test->path);
		refuse(load, &wrong);
	}
	tests->count++;
	return 0;
}

/*
 * Was it meant as a test? What is not quite one is for test_load, which says what is missing: a
 * test that is left out in silence looks like one that passes. Without the x bit the head alone
 * counts: a file may hold others' text further down.
 */
static bool is_meant(const char *path, mode_t mode)
{
	char beside[PATH_MAX], text[DIRECTIVES_MAX_SIZE];
	ssize_t count;
	int fd;

	if (snprintf(beside, sizeof(beside), "%s" SIDECAR_SUFFIX, path) < (int)sizeof(beside) &&
	    !access(beside, F_OK))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	/* One that may be executed and not read may well be a test. A link to nowhere has no mode.
	 */
	if (fd < 0)
		return mode & 0111;
	count = read(fd, text, sizeof(text));
	close(fd);
	return count > 2 && !memcmp(text, "#!", 2) &&
	       directives_are_meant(text, (size_t)count, mode & 0111);
}

/* Directives whose program is gone: PROGRAM.ktstr alone. */
static bool lacks_program(const char *path)
{
	size_t length = strlen(path), suffix = strlen(SIDECAR_SUFFIX);
	char program[PATH_MAX];
	struct stat st;

	if (length <= suffix || length >= sizeof(program) ||
	    strcmp(path + length - suffix, SIDECAR_SUFFIX))
		return false;
	snprintf(program, sizeof(program), "%.*s", (int)(length - suffix), path);
	return lstat(program, &st) && errno == ENOENT;
}

static int load_file(struct load *load, const char *path, const char *below, struct error *err)
{
	struct error wrong = { "" };
	struct stat st;

	/* A link to a file is followed; one that leads nowhere may still have its NAME.ktstr. */
	if (stat(path, &st))
		st.st_mode = S_IFREG;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (is_meant(path, st.st_mode))
		return load_one(load, path, below, err);
	if (lacks_program(path)) {
		error_set(&wrong, -ENOENT,
			  "%s: directives, and the program that they are for, '%.*s', is not "
			  "there; put it beside them or remove them",
			  path, (int)(strlen(path) - strlen(SIDECAR_SUFFIX)), path);
		refuse(load, &wrong);
	}
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* @path begins with @folder. */
static const char *below(const char *path, const char *folder)
{
	path += strlen(folder);
	return path + strspn(path, "/");
}

static int load_folder(struct load *load, const char *path, struct error *err)
{
	char *const roots[] = { (char *)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int ret = 0;

	if (!tree)
		return error_set(err, -errno, "folder '%s': %s", path, strerror(errno));
	while (!ret && (entry = fts_read(tree))) {
		if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
			fts_set(tree, entry, FTS_SKIP);
		} else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
			   entry->fts_info == FTS_NS) {
			ret = error_set(err, -entry->fts_errno, "'%s': %s", entry->fts_path,
					strerror(entry->fts_errno));
		} else if (entry->fts_info == FTS_F || entry->fts_info == FTS_SL) {
			ret = load_file(load, entry->fts_path, below(entry->fts_path, path), err);
		}
	}
	fts_close(tree);
	return ret;
}

int tests_load(const char *const *paths, struct tests *tests, void (*complain)(const char *line),
	       struct error *err)
{
	struct load load = { .tests = tests, .complain = complain };
	int ret = 0;

	*tests = (struct tests){ 0 };
	for (; !ret && *paths; paths++) {
		struct stat st;

		if (!stat(*paths, &st) && S_ISDIR(st.st_mode))
			ret = load_folder(&load, *paths, err);
		else
			ret = load_one(&load, *paths, NULL, err);
	}
	if (!ret && !tests->count && !load.bad)
		ret = error_set(
			err, -ENOENT,
			"no test there: in a folder a test is an executable file with a "
			"line '#ktstr: ...' after its '#!', or with a NAME.ktstr beside it");
	if (ret) {
		tests_destroy(tests);
		return ret;
	}
	return load.bad;
}

void tests_destroy(struct tests *tests)
{
	for (size_t i = 0; i < tests->count; i++)
		test_destroy(&tests->list[i]);
	free(tests->list);
	*tests = (struct tests){ 0 };
}
