/* What waits in a run queue? See runqueue_reading.h. */
#include <stdlib.h>

#include "inspect/inspect.h"
#include "inspect/list.h"
#include "inspect/runqueue_reading.h"

/* Of nodes of a tree that wait to be looked at: no balanced one of a size that is believed is
 * deeper. */
#define MAX_DEPTH  64u
/* Of groups of the rt class that wait to be looked into. */
#define MAX_GROUPS 64u

static void read_wait(const struct runqueues *with, struct waiting *waiting)
{
	uint64_t since;

	if (layout_read(with->tasks->inspect, waiting->task.address, &with->last_queued, &since) &&
	    since && since <= with->now_ns) {
		waiting->by = WAIT_QUEUED;
		waiting->waited_ns = with->now_ns - since;
		return;
	}
	since = waiting->task.ran_at_ns;
	if (since && since <= with->now_task_ns) {
		waiting->by = WAIT_LAST_RAN;
		waiting->waited_ns = with->now_task_ns - since;
	}
}

static void read_dsq(const struct runqueues *with, struct waiting *waiting)
{
	uint64_t dsq, id;

	if (waiting->task.class != CLASS_EXT ||
	    !layout_read(with->tasks->inspect, waiting->task.address, &with->dsq, &dsq))
		return;
	if (!dsq) {
		waiting->dsq = DSQ_BPF;
		return;
	}
	if (!layout_read(with->tasks->inspect, dsq, &with->dsq_id, &id))
		return;
	waiting->dsq_id = id;
	if (id == with->dsq_local)
		waiting->dsq = DSQ_LOCAL;
	else if (id == with->dsq_global)
		waiting->dsq = DSQ_GLOBAL;
	else if (id == with->dsq_bypass)
		waiting->dsq = DSQ_BYPASS;
	else
		waiting->dsq = id & with->dsq_builtin ? DSQ_BUILTIN : DSQ_USER;
}

static bool is_throttled(const struct runqueues *with, uint64_t task)
{
	struct inspect *inspect = with->tasks->inspect;
	uint64_t cfs_rq = layout_read_or(inspect, task, &with->cfs_rq, 0);

	return layout_read_or(inspect, task, &with->throttled, 0) ||
	       (cfs_rq && layout_read_or(inspect, cfs_rq, &with->throttle_count, 0) != 0);
}

void waiting_read(const struct runqueues *runqueues, const struct inspect_task *task,
		  struct waiting *waiting)
{
	*waiting = (struct waiting){ .task = *task };
	if (task->class == CLASS_DEADLINE)
		waiting->is_throttled = layout_read_or(runqueues->tasks->inspect, task->address,
						       &runqueues->dl_throttled, 0) != 0;
	else
		waiting->is_throttled = task->class == CLASS_FAIR &&
					is_throttled(runqueues, task->address);
	read_wait(runqueues, waiting);
	read_dsq(runqueues, waiting);
}

/* The task at @address is in one of the queues; false: no more of them. */
static bool add(struct runqueue_reading *reading, uint64_t address)
{
	struct runqueue *out = reading->out;
	struct inspect_task task;

	if (!task_read(reading->with->tasks, address, &task)) {
		reading->damaged++;
		return reading->damaged < RUNQUEUE_MAX_WAITING;
	}
	if (address == out->current || task.on_cpu)
		return true;
	if (task.class == CLASS_FAIR &&
	    layout_read_or(reading->inspect, address, &reading->with->delayed, 0)) {
		out->nr_delayed++;
		return true;
	}
	if (out->nr_waiting == RUNQUEUE_MAX_WAITING) {
		reading->is_cut = true;
		return false;
	}
	if (out->nr_waiting == reading->room) {
		size_t room = reading->room ? reading->room * 2 : 16;
		struct waiting *more = realloc(out->waiting, room * sizeof(*more));

		if (!more) {
			reading->no_memory = true;
			return false;
		}
		out->waiting = more;
		reading->room = room;
	}
	waiting_read(reading->with, &task, &out->waiting[out->nr_waiting++]);
	return true;
}

/* A list of tasks, by their members @node. */
static void read_list(struct runqueue_reading *reading, const char *what,
		      const struct btf_field *list, const struct btf_field *node)
{
	struct list_walk walk;
	uint64_t at;

	if (!list->found || !node->found)
		return;
	list_begin(&walk, reading->inspect, reading->rq + list->offset, TASKS_MAX);
	while (list_next(&walk, &at) && add(reading, at - node->offset))
		;
	if (walk.broken)
		runqueue_say(reading, "the list of the tasks of the %s class ends early: %s", what,
			     walk.broken);
}

