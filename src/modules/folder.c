/* Which modules does a kernel have? See folder.h. */
#include "modules/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of one list; modules.alias is the longest, with some 2 MiB. */
#define LIST_MAX (64u << 20)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool module_name_normalize(const char *text, size_t length, char name[MODULE_NAME_SIZE])
{
	if (!length || length >= MODULE_NAME_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
		name[i] = text[i] == '-' ? '_' : text[i];
	name[length] = '\0';
	return true;
}

bool module_name_of_path(const char *path, size_t length, char name[MODULE_NAME_SIZE])
{
	const char *slash = memrchr(path, '/', length);
	const char *base = slash ? slash + 1 : path;
	const char *suffix = memmem(base, length - (size_t)(base - path), ".ko", 3);

	return suffix && module_name_normalize(base, (size_t)(suffix - base), name);
}

/* The line that @at is in the first of; NULL at the text's end. */
static const char *next_line(const char *at, size_t *length)
{
	if (!*at)
		return NULL;
	*length = strcspn(at, "\n");
	return at;
}

static const char *behind_line(const char *line, size_t length)
{
	return line + length + (line[length] == '\n');
}

/* The next word of @line from *@at on. */
static const char *next_word(const char *line, size_t length, size_t *at, size_t *word_length)
{
	size_t from = *at;

	while (from < length && is_blank(line[from]))
		from++;
	*at = from;
	while (*at < length && !is_blank(line[*at]))
		++*at;
	*word_length = *at - from;
	return *word_length ? line + from : NULL;
}

static bool word_is(const char *word, size_t length, const char *what)
{
	return strlen(what) == length && !memcmp(word, what, length);
}

const char *modules_folder_dep(const struct modules_folder *folder, const char *name,
			       size_t *length)
{
	char found[MODULE_NAME_SIZE];

	for (const char *line = folder->dep; (line = next_line(line, length));
	     line = behind_line(line, *length)) {
		const char *colon = memchr(line, ':', *length);

		if (colon && module_name_of_path(line, (size_t)(colon - line), found) &&
		    !strcmp(found, name))
			return line;
	}
	return NULL;
}

bool modules_folder_builtin(const struct modules_folder *folder, const char *name)
{
	char found[MODULE_NAME_SIZE];
	size_t length;

	for (const char *line = folder->builtin; (line = next_line(line, &length));
	     line = behind_line(line, length))
		if (module_name_of_path(line, length, found) && !strcmp(found, name))
			return true;
	return false;
}

/* "softdep NAME pre: A B post: C" */
const char *modules_folder_softdep(const struct modules_folder *folder, const char *name, bool post,
				   const char **at, size_t *length)
{
	const char *wanted = post ? "post:" : "pre:", *from = *at ? *at : folder->softdep;
	char found[MODULE_NAME_SIZE];
	size_t line_length;

	for (const char *line = folder->softdep; (line = next_line(line, &line_length));
	     line = behind_line(line, line_length)) {
		bool in_part = false;
		size_t used = 0;
		const char *word = next_word(line, line_length, &used, length);

		if (line + line_length < from || !word || !word_is(word, *length, "softdep"))
			continue;
		word = next_word(line, line_length, &used, length);
		if (!word || !module_name_normalize(word, *length, found) || strcmp(found, name))
			continue;
		while ((word = next_word(line, line_length, &used, length))) {
			if (word[*length - 1] == ':') {
				in_part = word_is(word, *length, wanted);
			} else if (in_part && word >= from) {
				*at = word + *length;
				return word;
			}
		}
	}
	return NULL;
}

/* "alias PATTERN NAME" */
const char *modules_folder_alias(const struct modules_folder *folder, const char *name,
				 const char **at, size_t *length)
{
	size_t line_length;

	for (const char *line = *at ? *at : folder->alias; (line = next_line(line, &line_length));
	     line = behind_line(line, line_length)) {
		size_t used = 0, pattern_length;
		const char *word = next_word(line, line_length, &used, length);
		char pattern[MODULE_NAME_SIZE];
		const char *text;

		if (!word || !word_is(word, *length, "alias"))
			continue;
		text = next_word(line, line_length, &used, &pattern_length);
		word = next_word(line, line_length, &used, length);
		if (!text || !word || !module_name_normalize(text, pattern_length, pattern) ||
		    fnmatch(pattern, name, 0))
			continue;
		*at = behind_line(line, line_length);
		return word;
	}
	return NULL;
}

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
	char *text;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vasprintf(&text, fmt, ap);
	va_end(ap);
	return ret < 0 ? NULL : text;
}

