/* What waits for a CPU, in which of its queues, and for how long? See runqueues.h. */
#include "inspect/runqueues.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"
#include "inspect/list.h"

/* Of nodes of a tree that wait to be looked at: no balanced one of a size that is believed is
 * deeper. */
#define MAX_DEPTH  64u
/* Of groups of the rt class that wait to be looked into. */
#define MAX_GROUPS 64u

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define WANT(type, path, field)                                                                    \
	{                                                                                          \
		type, path, offsetof(struct runqueues, field), false                               \
	}
#define MAY(type, path, field)                                                                     \
	{                                                                                          \
		type, path, offsetof(struct runqueues, field), true                                \
	}

static const struct layout_want wants[] = {
	WANT("rq", "nr_running", nr_running),
	WANT("rq", "curr", current),
	WANT("rq", "clock", clock),
	MAY("rq", "clock_task", clock_task),
	MAY("rq", "online", online),
	MAY("rq", "cfs.h_nr_queued", nr_fair),
	MAY("rq", "cfs.h_nr_running", nr_fair),
	MAY("rq", "rt.rt_nr_running", nr_rt),
	MAY("rq", "dl.dl_nr_running", nr_deadline),
	MAY("rq", "scx.nr_running", nr_ext),
	MAY("rq", "scx.local_dsq.nr", nr_local_dsq),
	/* All tasks of the fair class, flat, in whatever groups; the trees are one for each group.
	 */
	MAY("rq", "cfs_tasks", fair_list),
	MAY("rq", "rt.active.bitmap", rt_bitmap),
	MAY("rq", "rt.active.queue", rt_queues),
	MAY("rq", "dl.root.rb_root.rb_node", dl_root),
	MAY("rq", "scx.runnable_list", ext_list),
	MAY("rt_rq", "active.bitmap", group_bitmap),
	MAY("rt_rq", "active.queue", group_queues),
	MAY("sched_rt_entity", "my_q", rt_group_queue),
	MAY("sched_rt_entity", "run_list", rt_node),
	MAY("rb_node", "rb_left", rb_left),
	MAY("rb_node", "rb_right", rb_right),
	MAY("task_struct", "se.group_node", task_fair),
	MAY("task_struct", "rt.run_list", task_rt),
	MAY("task_struct", "dl.rb_node", task_dl),
	MAY("task_struct", "scx.runnable_node", task_ext),
	MAY("task_struct", "se.sched_delayed", delayed),
	MAY("task_struct", "se.cfs_rq", cfs_rq),
	MAY("cfs_rq", "throttle_count", throttle_count),
	MAY("task_struct", "throttled", throttled),
	MAY("task_struct", "sched_info.last_queued", last_queued),
	MAY("sched_dl_entity", "dl_server", dl_server),
	MAY("sched_dl_entity", "rb_node", dl_node),
	MAY("task_struct", "scx.dsq", dsq),
	MAY("scx_dispatch_q", "id", dsq_id),
};

static uint64_t enumerator(const struct btf *btf, const char *name)
{
	uint64_t value;

	return btf_enumerator(btf, name, &value) ? value : 0;
}

int runqueues_open(const struct tasks *tasks, const struct btf *btf, struct runqueues *runqueues,
		   char *why)
{
	struct inspect *inspect = tasks->inspect;
	uint64_t at;

	*runqueues = (struct runqueues){ .tasks = tasks };
	if (layout_resolve(btf, wants, COUNT(wants), runqueues, why))
		return -ENOENT;
	if (!inspect_symbol(inspect, "runqueues", &at)) {
		snprintf(why, INSPECT_WHY_SIZE, "the kernel has no symbol runqueues");
		return -ENOENT;
	}
	if (!runqueues->last_queued.found)
		runqueues->wait_why =
			"this kernel does not note since when a task waits (it has no "
			"sched_info, CONFIG_SCHED_INFO)";
	runqueues->dsq_local = enumerator(btf, "SCX_DSQ_LOCAL");
	runqueues->dsq_global = enumerator(btf, "SCX_DSQ_GLOBAL");
	runqueues->dsq_bypass = enumerator(btf, "SCX_DSQ_BYPASS");
	runqueues->dsq_builtin = enumerator(btf, "SCX_DSQ_FLAG_BUILTIN");
	/* Clocks are one for each CPU, and one that takes no ticks is behind. */
	for (unsigned int cpu = 0; cpu < inspect_source(inspect)->nr_vcpus; cpu++) {
		uint64_t clock, clock_task;

		if (!inspect_per_cpu(inspect, "runqueues", cpu, &at))
			continue;
		clock = layout_read_or(inspect, at, &runqueues->clock, 0);
		clock_task = layout_read_or(inspect, at, &runqueues->clock_task, 0);
		if (clock > runqueues->now_ns)
			runqueues->now_ns = clock;
		if (clock_task > runqueues->now_task_ns)
			runqueues->now_task_ns = clock_task;
	}
	return 0;
}

