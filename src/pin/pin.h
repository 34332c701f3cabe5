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

/*
 * pin_take - find CPUs and take them. Where this host could do it, but others hold too much of it,
 * waits until they give it back, for as long as it takes, and has @say say so once. This thread
 * leaves the CPUs that were taken, where it may run on others, and so do those that it starts.
 * @cancel_fd: as for cancel_check; @say: one line, or NULL
 * Returns 0; -ENOSPC: this host cannot mirror the guest; -EINTR: the user wants out; or another
 * negative errno; with a message. pin_give_back in either case.
 */
int pin_take(struct pin *pin, const struct topology *topology, uint64_t memory_mib, int cancel_fd,
	     void (*say)(void *data, const char *line), void *say_data, struct error *err);

/* pin_give_back - after the last machine that it is for. */
void pin_give_back(struct pin *pin);

#endif