/* The queues of one rt_rq; those of groups in them are left in @groups for later. */
static bool read_rt_queues(struct runqueue_reading *reading, uint64_t rt_rq,
			   const struct btf_field *bitmap, const struct btf_field *queues,
			   uint64_t groups[MAX_GROUPS], unsigned int *nr)
{
	const struct runqueues *with = reading->with;
	uint64_t bits = 0, at, group;
	struct list_walk walk;

	for (uint32_t i = 0; i < queues->count && i / 8 < bitmap->size; i++) {
		if (i % 64 == 0 &&
		    !inspect_read_u64(reading->inspect, rt_rq + bitmap->offset + i / 8, &bits)) {
			runqueue_say(reading, "the queues of the rt class are not readable");
			return false;
		}
		if (!(bits >> i % 64 & 1))
			continue;
		list_begin(&walk, reading->inspect,
			   rt_rq + queues->offset + (uint64_t)i * queues->stride, TASKS_MAX);
		while (list_next(&walk, &at)) {
			/* A group's entity is in no task. */
			group = layout_read_or(reading->inspect, at - with->rt_node.offset,
					       &with->rt_group_queue, 0);
			if (group && *nr < MAX_GROUPS)
				groups[(*nr)++] = group;
			else if (group)
				runqueue_say(reading,
					     "more than %u groups of the rt class have tasks that "
					     "wait: those of the others are left out",
					     MAX_GROUPS);
			else if (!group && !add(reading, at - with->task_rt.offset))
				return false;
		}
		if (walk.broken)
			runqueue_say(reading, "a queue of the rt class ends early: %s",
				     walk.broken);
	}
	return true;
}

static void read_rt(struct runqueue_reading *reading)
{
	const struct runqueues *with = reading->with;
	uint64_t groups[MAX_GROUPS];
	unsigned int nr = 0;

	if (!with->rt_bitmap.found || !with->rt_queues.found || !with->task_rt.found)
		return;
	if (!read_rt_queues(reading, reading->rq, &with->rt_bitmap, &with->rt_queues, groups, &nr))
		return;
	/* What is appended while it runs is looked at as well; the list is never emptied. */
	for (unsigned int i = 0; i < nr && with->group_queues.found; i++)
		if (!read_rt_queues(reading, groups[i], &with->group_bitmap, &with->group_queues,
				    groups, &nr))
			return;
}

/* The stop class has one task for each CPU, and no queue. */
static void read_stop(struct runqueue_reading *reading)
{
	struct inspect_task task;
	uint64_t stop;

	if (layout_read(reading->inspect, reading->rq, &reading->with->stop, &stop) && stop &&
	    task_read(reading->with->tasks, stop, &task) && task.on_rq)
		add(reading, stop);
}

/* The tree of the deadline class, which has servers of other classes in it as well. */
static void read_deadline(struct runqueue_reading *reading)
{
	const struct runqueues *with = reading->with;
	uint64_t pending[MAX_DEPTH], root;
	unsigned int nr = 0, seen = 0;

	if (!with->dl_root.found || !with->task_dl.found || !with->rb_left.found)
		return;
	if (!layout_read(reading->inspect, reading->rq, &with->dl_root, &root)) {
		runqueue_say(reading, "the tree of the deadline class is not readable");
		return;
	}
	if (root)
		pending[nr++] = root;
	while (nr > 0) {
		uint64_t node = pending[--nr], left, right;

		if (++seen > TASKS_MAX || nr + 2 > MAX_DEPTH ||
		    !layout_read(reading->inspect, node, &with->rb_left, &left) ||
		    !layout_read(reading->inspect, node, &with->rb_right, &right)) {
			runqueue_say(reading, "the tree of the deadline class is damaged");
			return;
		}
		if (right)
			pending[nr++] = right;
		if (left)
			pending[nr++] = left;
		if (!layout_read_or(reading->inspect, node - with->dl_node.offset, &with->dl_server,
				    0) &&
		    !add(reading, node - with->task_dl.offset))
			return;
	}
}

void runqueue_read_queues(struct runqueue_reading *reading)
{
	const struct runqueues *with = reading->with;

	read_stop(reading);
	read_deadline(reading);
	read_rt(reading);
	read_list(reading, "fair", &with->fair_list, &with->task_fair);
	read_list(reading, "ext", &with->ext_list, &with->task_ext);
}
