/* Does a vCPU burn its time without taking an interrupt? See watch_stall.h. */
#include "run/watch_stall.h"

uint64_t watch_stall_add(struct watch_stall *stall, unsigned int index,
			 const struct vmm_sample *sample)
{
	struct stall_run *run = &stall->runs[index];
	bool is_stuck = !sample->in_user && !sample->takes_interrupts;

	if (sample->nr == run->nr)
		return 0;
	run->nr = sample->nr;
	/* A console that is printed to with interrupts off is slow, but not stuck. */
	if (!is_stuck || !run->count || sample->exits != run->exits ||
	    sample->timer != run->timer) {
		run->count = is_stuck;
		run->begin = sample->cpu_ns;
		run->exits = sample->exits;
		run->timer = sample->timer;
		return 0;
	}
	run->count++;
	return run->count >= WATCH_STALL_SAMPLES && sample->cpu_ns - run->begin >= stall->limit_ns
		       ? sample->cpu_ns - run->begin
		       : 0;
}

bool watch_stall_suspects(const struct watch_stall *stall)
{
	for (unsigned int i = 0; i < TOPOLOGY_MAX_CPUS; i++)
		if (stall->runs[i].count > 1)
			return true;
	return false;
}
