/* Which topologies does a test suit? What its author says of them, and the check. */
#ifndef KTSTR_PLAN_CONSTRAINTS_H
#define KTSTR_PLAN_CONSTRAINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/topology.h"

/* A preset that breaks one of them is skipped; 0 as a maximum: no limit. */
struct test_constraints {
	unsigned int min_llcs, max_llcs;   /* 1, 12 */
	unsigned int min_cpus, max_cpus;   /* 1, 192 */
	unsigned int min_nodes, max_nodes; /* 1, 1 */
	bool requires_smt;
};

/* What a test that says nothing takes: the numbers that users of the field's harness know. */
extern const struct test_constraints constraints_default;

/*
 * constraints_reason - why the topology does not suit the test, as one clause into @out ("8 LLCs,
 * the test takes at most 4"); returns false and "" when it does. @size: 128 is enough.
 */
bool constraints_reason(const struct test_constraints *constraints, const struct topology *topology,
			char *out, size_t size);

#endif
