/* Is a task forgotten, or kept waiting by the kernel? See watch_queues.h. */
#include "run/watch_queues.h"

#include <stdlib.h>

#include "inspect/btf.h"
#include "inspect/inspect.h"

/* More than this share of one CPU is work, and not timers, heartbeats and how slow a host is. */
#define BUSY_SHARE     4
/* Of a limit that is smaller: what a busy host makes of a guest looks the same for a moment. */
#define LEAST_NS       5000000000ull
/* Of stall_ns, in fifths: when there is reason to look, and when it is a stall. */
#define FIFTH(ns)      ((ns) / 5)
#define SUSPECT_IDLE   2
#define SEEN_IDLE      1
#define STALL_IDLE     4
#define SUSPECT_KERNEL 1
#define STALL_KERNEL   3
/* CPU time of one look into the guest, which runs on meanwhile. */
#define LOOK_MS	       10000u
/* A task that is just being woken is seen once, if at all. */
#define SEEN_MIN       3u
/* Who is heavier than that keeps its CPU for long by right. */
#define MOST_HEAVIER   4u

void watch_queues_ready(struct watch_queues *queues, const struct inspect_source *source)
{
	if (queues->stall_ns < LEAST_NS)
		queues->stall_ns = LEAST_NS;
	for (unsigned int i = 0; i < source->nr_vcpus && !queues->has_regs; i++)
		queues->has_regs = source->regs(source->data, i, &queues->regs) &&
				   (queues->regs.cs & 3) == 3;
}

static bool read_memory(void *data, uint64_t gpa, void *dst, size_t size)
{
	const struct watch_queues *queues = data;

	return queues->memory.read(queues->memory.data, gpa, dst, size);
}

static bool read_regs(void *data, unsigned int vcpu, struct inspect_regs *regs)
{
	const struct watch_queues *queues = data;

	*regs = queues->regs;
	return !vcpu;
}

static bool is_over(void *data)
{
	const struct watch_queues *queues = data;

	return queues->memory.is_over && queues->memory.is_over(queues->memory.data);
}

/* Its symbols take some MiB, and are to be had again. */
static void close_guest(struct watch_queues *queues)
{
	inspect_close(queues->inspect);
	queues->inspect = NULL;
}

static bool find_queues(struct watch_queues *queues)
{
	char why[INSPECT_WHY_SIZE];
	struct btf *btf = NULL;
	bool found = !inspect_open(&queues->source, LOOK_MS, &queues->inspect, NULL) &&
		     !btf_open(queues->inspect, &btf, NULL) &&
		     !tasks_open(queues->inspect, btf, &queues->tasks, why) &&
		     !runqueues_open(&queues->tasks, btf, &queues->runqueues, why);

	/* Only to know where all is. */
	btf_close(btf);
	return found;
}

/* Where its run queues are is looked for once. False: they are not to be had. */
static bool open_guest(struct watch_queues *queues, struct vmm *vmm, uint64_t now_ns)
{
	queues->used_ns = now_ns;
	if (queues->inspect) {
		inspect_allow(queues->inspect, LOOK_MS);
		return true;
	}
	if (!queues->has_regs || now_ns < queues->next_open)
		return false;
	vmm_memory_source(vmm, &queues->memory);
	queues->source = queues->memory;
	queues->source.data = queues;
	queues->source.read = read_memory;
	queues->source.regs = read_regs;
	queues->source.is_over = is_over;
	if (find_queues(queues))
		return true;
	/*
	 * That it failed is told by the look at the failure, if any. It may have been for want of
	 * time, or for what the guest wrote at that moment: tried twice more, but not soon, as it
	 * keeps us from all else for as long as it takes.
	 */
	close_guest(queues);
	queues->open_wait_ns = queues->open_wait_ns ? 2 * queues->open_wait_ns : queues->stall_ns;
	queues->next_open = queues->open_wait_ns > 2 * queues->stall_ns
				    ? UINT64_MAX
				    : now_ns + queues->open_wait_ns;
	return false;
}

/* Nothing is suspected any more. */
static void close_unused(struct watch_queues *queues, uint64_t now_ns)
{
	if (queues->inspect && now_ns - queues->used_ns > FIFTH(queues->stall_ns))
		close_guest(queues);
}

/* --- all idle ------------------------------------------------------------------------------- */

/* Where the kernel is to eject the scheduler, its watchdog is to find the task. */
static bool is_to_starve(const struct observation *seen, const struct inspect_task *task)
{
	return seen->scheduler.expected && task->class == CLASS_EXT;
}

/*
 * The task that has waited longest where all CPUs idle. Returns 1; 0: some CPU runs a task; -1:
 * they idle, and nothing waits.
 */
