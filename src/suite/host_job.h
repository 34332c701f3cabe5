/* How does a test of the host run (host_only), without a VM? */
#ifndef KTSTR_SUITE_HOST_JOB_H
#define KTSTR_SUITE_HOST_JOB_H

#include "entry/test.h"
#include "util/error.h"
#include "verdict/metrics.h"
#include "verdict/outcome.h"

struct host_job {
	const struct test *test;
	const char *const *env; /* beside the test's, NULL-terminated; or NULL */
	uint64_t timeout_ms;	/* 0: none */
	int out_fd, err_fd;
	int cancel_fd; /* readable: end it */
	/* Absolute: where its files of metrics and of ktstr-work's words are to be. */
	const char *metrics_path, *work_path;
	/* What came of it. */
	enum outcome_kind outcome;
	int bisect;		/* its bisect_status */
	struct metrics metrics; /* owned by the caller, metrics_destroy */
	char cause[sizeof(((struct verdict *)NULL)->cause)];
};

/*
 * host_job_run - the test's program in a session of its own, with its environment and time limit.
 * Whatever it leaves running is killed: the caller becomes a subreaper, and has no other children.
 * These files are made, and removed again by the caller.
 * Returns 0, or a negative errno with a message, also when the test could not be executed.
 */
int host_job_run(struct host_job *job, struct error *err);

#endif
