/*
 * What is looked at in a machine whose test fails, before it is gone? At the moment of the failure,
 * while the machine stands still (vmm_pause), or at its end.
 */
#ifndef KTSTR_RUN_LOOK_H
#define KTSTR_RUN_LOOK_H

#include <limits.h>
#include <stdbool.h>

#include "report/artefacts.h"
#include "run/look_trace.h"
#include "verdict/inside.h"
#include "verdict/verdict.h"
#include "vmm/vmm.h"

struct look {
	/* Set by the caller. */
	unsigned int limit_ms; /* CPU time to read the guest from outside; 0: it is not read */
	bool record;	       /* what the flight recorder holds is written to a file */
	const char *no_record; /* why there is none although there should be one; or NULL */
	bool vmcore;	       /* memory and registers are written to a file */
	struct artefacts *artefacts;
	/* Is this end as it should be, although the payload did not pass? NULL: never. */
	bool (*as_it_should)(const struct verdict *verdict, const void *data);
	const void *as_it_should_data;

	/* Filled by look_finish. */
	char path[PATH_MAX + 256];   /* of the core; "": there is none */
	char error[ERROR_TEXT_SIZE]; /* why there is none, or what it lacks; else "" */

	struct look_trace trace; /* what came of the flight recorder's */

	/* Private. */
	struct looked {
		bool taken;
		enum verdict_kind kind; /* of the failure that was looked at */
	} inside, recorded, core;
	unsigned int nr_inside; /* how often the guest was read, forgotten looks included */
	struct artefact_file file;
};

void look_init(struct look *look);

/*
 * look_wants - is a machine that ends so to be looked at, and was not yet for the same reason?
 * @with_core: also for a core, where one is wanted
 */
bool look_wants(const struct look *look, const struct verdict *verdict, bool with_core);

/*
 * look_take - the machine stands still: what @verdict wants is read into @inside, and written to
 * the trace and the core. What was seen in an earlier look is dropped where it was of another
 * failure.
 * @seen: as it fails; @flight: what the guest said of its flight recorder
 */
void look_take(struct look *look, struct vmm *vmm, const struct observation *seen,
	       const struct flight *flight, const struct verdict *verdict, bool with_core,
	       struct inside *inside);

/* look_forget - it was no failure, and the guest goes on. */
void look_forget(struct look *look, struct inside *inside);

/* look_missed - it did not come to stand still: why. */
void look_missed(struct look *look, const struct error *err);

/*
 * look_finish - the verdict is out: what was written gets its name, or goes where the test passed
 * after all. @verdict: of @seen; NULL: there is none.
 */
void look_finish(struct look *look, const struct observation *seen, const struct verdict *verdict);

#endif
