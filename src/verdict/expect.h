/*
 * How is a test to fail? What its author expects (expect_err, expect_status), and whether a line
 * that the expectation names was seen in the payload's output.
 */
#ifndef KTSTR_VERDICT_EXPECT_H
#define KTSTR_VERDICT_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"
#include "util/line_split.h"
#include "util/pattern.h"

enum expect_kind {
	EXPECT_PASS,
	EXPECT_ERROR,  /* any failure of the payload's, but the statuses 126 and 127 */
	EXPECT_STATUS, /* this exit status and nothing else */
	EXPECT_STDOUT, /* any failure, with a line of its standard output */
	EXPECT_STDERR, /* the same of its standard error */
	EXPECT_SCX,    /* any failure, with an ejection of the scheduler that matches */
};

struct expect {
	enum expect_kind kind;
	unsigned int status;	/* 1 to 255 */
	struct pattern pattern; /* of the line */
};

/*
 * expect_parse - the reason of expect_err: "status:1", "stdout:*word*", "stderr:/word/". Returns 0,
 * -EINVAL with a message that says what would be right, -ENOMEM. @out is only written on success.
 */
int expect_parse(const char *what, const char *text, struct expect *out, struct error *err);
void expect_free(struct expect *expect);

/* Looks for the line while the output comes. */
struct expect_watch {
	const struct expect *expect; /* the caller's; NULL: nothing is looked for */
	struct line_split split;
	bool seen;
};

/* @is_stderr: where these bytes come from */
void expect_watch_add(struct expect_watch *watch, bool is_stderr, const char *bytes, size_t count);
/* No more comes: a last line may have no newline. */
void expect_watch_end(struct expect_watch *watch);

#endif