static int find_forgotten(struct watch_queues *queues, unsigned int nr_cpus,
			  const struct observation *seen, struct waiting *longest)
{
	struct runqueue_glance glance;
	bool waits = false;

	longest->waited_ns = 0;
	longest->by = WAIT_UNKNOWN;
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		if (!runqueue_glance(&queues->runqueues, cpu, &glance))
			continue;
		if (glance.task.pid)
			return 0;
		waits |= glance.nr_running > 0;
	}
	if (!waits)
		return -1;
	runqueues_now(&queues->runqueues);
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct runqueue runqueue;

		if (runqueue_read(&queues->runqueues, cpu, &runqueue, NULL))
			return -1;
		for (unsigned int i = 0; i < runqueue.nr_waiting; i++)
			if (!runqueue.waiting[i].is_throttled &&
			    !is_to_starve(seen, &runqueue.waiting[i].task) &&
			    runqueue.waiting[i].by != WAIT_UNKNOWN &&
			    runqueue.waiting[i].waited_ns > longest->waited_ns)
				*longest = runqueue.waiting[i];
		runqueue_free(&runqueue);
	}
	return longest->by == WAIT_UNKNOWN ? -1 : 1;
}

static bool is_long(const struct watch_queues *queues, const struct waiting *waiting,
		    uint64_t now_ns)
{
	uint64_t limit = STALL_IDLE * FIFTH(queues->stall_ns);
	uint64_t seen_ns = now_ns - queues->forgotten_since;

	/* Since it last ran it may have slept: then what was seen counts. */
	if (waiting->by != WAIT_QUEUED)
		return seen_ns >= limit;
	/* The guest's own clock has in it what the host kept a vCPU waiting. */
	return waiting->waited_ns >= limit && seen_ns >= SEEN_IDLE * FIFTH(queues->stall_ns);
}

/* The guest stood still for nothing: not soon again. */
static void put_off(struct watch_queues *queues, uint64_t now_ns)
{
	queues->wait_ns = queues->wait_ns ? 2 * queues->wait_ns : queues->stall_ns;
	queues->next_stop = now_ns + queues->wait_ns;
}

static bool is_forgotten(struct watch_queues *queues, struct vmm *vmm, uint64_t now_ns,
			 struct observation *seen)
{
	struct waiting *waiting = &seen->stuck_waiting;
	unsigned int nr_cpus = vmm_nr_vcpus(vmm);
	int found = find_forgotten(queues, nr_cpus, seen, waiting);
	bool is_so;

	/* What ran may have been this task, unless it says itself since when it waits. */
	if (!found && queues->forgotten_by != WAIT_QUEUED)
		queues->forgotten = 0;
	if (!found)
		return false;
	if (found < 0 || waiting->task.address != queues->forgotten) {
		queues->forgotten = found < 0 ? 0 : waiting->task.address;
		queues->forgotten_since = now_ns;
		queues->nr_seen = 0;
	}
	queues->forgotten_by = waiting->by;
	if (found < 0 || ++queues->nr_seen < SEEN_MIN || !is_long(queues, waiting, now_ns) ||
	    now_ns < queues->next_stop || vmm_pause(vmm, NULL))
		return false;
	is_so = find_forgotten(queues, nr_cpus, seen, waiting) == 1 &&
		waiting->task.address == queues->forgotten && is_long(queues, waiting, now_ns);
	vmm_resume(vmm);
	if (!is_so)
		put_off(queues, now_ns);
	return is_so;
}

/* --- a soft lockup -------------------------------------------------------------------------- */

/* Has it, by their weights, had its turn long since? */
static bool is_due(const struct watch_queues *queues, const struct inspect_task *waiting,
		   const struct inspect_task *runs)
{
	const uint64_t tasks[2] = { waiting->address, runs->address };
	uint64_t weights[2];

	return runqueues_weights(&queues->runqueues, tasks, weights) &&
	       weights[0] >= weights[1] / MOST_HEAVIER;
}

/* Does the kernel run @waiting before @runs, if only it comes to decide? */
static bool goes_before(const struct watch_queues *queues, const struct inspect_task *waiting,
			const struct inspect_task *runs)
{
	if (waiting->class == CLASS_UNKNOWN || runs->class == CLASS_UNKNOWN)
		return false;
	if (waiting->class != runs->class)
		return waiting->class < runs->class;
	/* How long one of a BPF scheduler's keeps its CPU is that scheduler's to say. */
	return (waiting->class == CLASS_FAIR && is_due(queues, waiting, runs)) ||
	       (waiting->class == CLASS_RT && waiting->prio < runs->prio);
}

