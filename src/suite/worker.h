/*
 * How is one variant run? In a process of its own, forked before there are any threads: what goes
 * wrong in it, a crash or the host's out-of-memory killer, is one variant's error and nobody
 * else's. Its result comes back through a socket.
 */
#ifndef KTSTR_SUITE_WORKER_H
#define KTSTR_SUITE_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "suite/stream.h"
#include "suite/variants.h"
#include "util/error.h"
#include "verdict/outcome.h"

/* What is the same for all variants of a suite; the caller's. */
struct worker_settings {
	const struct run_options *options;
	bool own_tracer; /* the user's KTSTR_WPROF_PATH is in use */
};

struct worker_result {
	enum outcome_kind outcome;
	bool lost;     /* the process left no result: it was killed, or crashed */
	char *cause;   /* one line */
	char *detail;  /* lines: what the report of a run prints below its first */
	char *output;  /* the payload's last lines */
	char *release; /* of the guest's kernel, "" when it never said */
	char *start;   /* of its first VM: "forked" or "booted", "" where it had none */
	char *folder, *dump, *trace, *replay; /* "": none */
	double seconds;
};
void worker_result_destroy(struct worker_result *result);

struct worker {
	pid_t pid;
	int fd;			/* readable when there is news; at its end when the worker is */
	struct stream out, err; /* what the test prints, once the process has opened the files */
	char *bytes;		/* what came so far */
	size_t used, room;
	uint64_t begin_ns;
};

/* worker_start - fork. Returns 0 or a negative errno with a message. */
int worker_start(struct worker *worker, const struct worker_settings *settings,
		 const struct variant *variant, struct error *err);
/* worker_read - take what is there. Returns 1 at its end: worker_finish is next; else 0. */
int worker_read(struct worker *worker);
/* worker_finish - wait for the process. A worker that left no result is an OUTCOME_ERROR. */
void worker_finish(struct worker *worker, struct worker_result *result);

#endif
