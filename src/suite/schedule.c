/* What is a suite to do next? See schedule.h. */
#include "suite/schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/memory.h"

static size_t base_of(const struct schedule *schedule, size_t variant)
{
	return schedule->bases->of[variant];
}

static struct base_state *state_of(const struct schedule *schedule, size_t variant)
{
	size_t base = base_of(schedule, variant);

	return base == BASE_NONE ? NULL : &schedule->base_states[base];
}

static int compare(const void *a, const void *b, void *schedule)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct base_state *base_i = state_of(schedule, i), *base_j = state_of(schedule, j);
	size_t first_i = base_i ? base_i->first : i, first_j = base_j ? base_j->first : j;

	return first_i != first_j ? (first_i > first_j) - (first_i < first_j) : (i > j) - (i < j);
}

int schedule_init(struct schedule *schedule, const struct variants *variants,
		  const struct bases *bases, const struct suite_limits *limits,
		  const struct schedule_pins *pins, struct error *err)
{
	size_t count = variants->count;

	*schedule = (struct schedule){ .variants = variants,
				       .bases = bases,
				       .limits = limits,
				       .pins = pins,
				       .order = calloc(count + 1, sizeof(*schedule->order)),
				       .states = calloc(count + 1, sizeof(*schedule->states)),
				       .base_states = calloc(bases->count + 1,
							     sizeof(*schedule->base_states)),
				       .pending = count };
	if (!schedule->order || !schedule->states || !schedule->base_states)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		struct base_state *base = state_of(schedule, i);

		schedule->order[i] = i;
		if (base && !base->pending++)
			base->first = i;
	}
	if (!limits->in_order)
		qsort_r(schedule->order, count, sizeof(*schedule->order), compare, schedule);
	return 0;
}

void schedule_destroy(struct schedule *schedule)
{
	free(schedule->order);
	free(schedule->states);
	free(schedule->base_states);
	*schedule = (struct schedule){ 0 };
}

struct cost {
	unsigned int cpus;
	uint64_t mib;
	bool pinned;
};

/* Of the host, that it takes for itself; 0: none. */
static unsigned int pinned_cpus(const struct schedule *schedule, size_t variant)
{
	return schedule->pins ? schedule->pins->cpus[variant] : 0;
}

/*
 * What a variant takes of the host; a test of the host takes one CPU. A fork is reckoned as a whole
 * guest: it can touch all of its memory. So is the guest that is to become a base, until it has.
 * Its cargo is not packed yet: a small one has its room beside the launcher, a large one is seen in
 * what is free, and its own process says when it does not fit at all.
 */
static struct cost cost_of(const struct schedule *schedule, size_t number)
{
	const struct variant *variant = &schedule->variants->list[number];
	unsigned int vcpus = variant->kernel ? topology_cpus(&variant->plan.topology) : 1;
	unsigned int pinned = pinned_cpus(schedule, number);
	uint64_t mib = variant->kernel ? host_memory_of_guest(variant->plan.memory_mib, vcpus) : 0;

	return (struct cost){ pinned ? pinned : vcpus, mib, pinned };
}

static void book(struct schedule *schedule, struct cost cost)
{
	schedule->running++;
	schedule->pinned += cost.pinned;
	schedule->booked_cpus += cost.cpus;
	schedule->booked_mib += cost.mib;
}

static void give_back(struct schedule *schedule, size_t variant)
{
	struct cost cost = cost_of(schedule, variant);

	schedule->running--;
	schedule->pinned -= cost.pinned;
	schedule->lacks_cpus &= schedule->pinned > 0;
	schedule->booked_cpus -= cost.cpus;
	schedule->booked_mib -= cost.mib;
}

/* Is there room for one more beside those that run? */
static bool fits(const struct schedule *schedule, struct cost cost, uint64_t free_mib)
{
	const struct suite_limits *limits = schedule->limits;

	if (limits->jobs && schedule->running >= limits->jobs)
		return false;
	/* A number of jobs that the user gave is about CPUs; memory is not to be talked about. */
	return (limits->jobs || schedule->booked_cpus + cost.cpus <= limits->cpus) &&
	       schedule->booked_mib + schedule->held_mib + cost.mib <= limits->memory_mib &&
	       (!cost.mib || cost.mib <= free_mib);
}