/* Who should have CPU @cpu, and waits? */
static bool find_kept_waiting(struct watch_queues *queues, unsigned int cpu,
			      const struct inspect_task *runs, struct waiting *waiting)
{
	struct runqueue runqueue;
	bool found = false;

	runqueues_now(&queues->runqueues);
	if (runqueue_read(&queues->runqueues, cpu, &runqueue, NULL))
		return false;
	for (unsigned int i = 0; i < runqueue.nr_waiting && !found; i++) {
		*waiting = runqueue.waiting[i];
		found = !waiting->is_throttled && goes_before(queues, &waiting->task, runs);
	}
	runqueue_free(&runqueue);
	return found;
}

/* Runs the same task there, without a switch since that was looked at, and does another one wait?
 */
static bool is_kept(struct watch_queues *queues, unsigned int cpu, struct inspect_task *runs)
{
	struct kernel_run *run = &queues->runs[cpu];
	struct runqueue_glance glance;

	if (!runqueue_glance(&queues->runqueues, cpu, &glance) || !glance.task.pid ||
	    glance.nr_running < 2) {
		run->task = 0;
		return false;
	}
	*runs = glance.task;
	if (glance.current == run->task && glance.nr_switches == run->nr_switches)
		return true;
	run->task = glance.current;
	run->nr_switches = glance.nr_switches;
	return false;
}

static bool is_locked_up(struct watch_queues *queues, struct vmm *vmm, unsigned int cpu,
			 uint64_t now_ns, struct observation *seen)
{
	struct kernel_run *run = &queues->runs[cpu];
	struct vmm_sample sample;
	bool is_so;

	vmm_last_sample(vmm, cpu, &sample);
	if (sample.nr == run->nr)
		return false;
	run->nr = sample.nr;
	/* Who prints to a slow console works. */
	if (sample.in_user || sample.exits != run->exits) {
		*run = (struct kernel_run){ .nr = sample.nr,
					    .begin = sample.cpu_ns,
					    .exits = sample.exits };
		return false;
	}
	memmove(run->rips + 1, run->rips, sizeof(run->rips) - sizeof(run->rips[0]));
	run->rips[0] = sample.rip;
	if (sample.cpu_ns - run->begin < SUSPECT_KERNEL * FIFTH(queues->stall_ns) ||
	    !open_guest(queues, vmm, now_ns))
		return false;
	if (!is_kept(queues, cpu, &seen->stuck_task)) {
		run->since = sample.cpu_ns;
		/* What another one did is of no account. */
		memset(run->rips + 1, 0, sizeof(run->rips) - sizeof(run->rips[0]));
		return false;
	}
	if (sample.cpu_ns - run->since < STALL_KERNEL * FIFTH(queues->stall_ns) ||
	    now_ns < queues->next_stop || vmm_pause(vmm, NULL))
		return false;
	is_so = is_kept(queues, cpu, &seen->stuck_task) &&
		find_kept_waiting(queues, cpu, &seen->stuck_task, &seen->stuck_waiting);
	vmm_resume(vmm);
	if (!is_so)
		put_off(queues, now_ns);
	seen->stuck_vcpu = cpu;
	seen->stuck_ns = sample.cpu_ns - run->since;
	seen->stuck_rip = sample.rip;
	memcpy(seen->stuck_rips, run->rips, sizeof(run->rips));
	return is_so;
}

enum stop_reason watch_queues_look(struct watch_queues *queues, struct vmm *vmm, uint64_t now_ns,
				   uint64_t ran_ns, struct observation *seen)
{
	uint64_t passed = now_ns - queues->looked_at, ran = ran_ns - queues->ran_ns;

	close_unused(queues, now_ns);
	for (unsigned int cpu = 0; cpu < vmm_nr_vcpus(vmm); cpu++)
		if (is_locked_up(queues, vmm, cpu, now_ns, seen))
			return STOP_SOFT_LOCKUP;
	queues->looked_at = now_ns;
	queues->ran_ns = ran_ns;
	if (!passed || passed == now_ns || ran >= passed / BUSY_SHARE) {
		queues->idle_since = now_ns;
		queues->nr_seen = 0;
	}
	if (now_ns - queues->idle_since < SUSPECT_IDLE * FIFTH(queues->stall_ns) ||
	    !open_guest(queues, vmm, now_ns) || !is_forgotten(queues, vmm, now_ns, seen))
		return STOP_NONE;
	seen->stuck_ns = seen->stuck_waiting.by == WAIT_QUEUED ? seen->stuck_waiting.waited_ns
							       : now_ns - queues->forgotten_since;
	return STOP_FORGOTTEN;
}

void watch_queues_destroy(struct watch_queues *queues)
{
	close_guest(queues);
}
