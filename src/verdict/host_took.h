/*
 * How much of the time that a test's vCPUs wanted did the host keep for others? What its scheduler
 * counts of their threads, from the payload's start to its end. Facts, and arithmetic on them.
 */
#ifndef KTSTR_VERDICT_HOST_TOOK_H
#define KTSTR_VERDICT_HOST_TOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/vmm.h"

/* All zeros: no payload has started. */
struct host_took {
	bool began;  /* the payload's start was seen */
	bool counts; /* the host's kernel tells run time and run delay of a thread */
	struct vmm_cpu_times begin;
	/* From there on, of all vCPUs together, ns. */
	uint64_t ran_ns;       /* they had a CPU of the host */
	uint64_t waited_ns;    /* they wanted one, and had none */
	uint64_t uncounted_ns; /* of that, what the payload's time limit does not leave out */
	/*
	 * The launcher, and so the VM, did not run at all, ns: it was stopped, or the host slept.
	 * Told in steps of more than a second.
	 */
	uint64_t stood_ns;
	/* As the guest's kernel saw it (ktstr_exited.stolen_ns); known where has_stolen. */
	uint64_t stolen_ns;
	/* For how long tasks of the host waited for memory meanwhile (host_memory_stalled_ns), ns;
	 * known where has_memory. */
	uint64_t memory_ns, memory_begin_ns;
	bool has_stolen, has_memory;
};

/*
 * @times: NULL: the host does not tell them
 * @stalled_ns: host_memory_stalled_ns, or UINT64_MAX: it does not tell
 */
void host_took_begin(struct host_took *took, const struct vmm_cpu_times *times,
		     uint64_t stalled_ns);
/*
 * May be called again, for a later end. Nothing before the begin.
 * @stood_ns: for how long our loop did not run; where the vCPUs did meanwhile, it was merely late
 * @passed_ns: on the host's clock, since the begin
 */
void host_took_end(struct host_took *took, const struct vmm_cpu_times *times, uint64_t stood_ns,
		   uint64_t passed_ns);

/* host_took_memory - likewise at the end; may be called again */
void host_took_memory(struct host_took *took, uint64_t stalled_ns);

/* host_took_stolen - @stolen_ns: ktstr_exited's, or KTSTR_NOT_TOLD */
void host_took_stolen(struct host_took *took, uint64_t stolen_ns);

/* host_took_absent - why there is no share, or NULL. */
const char *host_took_absent(const struct host_took *took);

/* host_took_percent - of the wanted time, waited / (ran + waited); 0 where it is not known. */
double host_took_percent(const struct host_took *took);

/* For another process: a line of HOST_TOOK_TEXT_SIZE bytes at most, with its NUL. */
#define HOST_TOOK_TEXT_SIZE 160
void host_took_text(const struct host_took *took, char *text);
/* host_took_read - any text; what is no such line reads as no payload's. */
void host_took_read(struct host_took *took, const char *text);

#endif
