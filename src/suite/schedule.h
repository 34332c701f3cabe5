/*
 * What is a suite to do next: run a variant, boot a base for several, or wait? Decided from what
 * runs and what is free, in numbers alone; knows nothing of processes.
 */
#ifndef KTSTR_SUITE_SCHEDULE_H
#define KTSTR_SUITE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "suite/bases.h"
#include "suite/variants.h"
#include "util/error.h"

struct suite_limits {
	unsigned int jobs; /* VMs at once; 0: by CPUs and memory alone */
	unsigned int cpus; /* of the host: the vCPUs of all VMs stay within, but one always runs */
	uint64_t memory_mib; /* free: what all guests and bases together may have */
	/* As they stand in the plan, also where variants of one base then do not stand together:
	 * none starts before those in front of it have. */
	bool in_order;
	/* How long a guest that does not fit, while none runs, waits for others to give memory
	 * back; then it is an ERROR. What the host could never hold was skipped before. */
	uint64_t memory_wait_ms;
};

/* Those that take CPUs of the host for themselves (pins.h). */
struct schedule_pins {
	const unsigned int *cpus; /* that each variant takes; 0: none */
	/* Take them for the one that is started next; false: others have too much of it now. */
	bool (*take)(void *data, size_t variant);
	void *data;
};

/* The host as it is now: other programs come and go. */
struct schedule_now {
	int64_t ms; /* CLOCK_MONOTONIC */
	uint64_t free_mib;
};

enum schedule_action {
	SCHEDULE_WAIT,	 /* for one that runs to end, or for memory */
	SCHEDULE_SKIP,	 /* the variant has its reason */
	SCHEDULE_REFUSE, /* the variant: there is no memory for it, see @reason */
	SCHEDULE_RUN,	 /* the variant, as a fork of @base, unless that is BASE_NONE */
	SCHEDULE_MAKE,	 /* @base, which is the variant's machine */
	SCHEDULE_DROP,	 /* @base: its memory is needed */
};

struct schedule_step {
	enum schedule_action action;
	size_t variant, base;
	char reason[256];
};

enum variant_state {
	VARIANT_PENDING,
	VARIANT_RUNNING,
	VARIANT_DONE,
};

struct base_state {
	enum {
		BASE_UNMADE, /* or dropped */
		BASE_MAKING,
		BASE_MADE,
		BASE_GIVEN_UP, /* its variants boot */
	} kind;
	size_t first;		 /* variant of it, in the plan's order */
	size_t pending, running; /* variants of it */
	uint64_t held_mib;	 /* when it is made */
	size_t maker;		 /* the variant whose machine it is, while it is being made */
};

struct schedule {
	const struct variants *variants;
	const struct bases *bases;
	const struct suite_limits *limits;
	const struct schedule_pins *pins; /* NULL: none is pinned */
	size_t *order; /* variants of one base stand together, so that few bases live at once */
	size_t begin;  /* none before that place is pending */
	enum variant_state *states;
	struct base_state *base_states;
	size_t pending;	 /* variants */
	size_t running;	 /* processes: of variants, and of bases that are being made */
	size_t pinned;	 /* of those */
	bool lacks_cpus; /* the one that is pinned was started without them */
	unsigned int booked_cpus;
	uint64_t booked_mib, held_mib; /* by those processes; by bases */
	int64_t waits_since_ms;	       /* the next variant, for memory; 0: it does not */
};

/*
 * schedule_init - all that is pointed to is the caller's, and needed
 * as long as the schedule. Returns 0 or -ENOMEM. To be destroyed in either case.
 */
int schedule_init(struct schedule *schedule, const struct variants *variants,
		  const struct bases *bases, const struct suite_limits *limits,
		  const struct schedule_pins *pins, struct error *err);
void schedule_destroy(struct schedule *schedule);

/* schedule_next - the caller does what it is told, and then asks again, up to SCHEDULE_WAIT. */
void schedule_next(struct schedule *schedule, const struct schedule_now *now,
		   struct schedule_step *step);

/* schedule_done - a variant has run. Returns the base that nobody needs any more, or BASE_NONE. */
size_t schedule_done(struct schedule *schedule, size_t variant);

/* schedule_drop - one that is pending is not to be run. Returns as schedule_done does. */
size_t schedule_drop(struct schedule *schedule, size_t variant);

/* schedule_made - what came of making a base. @held_mib: the memory that it has */
void schedule_made(struct schedule *schedule, size_t base, uint64_t held_mib);
void schedule_not_made(struct schedule *schedule, size_t base);

/* schedule_give_up - no base is made any more: what has none boots. */
void schedule_give_up(struct schedule *schedule);

/* schedule_is_pending - has the variant had no turn yet? */
bool schedule_is_pending(const struct schedule *schedule, size_t variant);

#endif
