/*
 * From what the user said and what a test's file says to a run: the one place where a run_config is
 * put together, for all commands that boot a test or a shell. What the user said wins; lists are
 * joined, the test's first.
 */
#ifndef KTSTR_RUN_CONFIGURE_H
#define KTSTR_RUN_CONFIGURE_H

#include <stdbool.h>

#include "entry/entry.h"
#include "entry/test.h"
#include "run/options.h"
#include "run/run.h"
#include "util/error.h"
#include "wprof/wprof.h"

/* All of it the caller's, and needed as long as the configuration. */
struct configure_from {
	const struct run_options *options;
	const struct test *test; /* of the file's directives; or of the defaults (test_init) */
	const char *kernel;	 /* path of the image */
	const struct plan *plan; /* NULL: made from the two */
	const char *const *env;	 /* before the test's, NULL-terminated; or NULL */
	bool own_tracer;	 /* embed_export_wprof's used_own */
	bool record;		 /* a flight recorder, also where neither of them says so */
};

struct configuration {
	/*
	 * The caller fills in argv, and has the program found (entry_find_program and its like),
	 * before configure; it may change the rest behind it.
	 */
	struct entry entry;
	/* Not in it: descriptors, artefacts, replay, say. */
	struct run_config run;
	struct plan plan;
	struct wprof_config wprof;
	struct entry_include *includes; /* owned, but not what it points to */
	struct entry_module *modules;	/* likewise */
	const char **env;		/* likewise */
	char *append;			/* or NULL */
	struct patterns allow_splat;	/* its list is owned, but not what that points to */
};

/*
 * configure - also builds the kernel's command line once, with the tracer where one is wanted: what
 * the kernel would cut is refused before anything boots.
 * Returns 0; -EINVAL for a topology that is none, a tracer's arguments, a command line; -ENOMEM.
 * @out: to be destroyed in either case, also where nothing but zeros is in it
 */
int configure(const struct configure_from *from, struct configuration *out, struct error *err);

/* configure_timeout_ms - how long a test may take: 0 for as long as it likes. */
uint64_t configure_timeout_ms(const struct run_options *options, const struct test *test);

/* What the two say together: is address randomisation on, does the VM boot in any case, as it does
 * with CPUs of its own, and does it have those? */
bool configure_kaslr(const struct run_options *options, const struct test *test);
bool configure_fresh(const struct run_options *options, const struct test *test);
bool configure_pin(const struct run_options *options, const struct test *test);

void configuration_destroy(struct configuration *configuration);

#endif
