/*
 * Pairs that pass one byte to and fro, by two pipes: tasks 2n and 2n+1. Each wakes the other and
 * sleeps. One iteration is a byte that came.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kinds.h"
#include "pairs.h"

struct ends {
	int read, write;
};

/* Of each task: where it reads, and where its partner does. */
static size_t shared_size(const struct work_group *group)
{
	return group->nr_tasks * sizeof(struct ends);
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	struct ends *ends = shared;

	/* Zero is a descriptor, and not ours. */
	memset(ends, 0xff, shared_size(group));
	for (uint32_t i = 0; i < group->nr_tasks; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC))
			return failure_set(failure, -errno,
					   "group '%s': cannot make pipe %u of %u: %s; raise the "
					   "limit of open files (ulimit -n)",
					   group->name, i, group->nr_tasks, strerror(errno));
		ends[i].read = fds[0];
		ends[pairs_partner(i)].write = fds[1];
	}
	return 0;
}

static void run(struct task *task)
{
	const struct ends *ends = (const struct ends *)task->shared + task->index;
	bool turn = task->index % 2 == 0;
	char byte = 0;

	while (!task_done(task)) {
		if (turn) {
			task_wakes(task, pairs_partner(task->index));
			if (write(ends->write, &byte, 1) != 1)
				continue;
		}
		task_blocks(task);
		/* Interrupted: it is over, or it is to be looked whether it is. */
		turn = read(ends->read, &byte, 1) == 1;
		task_woken(task);
		if (turn)
			task_iteration(task);
	}
}

static void teardown(const struct work_group *group, void *shared)
{
	const struct ends *ends = shared;

	for (uint32_t i = 0; ends && i < group->nr_tasks; i++) {
		if (ends[i].read >= 0)
			close(ends[i].read);
		if (ends[i].write >= 0)
			close(ends[i].write);
	}
}

const struct kind kind_pipe = {
	.name = "pipe",
	.help = "pairs that pass a byte to and fro by pipes",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.check = pairs_check,
	.shared_size = shared_size,
	.setup = setup,
	.run = run,
	.teardown = teardown,
};
