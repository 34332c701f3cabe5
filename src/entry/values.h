/* What does the value of a directive say? Strict: the whole text or nothing, and within bounds. */
#ifndef KTSTR_ENTRY_VALUES_H
#define KTSTR_ENTRY_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Enough for a value in a message; see value_show. */
#define VALUE_SHOWN_SIZE 120

/* value_show - what may be shown of hostile @text: one printable line, cut where it is long. */
const char *value_show(const char *text, char shown[VALUE_SHOWN_SIZE]);

/*
 * All return 0, or -EINVAL with "@key '@text': ..." and what it takes; *@out is only written on
 * success.
 */

/* Decimal digits only, from @min to @max. */
int value_count(const char *key, const char *text, uint64_t min, uint64_t max, uint64_t *out,
		struct error *err);

/* "512" MiB, "512M", "4G", above 0 and up to a PiB, into MiB. */
int value_memory(const char *key, const char *text, uint64_t *mib, struct error *err);

/* "12", "0.5", from 0 to @max seconds, into milliseconds; what is above 0 is at least 1 ms. */
int value_seconds(const char *key, const char *text, unsigned int max, uint64_t *ms,
		  struct error *err);

/* What a CPU's ring of the flight recorder takes: a power of two of MiB, or 0. */
int value_record_mib(const char *key, const char *text, uint64_t *mib, struct error *err);

/* "2", "0.5", above 0 and up to 1000. */
int value_factor(const char *key, const char *text, double *out, struct error *err);

/* "0.95" or "95%", above 0 and below 1; @zero: 0 too. */
int value_share(const char *key, const char *text, bool zero, double *out, struct error *err);

/* "10", from 0 to 100. */
int value_percent(const char *key, const char *text, unsigned int *out, struct error *err);

/* true, yes, 1; false, no, 0. */
int value_flag(const char *key, const char *text, bool *out, struct error *err);

/* The same, quietly. Returns whether it is one of the six. */
bool value_is_flag(const char *text, bool *out);

#endif
