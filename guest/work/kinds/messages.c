/*
 * Message groups, hackbench's shape: so many senders, as many receivers, each sender writes to each
 * receiver in turn; a receiver reads from one pipe or socket of its own. Until the end, not for a
 * number of loops. One iteration is a message that was sent, of a sender, or that came.
 *
 * When a receiver was woken is known; when a sender was, whose receiver was full, is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wait.h"
#include "kinds.h"

/* What a pipe takes as a whole (POSIX, Linux: 4096): no message mixes with another. */
#define MESSAGE_MAX 4096u

/* Of a receiver; that of a sender stays empty. */
struct inbox {
	_Alignas(64) uint64_t sent; /* messages, counted before they are written */
	int read, write;
};

static uint32_t fan_of(const struct work_group *group)
{
	return (uint32_t)kind_param(group, "fan");
}

static int check(const struct work_group *group, struct failure *failure)
{
	const uint32_t fan = fan_of(group);

	if (group->nr_tasks % (2 * fan) == 0)
		return 0;
	return failure_set(failure, -EINVAL,
			   "group '%s': fan=%u is %u senders and %u receivers; give it a multiple "
			   "of %u --tasks, not %u, or another fan=",
			   group->name, fan, fan, fan, 2 * fan, group->nr_tasks);
}

static size_t shared_size(const struct work_group *group)
{
	return group->nr_tasks * sizeof(struct inbox);
}

/* Of each 2 * fan tasks the first fan send, the others receive. */
static bool receives(const struct work_group *group, uint32_t index)
{
	return index % (2 * fan_of(group)) >= fan_of(group);
}

static int setup(const struct work_group *group, void *shared, struct failure *failure)
{
	const bool sockets = kind_param(group, "sockets");
	struct inbox *inboxes = shared;

	/* Zero is a descriptor, and not ours. */
	for (uint32_t i = 0; i < group->nr_tasks; i++)
		inboxes[i].read = inboxes[i].write = -1;
	for (uint32_t i = 0; i < group->nr_tasks; i++) {
		int fds[2], ret;

		if (!receives(group, i))
			continue;
		ret = sockets ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)
			      : pipe2(fds, O_CLOEXEC);
		if (ret)
			return failure_set(failure, -errno,
					   "group '%s': cannot make the %s of receiver %u: %s; "
					   "raise the limit of open files (ulimit -n)",
					   group->name, sockets ? "sockets" : "pipe", i,
					   strerror(errno));
		inboxes[i].read = fds[0];
		inboxes[i].write = fds[1];
	}
	return 0;
}

static void send_all(struct task *task, struct inbox *inboxes, uint32_t first, size_t size)
{
	const uint32_t fan = fan_of(task->group);
	char message[MESSAGE_MAX] = "";

	for (uint32_t to = first; !task_done(task); to = to + 1 < first + fan ? to + 1 : first) {
		size_t left = size;

		task_wakes(task, to);
		__atomic_fetch_add(&inboxes[to].sent, 1, __ATOMIC_SEQ_CST);
		task_blocks(task);
		while (left && !task_done(task)) {
			ssize_t wrote = write(inboxes[to].write, message, left);

			left -= wrote > 0 ? (size_t)wrote : 0;
		}
		task_woken(task);
		if (!left)
			task_iteration(task);
	}
}

static void receive_all(struct task *task, struct inbox *inbox, size_t size)
{
	char message[MESSAGE_MAX];
	uint64_t came = 0;
	size_t left = size;

	while (!task_done(task)) {
		/* One that is on its way already is not waited for, but for an instant. */
		bool waits = __atomic_load_n(&inbox->sent, __ATOMIC_SEQ_CST) == came;
		ssize_t got;

		if (waits)
			task_blocks(task);
		got = read(inbox->read, message, left);
		if (waits)
			task_woken(task);
		else
			task_ran(task, task_now());
		left -= got > 0 ? (size_t)got : 0;
		if (left)
			continue;
		left = size;
		came++;
		task_iteration(task);
	}
}

static void run(struct task *task)
{
	const uint32_t fan = fan_of(task->group);
	const size_t size = (size_t)kind_param(task->group, "size");
	struct inbox *inboxes = task->shared;

	if (receives(task->group, task->index))
		receive_all(task, &inboxes[task->index], size);
	else
		send_all(task, inboxes, task->index / (2 * fan) * (2 * fan) + fan, size);
}

static void teardown(const struct work_group *group, void *shared)
{
	const struct inbox *inboxes = shared;

	for (uint32_t i = 0; inboxes && i < group->nr_tasks; i++) {
		if (inboxes[i].read >= 0)
			close(inboxes[i].read);
		if (inboxes[i].write >= 0)
			close(inboxes[i].write);
	}
}

const struct kind kind_messages = {
	.name = "messages",
	.help = "as hackbench: each of some senders writes to each of as many receivers",
	.tells = KIND_TELLS_WAKES | KIND_TELLS_GAPS,
	.params = { { "fan", WORD_COUNT, 20, 1, 1000, "so many senders, as many receivers" },
		    { "size", WORD_SIZE, 100, 1, MESSAGE_MAX, "of a message" },
		    { "sockets", WORD_COUNT, 0, 0, 1, "1: Unix sockets; 0: pipes" } },
	.check = check,
	.shared_size = shared_size,
	.setup = setup,
	.run = run,
	.teardown = teardown,
};
