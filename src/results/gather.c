/* Which result files are meant by a folder? See gather.h. */
#include "results/gather.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How deep below a folder. */
#define MOST_DEPTH 16
/* In the first of these bytes the writer says what it is. */
#define BEGIN	   64

struct search {
	struct gathered *gathered;
	void (*note)(void *data, const char *line);
	void *data;
	unsigned int depth;
};

static int add(struct gathered *gathered, const char *path, struct error *err)
{
	char **grown = reallocarray(gathered->paths, gathered->count + 1, sizeof(*grown));
	char *copy = strdup(path);

	if (grown)
		gathered->paths = grown;
	if (!grown || !copy) {
		free(copy);
		return error_set(err, -ENOMEM, "out of memory");
	}
	grown[gathered->count++] = copy;
	return 0;
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	return length > end && !strcmp(name + length - end, suffix);
}

/* A regular file that begins with a line of type "plan"? */
static bool is_results(const struct search *search, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char begin[BEGIN + 1] = "", line[PATH_MAX + 64];
	ssize_t size = fd < 0 ? -1 : read(fd, begin, BEGIN);

	if (fd >= 0)
		close(fd);
	if (!size) {
		snprintf(line, sizeof(line), "'%s' is empty", path);
		search->note(search->data, line);
	}
	return size > 0 && strstr(begin, "\"type\":\"plan\"");
}

static int look_into(struct search *search, const char *folder, struct error *err);

static int look_at(struct search *search, const char *folder, const char *name, struct error *err)
{
	char path[PATH_MAX];
	struct stat st;
	int ret = 0;

	if (*name == '.' || snprintf(path, sizeof(path), "%s/%s", folder, name) >= PATH_MAX ||
	    lstat(path, &st))
		return 0;
	/* Links to folders are not followed: they may lead back. */
	if (S_ISDIR(st.st_mode) && search->depth < MOST_DEPTH) {
		search->depth++;
		ret = look_into(search, path, err);
		search->depth--;
	} else if ((ends_with(name, ".json") || ends_with(name, ".jsonl")) && !stat(path, &st) &&
		   S_ISREG(st.st_mode) && is_results(search, path)) {
		ret = add(search->gathered, path, err);
	}
	return ret;
}

static int look_into(struct search *search, const char *folder, struct error *err)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort), ret = 0;

	if (count < 0)
		return error_set(err, -errno, "'%s': %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (!ret)
			ret = look_at(search, folder, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int gather_results(const char *path, struct gathered *gathered,
		   void (*note)(void *data, const char *line), void *data, struct error *err)
{
	struct search search = { gathered, note, data, 0 };
	size_t before = gathered->count;
	char folder[PATH_MAX];
	struct stat st;
	int ret;

	if (stat(path, &st))
		return error_set(err, -errno, "'%s': %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add(gathered, path, err);
	snprintf(folder, sizeof(folder), "%s", path);
	for (size_t end = strlen(folder); end > 1 && folder[end - 1] == '/';)
		folder[--end] = '\0';
	ret = look_into(&search, folder, err);
	if (!ret && gathered->count == before)
		ret = error_set(err, -ENOENT,
				"'%s': no result file (*.json) of `ktstr-launch test --shard I/N "
				"--json FILE` is in it",
				path);
	return ret;
}

void gathered_destroy(struct gathered *gathered)
{
	for (size_t i = 0; i < gathered->count; i++)
		free(gathered->paths[i]);
	free(gathered->paths);
	*gathered = (struct gathered){ 0 };
}
