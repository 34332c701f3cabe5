/* Which folders does the host's loader configuration name? See ldconf.h. */
#include "initramfs/ldconf.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As deep as ldconfig itself goes (elf/ldconfig.c). */
#define INCLUDE_DEPTH_MAX 10

struct conf {
	struct dir_list *dirs;
	struct dir_list files; /* read already, without links in their paths */
};

int dir_list_add(struct dir_list *list, const char *dir, size_t length)
{
	char **grown;

	while (length > 1 && dir[length - 1] == '/')
		length--;
	for (size_t i = 0; i < list->count; i++)
		if (!strncmp(list->dirs[i], dir, length) && !list->dirs[i][length])
			return 0;
	grown = realloc(list->dirs, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->dirs = grown;
	grown[list->count] = strndup(dir, length);
	if (!grown[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

void dir_list_destroy(struct dir_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->dirs[i]);
	free(list->dirs);
	memset(list, 0, sizeof(*list));
}

static int read_file(struct conf *conf, const char *path, int depth);

static int read_include(struct conf *conf, const char *from, const char *pattern, int depth)
{
	const char *slash = strrchr(from, '/');
	char *absolute = NULL;
	glob_t found;
	int ret = 0;

	if (*pattern != '/' && slash) {
		if (asprintf(&absolute, "%.*s/%s", (int)(slash - from), from, pattern) < 0)
			return -ENOMEM;
		pattern = absolute;
	}
	switch (glob(pattern, 0, NULL, &found)) {
	case 0:
		for (size_t i = 0; !ret && i < found.gl_pathc; i++)
			ret = read_file(conf, found.gl_pathv[i], depth + 1);
		globfree(&found);
		break;
	case GLOB_NOSPACE:
		ret = -ENOMEM;
		break;
	default: /* no match */
		break;
	}
	free(absolute);
	return ret;
}

static int read_line(struct conf *conf, const char *path, char *line, int depth)
{
	char *word, *rest;
	size_t length;
	int ret = 0;

	line[strcspn(line, "#\n")] = '\0';
	line += strspn(line, " \t");
	length = strlen(line);
	while (length && isspace((unsigned char)line[length - 1]))
		line[--length] = '\0';
	if (!strncmp(line, "include", 7) && isblank((unsigned char)line[7])) {
		rest = line + 8;
		while (!ret && (word = strsep(&rest, " \t")))
			if (*word)
				ret = read_include(conf, path, word, depth);
		return ret;
	}
	/* Old forms that mean nothing any more: "hwcap ..." and "/dir=libc5". */
	length = strcspn(line, "=");
	if (*line != '/')
		return 0;
	return dir_list_add(conf->dirs, line, length);
}

static int read_file(struct conf *conf, const char *path, int depth)
{
	size_t size = 0, seen = conf->files.count;
	char *line = NULL, *real;
	int ret = 0;
	FILE *file;

	if (depth > INCLUDE_DEPTH_MAX)
		return 0;
	real = realpath(path, NULL);
	if (!real)
		return errno == ENOMEM ? -ENOMEM : 0;
	ret = dir_list_add(&conf->files, real, strlen(real));
	free(real);
	if (ret || conf->files.count == seen)
		return ret;
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!ret && getline(&line, &size, file) >= 0)
		ret = read_line(conf, path, line, depth);
	free(line);
	fclose(file);
	return ret;
}

int ldconf_read(const char *path, struct dir_list *list)
{
	struct conf conf = { .dirs = list };
	int ret = read_file(&conf, path, 0);

	dir_list_destroy(&conf.files);
	return ret;
}
