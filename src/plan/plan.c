/* What machine does a test get? See plan.h. */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "wprof/args.h"
#include "wprof/wprof.h"

/* What a stock kernel with its initramfs needs to boot, and what each CPU adds to it. */
#define LEAST_MIB   256
#define PER_CPU_MIB 64

/* What the tracer needs, MiB; its ring buffers alone in @rings. */
static uint64_t tracer_needs(const struct topology *topology, const char *args, uint64_t *rings)
{
	uint64_t mib;

	*rings = wprof_args_rings_mib(args, topology_cpus(topology));
	if (__builtin_add_overflow(*rings, WPROF_BESIDE_RINGS_MIB, &mib))
		return UINT64_MAX;
	return apply_wprof_memory_floor(mib, true);
}

uint64_t plan_test_memory_mib(const struct plan_wish *wish)
{
	uint64_t mib = (uint64_t)PER_CPU_MIB * topology_cpus(&wish->topology);
	uint64_t needs = LEAST_MIB, rings, records;

	if (wish->wprof)
		needs = tracer_needs(&wish->topology, wish->wprof_args, &rings);
	if (mib < needs)
		mib = needs;
	if (__builtin_mul_overflow(wish->record_mib, topology_cpus(&wish->topology), &records) ||
	    __builtin_add_overflow(mib, records, &mib))
		return UINT64_MAX;
	return mib < wish->memory_mib ? wish->memory_mib : mib;
}

static void check_given_memory(const struct plan_wish *wish, struct plan *plan)
{
	uint64_t rings, needs = tracer_needs(&wish->topology, wish->wprof_args, &rings);

	if (plan->memory_mib < needs)
		snprintf(plan->warning, sizeof(plan->warning),
			 "memory %" PRIu64 " MiB as given is below the %" PRIu64
			 " MiB that the tracer needs here (its ring buffers take %" PRIu64
			 " MiB): it may not start, or end before it writes its trace; give %" PRIu64
			 " MiB or leave the memory out",
			 plan->memory_mib, needs, rings, needs);
}

int plan_make(const struct plan_wish *wish, const struct plan_override *override, struct plan *out,
	      struct error *err)
{
	struct plan_wish wanted = *wish;
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
			      .record_mib = wanted.record_mib };
	if (!override || !override->memory_mib) {
		plan.memory_mib = plan_test_memory_mib(&wanted);
	} else {
		plan.memory_mib = override->memory_mib;
		if (plan.wprof)
			check_given_memory(&wanted, &plan);
	}
	*out = plan;
	return 0;
}
