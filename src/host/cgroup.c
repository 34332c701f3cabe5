/* How much memory and CPU do our cgroups, and so a container or a service, leave us? See cgroup.h.
 */
#include "host/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where one kind of cgroup keeps its limits. */
struct memory_files {
	const char *limit, *usage;
	const char *cache; /* in memory.stat: page cache that goes when memory is wanted */
};

static const struct memory_files memory_v2 = { "memory.max", "memory.current", "inactive_file " };
/* Its names without "total_" are of that cgroup without those below it. */
static const struct memory_files memory_v1 = { "memory.limit_in_bytes", "memory.usage_in_bytes",
					       "total_inactive_file " };

/* What is looked for in each folder on the way up. */
struct search {
	void (*look_at)(const char *folder, const struct search *search);
	const struct memory_files *files; /* of memory */
	void *limit;			  /* what is found, of look_at's own type */
};

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
static void look_at_memory(const char *folder, const struct search *search)
{
	const struct memory_files *kind = search->files;
	struct cgroup_limit *limit = search->limit;
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

static void take_quota(double *cpus, double quota_us, double period_us)
{
	if (quota_us > 0 && period_us > 0 && (!*cpus || quota_us / period_us < *cpus))
		*cpus = quota_us / period_us;
}

/* A file's first line; false when there is none. */
static bool read_first(const char *folder, const char *name, char *line, int size)
{
	char path[PATH_MAX];
	FILE *file;
	bool got;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	got = fgets(line, size, file) != NULL;
	fclose(file);
	return got;
}

/* "max 100000" or "250000 100000", microseconds a period. */
static void look_at_cpu_v2(const char *folder, const struct search *search)
{
	char line[64];
	double quota, period;

	if (read_first(folder, "cpu.max", line, sizeof(line)) && isdigit((unsigned char)*line) &&
	    sscanf(line, "%lf %lf", &quota, &period) == 2)
		take_quota(search->limit, quota, period);
}

/* -1: none */
static void look_at_cpu_v1(const char *folder, const struct search *search)
{
	char quota[64], period[64];

	if (read_first(folder, "cpu.cfs_quota_us", quota, sizeof(quota)) &&
	    read_first(folder, "cpu.cfs_period_us", period, sizeof(period)) &&
	    isdigit((unsigned char)*quota))
		take_quota(search->limit, strtod(quota, NULL), strtod(period, NULL));
}

/*
 * Every folder from @cgroup's up to the root of its mount, which is @hierarchy below @mount. Those
 * that are not there are passed over: in a container without a cgroup namespace @cgroup is the
 * host's name of what is mounted as the root.
 */
static void look_up(const char *mount, const char *hierarchy, const char *cgroup,
		    const struct search *search)
{
	size_t length = strlen(cgroup);
	char folder[PATH_MAX];

	/* Our cgroup lies outside of our cgroup namespace: of it we only see the mount's root. */
	if (strstr(cgroup, "/.."))
		length = 0;
	for (;;) {
		while (length && cgroup[length - 1] == '/')
			length--;
		if (snprintf(folder, sizeof(folder), "%s%s%.*s", mount, hierarchy, (int)length,
			     cgroup) < (int)sizeof(folder))
			search->look_at(folder, search);
		if (!length)
			return;
		while (length && cgroup[length - 1] != '/')
			length--;
	}
}

/* Is @name in a list like "cpu,memory"? */
static bool has_controller(const char *list, const char *name)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == strlen(name) && !strncmp(list, name, length))
			return true;
		list += length + (list[length] == ',');
	}
	return false;
}

/*
 * All of our cgroups: those of version 2 with @v2, that of version 1 that has @controller with @v1.
 * Returns false where @cgroups cannot be read.
 */
static bool search_all(const char *cgroups, const char *mount, const char *controller,
		       const struct search *v1, const struct search *v2)
{
	FILE *file = fopen(cgroups, "re");
	char *line = NULL, hierarchy[256];
	size_t room = 0;

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
			look_up(mount, "", path, v2);
			/* Beside hierarchies of version 1 systemd mounts it here. */
			look_up(mount, "/unified", path, v2);
		} else if (has_controller(controllers, controller)) {
			/* Mounted by the controller's name, or by all that share the hierarchy. */
			snprintf(hierarchy, sizeof(hierarchy), "/%s", controller);
			look_up(mount, hierarchy, path, v1);
			snprintf(hierarchy, sizeof(hierarchy), "/%s", controllers);
			look_up(mount, hierarchy, path, v1);
		}
	}
	free(line);
	fclose(file);
	return true;
}

bool cgroup_memory_limit(const char *cgroups, const char *mount, struct cgroup_limit *limit)
{
	const struct search v1 = { look_at_memory, &memory_v1, limit };
	const struct search v2 = { look_at_memory, &memory_v2, limit };

	limit->bytes = limit->left = UINT64_MAX;
	limit->path[0] = '\0';
	return search_all(cgroups, mount, "memory", &v1, &v2) && limit->bytes != UINT64_MAX;
}

double cgroup_cpu_limit(const char *cgroups, const char *mount)
{
	double cpus = 0;
	const struct search v1 = { look_at_cpu_v1, NULL, &cpus };
	const struct search v2 = { look_at_cpu_v2, NULL, &cpus };

	search_all(cgroups, mount, "cpu", &v1, &v2);
	return cpus;
}