static void unmake(struct schedule *schedule, struct base_state *base)
{
	schedule->held_mib -= base->held_mib;
	base->held_mib = 0;
	base->kind = BASE_UNMADE;
}

/* The last base that is made, its own only where there is no other; or BASE_NONE. */
static size_t least_needed(const struct schedule *schedule, size_t own)
{
	size_t base = schedule->bases->count;

	while (base-- > 0)
		if (base != own && schedule->base_states[base].kind == BASE_MADE)
			return base;
	return own != BASE_NONE && schedule->base_states[own].kind == BASE_MADE ? own : BASE_NONE;
}

/*
 * No guest runs, and there is no memory for the next: does a base have it? When that is the next
 * one's own, it boots; in order, all boot then: a fork beside a boot cannot be compared.
 */
static bool drop_base(struct schedule *schedule, size_t variant, struct schedule_step *step)
{
	size_t own = base_of(schedule, variant), base = least_needed(schedule, own);

	if (base == BASE_NONE)
		return false;
	unmake(schedule, &schedule->base_states[base]);
	if (base == own)
		schedule->base_states[base].kind = BASE_GIVEN_UP;
	if (base == own && schedule->limits->in_order)
		schedule_give_up(schedule);
	step->action = SCHEDULE_DROP;
	step->base = base;
	return true;
}

static void leave_pending(struct schedule *schedule, size_t variant, enum variant_state to)
{
	struct base_state *base = state_of(schedule, variant);

	schedule->states[variant] = to;
	schedule->pending--;
	if (base)
		base->pending--;
	if (base && to == VARIANT_RUNNING)
		base->running++;
}

/* The next one has no memory while none runs. */
static void lack_memory(struct schedule *schedule, const struct schedule_now *now,
			struct schedule_step *step, struct cost cost)
{
	uint64_t wait_ms = schedule->limits->memory_wait_ms;

	if (drop_base(schedule, step->variant, step))
		return;
	if (!schedule->waits_since_ms)
		schedule->waits_since_ms = now->ms;
	if ((uint64_t)(now->ms - schedule->waits_since_ms) < wait_ms) {
		step->action = SCHEDULE_WAIT;
		return;
	}
	schedule->waits_since_ms = 0;
	step->action = SCHEDULE_REFUSE;
	leave_pending(schedule, step->variant, VARIANT_DONE);
	snprintf(step->reason, sizeof(step->reason),
		 "no memory for its VM: it needs %" PRIu64 " MiB, and after %.10g s %" PRIu64
		 " MiB were free; end other programs, give it less, or wait longer with "
		 "--memory-wait",
		 cost.mib, (double)wait_ms / 1000, now->free_mib);
}

/*
 * There is room. A base that would serve one variant alone is not worth its making, unless those
 * before it were forks and it is compared with them.
 */
static void start(struct schedule *schedule, struct schedule_step *step, struct cost cost)
{
	struct base_state *base = state_of(schedule, step->variant);

	book(schedule, cost);
	step->base = base_of(schedule, step->variant);
	if (base && base->kind == BASE_UNMADE &&
	    (base->pending > 1 || schedule->limits->in_order)) {
		base->kind = BASE_MAKING;
		base->maker = step->variant;
		step->action = SCHEDULE_MAKE;
		return;
	}
	if (base && base->kind != BASE_MADE)
		step->base = BASE_NONE;
	leave_pending(schedule, step->variant, VARIANT_RUNNING);
	step->action = SCHEDULE_RUN;
}

/*
 * The first variant that does not wait for its base; those behind one that does may go on, but not
 * where the order counts. @unpinned: only of those
 */
static bool find_next(struct schedule *schedule, bool unpinned, size_t *variant)
{
	size_t count = schedule->variants->count;

	while (schedule->begin < count &&
	       !schedule_is_pending(schedule, schedule->order[schedule->begin]))
		schedule->begin++;
	for (size_t i = schedule->begin; i < count; i++) {
		const struct base_state *base = state_of(schedule, schedule->order[i]);

		*variant = schedule->order[i];
		if (!schedule_is_pending(schedule, *variant) ||
		    (unpinned && pinned_cpus(schedule, *variant)))
			continue;
		if (!base || base->kind != BASE_MAKING)
			return true;
		if (schedule->limits->in_order)
			return false;
	}
	return false;
}

