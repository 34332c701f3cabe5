/*
 * What does a suite's run look like, for people and for machines? One stream of events, written by
 * any number of formats at once: the terminal, TAP, KTAP, JUnit, JSON lines.
 */
#ifndef KTSTR_REPORT_SUITE_H
#define KTSTR_REPORT_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "stats/proportion.h"
#include "util/error.h"
#include "verdict/host_took.h"
#include "verdict/metrics.h"
#include "verdict/outcome.h"

struct json_object;

/* Everything that is told of one variant. Strings may be NULL, and hold what a guest said: hostile.
 */
struct suite_result {
	const char *name;    /* "fair", "gauntlet/fair/smt-2llc", "gauntlet/fair/smt-2llc/6.12.1" */
	unsigned int number; /* 1-based, in the plan's order; of a shard: in the whole plan's */
	const char *test;    /* "fair": of the name, without preset and kernel */
	const char *preset;  /* of the gauntlet, or NULL */
	unsigned int round;  /* 1-based, of --repeat */
	enum outcome_kind outcome;
	const char *cause;    /* one line: the verdict's, or the reason of a skip or an error */
	const char *detail;   /* lines more: what the report of `run` prints below its first line,
				 without the paths and the replay command, which stand below */
	const char *output;   /* the payload's last lines, for JUnit's system-out */
	const char *topology; /* "1n2l2c2t" */
	const char *kernel;   /* release, or the image's path before that is known */
	const struct metrics *metrics;	   /* or NULL */
	const struct host_took *host_took; /* of its first VM; or NULL */
	uint64_t memory_mib;
	const char *start; /* of its first VM: "forked" or "booted"; "": it had none */
	double seconds;	   /* wall time of all of it */
	int bisect;	   /* what `git bisect run` is told of it (verdict/bisect.h) */
	const char *folder, *dump, *trace, *replay; /* paths; the command that runs it again */
	/* NULL, or what JSON is to have of it as it is: an object of type "result" that another
	 * report has said. */
	struct json_object *line;
};

/* A variant of a plan, and the shard that it belongs to, from 1. */
struct suite_planned {
	const char *name;
	unsigned int shard;
};

/* Where a report is about one shard of a suite: the whole plan. */
struct suite_part {
	unsigned int shard, shards; /* from 1; of so many */
	const struct suite_planned *plan;
	size_t count;
};

/* What became of the question that --until-confident asks. */
enum suite_rate_end {
	SUITE_RATE_COUNTED,  /* none was asked */
	SUITE_RATE_NARROW,   /* the rate is known to within the width */
	SUITE_RATE_AT_LEAST, /* it passes at least as often as the limit says */
	SUITE_RATE_BELOW,    /* it does not */
	SUITE_RATE_OPEN,     /* not known within the rounds that it had */
};

/* All rounds of a variant together. */
struct suite_rate {
	const char *name;
	unsigned int passed, failed; /* rounds; failed or timed out, unexpected passes too */
	unsigned int neither;	     /* errors and inconclusive ones: they count neither way */
	struct proportion passes;    /* the interval of the rate */
	const char *method;	     /* of the interval: "Wilson" */
	double confidence;	     /* of it */
	double limit, width;	     /* what was asked; 0: not that */
	enum suite_rate_end end;
	const char *good, *bad; /* folders of a round that passed and one that failed, or NULL */
	const char *good_json, *bad_json; /* how JSON is to have them; NULL: likewise */
};

/* "PASS", "FAIL", "FLAKY 3/20" (three of twenty failed), "UNKNOWN": no round told anything. */
#define SUITE_RATE_WORD_SIZE 40
void suite_rate_word(char word[SUITE_RATE_WORD_SIZE], const struct suite_rate *rate);

struct suite_counts {
	unsigned int planned, pass, fail, timeout, xfail, xpass, skip, inconclusive, error, not_run;
};
void suite_count(struct suite_counts *counts, enum outcome_kind kind);

/* Where a suite stands. */
struct suite_progress {
	const struct suite_counts *counts;
	unsigned int running;
	double seconds_left; /* below 0 or not finite: not known */
	const char *longest; /* the variant that runs longest, or NULL */
	double longest_s;    /* for so long */
};

/*
 * suite_not_run - how many of the planned ones have had no turn: said so, or not spoken of at all.
 * In the midst of a run that is what runs now or is to run yet.
 */
unsigned int suite_not_run(const struct suite_counts *counts);

/* One report while it is being written. Begun by suite_begin, ended by suite_end or suite_abandon.
 */
