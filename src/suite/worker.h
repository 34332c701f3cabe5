/*
 * How is one variant run? In a process of its own, which sends its result; where they are asked for
 * (--verbose), also the files that the test's output goes to, standard output's first.
 */
#ifndef KTSTR_SUITE_WORKER_H
#define KTSTR_SUITE_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pin/pin.h"
#include "suite/child.h"
#include "suite/made.h"
#include "suite/variants.h"
#include "util/error.h"
#include "verdict/host_took.h"
#include "verdict/metrics.h"
#include "verdict/outcome.h"

/* What is the same for all variants of a suite; the caller's. */
struct worker_settings {
	const struct run_options *options;
	bool keep_good;	 /* the folder of a round that passes, for who compares it with a bad one */
	bool own_tracer; /* the user's KTSTR_WPROF_PATH is in use */
};

/* What was asked for of this one. */
static inline const struct run_options *worker_options(const struct worker_settings *settings,
						       const struct variant *variant)
{
	return variant->options ? variant->options : settings->options;
}

struct worker_result {
	enum outcome_kind outcome;
	int bisect;    /* what `git bisect run` is told of it; with options' bisect */
	bool lost;     /* the process left no result: it was killed, or crashed */
	char *cause;   /* one line */
	char *detail;  /* lines: what the report of a run prints below its first */
	char *output;  /* the payload's last lines */
	char *release; /* of the guest's kernel, "" when it never said */
	char *start;   /* of its first VM: "forked" or "booted", "" where it had none */
	char *folder, *dump, *trace, *replay; /* "": none */
	struct metrics metrics;
	struct host_took host_took;
	double seconds;
};
void worker_result_destroy(struct worker_result *result);

/*
 * worker_start - @base: of those that are made, the one that the variant's VM is forked from;
 * BASE_NONE: it boots. @pin: CPUs that were taken for it (pin_try), or NULL; the caller gives its
 * part back. Returns 0 or a negative errno with a message.
 */
int worker_start(struct child *child, const struct worker_settings *settings,
		 const struct variant *variant, struct made *made, size_t base,
		 const struct pin *pin, struct error *err);
/*
 * worker_take_note - after each child_read: a line for the user, of those that came. False: there
 * is none.
 */
bool worker_take_note(struct child *child, char *text, size_t size);
/* worker_finish - once child_read is at its end; waits for the process, and a worker that left no
 * result is an OUTCOME_ERROR. */
void worker_finish(struct child *child, struct worker_result *result);

#endif
