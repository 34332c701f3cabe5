/*
 * How does a base come to the suite? A process of its own boots the machine up to its ready point
 * and hands over two files: the guest's memory, and all else.
 */
#ifndef KTSTR_SUITE_MAKER_H
#define KTSTR_SUITE_MAKER_H

#include "base/base.h"
#include "suite/child.h"
#include "suite/made.h"
#include "suite/variants.h"
#include "suite/worker.h"
#include "util/error.h"

/*
 * maker_start - @variant: whose machine it is; @made: those that are there, none of which the new
 * process keeps. Returns 0 or a negative errno with a message.
 */
int maker_start(struct child *child, const struct worker_settings *settings,
		const struct variant *variant, struct made *made, struct error *err);

/*
 * maker_finish - once child_read is at its end; waits for the process.
 * Returns 0 with a base that is the caller's (base_close), or a negative errno with the reason:
 * what run_make_base said, -ENOTSUP among it; -EIO where the process ended without a word.
 */
int maker_finish(struct child *child, struct base *base, struct error *why);

/* maker_send - in the process: the base that maker_finish is to get, or why there is none. */
void maker_send(int fd, const struct base *base);
void maker_send_reason(int fd, int code, const char *text);

#endif
