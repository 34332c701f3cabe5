/* Which machines does the gauntlet try? The presets that users of the field know, by name. */
#ifndef KTSTR_PLAN_PRESETS_H
#define KTSTR_PLAN_PRESETS_H

#include "plan/constraints.h"
#include "plan/topology.h"

struct preset {
	const char *name;
	struct topology topology;
};

/* CPUs of the largest of them. */
#define PRESETS_MAX_CPUS 252

/* In the order in which they are run and listed: 24 that users know, then what is odd about
 * machines. */
#define NR_PRESETS 28
extern const struct preset presets[NR_PRESETS];

/* NULL when there is none of that name. */
const struct preset *preset_find(const char *name);

#endif
