/* Variants of one machine, each of a test of its own: a plan for what groups or deals it. */
#ifndef KTSTR_TEST_VARIANTS_SAMPLE_H
#define KTSTR_TEST_VARIANTS_SAMPLE_H

#include <stdlib.h>

#include "run/options.h"
#include "suite/variants.h"

#define VARIANTS_SAMPLE 24

struct variants_sample {
	struct test tests[VARIANTS_SAMPLE];
	struct variant list[VARIANTS_SAMPLE];
	struct variants variants; /* all of the list */
	struct run_options options;
};

static inline int variants_sample_init(struct variants_sample *sample)
{
	sample->variants = (struct variants){ .list = sample->list, .count = VARIANTS_SAMPLE };
	for (size_t i = 0; i < VARIANTS_SAMPLE; i++) {
		if (test_init(&sample->tests[i]))
			return -1;
		sample->list[i] = (struct variant){ .test = &sample->tests[i],
						    .round = 1,
						    .kernel = "6.12",
						    .image = "/k/6.12",
						    .release = "6.12",
						    .asked_mib = 512,
						    .plan = { .topology = TOPOLOGY(1, 1, 2, 1),
							      .memory_mib = 512 } };
	}
	return 0;
}

static inline void variants_sample_destroy(struct variants_sample *sample)
{
	for (size_t i = 0; i < VARIANTS_SAMPLE; i++)
		test_destroy(&sample->tests[i]);
}

/* For cmocka, where a test needs nothing else. */
static inline int variants_sample_setup(void **state)
{
	*state = calloc(1, sizeof(struct variants_sample));
	return *state ? variants_sample_init(*state) : -1;
}

static inline int variants_sample_teardown(void **state)
{
	variants_sample_destroy(*state);
	free(*state);
	return 0;
}

#endif
