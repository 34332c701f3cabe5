/* How do groups get a cgroup? See cgroup.h. */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Tasks that were killed leave their cgroup a little after they were waited for. */
#define REMOVE_TRIES 200

static const char option[] = "option '--cgroup'";

/* A word into a file of a cgroup (@name NULL: of the base). Returns 0 or a negative errno. */
static int put(const struct work_cgroups *cgroups, const char *name, const char *file,
	       const char *word)
{
	char path[PATH_MAX + 128];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s%s%s", cgroups->base, name ? name : "", name ? "/" : "",
		 file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, word, strlen(word)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Is a word in a file of the base? */
static bool has_word(const struct work_cgroups *cgroups, const char *file, const char *word)
{
	char path[PATH_MAX + 128], line[1024] = "", *rest;
	FILE *from;

	snprintf(path, sizeof(path), "%s/%s", cgroups->base, file);
	from = fopen(path, "re");
	if (!from)
		return false;
	if (!fgets(line, sizeof(line), from))
		line[0] = '\0';
	fclose(from);
	for (char *at = strtok_r(line, " \n", &rest); at; at = strtok_r(NULL, " \n", &rest))
		if (!strcmp(at, word))
			return true;
	return false;
}

/* Where cgroup2 is mounted: the first of its kind in /proc/mounts. */
static bool find_mount(char *path, size_t size)
{
	char line[1024], at[512], type[64];
	FILE *file = fopen("/proc/mounts", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		found = sscanf(line, "%*s %511s %63s", at, type) == 2 && !strcmp(type, "cgroup2");
		if (found)
			snprintf(path, size, "%s", at);
	}
	if (file)
		fclose(file);
	return found;
}

int work_cgroups_base(struct work_cgroups *cgroups, const char *what, struct failure *failure)
{
	char line[PATH_MAX + 16], mount[512];
	FILE *file = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "0::/", 4);
	if (file)
		fclose(file);
	if (!found || !find_mount(mount, sizeof(mount)))
		return failure_set(failure, -ENOENT,
				   "%s: no cgroup v2 is mounted here; mount it: "
				   "mount -t cgroup2 none /sys/fs/cgroup",
				   what);
	line[strcspn(line, "\n")] = '\0';
	if (snprintf(cgroups->base, sizeof(cgroups->base), "%s%s", mount,
		     strcmp(line + 3, "/") ? line + 3 : "") >= (int)sizeof(cgroups->base))
		return failure_set(failure, -ENAMETOOLONG,
				   "%s: the path of the own cgroup is too long", what);
	return 0;
}

int work_cgroups_enable(const struct work_cgroups *cgroups, const char *what,
			const char *controller, struct failure *failure)
{
	char word[32];
	int ret;

	if (has_word(cgroups, "cgroup.subtree_control", controller))
		return 0;
	if (!has_word(cgroups, "cgroup.controllers", controller))
		return failure_set(
			failure, -ENOENT,
			"%s: the controller '%s' is absent from '%s' (see "
			"its cgroup.controllers); the kernel needs it, or it is taken by "
			"cgroup v1",
			what, controller, cgroups->base);
	snprintf(word, sizeof(word), "+%s", controller);
	ret = put(cgroups, NULL, "cgroup.subtree_control", word);
	if (!ret)
		return 0;
	return failure_set(failure, ret, "%s: cannot enable the controller '%s' in '%s': %s%s",
			   what, controller, cgroups->base, strerror(-ret),
			   ret == -EBUSY ? "; processes are in it, so its children get none: start "
					   "this from the root cgroup"
					 : "");
}

/* One setting, where it was said. */
static int set(const struct work_cgroups *cgroups, const struct work_cgroup_plan *cgroup,
	       const char *file, const char *word, struct failure *failure)
{
	int ret = put(cgroups, cgroup->name, file, word);

	if (!ret)
		return 0;
	return failure_set(failure, ret, "cgroup '%s': cannot write '%s' into its %s: %s",
			   cgroup->name, word, file, strerror(-ret));
}

int work_cgroups_set(const struct work_cgroups *cgroups, const struct work_cgroup_plan *settings,
		     struct failure *failure)
{
	char word[4096];
	int ret = 0;

	if (settings->weight) {
		snprintf(word, sizeof(word), "%u", settings->weight);
		ret = set(cgroups, settings, "cpu.weight", word, failure);
	}
	if (!ret && settings->max_ns) {
		snprintf(word, sizeof(word), "%llu %llu",
			 (unsigned long long)(settings->max_ns / WORK_US),
			 (unsigned long long)(settings->period_ns / WORK_US));
		ret = set(cgroups, settings, "cpu.max", word, failure);
	}
	if (!ret && settings->has_cpus)
		ret = set(cgroups, settings, "cpuset.cpus",
			  places_print(&settings->cpus, word, sizeof(word)), failure);
	return ret;
}

static int make_one(struct work_cgroups *cgroups, uint32_t index, struct failure *failure)
{
	const struct work_cgroup *cgroup = &cgroups->plan->cgroups[index];
	char path[PATH_MAX + 64];
	int ret = 0;

	if (cgroup->cpu)
		ret = work_cgroups_enable(cgroups, option, "cpu", failure);
	if (!ret && cgroup->cpuset)
		ret = work_cgroups_enable(cgroups, option, "cpuset", failure);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/%s", cgroups->base, cgroup->first.name);
	if (mkdir(path, 0755))
		return failure_set(failure, -errno, "option '--cgroup': cannot make '%s': %s%s",
				   path, strerror(errno),
				   errno == EEXIST ? "; take another name, or remove it" : "");
	cgroups->made[index] = true;
	return work_cgroups_set(cgroups, &cgroup->first, failure);
}

int work_cgroups_make(struct work_cgroups *cgroups, const struct work_plan *plan,
		      struct failure *failure)
{
	int ret = 0;

	*cgroups = (struct work_cgroups){ .plan = plan };
	if (plan->nr_cgroups)
		ret = work_cgroups_base(cgroups, option, failure);
	for (uint32_t i = 0; !ret && i < plan->nr_cgroups; i++)
		ret = make_one(cgroups, i, failure);
	return ret;
}

int work_cgroups_join(const struct work_cgroups *cgroups, const struct work_group *group, pid_t pid,
		      struct failure *failure)
{
	char word[16];
	int ret;

	if (!group->cgroup.name[0])
		return 0;
	snprintf(word, sizeof(word), "%ld", (long)pid);
	ret = put(cgroups, group->cgroup.name, "cgroup.procs", word);
	return ret ? failure_set(failure, ret, "cannot join the cgroup '%s': %s",
				 group->cgroup.name, strerror(-ret))
		   : 0;
}

void work_cgroup_remove(const char *path)
{
	static const struct timespec moment = { .tv_nsec = 10 * WORK_MS };
	int tries = REMOVE_TRIES;

	while (rmdir(path) && errno == EBUSY && --tries)
		nanosleep(&moment, NULL);
	if (!access(path, F_OK))
		fprintf(stderr, "ktstr-work: cannot remove the cgroup '%s': %s\n", path,
			strerror(errno));
}

void work_cgroups_remove(struct work_cgroups *cgroups)
{
	for (uint32_t i = 0; cgroups->plan && i < cgroups->plan->nr_cgroups; i++) {
		char path[PATH_MAX + 64];

		if (!cgroups->made[i])
			continue;
		snprintf(path, sizeof(path), "%s/%s", cgroups->base,
			 cgroups->plan->cgroups[i].first.name);
		work_cgroup_remove(path);
		cgroups->made[i] = false;
	}
}
