/* How much of the vCPUs' time did the host keep for others? See host_took.h. */
#include "verdict/host_took.h"

#include <inttypes.h>
#include <stdio.h>

#include "../../guest/protocol.h"

/* As a clock's step that is left out: what is less is a late loop. */
#define STOOD_LEAST_NS 1000000000ull

static uint64_t since(uint64_t begin, uint64_t end)
{
	return end > begin ? end - begin : 0;
}

void host_took_begin(struct host_took *took, const struct vmm_cpu_times *times, uint64_t stalled_ns)
{
	*took = (struct host_took){ .began = true, .counts = times, .memory_begin_ns = stalled_ns };
	if (times)
		took->begin = *times;
}

/* The vCPU that ran and waited longest did so for no less than the mean of all. */
static uint64_t stood_at_most(const struct host_took *took, unsigned int nr, uint64_t passed_ns)
{
	uint64_t mean = nr ? (took->ran_ns + took->waited_ns) / nr : 0;

	return passed_ns > mean + STOOD_LEAST_NS ? passed_ns - mean : 0;
}

void host_took_end(struct host_took *took, const struct vmm_cpu_times *times, uint64_t stood_ns,
		   uint64_t passed_ns)
{
	uint64_t most;

	if (!took->began)
		return;
	took->stood_ns = stood_ns;
	took->counts &= !!times;
	if (!times)
		return;
	took->ran_ns = since(took->begin.ran_ns, times->ran_ns);
	took->waited_ns = since(took->begin.waited_ns, times->waited_ns);
	took->uncounted_ns = since(since(took->begin.most_ns, times->most_ns), took->waited_ns);
	most = stood_at_most(took, times->nr, passed_ns);
	if (took->stood_ns > most)
		took->stood_ns = most;
}

void host_took_memory(struct host_took *took, uint64_t stalled_ns)
{
	took->has_memory = took->began && stalled_ns != UINT64_MAX &&
			   took->memory_begin_ns != UINT64_MAX;
	took->memory_ns = took->has_memory ? since(took->memory_begin_ns, stalled_ns) : 0;
}

void host_took_stolen(struct host_took *took, uint64_t stolen_ns)
{
	took->has_stolen = took->began && stolen_ns != KTSTR_NOT_TOLD;
	took->stolen_ns = took->has_stolen ? stolen_ns : 0;
}

const char *host_took_absent(const struct host_took *took)
{
	if (!took->began)
		return "no payload started in a VM";
	if (!took->counts)
		return "the host's kernel does not count it: /proc/PID/schedstat is missing or all "
		       "zeros (CONFIG_SCHED_INFO)";
	return took->ran_ns || took->waited_ns ? NULL : "no vCPU wanted to run";
}

double host_took_percent(const struct host_took *took)
{
	double waited = (double)took->waited_ns;

	return host_took_absent(took) ? 0 : 100 * waited / (waited + (double)took->ran_ns);
}

void host_took_text(const struct host_took *took, char *text)
{
	*text = '\0';
	if (took->began)
		snprintf(text, HOST_TOOK_TEXT_SIZE,
			 "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %" PRIu64 " %d %" PRIu64,
			 took->counts, took->ran_ns, took->waited_ns, took->stood_ns,
			 took->has_stolen, took->stolen_ns, took->has_memory, took->memory_ns);
}

void host_took_read(struct host_took *took, const char *text)
{
	struct host_took read = { .began = true };
	int counts, has_stolen, has_memory;

	if (sscanf(text,
		   "%1d %20" SCNu64 " %20" SCNu64 " %20" SCNu64 " %1d %20" SCNu64 " %1d %20" SCNu64,
		   &counts, &read.ran_ns, &read.waited_ns, &read.stood_ns, &has_stolen,
		   &read.stolen_ns, &has_memory, &read.memory_ns) != 8) {
		read.began = false;
	} else {
		read.counts = counts == 1;
		read.has_stolen = has_stolen == 1;
		read.has_memory = has_memory == 1;
	}
	*took = read.began ? read : (struct host_took){ .began = false };
}
