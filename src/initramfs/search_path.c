/* Where does env(1) find a program? See search_path.h and initramfs_search_path. */
#include "initramfs/search_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path)
{
	struct stat st;

	return !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode);
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory for the guest's PATH");
}

int search_path_find(const struct initramfs *tree, const char *program, char **path,
		     struct error *err)
{
	const char *list = tree->paths.search_path ? tree->paths.search_path : getenv("PATH");

	if (strchr(program, '/')) {
		*path = strdup(program);
		return *path ? 0 : no_memory(err);
	}
	while (list && *list) {
		size_t length = strcspn(list, ":");

		if (*list == '/') {
			if (asprintf(path, "%.*s/%s", (int)length, list, program) < 0)
				return no_memory(err);
			if (is_program(*path))
				return 0;
			free(*path);
		}
		list += length + (list[length] == ':');
	}
	*path = NULL;
	return -ENOENT;
}

int search_path_note(struct initramfs *tree, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');

	if (dir_list_add(&tree->searched, path, (size_t)(slash - path)))
		return no_memory(err);
	return 0;
}

static bool has_folder(const char *list, const char *folder)
{
	size_t length = strlen(folder);

	while (*list) {
		size_t part = strcspn(list, ":");

		if (part == length && !memcmp(list, folder, length))
			return true;
		list += part + (list[part] == ':');
	}
	return false;
}

int initramfs_search_path(const struct initramfs *tree, const char *usual, char **path,
			  struct error *err)
{
	size_t size;
	FILE *out = open_memstream(path, &size);
	bool failed;

	if (!out)
		return no_memory(err);
	for (size_t i = 0; i < tree->searched.count; i++)
		if (!has_folder(usual, tree->searched.dirs[i]))
			fprintf(out, "%s:", tree->searched.dirs[i]);
	fputs(usual, out);
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return 0;
	free(*path);
	*path = NULL;
	return no_memory(err);
}
