/* Which variants of which tests are to be run? See variants.h. */
#include "suite/variants.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/memory.h"
#include "suite/shard.h"
#include "util/fnv.h"

bool variant_matches(const char *glob, const char *name)
{
	if (!fnmatch(glob, name, 0))
		return true;
	while (*name) {
		size_t length = strcspn(name, "/");
		char part[256];

		snprintf(part, sizeof(part), "%.*s", (int)length, name);
		if (!fnmatch(glob, part, 0))
			return true;
		name += length;
		name += *name == '/';
	}
	return false;
}

bool variant_is_called(const struct variant *variant, const char *name)
{
	size_t length = strlen(variant->name);

	if (strncmp(name, variant->name, length))
		return false;
	name += length;
	return !*name || (variant->release && *name == '/' && !strcmp(name + 1, variant->release));
}

static bool matches_any(const char *const *globs, const char *name, const char *full)
{
	for (; globs && *globs; globs++)
		if (variant_matches(*globs, name) || variant_matches(*globs, full))
			return true;
	return false;
}

static bool is_one_of(const char *const *names, const char *name, const char *full)
{
	for (; *names; names++)
		if (!strcmp(*names, name) || !strcmp(*names, full))
			return true;
	return false;
}

/* Stable over versions and machines, so that orders are. */
static uint64_t hash(uint64_t seed, const char *text)
{
	uint64_t value = fnv_add(FNV_START ^ seed, text, strlen(text));

	/* The low bits of similar names are alike; mixed as MurmurHash3's last step does. */
	value = (value ^ value >> 33) * 0xff51afd7ed558ccdull;
	return value ^ value >> 33;
}

/* @full: the name with the kernel's release, which a suite of several kernels would give it. */
static bool is_chosen(const struct variant_choice *choice, const char *name, const char *full)
{
	if (choice->filters && *choice->filters && !matches_any(choice->filters, name, full))
		return false;
	if (matches_any(choice->excludes, name, full))
		return false;
	return !choice->names || is_one_of(choice->names, name, full);
}

