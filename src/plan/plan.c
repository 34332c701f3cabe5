/* What machine does a test get? See plan.h. */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "wprof/wprof.h"

/* What a stock kernel with its initramfs needs to boot, and what each CPU adds to it. */
#define LEAST_MIB   256
#define PER_CPU_MIB 64

uint64_t plan_test_memory_mib(const struct topology *topology, uint64_t entry_mib, bool wprof)
{
	uint64_t mib = (uint64_t)PER_CPU_MIB * topology_cpus(topology);

	if (mib < LEAST_MIB)
		mib = LEAST_MIB;
	if (mib < entry_mib)
		mib = entry_mib;
	return apply_wprof_memory_floor(mib, wprof);
}

int plan_make(const struct topology *entry_topology, uint64_t entry_memory_mib, bool wprof,
	      const struct plan_override *override, struct plan *out, struct error *err)
{
	struct plan plan = { .topology = *entry_topology, .wprof = wprof };
	int ret;

	if (override && override->has_topology)
		plan.topology = override->topology;
	ret = topology_check(&plan.topology, err);
	if (ret)
		return ret;

	if (!override || !override->memory_mib) {
		plan.memory_mib = plan_test_memory_mib(&plan.topology, entry_memory_mib, wprof);
	} else {
		plan.memory_mib = override->memory_mib;
		if (wprof && plan.memory_mib < WPROF_MIN_MEMORY_MIB)
			snprintf(plan.warning, sizeof(plan.warning),
				 "memory %" PRIu64 " MiB as given is below the %d MiB that the "
				 "tracer needs: it may be killed for want of memory before it "
				 "writes its trace; give %d MiB or leave the memory out",
				 plan.memory_mib, WPROF_MIN_MEMORY_MIB, WPROF_MIN_MEMORY_MIB);
	}
	*out = plan;
	return 0;
}
