/* Which kernels does a suite run under, and what are they called? See kernels.h. */
#include "suite/kernels.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/kernel_image.h"

/* It becomes a part of names, of folders and of a replay's glob. */
static void clean(char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._+-", *name))
			*name = '_';
}

/* How many bytes two paths have in common at their ends, in whole components. */
static size_t common_tail(const char *a, const char *b)
{
	size_t a_left = strlen(a), b_left = strlen(b), length = 0, whole = 0;

	while (a_left && b_left && a[a_left - 1] == b[b_left - 1]) {
		a_left--;
		b_left--;
		length++;
		if (a[a_left] == '/')
			whole = length;
	}
	if ((!a_left || a[a_left - 1] == '/') && (!b_left || b[b_left - 1] == '/'))
		whole = length;
	return whole;
}

/*
 * What tells @path from each other one of its release: from the component before the longest end
 * that it shares with one of them, up to the end that it shares with all.
 */
static char *difference(char *const *names, char *const *given, size_t count, size_t index)
{
	const char *path = given[index];
	size_t length = strlen(path), of_all = length, longest = 0, from, to;

	for (size_t i = 0; i < count; i++) {
		size_t same;

		if (i == index || strcmp(names[i], names[index]))
			continue;
		same = common_tail(path, given[i]);
		of_all = same < of_all ? same : of_all;
		longest = same > longest ? same : longest;
	}
	to = length - of_all;
	from = length - longest;
	while (to && path[to - 1] == '/')
		to--;
	while (from && path[from - 1] == '/')
		from--;
	while (from && path[from - 1] != '/')
		from--;
	/* It is the end of another one, as "b" is of "a/b". */
	if (from >= to) {
		from = 0;
		to = length;
	}
	return strndup(path + from, to - from);
}

static bool is_alone(char *const *names, size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++)
		if (i != index && !strcmp(names[i], names[index]))
			return false;
	return true;
}

int kernels_name(char **names, char *const *given, size_t count, struct error *err)
{
	char **longer = calloc(count + 1, sizeof(*longer));
	int ret = longer ? 0 : error_set(err, -ENOMEM, "out of memory");

	for (size_t i = 0; i < count; i++)
		clean(names[i]);
	for (size_t i = 0; !ret && i < count; i++) {
		char *part;

		if (is_alone(names, count, i))
			continue;
		part = difference(names, given, count, i);
		if (!part || asprintf(&longer[i], "%s-%s", names[i], part) < 0) {
			longer[i] = NULL;
			ret = error_set(err, -ENOMEM, "out of memory");
		}
		free(part);
	}
	for (size_t i = 0; !ret && i < count; i++) {
		if (!longer[i])
			continue;
		free(names[i]);
		names[i] = longer[i];
		longer[i] = NULL;
		clean(names[i]);
	}
	for (size_t i = 0; !ret && i < count; i++)
		for (size_t j = 0; !ret && j < i; j++)
			if (!strcmp(given[i], given[j]))
				ret = error_set(err, -EINVAL,
						"kernel '%s' is given twice; give it once",
						given[i]);
			else if (!strcmp(names[i], names[j]))
				ret = error_set(err, -EINVAL,
						"kernels '%s' and '%s': both would be called '%s' "
						"in results; give one of them, or another path",
						given[j], given[i], names[i]);
	for (size_t i = 0; longer && i < count; i++)
		free(longer[i]);
	free(longer);
	return ret;
}

/* The release of the image, else its file's name; owned. */
static int read_release(const char *path, char **release, struct error *err)
{
	const char *slash = strrchr(path, '/'), *text;
	struct kernel_image *image;
	int ret = kernel_image_open(path, &image, err);

	if (ret)
		return ret;
	text = kernel_image_release(image);
	*release = strdup(*text ? text : slash ? slash + 1 : path);
	kernel_image_close(image);
	return *release ? 0 : error_set(err, -ENOMEM, "out of memory");
}

int kernels_open(const struct kernel_source *source, const char *const *given, size_t count,
		 struct kernels *kernels, struct error *err)
{
	size_t room = (count ? count : 1) + 1;
	int ret = 0;

	*kernels = (struct kernels){ .given = calloc(room, sizeof(char *)),
				     .images = calloc(room, sizeof(char *)),
				     .names = calloc(room, sizeof(char *)) };
	if (!kernels->given || !kernels->images || !kernels->names)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < room - 1; i++) {
		ret = kernel_find(source, count ? given[i] : NULL, &kernels->images[i], err);
		if (ret)
			break;
		kernels->given[i] = strdup(count ? given[i] : kernels->images[i]);
		if (!kernels->given[i])
			ret = error_set(err, -ENOMEM, "out of memory");
		else
			ret = read_release(kernels->images[i], &kernels->names[i], err);
		kernels->count++;
	}
	return ret ? ret : kernels_name(kernels->names, kernels->given, kernels->count, err);
}

static void free_all(char **strings)
{
	for (char **string = strings; string && *string; string++)
		free(*string);
	free(strings);
}

void kernels_close(struct kernels *kernels)
{
	free_all(kernels->given);
	free_all(kernels->images);
	free_all(kernels->names);
	*kernels = (struct kernels){ 0 };
}