struct suite_writer {
	const struct suite_format *format;
	FILE *out;		       /* the caller's: stays open */
	unsigned int planned;	       /* variants */
	const struct suite_part *part; /* or NULL: of no shard; the caller's */
	unsigned int written;	       /* test lines: TAP and KTAP number them as they come */
	void *collected;	       /* what has to wait for the end (JUnit); the format's own */
};

/* One format. All functions return 0 or a negative errno (of writing) with a message. */
struct suite_format {
	const char *name; /* "TAP", for messages */
	int (*begin)(struct suite_writer *writer, struct error *err);
	int (*result)(struct suite_writer *writer, const struct suite_result *result,
		      struct error *err);
	/* Between the results and the end; NULL: it has no word for it. */
	int (*rate)(struct suite_writer *writer, const struct suite_rate *rate, struct error *err);
	int (*end)(struct suite_writer *writer, const struct suite_counts *counts, double seconds,
		   bool interrupted, struct error *err);
	void (*destroy)(struct suite_writer *writer); /* frees @collected, which is not NULL */
};

/*
 * TAP version 13 (what prove knows; all of it is valid in version 14, too). KTAP version 1
 * (Documentation/dev-tools/ktap.rst). JUnit XML: one <testsuite>, cases with classname and name
 * from the variant's name; valid UTF-8 and valid XML characters whatever a guest says; written at
 * the end. JSON: one object a line, "type": "plan", "result" or "summary", with
 * "schema_version": 1.
 */
extern const struct suite_format suite_tap_open; /* TAP, its plan at the end */
extern const struct suite_format suite_tap, suite_ktap, suite_junit, suite_json;
extern const struct suite_format suite_history; /* one line (suite_history.c), for history_append */

/* Goes up when a field of the JSON lines changes its meaning or goes away. */
#define SUITE_JSON_VERSION 1

/* Likewise of a history's lines; how each begins, before that version; room for its time. */
#define SUITE_HISTORY_VERSION 1
#define SUITE_HISTORY_BEGIN   "{\"type\":\"history\",\"schema_version\":"
#define SUITE_TIME_SIZE	      40

/* suite_time - @seconds since 1970, which are not negative, in UTC: "2026-11-29T22:50:37Z" */
void suite_time(char text[SUITE_TIME_SIZE], time_t seconds);

/*
 * suite_begin, suite_add, suite_end - write the report in @format to @out. Each flushes @out.
 * Results arrive in any order. Those that are OUTCOME_NOT_RUN may be told or left out: TAP and KTAP
 * have no word for them.
 * suite_begin_part - the same for one shard of a suite, which JSON tells with the whole plan, so
 * that shards can be merged. @part: or NULL, of no shard; needed until the end
 * @planned: how many variants this report is about
 * @interrupted: ended by a signal or by --fail-fast before all had had their turn
 *
 * suite_end frees what was held, whatever it returns; suite_abandon does so without an end, also of
 * a writer that is zeroed, was ended, or failed to begin.
 */
int suite_begin(struct suite_writer *writer, const struct suite_format *format, FILE *out,
		unsigned int planned, struct error *err);
int suite_begin_part(struct suite_writer *writer, const struct suite_format *format, FILE *out,
		     unsigned int planned, const struct suite_part *part, struct error *err);
int suite_add(struct suite_writer *writer, const struct suite_result *result, struct error *err);
int suite_add_rate(struct suite_writer *writer, const struct suite_rate *rate, struct error *err);
int suite_end(struct suite_writer *writer, const struct suite_counts *counts, double seconds,
	      bool interrupted, struct error *err);
void suite_abandon(struct suite_writer *writer);

/*
 * The terminal's lines, plain or with colour; to see that they were written is the caller's
 * (ferror). suite_text_result: one line first that names outcome, variant and cause; then, for what
 * is bad, detail and paths; for the rest, the trace when there is one.
 * @name_width: columns to which names are filled up, so that the causes stand below each other; 0
 * for none.
 * suite_text_end: each skip's reason once more in a list, then what failed and what was an error,
 * by name with its replay command, and as the very last line the counts, skips never among the
 * passes. suite_live: "[12/20] 3 running, 1 failed, about 40 s left; fair for 12 s" for the one
 * live line; no newline. What does not fit into @size is cut.
 */
void suite_text_result(FILE *out, const struct suite_result *result, unsigned int name_width,
		       bool colour);
void suite_text_rate(FILE *out, const struct suite_rate *rate, unsigned int name_width,
		     bool colour);
void suite_text_end(FILE *out, const struct suite_result *results, size_t count,
		    const struct suite_counts *counts, double seconds, bool interrupted,
		    bool colour);
void suite_live(char *out, size_t size, const struct suite_progress *progress);

#endif
