/*
 * ktstr-work's command line: words of any kind, a NUL or newline between them. What passes must be
 * a plan that can be run; each word is tried as a check of it, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../guest/work/check.h"

#define MAX_WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_group(const struct work_group *group, const struct places *places)
{
	cpu_set_t allowed;

	if (!group->kind || !group->nr_tasks || !word_is_name(group->name, strlen(group->name)))
		abort();
	work_group_allowed(group, places, group->nr_tasks - 1, &allowed);
	if (!CPU_COUNT(&allowed) || group->cgroup.weight > 10000)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct work_plan plan;
	static struct places places = { .nr_cpus = 2, .cpus = { 0, 1 } };
	char *text = malloc(size + 1), *rest, *words[MAX_WORDS + 1] = { "ktstr-work" };
	struct failure failure;
	struct work_check check;
	int argc = 1;

	if (!text)
		abort();
	CPU_SET(0, &places.online);
	CPU_SET(1, &places.online);
	for (size_t i = 0; i < size; i++)
		text[i] = data[i] ? (char)data[i] : '\n';
	text[size] = '\0';
	for (char *word = strtok_r(text, "\n", &rest); word && argc < MAX_WORDS;
	     word = strtok_r(NULL, "\n", &rest))
		/* But what would open a file that the input names. */
		if (strncmp(word, "--rt-app", 8))
			words[argc++] = word;
	if (!work_plan_parse(argc, words, &places, &plan, &failure) && !plan.help && !plan.list) {
		if (!plan.nr_groups || !plan.phases[0].duration_ns)
			abort();
		for (uint32_t i = 0; i < plan.nr_groups; i++)
			for (uint32_t phase = 0; phase < plan.nr_phases; phase++)
				check_group(work_plan_in_phase(&plan, i, phase), &places);
		for (uint32_t i = 0; i < plan.nr_changes; i++)
			if (plan.changes[i].phase >= plan.nr_phases ||
			    plan.changes[i].group >= plan.nr_groups)
				abort();
		for (int i = 1; i < argc; i++)
			if (!check_parse(words[i], &plan, &places, &check, &failure) &&
			    (check.group >= plan.nr_groups || !check.metric))
				abort();
	}
	free(text);
	return 0;
}
