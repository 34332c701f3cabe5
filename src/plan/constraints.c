/* Which topologies does a test suit? See constraints.h. */
#include "plan/constraints.h"

#include <stdio.h>

const struct test_constraints constraints_default = {
	.min_llcs = 1,
	.max_llcs = 12,
	.min_cpus = 1,
	.max_cpus = 192,
	.min_nodes = 1,
	.max_nodes = 1,
};

/* Is @count outside, and how? @max 0: no limit. */
static bool outside(const char *what, unsigned int count, unsigned int min, unsigned int max,
		    char *out, size_t size)
{
	const char *plural = count == 1 ? "" : "s";

	if (count < min)
		snprintf(out, size, "%u %s%s, the test takes at least %u", count, what, plural,
			 min);
	else if (max && count > max)
		snprintf(out, size, "%u %s%s, the test takes at most %u", count, what, plural, max);
	else
		return false;
	return true;
}

bool constraints_reason(const struct test_constraints *constraints, const struct topology *topology,
			char *out, size_t size)
{
	snprintf(out, size, "%s", "");
	if (outside("NUMA node", topology_nodes(topology), constraints->min_nodes,
		    constraints->max_nodes, out, size) ||
	    outside("LLC", topology_llcs(topology), constraints->min_llcs, constraints->max_llcs,
		    out, size) ||
	    outside("CPU", topology_cpus(topology), constraints->min_cpus, constraints->max_cpus,
		    out, size))
		return true;
	if (constraints->requires_smt && topology_max_threads(topology) < 2) {
		snprintf(out, size, "1 thread a core, the test requires SMT");
		return true;
	}
	return false;
}
