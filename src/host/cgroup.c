/* How much memory do our cgroups, and so a container or a service, leave us? See cgroup.h. */
#include "host/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where one kind of cgroup keeps its limits. */
struct kind {
	const char *folder;	   /* below the mount */
	const char *limit, *usage; /* files */
	const char *cache;	   /* in memory.stat: page cache that goes when memory is wanted */
};

static const struct kind v2 = { "", "memory.max", "memory.current", "inactive_file " };
/* Beside v1 hierarchies systemd mounts v2 here. */
static const struct kind v2_hybrid = { "/unified", "memory.max", "memory.current",
				       "inactive_file " };
/* Its names without "total_" are of that cgroup without those below it. */
static const struct kind v1 = { "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
				"total_inactive_file " };

/* "max", or a number of bytes. False for all else: no limit that we know. */
static bool read_limit(const char *path, uint64_t *bytes)
{
	char text[32] = "", *end;
	FILE *file = fopen(path, "re");
	bool got;

	if (!file)
		return false;
	got = fgets(text, sizeof(text), file) != NULL;
	fclose(file);
	if (!got || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*bytes = strtoull(text, &end, 10);
	return !errno && (*end == '\n' || !*end);
}

/* @name's number in a file of numbers, each after its name; "": of the only one. 0: not there. */
static uint64_t number_of(const char *folder, const char *file_name, const char *name)
{
	unsigned long long number = 0;
	char path[PATH_MAX + 64], line[256];
	size_t length = strlen(name);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, file_name);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && isdigit((unsigned char)line[length]) &&
		    sscanf(line + length, "%llu", &number) == 1)
			break;
	if (file)
		fclose(file);
	return number;
}

/* Take one folder's limit, if it has one, into account. */
static void look_at(const char *folder, const struct kind *kind, struct cgroup_limit *limit)
{
	uint64_t bytes, used, cache;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", folder, kind->limit) >= (int)sizeof(path) ||
	    !read_limit(path, &bytes))
		return;
	if (bytes < limit->bytes) {
		limit->bytes = bytes;
		memcpy(limit->path, path, sizeof(path));
	}
	used = number_of(folder, kind->usage, "");
	cache = number_of(folder, "memory.stat", kind->cache);
	used = used > cache ? used - cache : 0;
	bytes = bytes > used ? bytes - used : 0;
	if (bytes < limit->left)
		limit->left = bytes;
}

/*
 * Every folder from @cgroup's up to the mount's root. Those that are not there are passed over: in
 * a container without a cgroup namespace @cgroup is the host's name of what is mounted as the root.
 */
static void look_up(const char *mount, const struct kind *kind, const char *cgroup,
		    struct cgroup_limit *limit)
{
	size_t length = strlen(cgroup);
	char folder[PATH_MAX];

	/* Our cgroup lies outside of our cgroup namespace: of it we only see the mount's root. */
	if (strstr(cgroup, "/.."))
		length = 0;
	for (;;) {
		while (length && cgroup[length - 1] == '/')
			length--;
		if (snprintf(folder, sizeof(folder), "%s%s%.*s", mount, kind->folder, (int)length,
			     cgroup) < (int)sizeof(folder))
			look_at(folder, kind, limit);
		if (!length)
			return;
		while (length && cgroup[length - 1] != '/')
			length--;
	}
}

/* Is "memory" in a list like "cpu,memory"? */
static bool has_memory(const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == strlen("memory") && !strncmp(list, "memory", length))
			return true;
		list += length + (list[length] == ',');
	}
	return false;
}

bool cgroup_memory_limit(const char *cgroups, const char *mount, struct cgroup_limit *limit)
{
	FILE *file = fopen(cgroups, "re");
	char *line = NULL;
	size_t room = 0;

	limit->bytes = limit->left = UINT64_MAX;
	limit->path[0] = '\0';
	if (!file)
		return false;
	/* hierarchy:controllers:path; v2 has the hierarchy 0 and no controllers */
	while (getline(&line, &room, file) > 0) {
		char *controllers = strchr(line, ':'), *path;

		line[strcspn(line, "\n")] = '\0';
		path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path || path[1] != '/')
			continue;
		*controllers++ = *path++ = '\0';
		if (!strcmp(line, "0") && !*controllers) {
			look_up(mount, &v2, path, limit);
			look_up(mount, &v2_hybrid, path, limit);
		} else if (has_memory(controllers)) {
			look_up(mount, &v1, path, limit);
		}
	}
	free(line);
	fclose(file);
	return limit->bytes != UINT64_MAX;
}
