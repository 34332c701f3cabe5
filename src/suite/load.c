/* Which files are tests? See load.h. */
#include "suite/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry/directives.h"

struct load {
	struct tests *tests;
	void (*complain)(const char *line);
	int bad;
};

static int load_one(struct load *load, const char *path, struct error *err)
{
	struct test *grown =
		reallocarray(load->tests->list, load->tests->count + 1, sizeof(*grown));
	struct error wrong = { "" };
	int ret;

	if (!grown)
		return error_set(err, -ENOMEM, "out of memory");
	load->tests->list = grown;
	ret = test_load(&grown[load->tests->count], path, &wrong);
	if (ret == -ENOMEM)
		return error_set(err, ret, "%s", wrong.text);
	if (ret) {
		load->complain(wrong.text);
		load->bad++;
	} else {
		load->tests->count++;
	}
	return 0;
}

/* Does it say of itself that it is a test? */
static bool is_marked(const char *path)
{
	char beside[PATH_MAX], text[16384 + 1];
	ssize_t count;
	int fd;

	if (snprintf(beside, sizeof(beside), "%s.ktstr", path) < (int)sizeof(beside) &&
	    !access(beside, F_OK))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	count = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[count > 0 ? count : 0] = '\0';
	return !strncmp(text, "#!", 2) && strstr(text, "\n#ktstr:");
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int load_folder(struct load *load, const char *path, struct error *err)
{
	char *const roots[] = { (char *)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int ret = 0;

	if (!tree)
		return error_set(err, -errno, "folder '%s': %s", path, strerror(errno));
	while (!ret && (entry = fts_read(tree))) {
		if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
			fts_set(tree, entry, FTS_SKIP);
		} else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
			ret = error_set(err, -entry->fts_errno, "'%s': %s", entry->fts_path,
					strerror(entry->fts_errno));
		} else if (entry->fts_info == FTS_F && entry->fts_statp->st_mode & 0111 &&
			   is_marked(entry->fts_path)) {
			ret = load_one(load, entry->fts_path, err);
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
			ret = load_one(&load, *paths, err);
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
