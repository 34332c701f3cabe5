/*
 * How did the scheduler do that was tested? What was seen of it: init's word, its own, the
 * kernel's. Five ends: it was never attached, it exited by itself, the kernel ejected it, the
 * payload failed under it, all was fine.
 */
#ifndef KTSTR_VERDICT_SCHEDULER_H
#define KTSTR_VERDICT_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../guest/protocol.h"
#include "util/line_split.h"
#include "util/pattern.h"
#include "util/tail.h"

/* How much is kept of what it prints and of the kernel's dump, bytes. */
#define SCHEDULER_TEXT_SIZE   (64 * 1024)
#define SCHEDULER_DUMP_SIZE   (64 * 1024)
#define SCHEDULER_EVENTS_SIZE 4096

enum scheduler_state {
	SCHEDULER_NONE,	    /* there is none, or nothing was said of it */
	SCHEDULER_ATTACHED, /* and nothing came after that */
	SCHEDULER_FAILED,   /* it was never attached */
	SCHEDULER_ENDED,
};

/* Of one that was attached. */
struct scheduler_life {
	char ops[65];
	/* Guest's CLOCK_BOOTTIME; end_ns 0: nothing was said of it. */
	uint64_t attached_ns, end_ns;
	bool was_stopped; /* by init */
	char why[320];	  /* "REASON: MESSAGE" where the kernel ejected it; else "" */
};

/* As many of them are kept. */
#define SCHEDULER_LIVES 16u

struct scheduler_seen {
	enum scheduler_state state;
	const struct pattern *expected; /* of its ejection; the caller's; NULL: none is */
	const char *file;	 /* on the host, and its arguments; the caller's; NULL: none */
	const char *const *args; /* NULL-terminated, or NULL */
	char ops[65];
	char ops_at_end[65];			      /* of the last one, where it was replaced */
	struct scheduler_life lives[SCHEDULER_LIVES]; /* the last ones, the oldest first */
	unsigned int nr_lives;
	unsigned int replaced;
	bool stays_failed; /* one that failed was replaced: what is below is that one's */
	char fail_reason[256];
	struct ktstr_sched end; /* of FAILED and ENDED */
	struct tail text;	/* what it printed */
	struct tail dump;	/* the kernel's, by its tracepoint */
	char events[SCHEDULER_EVENTS_SIZE];
	/* The kernel's own words on an end that was not asked for; "" where there are none. */
	char reason[128], message[512];

	/* Private: scheduler_seen_hold was called; of the kernel's lines, and whom its reason
	 * names. */
	bool held;
	struct line_split split;
	char named[128];
};

/* Returns 0 or -ENOMEM. */
int scheduler_seen_init(struct scheduler_seen *seen);
void scheduler_seen_destroy(struct scheduler_seen *seen);

/* Its frames' payloads are checked: they have their length, and fields in range. */
void scheduler_seen_report(struct scheduler_seen *seen, const struct ktstr_sched *sched);
void scheduler_seen_events(struct scheduler_seen *seen, const char *bytes, size_t count);

/*
 * scheduler_seen_kernel - bytes of the kernel's own log, from the scheduler's start on. All that is
 * about one scheduler comes before the report of its end.
 */
void scheduler_seen_kernel(struct scheduler_seen *seen, const char *bytes, size_t count);

/*
 * scheduler_seen_hold - the payload has failed, init has said what there was to say until then, and
 * the machine is stopped: a reason that the kernel gives after that is the stop's, and is not
 * taken.
 */
void scheduler_seen_hold(struct scheduler_seen *seen);

/* Did the kernel throw it out, before the payload's end? */
bool scheduler_was_ejected(const struct scheduler_seen *seen);

/* Did its process end by itself, or its sched_ops without the kernel's word? */
bool scheduler_has_exited(const struct scheduler_seen *seen);

/* Either of the two: it did not run to the payload's end. */
bool scheduler_has_failed(const struct scheduler_seen *seen);

/*
 * scheduler_end_s - *@seconds: when it was seen to have ended by itself, from the payload's start
 * on; negative: before it. @start_ns: ktstr_exited's. Returns false where that is not known.
 */
bool scheduler_end_s(const struct scheduler_seen *seen, uint64_t start_ns, double *seconds);

/* scheduler_matches - an ejection whose "REASON: MESSAGE" or either of them matches */
bool scheduler_matches(const struct scheduler_seen *seen, const struct pattern *pattern);

/*
 * scheduler_word - how it ended: "never-attached", "ejected", "exited", "attached" (the guest ended
 * before it), "fine"; NULL: there was none.
 */
const char *scheduler_word(const struct scheduler_seen *seen);

#endif
