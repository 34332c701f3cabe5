/* How much memory do our cgroups, and so a container or a service, leave us? See cgroup.h. */
#include "vmm/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where one kind of cgroup keeps its limits. */
struct kind {
	const char *folder; /* below the mount */
	const char *file;
};

static const struct kind v2 = { "", "memory.max" };
/* Beside v1 hierarchies systemd mounts v2 here. */
static const struct kind v2_hybrid = { "/unified", "memory.max" };
static const struct kind v1 = { "/memory", "memory.limit_in_bytes" };

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

/*
 * Every folder from @cgroup's up to the mount's root. Those that are not there are passed over: in
 * a container without a cgroup namespace @cgroup is the host's name of what is mounted as the root.
 */
static void look_up(const char *mount, const struct kind *kind, const char *cgroup,
		    struct cgroup_limit *limit)
{
	size_t length = strlen(cgroup);
	char path[PATH_MAX];
	uint64_t bytes;

	/* Our cgroup lies outside of our cgroup namespace: of it we only see the mount's root. */
	if (strstr(cgroup, "/.."))
		length = 0;
	for (;;) {
		while (length && cgroup[length - 1] == '/')
			length--;
		if (snprintf(path, sizeof(path), "%s%s%.*s/%s", mount, kind->folder, (int)length,
			     cgroup, kind->file) < (int)sizeof(path) &&
		    read_limit(path, &bytes) && bytes < limit->bytes) {
			limit->bytes = bytes;
			memcpy(limit->path, path, sizeof(path));
		}
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

	limit->bytes = UINT64_MAX;
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
