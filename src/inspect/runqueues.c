/* What waits for a CPU, in which of its queues, and for how long? See runqueues.h. */
#include "inspect/runqueues.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/inspect.h"
#include "inspect/runqueue_reading.h"

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
	MAY("rq", "nr_switches", nr_switches),
	MAY("rq", "stop", stop),
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
	MAY("task_struct", "se", entity),
	MAY("sched_entity", "parent", parent),
	MAY("sched_entity", "cfs_rq", queue),
	MAY("sched_entity", "load.weight", weight),
	MAY("task_struct", "se.sched_delayed", delayed),
	MAY("task_struct", "se.cfs_rq", cfs_rq),
	MAY("cfs_rq", "throttle_count", throttle_count),
	MAY("task_struct", "throttled", throttled),
	MAY("task_struct", "sched_info.last_queued", last_queued),
	MAY("sched_dl_entity", "dl_server", dl_server),
	MAY("task_struct", "dl.dl_throttled", dl_throttled),
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
	runqueues_now(runqueues);
	return 0;
}

/* Clocks are one for each CPU, and one that takes no ticks is behind. */
void runqueues_now(struct runqueues *runqueues)
{
	struct inspect *inspect = runqueues->tasks->inspect;

	runqueues->now_ns = runqueues->now_task_ns = 0;
	for (unsigned int cpu = 0; cpu < inspect_source(inspect)->nr_vcpus; cpu++) {
		uint64_t at, clock, clock_task;

		if (!inspect_per_cpu(inspect, "runqueues", cpu, &at))
			continue;
		clock = layout_read_or(inspect, at, &runqueues->clock, 0);
		clock_task = layout_read_or(inspect, at, &runqueues->clock_task, 0);
		if (clock > runqueues->now_ns)
			runqueues->now_ns = clock;
		if (clock_task > runqueues->now_task_ns)
			runqueues->now_task_ns = clock_task;
	}
}

bool runqueue_glance(const struct runqueues *runqueues, unsigned int cpu,
		     struct runqueue_glance *glance)
{
	struct inspect *inspect = runqueues->tasks->inspect;
	uint64_t rq, running;

	*glance = (struct runqueue_glance){ 0 };
	if (!inspect_per_cpu(inspect, "runqueues", cpu, &rq) ||
	    !layout_read(inspect, rq, &runqueues->nr_running, &running) ||
	    !layout_read(inspect, rq, &runqueues->nr_switches, &glance->nr_switches) ||
	    !layout_read(inspect, rq, &runqueues->current, &glance->current) || !glance->current ||
	    !layout_read_or(inspect, rq, &runqueues->online, 1) ||
	    !task_read(runqueues->tasks, glance->current, &glance->task))
		return false;
	glance->nr_running = running <= UINT32_MAX ? (uint32_t)running : UINT32_MAX;
	return true;
}

/* Groups in groups; no test nests as many. */
#define MAX_DEPTH 32

struct entity {
	uint64_t queue, weight;
};

/* Of a task and the groups that it is in, up to the root. Returns how many. */
static unsigned int read_entities(const struct runqueues *runqueues, uint64_t task,
				  struct entity entities[MAX_DEPTH])
{
	struct inspect *inspect = runqueues->tasks->inspect;
	uint64_t at = task + runqueues->entity.offset;
	unsigned int nr = 0;

	while (runqueues->entity.found && at && nr < MAX_DEPTH &&
	       layout_read(inspect, at, &runqueues->queue, &entities[nr].queue) &&
	       layout_read(inspect, at, &runqueues->weight, &entities[nr].weight)) {
		nr++;
		at = layout_read_or(inspect, at, &runqueues->parent, 0);
	}
	return nr;
}

bool runqueues_weights(const struct runqueues *runqueues, const uint64_t tasks[2],
		       uint64_t weights[2])
{
	struct entity one[MAX_DEPTH], other[MAX_DEPTH];
	unsigned int nr_one = read_entities(runqueues, tasks[0], one);
	unsigned int nr_other = read_entities(runqueues, tasks[1], other);

	for (unsigned int i = 0; i < nr_one; i++)
		for (unsigned int k = 0; k < nr_other; k++)
			if (one[i].queue && one[i].queue == other[k].queue) {
				weights[0] = one[i].weight;
				weights[1] = other[k].weight;
				return true;
			}
	return false;
}

void runqueue_say(struct runqueue_reading *reading, const char *fmt, ...)
{
	va_list args;

	if (*reading->out->why)
		return;
	va_start(args, fmt);
	vsnprintf(reading->out->why, sizeof(reading->out->why), fmt, args);
	va_end(args);
}

static int64_t number(const struct runqueue_reading *reading, const struct btf_field *field)
{
	uint64_t value;

	if (!layout_read(reading->inspect, reading->rq, field, &value))
		return -1;
	return value <= INT32_MAX ? (int64_t)value : INT32_MAX;
}

int runqueue_read(const struct runqueues *runqueues, unsigned int cpu, struct runqueue *runqueue,
		  struct error *err)
{
	struct runqueue_reading reading = { .with = runqueues,
					    .inspect = runqueues->tasks->inspect,
					    .out = runqueue };

	*runqueue = (struct runqueue){ 0 };
	if (!inspect_per_cpu(reading.inspect, "runqueues", cpu, &reading.rq) ||
	    !layout_read(reading.inspect, reading.rq, &runqueues->clock, &runqueue->clock_ns) ||
	    !layout_read(reading.inspect, reading.rq, &runqueues->current, &runqueue->current)) {
		runqueue_say(&reading, "the run queue of CPU %u is not readable", cpu);
		return 0;
	}
	if (!runqueue->current) {
		runqueue_say(&reading,
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
	runqueue_read_queues(&reading);
	if (reading.no_memory) {
		runqueue_free(runqueue);
		return error_set(err, -ENOMEM, "run queue of CPU %u: out of memory", cpu);
	}
	if (reading.is_cut)
		runqueue_say(&reading, "more than %u tasks wait, the others are left out",
			     RUNQUEUE_MAX_WAITING);
	if (reading.damaged)
		runqueue_say(&reading, "%u of the tasks in its queues are damaged or not readable",
			     reading.damaged);
	if (!runqueues->fair_list.found)
		runqueue_say(&reading, "this kernel has no list of the tasks of the fair class "
				       "(rq.cfs_tasks, CONFIG_SMP)");
	return 0;
}

void runqueue_free(struct runqueue *runqueue)
{
	free(runqueue->waiting);
	runqueue->waiting = NULL;
	runqueue->nr_waiting = 0;
}
