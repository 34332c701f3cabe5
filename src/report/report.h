/* What does the user get to see and to keep? Reads observations and verdicts, decides nothing. */
#ifndef KTSTR_REPORT_REPORT_H
#define KTSTR_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "pin/plan.h"
#include "plan/plan.h"
#include "report/artefacts.h"
#include "report/quote.h"
#include "verdict/verdict.h"

/* Version of the JSON's schema; goes up when a field changes its meaning or goes away. */
#define REPORT_SCHEMA_VERSION 1

/* One VM of a run, as the reports see it. */
struct report_vm {
	const struct observation *seen;
	const struct verdict *verdict;
	const char *cmdline;	/* the kernel's command line */
	const char *trace_path; /* final path of the trace, or NULL */
	const struct quote
		*quote; /* what its trace says of the task that its failure names; or NULL */
};

/* What the flight recorder of the first VM held when its test failed. */
struct report_recording {
	const char *path;	  /* of the trace, or NULL */
	const char *error;	  /* why there is none although there should be one, or NULL */
	uint64_t events, span_ns; /* how many, and from the first to the last */
	unsigned int unreadable;  /* CPUs whose events could not be read */
};

struct report {
	const char *test;   /* the test's name */
	const char *word;   /* of the first line, where the opposite was expected of the test:
			       "xfail", "xpass";   NULL: the verdict's name */
	const char *kernel; /* path of the image */
	const struct plan *plan;
	const struct pin_plan *pin; /* NULL: its vCPUs ran anywhere */
	const char *const *argv;    /* the payload's, NULL-terminated */
	const char *replay;	    /* the exact command line that runs it again, shell-quoted */
	struct report_vm first;
	struct report_recording recording;
	const char *vmcore_path;       /* of its core, or NULL */
	const struct report_vm *repro; /* NULL: there was none */
	enum repro_result repro_result;
};

/*
 * report_write_failure_dump - the JSON dump of one of the VMs. @suffix: ARTEFACT_FAILURE_DUMP for
 * the first, ARTEFACT_REPRO_FAILURE_DUMP for the repro VM.
 * @path: where it is now, owned by the caller's buffer of PATH_MAX + 256 bytes
 */
int report_write_failure_dump(struct artefacts *artefacts, const struct report *report, bool repro,
			      char *path, struct error *err);

/* The result file, ARTEFACT_RESULT: verdict, statuses, times, paths. Likewise. */
int report_write_result(struct artefacts *artefacts, const struct report *report, char *path,
			struct error *err);

/*
 * report_print - to @fd: one line first that names the cause, then details, artefact paths and the
 * replay command. @dump_path, @repro_dump_path: NULL when there is none.
 */
void report_print(int fd, const struct report *report, const char *dump_path,
		  const char *repro_dump_path);

/* report_detail - the lines between the first one and the metrics. Owned by the caller; NULL: no
 * memory. */
char *report_detail(const struct report *report);

#endif