/*
 * Has it the CPUs that it is to have for itself? Where none of this suite has any, it is for its
 * own process to wait for other launchers, and to say so. Until that has ended no other pinned one
 * starts: small ones could have the cores that it waits for, one after the other.
 */
static bool has_cpus(struct schedule *schedule, size_t variant)
{
	const struct schedule_pins *pins = schedule->pins;

	if (schedule->lacks_cpus)
		return false;
	if (pins->take(pins->data, variant))
		return true;
	schedule->lacks_cpus = !schedule->pinned;
	return schedule->lacks_cpus;
}

/* Returns false where it waits for CPUs that pinned ones have, and others need not. */
static bool consider(struct schedule *schedule, const struct schedule_now *now,
		     struct schedule_step *step)
{
	const struct variant *variant = &schedule->variants->list[step->variant];
	struct cost cost = cost_of(schedule, step->variant);

	if (*variant->skip) {
		leave_pending(schedule, step->variant, VARIANT_DONE);
		step->action = SCHEDULE_SKIP;
	} else if (*variant->fault) {
		leave_pending(schedule, step->variant, VARIANT_DONE);
		step->action = SCHEDULE_REFUSE;
		memcpy(step->reason, variant->fault, sizeof(step->reason));
	} else if (schedule->running && !fits(schedule, cost, now->free_mib)) {
		return true;
	} else if (!schedule->running && cost.mib > now->free_mib) {
		lack_memory(schedule, now, step, cost);
	} else if (cost.pinned && !has_cpus(schedule, step->variant)) {
		return false;
	} else {
		/* One alone has all CPUs. */
		if (!schedule->running)
			schedule->waits_since_ms = 0;
		start(schedule, step, cost);
	}
	return true;
}

void schedule_next(struct schedule *schedule, const struct schedule_now *now,
		   struct schedule_step *step)
{
	bool unpinned = false;

	*step = (struct schedule_step){ .action = SCHEDULE_WAIT, .base = BASE_NONE };
	/* Of pinned ones the first that waits keeps its turn, or a large one would never get it. */
	while (find_next(schedule, unpinned, &step->variant) && !consider(schedule, now, step) &&
	       !schedule->limits->in_order)
		unpinned = true;
}

/* The variant's base goes when nobody needs it any more. */
static size_t end_base(struct schedule *schedule, size_t variant)
{
	struct base_state *base = state_of(schedule, variant);

	if (!base || base->running || base->pending || base->kind != BASE_MADE)
		return BASE_NONE;
	unmake(schedule, base);
	return base_of(schedule, variant);
}

size_t schedule_done(struct schedule *schedule, size_t variant)
{
	struct base_state *base = state_of(schedule, variant);

	schedule->states[variant] = VARIANT_DONE;
	give_back(schedule, variant);
	if (base)
		base->running--;
	return end_base(schedule, variant);
}

size_t schedule_drop(struct schedule *schedule, size_t variant)
{
	leave_pending(schedule, variant, VARIANT_DONE);
	return end_base(schedule, variant);
}

void schedule_made(struct schedule *schedule, size_t base, uint64_t held_mib)
{
	struct base_state *state = &schedule->base_states[base];

	give_back(schedule, state->maker);
	state->kind = BASE_MADE;
	state->held_mib = held_mib;
	schedule->held_mib += held_mib;
}

void schedule_not_made(struct schedule *schedule, size_t base)
{
	struct base_state *state = &schedule->base_states[base];

	give_back(schedule, state->maker);
	state->kind = BASE_GIVEN_UP;
}

void schedule_give_up(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->bases->count; i++)
		if (schedule->base_states[i].kind == BASE_UNMADE)
			schedule->base_states[i].kind = BASE_GIVEN_UP;
}

bool schedule_is_pending(const struct schedule *schedule, size_t variant)
{
	return schedule->states[variant] == VARIANT_PENDING;
}
