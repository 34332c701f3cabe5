/* The kinds of load, for their table. */
#ifndef KTSTR_WORK_KINDS_H
#define KTSTR_WORK_KINDS_H

#include "../kind.h"
#include "../task.h"

extern const struct kind kind_spin, kind_yield, kind_burst, kind_periodic, kind_pipe, kind_futex,
	kind_chain, kind_herd, kind_messages, kind_requests, kind_mutex, kind_pimutex, kind_fork,
	kind_exec, kind_affinity, kind_policy, kind_nice, kind_cgroupmove, kind_timer, kind_touch,
	kind_thrash, kind_smt, kind_rthog;

#endif
