/* ktstr-work's reader of rt-app's files: what passes must be programs whose parts are all there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../guest/work/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_group(const struct work_plan *plan, const struct work_group *group)
{
	const struct rtapp *rtapp = &plan->rtapp;

	if (!group->nr_tasks || !group->rtapp.nr_phases || !CPU_COUNT(&group->cpus))
		abort();
	for (uint32_t i = 0; i < group->rtapp.nr_phases; i++) {
		const struct rtapp_phase *phase = &rtapp->phases[group->rtapp.first_phase + i];

		if (group->rtapp.first_phase + i >= rtapp->nr_phases || !phase->nr_steps ||
		    phase->first_step + phase->nr_steps > rtapp->nr_steps)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct places places = { .nr_cpus = 2, .cpus = { 0, 1 } };
	static struct work_plan plan;
	struct failure failure;

	CPU_SET(0, &places.online);
	CPU_SET(1, &places.online);
	memset(&plan, 0, sizeof(plan));
	plan.nr_phases = 1;
	if (rtapp_read("file", (const char *)data, size, &places, &plan, &failure))
		return 0;
	if (!plan.nr_groups || plan.rtapp.nr_resources > RTAPP_MAX_RESOURCES)
		abort();
	for (uint32_t i = 0; i < plan.nr_groups; i++)
		check_group(&plan, &plan.groups[i]);
	for (uint32_t i = 0; i < plan.rtapp.nr_steps; i++)
		if (plan.rtapp.steps[i].type > STEP_YIELD ||
		    (plan.rtapp.steps[i].type >= STEP_TIMER &&
		     plan.rtapp.steps[i].type < STEP_YIELD &&
		     (plan.rtapp.steps[i].resource >= plan.rtapp.nr_resources ||
		      plan.rtapp.steps[i].mutex >= plan.rtapp.nr_resources)))
			abort();
	return 0;
}
