/*
 * A task that wants to run all the time, and moves itself between two cgroups, which are made for
 * its group below the cgroup of the caller, and removed in the end. One iteration is a move.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "../cgroup.h"
#include "churn.h"

struct two {
	struct work_cgroups above;
	int made;     /* so many of them */
	int procs[2]; /* their cgroup.procs, open */
};

static int check(const struct work_group *group, struct failure *failure)
{
	if (group->threads)
		return failure_set(failure, -EINVAL,
				   "group '%s': kind 'cgroupmove' moves processes; leave out "
				   "--threads",
				   group->name);
	if (group->cgroup.name[0])
		return failure_set(
			failure, -EINVAL,
			"group '%s': kind 'cgroupmove' leaves the cgroup where it begins; "
			"leave out --cgroup",
			group->name);
	return 0;
}

static size_t shared_size(const struct work_group *group)
{
	(void)group;
	return sizeof(struct two);
}

static void path_of(const struct two *two, const struct work_group *group, int index,
		    const char *file, char path[PATH_MAX + 128])
{
	snprintf(path, PATH_MAX + 128, "%s/ktstr-move-%s-%d%s", two->above.base, group->name, index,
		 file);
}

static int make(const struct work_group *group, struct two *two, int index, struct failure *failure)
{
	char path[PATH_MAX + 128];

	path_of(two, group, index, "", path);
	if (mkdir(path, 0755))
		return failure_set(
			failure, -errno, "group '%s': kind 'cgroupmove': cannot make '%s': %s%s",
			group->name, path, strerror(errno),
			errno == EEXIST ? "; remove it, or take another name for the group"
					: "; it needs a cgroup v2 that it may write");
	two->made++;
	path_of(two, group, index, "/cgroup.procs", path);
	two->procs[index] = open(path, O_WRONLY | O_CLOEXEC);
	if (two->procs[index] < 0)
		return failure_set(failure, -errno,
				   "group '%s': kind 'cgroupmove': cannot open '%s': %s",
				   group->name, path, strerror(errno));
	return 0;
}

static int move(int procs)
{
	return write(procs, "0", 1) == 1 ? 0 : -1;
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	struct two *two = shared;
	char what[96];
	int ret;

	snprintf(what, sizeof(what), "group '%s': kind 'cgroupmove'", group->name);
	two->procs[0] = two->procs[1] = -1;
	ret = work_cgroups_base(&two->above, what, failure);
	if (!ret && kind_param(group, "cpu"))
		ret = work_cgroups_enable(&two->above, what, "cpu", failure);
	for (int i = 0; !ret && i < 2; i++)
		ret = make(group, two, i, failure);
	return ret;
}

static void run(struct task *task)
{
	const struct two *two = task->shared;
	uint64_t due = task_now();

	for (uint32_t i = task->index; !task_done(task); i++) {
		if (move(two->procs[i % 2]))
			task_fail(task,
				  "kind 'cgroupmove': cannot move into '%s/ktstr-move-%s-%u': "
				  "%s",
				  two->above.base, task->group->name, i % 2, strerror(errno));
		task_iteration(task);
		churn_wait(task, &due);
	}
}

static void teardown(const struct work_group *group, void *shared)
{
	struct two *two = shared;
	char path[PATH_MAX + 128];

	for (int i = 0; two && i < two->made; i++) {
		if (two->procs[i] >= 0)
			close(two->procs[i]);
		path_of(two, group, i, "", path);
		work_cgroup_remove(path);
	}
}

const struct kind kind_cgroupmove = {
	.name = "cgroupmove",
	.help = "runs, and so many times a second moves between two cgroups",
	.tells = KIND_TELLS_GAPS,
	.params = { CHURN_RATE,
		    { "cpu", WORD_COUNT, 1, 0, 1,
		      "1: cgroups with the controller cpu; 0: without" } },
	.check = check,
	.shared_size = shared_size,
	.setup = setup,
	.run = run,
	.teardown = teardown,
};