/* One run queue that is read. */
struct reading {
	const struct runqueues *with;
	struct inspect *inspect;
	struct runqueue *out;
	uint64_t rq;
	size_t room;
	uint32_t damaged;
	bool no_memory, is_cut;
};

__attribute__((format(printf, 2, 3))) static void say(struct reading *reading, const char *fmt, ...)
{
	va_list args;

	/* The first word counts. */
	if (*reading->out->why)
		return;
	va_start(args, fmt);
	vsnprintf(reading->out->why, sizeof(reading->out->why), fmt, args);
	va_end(args);
}

static void read_wait(const struct reading *reading, struct waiting *waiting)
{
	const struct runqueues *with = reading->with;
	uint64_t since;

	if (layout_read(reading->inspect, waiting->task.address, &with->last_queued, &since) &&
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

static void read_dsq(const struct reading *reading, struct waiting *waiting)
{
	const struct runqueues *with = reading->with;
	uint64_t dsq, id;

	if (waiting->task.class != CLASS_EXT ||
	    !layout_read(reading->inspect, waiting->task.address, &with->dsq, &dsq))
		return;
	if (!dsq) {
		waiting->dsq = DSQ_BPF;
		return;
	}
	if (!layout_read(reading->inspect, dsq, &with->dsq_id, &id))
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

static bool is_throttled(const struct reading *reading, uint64_t task)
{
	const struct runqueues *with = reading->with;
	uint64_t cfs_rq = layout_read_or(reading->inspect, task, &with->cfs_rq, 0);

	return layout_read_or(reading->inspect, task, &with->throttled, 0) ||
	       (cfs_rq && layout_read_or(reading->inspect, cfs_rq, &with->throttle_count, 0) != 0);
}

/* The task at @address is in one of the queues; false: no more of them. */
static bool add(struct reading *reading, uint64_t address)
{
	struct runqueue *out = reading->out;
	struct waiting waiting = { 0 };

	if (!task_read(reading->with->tasks, address, &waiting.task)) {
		reading->damaged++;
		return reading->damaged < RUNQUEUE_MAX_WAITING;
	}
	if (address == out->current || waiting.task.on_cpu)
		return true;
	if (waiting.task.class == CLASS_FAIR) {
		if (layout_read_or(reading->inspect, address, &reading->with->delayed, 0)) {
			out->nr_delayed++;
			return true;
		}
		waiting.is_throttled = is_throttled(reading, address);
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
	read_wait(reading, &waiting);
	read_dsq(reading, &waiting);
	out->waiting[out->nr_waiting++] = waiting;
	return true;
}

/* A list of tasks, by their members @node. */
static void read_list(struct reading *reading, const char *what, const struct btf_field *list,
		      const struct btf_field *node)
{
	struct list_walk walk;
	uint64_t at;

	if (!list->found || !node->found)
		return;
	list_begin(&walk, reading->inspect, reading->rq + list->offset, TASKS_MAX);
	while (list_next(&walk, &at) && add(reading, at - node->offset))
		;
	if (walk.broken)
		say(reading, "the list of the tasks of the %s class ends early: %s", what,
		    walk.broken);
}

/* The queues of one rt_rq; those of groups in them are left in @groups for later. */
static bool read_rt_queues(struct reading *reading, uint64_t rt_rq, const struct btf_field *bitmap,
			   const struct btf_field *queues, uint64_t groups[MAX_GROUPS],
			   unsigned int *nr)
{
	const struct runqueues *with = reading->with;
	uint64_t bits = 0, at, group;
	struct list_walk walk;

	for (uint32_t i = 0; i < queues->count && i / 8 < bitmap->size; i++) {
		if (i % 64 == 0 &&
		    !inspect_read_u64(reading->inspect, rt_rq + bitmap->offset + i / 8, &bits)) {
			say(reading, "the queues of the rt class are not readable");
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
			else if (!group && !add(reading, at - with->task_rt.offset))
				return false;
		}
		if (walk.broken)
			say(reading, "a queue of the rt class ends early: %s", walk.broken);
	}
	return true;
}

static void read_rt(struct reading *reading)
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

/* The tree of the deadline class, which has servers of other classes in it as well. */
static void read_deadline(struct reading *reading)
{
	const struct runqueues *with = reading->with;
	uint64_t pending[MAX_DEPTH], root;
	unsigned int nr = 0, seen = 0;

	if (!with->dl_root.found || !with->task_dl.found || !with->rb_left.found)
		return;
	if (!layout_read(reading->inspect, reading->rq, &with->dl_root, &root)) {
		say(reading, "the tree of the deadline class is not readable");
		return;
	}
	if (root)
		pending[nr++] = root;
	while (nr > 0) {
		uint64_t node = pending[--nr], left, right;

		if (++seen > TASKS_MAX || nr + 2 > MAX_DEPTH ||
		    !layout_read(reading->inspect, node, &with->rb_left, &left) ||
		    !layout_read(reading->inspect, node, &with->rb_right, &right)) {
			say(reading, "the tree of the deadline class is damaged");
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

static int64_t number(const struct reading *reading, const struct btf_field *field)
{
	uint64_t value;

	if (!layout_read(reading->inspect, reading->rq, field, &value))
		return -1;
	return value <= INT32_MAX ? (int64_t)value : INT32_MAX;
}

int runqueue_read(const struct runqueues *runqueues, unsigned int cpu, struct runqueue *runqueue,
		  struct error *err)
{
	struct reading reading = { .with = runqueues,
				   .inspect = runqueues->tasks->inspect,
				   .out = runqueue };

	*runqueue = (struct runqueue){ 0 };
	if (!inspect_per_cpu(reading.inspect, "runqueues", cpu, &reading.rq) ||
	    !layout_read(reading.inspect, reading.rq, &runqueues->clock, &runqueue->clock_ns) ||
	    !layout_read(reading.inspect, reading.rq, &runqueues->current, &runqueue->current)) {
		say(&reading, "the run queue of CPU %u is not readable", cpu);
		return 0;
	}
	if (!runqueue->current) {
		say(&reading,
		    "the run queue of CPU %u is not set up: nothing runs there, not even "
		    "its idle task",
		    cpu);
		return 0;
	}
	runqueue->is_known = true;
	runqueue->is_online = layout_read_or(reading.inspect, reading.rq, &runqueues->online, 1);
	runqueue->nr_running = number(&reading, &runqueues->nr_running);
	runqueue->nr_fair = number(&reading, &runqueues->nr_fair);
	runqueue->nr_rt = number(&reading, &runqueues->nr_rt);
	runqueue->nr_deadline = number(&reading, &runqueues->nr_deadline);
	runqueue->nr_ext = number(&reading, &runqueues->nr_ext);
	runqueue->nr_local_dsq = number(&reading, &runqueues->nr_local_dsq);
	read_deadline(&reading);
	read_rt(&reading);
	read_list(&reading, "fair", &runqueues->fair_list, &runqueues->task_fair);
	read_list(&reading, "ext", &runqueues->ext_list, &runqueues->task_ext);
	if (reading.no_memory) {
		runqueue_free(runqueue);
		return error_set(err, -ENOMEM, "run queue of CPU %u: out of memory", cpu);
	}
	if (reading.is_cut)
		say(&reading, "more than %u tasks wait, the others are left out",
		    RUNQUEUE_MAX_WAITING);
	if (reading.damaged)
		say(&reading, "%u of the tasks in its queues are damaged or not readable",
		    reading.damaged);
	if (!runqueues->fair_list.found)
		say(&reading, "this kernel has no list of the tasks of the fair class "
			      "(rq.cfs_tasks, CONFIG_SMP)");
	return 0;
}

void runqueue_free(struct runqueue *runqueue)
{
	free(runqueue->waiting);
	runqueue->waiting = NULL;
	runqueue->nr_waiting = 0;
}
