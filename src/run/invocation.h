/* What do the commands that run one VM for one user share? His signals, his command line, his
 * folder. */
#ifndef KTSTR_RUN_INVOCATION_H
#define KTSTR_RUN_INVOCATION_H

#include <signal.h>
#include <stdbool.h>

#include "report/artefacts.h"
#include "run/options.h"
#include "util/error.h"

/*
 * invocation_signals - what ends a run arrives through a descriptor that the VM's event loop
 * watches. Returns it, or a negative errno with a message. @old_mask: what was blocked before, or
 * NULL
 */
int invocation_signals(sigset_t *old_mask, struct error *err);

/* A command line that does again what was done. */
struct replay {
	const char *command;	 /* its name */
	unsigned int groups;	 /* enum option_group: what was said of these is said again */
	bool own_tracer;	 /* the user's KTSTR_WPROF_PATH is in use */
	const char *const *tail; /* words at its end, NULL-terminated */
};

/*
 * invocation_replay - with the settings that came from the environment.
 * Returns an owned string, or NULL: out of memory.
 */
char *invocation_replay(const struct run_options *options, const struct replay *replay);

/* invocation_close - artefacts_close, also of those that were never opened, and no empty folder. */
void invocation_close(struct artefacts *artefacts, const char *out_dir);

#endif
