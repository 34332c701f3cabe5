/* What machine does a test get? See plan.h. */
#include "plan/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "wprof/args.h"
#include "wprof/wprof.h"

/* What a stock kernel with its initramfs needs to boot, and what each CPU adds to it. */
#define LEAST_MIB   256
#define PER_CPU_MIB 64

/*
 * Of a memory that was given, the flight recorder's rings take no more than an eighth where nobody
 * has asked for them, and half where somebody has.
 */
#define RECORD_PART_UNASKED 8
#define RECORD_PART_ASKED   2

/* The rings of all CPUs, MiB. */
static uint64_t recorder_needs(const struct plan_wish *wish)
{
	uint64_t mib;

	return __builtin_mul_overflow(wish->record_mib, topology_cpus(&wish->topology), &mib)
		       ? UINT64_MAX
		       : mib;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* What the tracer needs with the flight recorder beside it, MiB; its ring buffers alone in @rings.
 */
static uint64_t tracer_needs(const struct plan_wish *wish, uint64_t *rings)
{
	*rings = wprof_args_rings_mib(wish->wprof_args, topology_cpus(&wish->topology));
	return apply_wprof_memory_floor(
		add(add(*rings, WPROF_BESIDE_RINGS_MIB), recorder_needs(wish)), true);
}

uint64_t plan_test_memory_mib(const struct plan_wish *wish)
{
	uint64_t mib = (uint64_t)PER_CPU_MIB * topology_cpus(&wish->topology), rings, needs;

	mib = add(mib < LEAST_MIB ? LEAST_MIB : mib, recorder_needs(wish));
	needs = wish->wprof ? tracer_needs(wish, &rings) : 0;
	if (mib < needs)
		mib = needs;
	return mib < wish->memory_mib ? wish->memory_mib : mib;
}

static void check_given_memory(const struct plan_wish *wish, struct plan *plan)
{
	uint64_t rings, needs = tracer_needs(wish, &rings);

	if (plan->memory_mib < needs)
		snprintf(plan->warning, sizeof(plan->warning),
			 "memory %" PRIu64 " MiB as given is below the %" PRIu64
			 " MiB that the tracer needs here (its ring buffers take %" PRIu64
			 " MiB): it may not start, or end before it writes its trace; give %" PRIu64
			 " MiB or leave the memory out",
			 plan->memory_mib, needs, rings, needs);
}

void plan_wish_record(struct plan_wish *wish, const struct record_word *by_operator,
		      const struct record_word *by_test, bool by_default)
{
	const struct record_word *word = by_operator->said ? by_operator : by_test;

	wish->record_asked = word->said && word->mib;
	wish->record_mib = word->said ? word->mib : by_default ? PLAN_RECORD_MIB : 0;
}

/* Do the flight recorder's rings fit into the machine, and the machine onto the host? */
static int fit_recorder(const struct plan_wish *wish, bool memory_given, struct plan *plan,
			struct error *err)
{
	const uint64_t rings = recorder_needs(wish);
	const uint64_t part = wish->record_asked ? RECORD_PART_ASKED : RECORD_PART_UNASKED;
	const unsigned int cpus = topology_cpus(&wish->topology);
	struct plan_wish without = *wish;

	if (memory_given && rings > plan->memory_mib / part) {
		if (wish->record_asked)
			return error_set(err, -E2BIG,
					 "record_mib %" PRIu64 ": %u CPUs' rings take %" PRIu64
					 " MiB, more than half of the memory as given, %" PRIu64
					 " MiB; give less, or leave the memory out",
					 wish->record_mib, cpus, rings, plan->memory_mib);
		snprintf(plan->no_record, sizeof(plan->no_record),
			 "%u CPUs' rings of %" PRIu64
			 " MiB are more than an eighth of the memory as given, %" PRIu64 " MiB",
			 cpus, wish->record_mib, plan->memory_mib);
	} else if (!memory_given && !wish->record_asked && wish->most_mib &&
		   plan->memory_mib > wish->most_mib) {
		without.record_mib = 0;
		plan->memory_mib = plan_test_memory_mib(&without);
		snprintf(plan->no_record, sizeof(plan->no_record),
			 "with %u CPUs' rings of %" PRIu64
			 " MiB the guest would be larger than this host can have",
			 cpus, wish->record_mib);
	}
	if (*plan->no_record)
		plan->record_mib = 0;
	return 0;
}

int plan_make(const struct plan_wish *wish, const struct plan_override *override, struct plan *out,
	      struct error *err)
{
	struct plan_wish wanted = *wish;
	bool memory_given;
	struct plan plan;
	int ret;

	if (override && override->has_topology)
		wanted.topology = override->topology;
	ret = override ? topology_add_distances(&wanted.topology, &override->distances, err) : 0;
	if (!ret)
		ret = topology_check(&wanted.topology, err);
	if (ret)
		return ret;

	plan = (struct plan){ .topology = wanted.topology,
			      .wprof = wanted.wprof,
			      .record_mib = wanted.record_mib,
			      .record_asked = wanted.record_asked };
	memory_given = override && override->memory_mib;
	plan.memory_mib = memory_given ? override->memory_mib : plan_test_memory_mib(&wanted);
	ret = wanted.record_mib ? fit_recorder(&wanted, memory_given, &plan, err) : 0;
	if (ret) {
		*out = plan;
		return ret;
	}
	wanted.record_mib = plan.record_mib;
	if (memory_given && plan.wprof)
		check_given_memory(&wanted, &plan);
	*out = plan;
	return 0;
}
