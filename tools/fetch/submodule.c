/* Which submodules does a tree name? See submodule.h. */
#include "tools/fetch/submodule.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define GITLINK "160000 commit "
#define ID_SIZE 40

static int check_path(const char *path, struct error *err)
{
	const char *part = path;

	if (*path == '-' || strlen(path) >= PATH_MAX)
		return error_set(err, -EPERM, "submodule '%.200s': such a path is refused", path);
	for (;;) {
		size_t length = strcspn(part, "/");

		if (!length || (length == 1 && part[0] == '.') ||
		    (length == 2 && !strncmp(part, "..", 2)) ||
		    (length == 4 && !strncasecmp(part, ".git", 4)))
			return error_set(err, -EPERM, "submodule '%.200s': such a path is refused",
					 path);
		if (!part[length])
			return 0;
		part += length + 1;
	}
}

/* One line of ls-tree: "MODE TYPE ID\tPATH". */
static int read_line(struct submodules *list, const char *line, struct error *err)
{
	const char *path = strchr(line, '\t');
	struct submodule *grown;
	int ret;

	if (path && !strcmp(path + 1, ".gitmodules")) {
		/* A link could lead out of the tree. */
		if (strncmp(line, "100", 3) != 0)
			return error_set(err, -EPERM, ".gitmodules is not a file: refused");
		list->has_settings = true;
	}
	if (strncmp(line, GITLINK, strlen(GITLINK)) != 0)
		return 0;
	line += strlen(GITLINK);
	if (!path || path - line != ID_SIZE)
		return error_set(err, -EINVAL, "git ls-tree: not understood: %.100s", line);
	ret = check_path(path + 1, err);
	if (ret)
		return ret;
	grown = reallocarray(list->all, list->count + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "out of memory");
	list->all = grown;
	grown += list->count;
	memcpy(grown->id, line, ID_SIZE);
	grown->id[ID_SIZE] = '\0';
	grown->url = NULL;
	grown->path = strdup(path + 1);
	if (!grown->path)
		return error_set(err, -ENOMEM, "out of memory");
	list->count++;
	return 0;
}

int submodules_read_tree(struct submodules *list, const char *text, size_t size, struct error *err)
{
	const char *end = text + size;
	int ret = 0;

	for (; text < end && !ret; text += strlen(text) + 1)
		ret = read_line(list, text, err);
	return ret;
}

/* The value of submodule.NAME.@last in "KEY\nVALUE" lines; NULL when there is none. */
static const char *setting(const char *text, size_t size, const char *name, size_t name_length,
			   const char *last)
{
	const char *found = NULL;

	for (const char *at = text; at < text + size; at += strlen(at) + 1) {
		size_t length = strcspn(at, "\n");

		if (length == name_length + strlen(last) && !strncmp(at, name, name_length) &&
		    !strncmp(at + name_length, last, strlen(last)) && at[length])
			found = at + length + 1;
	}
	return found;
}

int submodules_read_settings(struct submodules *list, const char *text, size_t size,
			     struct error *err)
{
	for (const char *at = text; at && at < text + size; at += strlen(at) + 1) {
		size_t length = strcspn(at, "\n");
		const char *url;

		if (length < strlen(".path") || strncmp(at + length - 5, ".path\n", 6) != 0)
			continue;
		url = setting(text, size, at, length - 5, ".url");
		for (size_t i = 0; i < list->count && url; i++) {
			if (strcmp(list->all[i].path, at + length + 1) != 0)
				continue;
			free(list->all[i].url);
			list->all[i].url = strdup(url);
		}
	}
	for (size_t i = 0; i < list->count; i++) {
		if (!list->all[i].url)
			return error_set(err, -ENOENT,
					 "submodule '%.200s': the tree's .gitmodules has no URL "
					 "for it",
					 list->all[i].path);
	}
	return 0;
}

void submodules_free(struct submodules *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->all[i].path);
		free(list->all[i].url);
	}
	free(list->all);
}

/* @url, which begins with ./ or ../, from @parent; NULL when it goes above the host. */
static char *relative_url(const char *parent, const char *url)
{
	const char *host = strstr(parent, "://");
	size_t length = strlen(parent), least;
	char *out = NULL;

	if (!host)
		return NULL;
	host += strlen("://");
	least = (size_t)(host - parent) + strcspn(host, "/");
	while (length > least && parent[length - 1] == '/')
		length--;
	for (;;) {
		if (!strncmp(url, "./", 2)) {
			url += 2;
			continue;
		}
		if (strncmp(url, "../", 3) != 0)
			break;
		if (length <= least)
			return NULL;
		while (length > least && parent[length - 1] != '/')
			length--;
		while (length > least && parent[length - 1] == '/')
			length--;
		url += 3;
	}
	return asprintf(&out, "%.*s/%s", (int)length, parent, url) < 0 ? NULL : out;
}

static bool both_begin(const char *a, const char *b, const char *scheme)
{
	return !strncasecmp(a, scheme, strlen(scheme)) && !strncasecmp(b, scheme, strlen(scheme));
}

int submodule_url(const struct submodule *one, const char *parent, char **out, struct error *err)
{
	bool relative = !strncmp(one->url, "./", 2) || !strncmp(one->url, "../", 3);

	*out = relative ? relative_url(parent, one->url) : strdup(one->url);
	if (!*out)
		return error_set(err, -EINVAL,
				 "submodule '%.200s': URL '%.200s' leads nowhere from "
				 "'%.200s'",
				 one->path, one->url, parent);
	if (both_begin(*out, *out, "https://") || both_begin(*out, parent, "http://") ||
	    both_begin(*out, parent, "file://"))
		return 0;
	return error_set(err, -EPERM,
			 "submodule '%.200s': URL '%.200s' is refused: only https is followed, and "
			 "http or file from one of that kind",
			 one->path, *out);
}

int submodule_check_folder(const char *dir, const char *path, struct error *err)
{
	char at[PATH_MAX];
	struct stat st;

	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		if (snprintf(at, sizeof(at), "%s/%.*s", dir, (int)i, path) >= (int)sizeof(at) ||
		    lstat(at, &st) < 0 || !S_ISDIR(st.st_mode))
			return error_set(err, -EPERM,
					 "submodule '%.200s': '%.*s' is no folder: refused", path,
					 (int)i, path);
	}
	return 0;
}
