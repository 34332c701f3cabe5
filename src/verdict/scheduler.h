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
#define SCHEDULER_DUMP_SIZE   (256 * 1024)
#define SCHEDULER_EVENTS_SIZE 4096

enum scheduler_state {
	SCHEDULER_NONE,	    /* there is none, or nothing was said of it */
	SCHEDULER_ATTACHED, /* and nothing came after that */
	SCHEDULER_FAILED,   /* it was never attached */
	SCHEDULER_ENDED,
};

struct scheduler_seen {
	enum scheduler_state state;
	const struct pattern *expected; /* of its ejection; the caller's; NULL: none is */
	char ops[65];
	char fail_reason[256];
	struct ktstr_sched end; /* of FAILED and ENDED */
	struct tail text;	/* what it printed */
	struct tail dump;	/* the kernel's, by its tracepoint */
	char events[SCHEDULER_EVENTS_SIZE];
	/* The kernel's own words on an end that was not asked for; "" where there are none. */
	char reason[128], message[512];

	struct line_split split; /* private, of the kernel's lines */
};

/* Returns 0 or -ENOMEM. */
int scheduler_seen_init(struct scheduler_seen *seen);
void scheduler_seen_destroy(struct scheduler_seen *seen);

/* Its frames' payloads are checked: they have their length, and fields in range. */
void scheduler_seen_report(struct scheduler_seen *seen, const struct ktstr_sched *sched);
void scheduler_seen_events(struct scheduler_seen *seen, const char *bytes, size_t count);

/* scheduler_seen_kernel - bytes of the kernel's own log while the payload ran. */
void scheduler_seen_kernel(struct scheduler_seen *seen, const char *bytes, size_t count);

/* Did the kernel throw it out, while the payload ran? */
bool scheduler_was_ejected(const struct scheduler_seen *seen);

/* Did its process end by itself, or its sched_ops without the kernel's word? */
bool scheduler_has_exited(const struct scheduler_seen *seen);

/* scheduler_matches - an ejection whose "REASON: MESSAGE" or either of them matches */
bool scheduler_matches(const struct scheduler_seen *seen, const struct pattern *pattern);

/*
 * scheduler_word - how it ended: "never-attached", "ejected", "exited", "attached" (the guest ended
 * before it), "fine"; NULL: there was none.
 */
const char *scheduler_word(const struct scheduler_seen *seen);

#endif
