/*
 * vCPUs on CPUs of the host that mirror the guest's topology: looked for, taken from other
 * launchers, and given back.
 */
#ifndef KTSTR_PIN_PIN_H
#define KTSTR_PIN_PIN_H

#include "pin/plan.h"
#include "plan/topology.h"
#include "util/error.h"

struct pin {
	int lock_fd;   /* owned; has the locks; -1: nothing is pinned */
	bool one_node; /* the host has no other, and so nothing is to be bound */
	struct pin_plan plan;
};

/* For CPUs that others have. */
struct pin_wait {
	uint64_t limit_ms;
	int cancel_fd;				   /* as for cancel_check */
	void (*say)(void *data, const char *line); /* told once, what for; or NULL */
	void *say_data;
};

/*
 * pin_take - find CPUs and take them. Where this host could do it, but others hold too much of it,
 * waits until they give it back. This thread leaves the CPUs that were taken, see pin_others, and
 * so do those that it starts.
 * Returns 0; -ENOSPC: this host cannot mirror the guest; -EBUSY: others had too much of it up to
 * the limit; -EINTR: the user wants out; or another negative errno; with a message. pin_give_back
 * in either case.
 */
int pin_take(struct pin *pin, const struct topology *topology, uint64_t memory_mib,
	     const struct pin_wait *wait, struct error *err);

/*
 * pin_try - take CPUs without waiting, for a machine of another process: it inherits the
 * descriptor, calls pin_adopt, and ours is closed (pin_give_back) once it has begun.
 * Returns 0; -ENOSPC or -EAGAIN: others have too much of @host now, or it has too little; or
 * another negative errno; with a message. pin_give_back in either case.
 */
int pin_try(struct pin *pin, const struct pin_host *host, const struct topology *topology,
	    uint64_t memory_mib, struct error *err);

/* pin_adopt - what pin_try took is ours: this thread leaves those CPUs, as with pin_take. */
int pin_adopt(struct pin *pin, const struct pin *taken, struct error *err);

/* pin_read_host - with the CPUs that this thread may use; to be freed in either case. */
int pin_read_host(struct pin_host *host, struct error *err);

/* pin_cpus_taken - how many CPUs of the host the plan takes: all those of its cores. */
unsigned int pin_cpus_taken(const struct pin_plan *plan, const struct pin_host *host);

/*
 * pin_others - what is left to the launcher's own threads: the CPUs of other cores than the plan's,
 * or, where there are none, those of its cores that no vCPU has. @others: PIN_MAX_CPUS bits.
 * Returns false where there are none either.
 */
bool pin_others(const struct pin_plan *plan, const struct pin_host *host, cpu_set_t *others);

/* pin_give_back - after the last machine that it is for. */
void pin_give_back(struct pin *pin);

#endif
