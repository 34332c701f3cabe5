/* Is this program a version manager's shim? See shim.h. */
#include "initramfs/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shims are a few lines long. */
#define SCRIPT_MAX 4096

struct manager {
	char name[64];
};

/* Managers whose shims are links to one program, which goes by the name that it is called by. */
static const struct {
	const char *program, *manager;
} dispatchers[] = {
	{ "mise", "mise" },
	{ "rtx", "rtx" },
	{ "volta-shim", "volta" },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_in_shims(const char *path)
{
	static const char folder[] = "/shims/";
	const char *base = base_name(path);
	size_t length = strlen(folder);

	return (size_t)(base - path) >= length && !memcmp(base - length, folder, length);
}

/* `exec "/root/.pyenv/libexec/pyenv" exec "$program" "$@"`: the manager's name from such a line. */
static bool read_exec(const char *line, struct manager *manager)
{
	static const char word[] = "exec ";
	const char *start, *end;
	char quote;

	line += strspn(line, " \t");
	if (strncmp(line, word, strlen(word)))
		return false;
	start = line + strlen(word);
	quote = *start == '"' || *start == '\'' ? *start++ : ' ';
	end = start;
	while (*end && *end != quote && *end != '\n')
		end++;
	if (*end != quote)
		return false;
	line = end + (quote != ' ');
	line += strspn(line, " \t");
	if (strncmp(line, word, strlen(word)))
		return false;
	while (end > start && memchr(start, '/', (size_t)(end - start)))
		start = (const char *)memchr(start, '/', (size_t)(end - start)) + 1;
	snprintf(manager->name, sizeof(manager->name), "%.*s", (int)(end - start), start);
	return *manager->name;
}

static bool is_script_of(const char *path, struct manager *manager)
{
	char text[SCRIPT_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t size = fd < 0 ? -1 : read(fd, text, SCRIPT_MAX);

	if (fd >= 0)
		close(fd);
	if (size < 2 || memcmp(text, "#!", 2))
		return false;
	text[size] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (read_exec(line, manager))
			return true;
	}
	return false;
}

static bool is_shim(const char *path, struct manager *manager)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return false;
	for (size_t i = 0; i < sizeof(dispatchers) / sizeof(dispatchers[0]); i++) {
		if (strcmp(base_name(real), dispatchers[i].program) ||
		    !strcmp(base_name(path), dispatchers[i].program))
			continue;
		snprintf(manager->name, sizeof(manager->name), "%s", dispatchers[i].manager);
		return true;
	}
	return is_in_shims(real) && is_script_of(real, manager);
}

int shim_check(const char *path, struct error *err)
{
	struct manager manager;

	if (!is_shim(path, &manager))
		return 0;
	return error_set(
		err, -ENOEXEC,
		"'%s' is a version manager's shim, which starts another program that would "
		"not be in the guest; give that program's path (`%s which %s` says it), or "
		"put its folder first in PATH",
		path, manager.name, base_name(path));
}