static int grow(struct variants *variants, struct variant **out)
{
	struct variant *grown = reallocarray(variants->list, variants->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	variants->list = grown;
	*out = &grown[variants->count];
	**out = (struct variant){ 0 };
	return 0;
}

/* Would the host be large enough if nobody had asked for the flight recorder? */
static bool fits_without_recorder(const struct plan_wish *wish, const struct plan *plan)
{
	struct plan_wish without = *wish;

	without.topology = plan->topology;
	without.record_mib = 0;
	return plan_test_memory_mib(&without) <= wish->most_mib;
}

/*
 * Why it is not run: the first reason that holds. @recorder_only: where the host is too small, the
 * flight recorder makes it so
 */
static void find_skip(const struct variant_source *source, const struct preset *preset,
		      bool recorder_only, struct variant *variant)
{
	const struct test *test = variant->test;
	/* The maxima choose among presets; a topology that somebody named is meant. */
	struct test_constraints needs = test->constraints;
	unsigned int cpus = topology_cpus(&variant->plan.topology);
	char rings[64] = "";

	if (recorder_only)
		snprintf(rings, sizeof(rings), ", with record_mib %" PRIu64 " for each of %u CPUs",
			 variant->plan.record_mib, cpus);
	needs.max_llcs = needs.max_cpus = needs.max_nodes = 0;
	if (test->ignore)
		snprintf(variant->skip, sizeof(variant->skip), "ignored: %s", test->ignore);
	else if (test->lacks_tool)
		snprintf(variant->skip, sizeof(variant->skip),
			 "needs the tool '%s', which is not in this host's PATH", test->lacks_tool);
	else if (test->host_only)
		return;
	else if (source->gauntlet && !preset)
		strcpy(variant->skip, "no preset topology meets its constraints");
	else if (constraints_reason(&needs, &variant->plan.topology, variant->skip,
				    sizeof(variant->skip)))
		return;
	else if (host_memory_of_guest(variant->plan.memory_mib, cpus) > source->host_memory_mib)
		snprintf(variant->skip, sizeof(variant->skip),
			 "the host is too small: the guest would have %" PRIu64
			 " MiB%s, and %" PRIu64 " MiB is the most here",
			 variant->plan.memory_mib, rings,
			 host_memory_largest_guest(source->host_memory_mib, cpus));
}

/* What it would have if no host were too small for it. */
static void note_asked(const struct plan_wish *wish, const struct plan_override *override,
		       struct variant *variant)
{
	struct plan_wish asked = *wish;

	if (override->has_topology)
		asked.topology = override->topology;
	variant->asked_mib = override->memory_mib ? override->memory_mib
						  : plan_test_memory_mib(&asked);
	variant->asked_record_mib = asked.record_mib;
}

/*
 * One variant of a test, in all its rounds. @preset: or NULL, in a gauntlet: none suits;
 * @kernel: index, or -1.
 */
static int add(const struct variant_source *source, const struct variant_choice *choice,
	       const struct test *test, const struct preset *preset, int kernel,
	       struct variants *variants, struct error *err)
{
	const char *release = kernel >= 0 ? source->kernels->names[kernel] : NULL;
	struct plan_override override = source->override ? *source->override
							 : (struct plan_override){ 0 };
	struct plan_wish wish = { .topology = test->topology,
				  .memory_mib = test->memory_mib,
				  .wprof = wprof_wanted(source->wprof, test->wprof),
				  .wprof_args = source->wprof_args ? source->wprof_args
								   : test->wprof_args };
	char alone[512], full[768];
	const char *name = source->kernels && source->kernels->count > 1 ? full : alone;
	int ret;

	snprintf(alone, sizeof(alone), "%s%s%s%s",
		 source->gauntlet && !test->host_only ? "gauntlet/" : "", test->name,
		 preset ? "/" : "", preset ? preset->name : "");
	snprintf(full, sizeof(full), "%s%s%s", alone, release ? "/" : "", release ? release : "");
	if (!is_chosen(choice, name, full))
		return 0;
	if (preset) {
		override.has_topology = true;
		override.topology = preset->topology;
	}
	plan_wish_record(&wish, &source->record, &test->record, true);
	wish.most_mib = host_memory_largest_guest(
		source->host_memory_mib,
		topology_cpus(override.has_topology ? &override.topology : &test->topology));
	for (unsigned int round = 1; round <= source->repeat; round++) {
		struct variant *variant;

		ret = grow(variants, &variant);
		if (!ret) {
			variant->name = strdup(name);
			ret = variant->name ? 0 : -ENOMEM;
		}
		if (ret)
			return error_set(err, ret, "out of memory");
		variants->count++;
		variant->preset = preset ? preset->name : NULL;
		variant->round = round;
		variant->test = test;
		variant->kernel = kernel >= 0 ? source->kernels->given[kernel] : NULL;
		variant->image = kernel >= 0 ? source->kernels->images[kernel] : NULL;
		variant->release = release;
		ret = plan_make(&wish, &override, &variant->plan, err);
		if (ret == -E2BIG)
			snprintf(variant->fault, sizeof(variant->fault), "%.*s",
				 (int)sizeof(variant->fault) - 1, err->text);
		else if (ret)
			return error_prefix(err, ret, "%s", name);
		variant->plan.tsc_reliable = source->tsc_reliable;
		note_asked(&wish, &override, variant);
		find_skip(source, preset,
			  wish.record_asked && !override.memory_mib &&
				  fits_without_recorder(&wish, &variant->plan),
			  variant);
		if (!*variants->warning)
			snprintf(variants->warning, sizeof(variants->warning), "%s",
				 variant->plan.warning);
	}
	return 0;
}

static int add_test(const struct variant_source *source, const struct variant_choice *choice,
		    const struct test *test, struct variants *variants, struct error *err)
{
	char reason[192];
	int ret = 0;

	if (test->host_only)
		return add(source, choice, test, NULL, -1, variants, err);
	for (size_t k = 0; !ret && source->kernels && k < source->kernels->count; k++) {
		bool suits = false;

		for (size_t p = 0; !ret && source->gauntlet && p < NR_PRESETS; p++) {
			if (constraints_reason(&test->constraints, &presets[p].topology, reason,
					       sizeof(reason)))
				continue;
			suits = true;
			ret = add(source, choice, test, &presets[p], (int)k, variants, err);
		}
		if (!ret && !suits)
			ret = add(source, choice, test, NULL, (int)k, variants, err);
	}
	return ret;
}

static int compare(const void *a, const void *b, void *data)
{
	const struct variant *x = a, *y = b;
	uint64_t seed = *(const uint64_t *)data;
	uint64_t hx = hash(seed + x->round, x->name), hy = hash(seed + y->round, y->name);

	return (hx > hy) - (hx < hy);
}

/* The whole plan as it is now, with the shard of each. */
static int note_plan(struct variants *variants, const struct variant_choice *choice,
		     struct error *err)
{
	struct suite_planned *plan = calloc(variants->count + 1, sizeof(*plan));

	variants->part = (struct suite_part){ choice->shard, choice->shards, plan, 0 };
	for (size_t i = 0; plan && i < variants->count; i++) {
		plan[i].name = strdup(variants->list[i].name);
		plan[i].shard = variants->list[i].shard;
		if (!plan[i].name)
			return error_set(err, -ENOMEM, "out of memory");
		variants->part.count++;
	}
	return plan ? 0 : error_set(err, -ENOMEM, "out of memory");
}

/* What belongs to other shards goes. */
static void keep_shard(struct variants *variants, unsigned int shard)
{
	size_t kept = 0;

	for (size_t i = 0; i < variants->count; i++) {
		if (variants->list[i].shard == shard)
			variants->list[kept++] = variants->list[i];
		else
			free(variants->list[i].name);
	}
	variants->count = kept;
}

static int deal(struct variants *variants, const struct variant_choice *choice, struct error *err)
{
	unsigned int *of = calloc(variants->count + 1, sizeof(*of));
	int ret = of ? shards_deal(variants->list, variants->count, choice->shards, of, err)
		     : error_set(err, -ENOMEM, "out of memory");

	for (size_t i = 0; !ret && i < variants->count; i++)
		variants->list[i].shard = of[i];
	free(of);
	return ret;
}

int variants_check(const struct run_options *options, struct error *err)
{
	if (!options->gauntlet ||
	    (!options->override.has_topology && !options->override.distances.count))
		return 0;
	return error_set(err, -EINVAL,
			 "--gauntlet: its presets are the topologies; leave out --topology, "
			 "--distance, KTSTR_TOPOLOGY and KTSTR_DISTANCE, or --gauntlet");
}

int variants_make(const struct variant_source *source, const struct variant_choice *choice,
		  struct variants *variants, struct error *err)
{
	int ret = 0;

	*variants = (struct variants){ 0 };
	for (size_t i = 0; !ret && i < source->nr_tests; i++) {
		for (size_t j = 0; !ret && j < i; j++)
			if (!strcmp(source->tests[i].name, source->tests[j].name))
				ret = error_set(err, -EINVAL,
						"test '%s': both '%s' and '%s' have this name; "
						"rename one of them",
						source->tests[i].name, source->tests[j].path,
						source->tests[i].path);
		if (!ret)
			ret = add_test(source, choice, &source->tests[i], variants, err);
	}
	/* Before the seed: it is about the order. */
	if (!ret && choice->shards)
		ret = deal(variants, choice, err);
	if (!ret && choice->has_seed && variants->count) {
		uint64_t seed = choice->seed;

		qsort_r(variants->list, variants->count, sizeof(*variants->list), compare, &seed);
	}
	for (size_t i = 0; i < variants->count; i++)
		variants->list[i].number = (unsigned int)i + 1;
	if (!ret && choice->shards)
		ret = note_plan(variants, choice, err);
	if (ret)
		variants_destroy(variants);
	else if (choice->shard)
		keep_shard(variants, choice->shard);
	return ret;
}

void variants_destroy(struct variants *variants)
{
	for (size_t i = 0; i < variants->count; i++)
		free(variants->list[i].name);
	free(variants->list);
	for (size_t i = 0; i < variants->part.count; i++)
		free((char *)variants->part.plan[i].name);
	free((void *)variants->part.plan);
	*variants = (struct variants){ 0 };
}
