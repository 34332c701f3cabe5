/* Which test is in a file? Its name, its directives and those of FILE.ktstr; see directives.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry/directives.h"
#include "util/utf8.h"

#define SIDECAR_SUFFIX ".ktstr"

/* What is read of a file: one byte more than counts, to know whether there is more. */
struct file_head {
	char text[DIRECTIVES_MAX_SIZE + 1];
	size_t size;
	mode_t mode;
};

static int read_head(const char *path, struct file_head *head, struct error *err)
{
	/* A FIFO or a terminal must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return error_set(err, ret, "%s: cannot read it: %s", path, strerror(-ret));
	}
	head->size = 0;
	head->mode = st.st_mode;
	if (!S_ISREG(st.st_mode))
		ret = error_set(err, -EACCES, "%s: %s", path,
				S_ISDIR(st.st_mode) ? "a folder, not a file"
						    : "not a regular file");
	while (!ret && head->size < sizeof(head->text)) {
		ssize_t got = read(fd, head->text + head->size, sizeof(head->text) - head->size);

		if (!got)
			break;
		if (got > 0)
			head->size += (size_t)got;
		else if (errno != EINTR)
			ret = error_set(err, -errno, "%s: cannot read it: %m", path);
	}
	close(fd);
	return ret;
}

static bool begins_with(const struct file_head *head, const char *magic)
{
	size_t length = strlen(magic);

	return head->size >= length && !memcmp(head->text, magic, length);
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Names become names of folders, files and variants, and parts of command lines and XML: hence few
 * characters, and none at the start that hides a file or begins an option.
 */
static int set_name(struct test *test, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
	size_t bad = 0;
	char shown[TEST_MAX_NAME + 1];

	while (bad < length && (is_alphanumeric(base[bad]) || (bad && strchr("._-", base[bad]))))
		bad++;
	utf8_printable(shown, sizeof(shown), base, length);
	if (bad < length || !length)
		return error_set(err, -EINVAL,
				 "%s: '%s' cannot be a test's name, which is made of letters, "
				 "digits, '.', '_' and '-' and begins with a letter or digit; "
				 "rename the file",
				 path, shown);
	if (length > TEST_MAX_NAME)
		return error_set(err, -EINVAL,
				 "%s: a name of %zu characters, and a test's has at most %d; "
				 "rename the file",
				 path, length, TEST_MAX_NAME);
	test->name = strndup(base, length);
	return test->name ? 0 : error_set(err, -ENOMEM, "%s: out of memory", path);
}

/* @path below the working folder, unless it is absolute; links are left alone. */
static int make_absolute(const char *path, char **out, struct error *err)
{
	char *cwd;

	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	if (*path == '/') {
		*out = strdup(path);
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return error_set(err, -errno, "%s: the working folder: %m", path);
		if (asprintf(out, "%s/%s", cwd, path) < 0)
			*out = NULL;
		free(cwd);
	}
	return *out ? 0 : error_set(err, -ENOMEM, "%s: out of memory", path);
}

static int check_program(const char *path, const struct file_head *head, struct error *err)
{
	if (!(head->mode & 0111))
		return error_set(err, -EACCES, "%s: not executable; chmod +x it", path);
	if (!begins_with(head, "#!") && !begins_with(head, "\177ELF"))
		return error_set(err, -ENOEXEC,
				 "%s: neither a script nor an ELF; a script begins with its "
				 "interpreter, for example #!/bin/sh",
				 path);
	return 0;
}

/* @found: whether there are any */
static int load_directives(struct test *test, const char *path, struct file_head *head,
			   bool *found_any, struct error *err)
{
	bool script = begins_with(head, "#!");
	unsigned int found = 0;
	char *sidecar;
	int ret = 0;

	if (script)
		ret = directives_parse(test, path, head->text, head->size, false, &found, err);
	if (ret)
		return ret;
	if (asprintf(&sidecar, "%s" SIDECAR_SUFFIX, path) < 0)
		return error_set(err, -ENOMEM, "%s: out of memory", path);
	/* What is there and cannot be read is an error; what is not there is the usual case. */
	*found_any = found;
	if (!access(sidecar, F_OK) || errno != ENOENT) {
		*found_any = true;
		if (found)
			ret = error_set(err, -EINVAL,
					"%s:1: '%s' carries directives itself; keep them in one of "
					"the two files",
					sidecar, path);
		else
			ret = read_head(sidecar, head, err);
		if (!ret)
			ret = directives_parse(test, sidecar, head->text, head->size, true, NULL,
					       err);
	}
	free(sidecar);
	return ret;
}

int test_load(struct test *test, const char *path, struct error *err)
{
	struct file_head *head = malloc(sizeof(*head));
	bool found;
	int ret;

	ret = test_init(test);
	if (ret || !head)
		ret = error_set(err, -ENOMEM, "%s: out of memory", path);
	if (!ret)
		ret = read_head(path, head, err);
	if (!ret)
		ret = check_program(path, head, err);
	if (!ret)
		ret = set_name(test, path, err);
	if (!ret)
		ret = make_absolute(path, &test->path, err);
	if (!ret)
		ret = load_directives(test, path, head, &found, err);
	free(head);
	if (ret)
		test_destroy(test);
	return ret;
}

int test_load_directives(struct test *test, const char *path, struct error *err)
{
	struct file_head *head = malloc(sizeof(*head));
	bool found = false;
	int ret;

	ret = test_init(test);
	if (!ret)
		test->path = strdup(path);
	if (ret || !head || !test->path)
		ret = error_set(err, -ENOMEM, "%s: out of memory", path);
	/* A program may be executable and not readable. */
	else if (!read_head(path, head, NULL))
		ret = load_directives(test, path, head, &found, err);
	free(head);
	if (!ret && !found) {
		free(test->path);
		test->path = NULL;
	}
	if (ret)
		test_destroy(test);
	return ret;
}
