/* How does doctor say what it found? One line each, what to do about it below, and a count. */
#ifndef KTSTR_DOCTOR_FINDINGS_H
#define KTSTR_DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "util/error.h"

enum finding {
	FINDING_OK,
	FINDING_WARN, /* a part will not work, or less well */
	FINDING_FAIL, /* no plain run can succeed */
};

struct findings {
	FILE *out;
	FILE *copy; /* of it, without colours, for a report; or NULL */
	bool colour;
	unsigned int warnings, failures;
};

/* What the lines below are about. */
void findings_title(struct findings *findings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* One line: "ok", "warn" or "FAIL" and the text, made safe for a terminal. */
void findings_add(struct findings *findings, enum finding kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A line below the last one: more of it, or what to do. */
void findings_more(struct findings *findings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A message of the rest of the launcher, "what is wrong; what to do", as a finding and its line. */
void findings_add_error(struct findings *findings, enum finding kind, const struct error *err);

#endif