/* Is it at @path, which is owned by this? Returns 1, 0 or -ENOMEM. */
static int try_folder(struct modules_folder *folder, char *path)
{
	size_t used = strlen(folder->looked);
	char *list = path ? format("%s/modules.dep", path) : NULL;
	bool found = list && !access(list, F_OK);

	free(list);
	if (found) {
		folder->path = path;
		return 1;
	}
	if (path)
		snprintf(folder->looked + used, sizeof(folder->looked) - used, "%s'%s'",
			 used ? ", " : "", path);
	free(path);
	return path ? 0 : -ENOMEM;
}

/* Where the user says. */
static int find_in(struct modules_folder *folder, const char *dir, const char *release,
		   struct error *err)
{
	int found = try_folder(folder, strdup(dir));

	if (!found && *release)
		found = try_folder(folder, format("%s/%s", dir, release));
	if (!found && *release)
		found = try_folder(folder, format("%s/lib/modules/%s", dir, release));
	if (found)
		return found;
	return error_set(err, -ENOENT,
			 "--modules '%s': no modules.dep of %s, looked in %s; give the folder "
			 "lib/modules/RELEASE, and run depmod if its lists are missing",
			 dir,
			 *release ? release : "this kernel (its image does not tell its release)",
			 folder->looked);
}

/*
 * Beside the image, as in an unpacked package or a release's own folder; for an installed kernel
 * where the system has them.
 */
static int find_beside(struct modules_folder *folder, const char *kernel, const char *release)
{
	const char *slash = strrchr(kernel, '/');
	char *dir = slash ? strndup(kernel, (size_t)(slash - kernel)) : strdup(".");
	char real[PATH_MAX];
	int found;

	if (!dir)
		return -ENOMEM;
	found = *release ? try_folder(folder, format("%s/lib/modules/%s", dir, release)) : 0;
	if (!found)
		found = try_folder(folder, strdup(*dir ? dir : "/"));
	if (!found && *release && realpath(*dir ? dir : "/", real) && !strcmp(real, "/boot"))
		found = try_folder(folder, format("/lib/modules/%s", release));
	free(dir);
	return found;
}

static int read_list(const struct modules_folder *folder, const char *name, char **text,
		     struct error *err)
{
	char *path = format("%s/%s", folder->path, name);
	struct stat st;
	FILE *file = NULL;
	int ret = 0;

	if (!path)
		return error_set(err, -ENOMEM, "out of memory");
	file = fopen(path, "re");
	if (!file && errno != ENOENT) {
		ret = error_set(err, -errno, "'%s': %s", path, strerror(errno));
	} else if (file &&
		   (fstat(fileno(file), &st) || !S_ISREG(st.st_mode) || st.st_size > LIST_MAX)) {
		ret = error_set(err, -EINVAL, "'%s': not a file of at most %u MiB", path,
				LIST_MAX >> 20);
	} else if (file) {
		char *read = calloc(1, (size_t)st.st_size + 1);

		if (read && fread(read, 1, (size_t)st.st_size, file) == (size_t)st.st_size) {
			free(*text);
			*text = read;
		} else {
			free(read);
			ret = error_set(err, read ? -EIO : -ENOMEM, "'%s': reading it: %s", path,
					read ? "it is cut off" : "out of memory");
		}
	}
	if (file)
		fclose(file);
	free(path);
	return ret;
}

int modules_folder_open(struct modules_folder *folder, const char *dir, const char *kernel,
			const char *release, struct error *err)
{
	const struct {
		const char *name;
		char **text;
	} lists[] = {
		{ "modules.dep", &folder->dep },
		{ "modules.builtin", &folder->builtin },
		{ "modules.softdep", &folder->softdep },
		{ "modules.alias", &folder->alias },
	};
	int found;

	*folder = (struct modules_folder){ 0 };
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		*lists[i].text = strdup("");
		if (!*lists[i].text)
			return error_set(err, -ENOMEM, "out of memory");
	}
	found = dir ? find_in(folder, dir, release, err) : find_beside(folder, kernel, release);
	if (found == -ENOMEM)
		error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; found > 0 && i < sizeof(lists) / sizeof(lists[0]); i++) {
		int ret = read_list(folder, lists[i].name, lists[i].text, err);

		found = ret ? ret : found;
	}
	return found < 0 ? found : 0;
}

void modules_folder_close(struct modules_folder *folder)
{
	free(folder->path);
	free(folder->dep);
	free(folder->builtin);
	free(folder->softdep);
	free(folder->alias);
	*folder = (struct modules_folder){ 0 };
}
