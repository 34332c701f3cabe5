/*
 * Which variants of which tests are to be run, on which machines? A variant is one test on one
 * topology under one kernel. Decided before anything boots; `--dry-run` prints it.
 */
#ifndef KTSTR_SUITE_VARIANTS_H
#define KTSTR_SUITE_VARIANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry/test.h"
#include "plan/plan.h"
#include "plan/presets.h"
#include "report/suite.h"
#include "run/options.h"
#include "suite/kernels.h"
#include "util/error.h"

struct variant {
	char *name;	    /* "fair", "fair/6.12.1", "gauntlet/fair/smt-2llc",
			       "gauntlet/fair/smt-2llc/6.12.1" */
	const char *preset; /* of the gauntlet, or NULL */
	unsigned int round; /* 1-based, of --repeat */
	const struct test *test;
	const char *kernel;  /* as it was given; NULL for a test of the host */
	const char *image;   /* its path */
	const char *release; /* what the kernel is called in names */
	unsigned int number; /* its place in the plan, from 1; of a shard: in the whole one */
	unsigned int shard;  /* that it belongs to, from 1; 0: there are none */
	/* Of its side, where a suite has two (sides.h); NULL: the suite's. */
	const struct run_options *options;
	struct plan plan;
	/* What its plan would have on a host that is large enough. */
	uint64_t asked_mib, asked_record_mib;
	char skip[192];	 /* why it is not run, or "" */
	char fault[256]; /* why it cannot be run as it is asked for, an error of its own; or "" */
};

/* What the suite is made of; all of it the caller's. */
struct variant_source {
	const struct test *tests;
	size_t nr_tests;
	const struct kernels *kernels; /* NULL or none: only tests of the host are there */
	bool gauntlet;
	const struct plan_override *override; /* the operator's topology and memory */
	enum wprof_mode wprof;		      /* the operator's wish for all tests */
	const char *wprof_args;		      /* likewise; or NULL */
	struct record_word record;	      /* likewise, of the flight recorder */
	bool tsc_reliable;
	uint64_t host_memory_mib; /* the most that one guest and all beside it can take */
	unsigned int repeat;
};

/* Which of them; NULL or 0: no choice by this. */
struct variant_choice {
	const char *const *filters, *const *excludes; /* globs, NULL-terminated */
	const char *const *names; /* only these, NULL-terminated: those that failed the last time */
	/* Of @shards (shard.h) this one, from 1; 0: all, and @part of struct variants says which
	 * belongs to which. */
	unsigned int shard, shards;
	bool has_seed;
	uint64_t seed;
};

struct variants {
	struct variant *list;
	size_t count;
	struct suite_part
		part; /* where shards were asked for: the whole plan; its strings are owned */
	char warning[PLAN_WARNING_SIZE]; /* "" or the first plan's */
};

/* variants_check - Returns 0, or -EINVAL: options that say twice what machines there are. */
int variants_check(const struct run_options *options, struct error *err);

/*
 * variants_make - Returns 0, or -EINVAL with a message: two tests of the same name, a topology that
 * is none, or -ENOMEM. One whose flight recorder does not fit into its memory has a fault. A test
 * that cannot be run as it is (constraints, the host's size, ignore) is a variant with a reason to
 * skip; but presets that a test's constraints rule out are no variants at all, unless they rule out
 * every one.
 */
int variants_make(const struct variant_source *source, const struct variant_choice *choice,
		  struct variants *variants, struct error *err);
void variants_destroy(struct variants *variants);

/*
 * variant_is_called - is this its name, or its name in a suite of several kernels, which has the
 * kernel's release at its end? A replay has one kernel, and the name that the suite gave. Filters
 * and the names of a choice take both as well.
 */
bool variant_is_called(const struct variant *variant, const char *name);

/* Does the glob match the name, or one of its parts between slashes? */
bool variant_matches(const char *glob, const char *name);

#endif
