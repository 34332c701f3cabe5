/* What did the user give to `report`, and what page does it make? See given.h. */
#include "page/given.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "page/failure.h"
#include "page/results.h"
#include "report/artefacts.h"

/* What a run's folder is looked through for, the most telling first. */
static const char *const wanted[] = { ARTEFACT_FAILURE_DUMP, ARTEFACT_RESULT,
				      ARTEFACT_FAILURE_TRACE, ARTEFACT_TRACE };
#define NR_WANTED (sizeof(wanted) / sizeof(wanted[0]))

/* The length of what stands before @suffix in @name; 0: it does not end so. */
static size_t stem_of(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	if (length <= end || strcmp(name + length - end, suffix))
		return 0;
	return length - end;
}

/*
 * The file of a run's folder that tells most of it, into @found.
 * -EINVAL: there are several runs, or none.
 */
static int look_into(const char *path, char found[PATH_MAX], struct error *err)
{
	char best[NR_WANTED][NAME_MAX + 1] = { "" };
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder)
		return error_set(err, -errno, "'%s': %s", path, strerror(errno));
	while ((entry = readdir(folder))) {
		/* Their names end as those of the first run do. */
		if (stem_of(entry->d_name, ARTEFACT_REPRO_FAILURE_DUMP) ||
		    stem_of(entry->d_name, ARTEFACT_REPRO_TRACE))
			continue;
		for (size_t i = 0; i < NR_WANTED; i++) {
			if (!stem_of(entry->d_name, wanted[i]))
				continue;
			if (*best[i]) {
				closedir(folder);
				return error_set(err, -EINVAL,
						 "'%s': holds several runs; give the file of one, "
						 "'%.200s' for example",
						 path, best[i]);
			}
			snprintf(best[i], sizeof(best[i]), "%s", entry->d_name);
		}
	}
	closedir(folder);
	for (size_t i = 0; i < NR_WANTED; i++) {
		bool slash = path[strlen(path) - 1] == '/';

		if (!*best[i])
			continue;
		if (snprintf(found, PATH_MAX, "%s%s%s", path, slash ? "" : "/", best[i]) >=
		    PATH_MAX)
			return error_set(err, -ENAMETOOLONG, "'%s': %s", path,
					 strerror(ENAMETOOLONG));
		return 0;
	}
	return error_set(
		err, -EINVAL,
		"'%s': holds no failure dump, result or trace; give the folder of one run, or "
		"a file",
		path);
}

/* Where the page goes: the run's name, or the file's without its last suffix. */
static int name_page(const char *path, char file[PATH_MAX], struct error *err)
{
	static const char *const suffixes[] = { ARTEFACT_REPRO_FAILURE_DUMP, ARTEFACT_FAILURE_DUMP,
						ARTEFACT_RESULT, ".json", ".pb" };
	size_t length = 0;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && !length; i++)
		length = stem_of(path, suffixes[i]);
	if (!length)
		length = strlen(path);
	if (snprintf(file, PATH_MAX, "%.*s.html", (int)length, path) >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "'%s': %s", path, strerror(ENAMETOOLONG));
	return 0;
}

enum content { CONTENT_OTHER, CONTENT_OBJECT, CONTENT_LINES, CONTENT_TRACE };

/*
 * By its first bytes. JSON lines have a whole object in the first of them. A trace begins with its
 * first packet: field 1 of Trace, with a length.
 */
static enum content content_of(const char *text, size_t size)
{
	size_t at = 0;
	const char *end;

	if (size && text[0] == '\x0a')
		return CONTENT_TRACE;
	while (at < size && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	if (at == size || text[at] != '{')
		return CONTENT_OTHER;
	end = memchr(text + at, '\n', size - at);
	if (memmem(text + at, end ? (size_t)(end - text) - at : size - at, "\"type\":", 7))
		return CONTENT_LINES;
	return CONTENT_OBJECT;
}

static int peek(const char *path, enum content *content, struct error *err)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int ret = size < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (ret)
		return error_set(err, ret, "'%s': %s", path, strerror(-ret));
	*content = content_of(text, (size_t)size);
	if (!size)
		return error_set(err, -EBADMSG, "'%s': it is empty", path);
	return 0;
}

/* Lines of `test --json`. */
static int gather_suite(struct page *page, const char *path, struct json_object **suite,
			struct error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct results results;
	int ret = results_read(path, &results, err);

	if (ret)
		return ret;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash + 1 - path) : 0, path);
	ret = results_add(page, &results, folder, suite, err);
	results_destroy(&results);
	return ret ? error_prefix(err, ret, "'%s'", path) : 0;
}

int given_gather(struct page *page, const char *path, char title[NAME_MAX + 64],
		 char file[PATH_MAX], struct json_object **suite, struct error *err)
{
	char found[PATH_MAX];
	enum content content = CONTENT_OTHER;
	struct stat st;
	const char *name;
	int ret = 0;

	*suite = NULL;
	if (!*path || stat(path, &st))
		return error_set(err, *path ? -errno : -ENOENT, "'%s': %s", path,
				 strerror(*path ? errno : ENOENT));
	if (S_ISDIR(st.st_mode)) {
		ret = look_into(path, found, err);
		path = found;
	}
	if (!ret)
		ret = peek(path, &content, err);
	if (!ret)
		ret = name_page(path, file, err);
	if (ret)
		return ret;
	name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	snprintf(title, NAME_MAX + 64, "%.*s", (int)stem_of(name, ".html"), name);
	switch (content) {
	case CONTENT_LINES:
		return gather_suite(page, path, suite, err);
	case CONTENT_OBJECT:
		return failure_add_dump(page, path, NULL, SIZE_MAX, err);
	case CONTENT_TRACE:
		return failure_add_trace(page, path, err);
	default:
		return error_set(err, -EBADMSG,
				 "'%s': no failure dump, no result file, no results of a suite, no "
				 "trace",
				 path);
	}
}
