/*
 * Which frames may come when, and what may they hold? The course of a guest's life as its init
 * tells of it: hello, ready, started, exited, once each. Every frame here was written by the guest.
 */
#ifndef KTSTR_RUN_WATCH_ORDER_H
#define KTSTR_RUN_WATCH_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct watch_order {
	bool tracer;		      /* one was asked for; set by the caller */
	bool scheduler;		      /* likewise */
	size_t nr_setup;	      /* likewise: commands of the setup */
	bool attached, failed, ended; /* of it */
	/* What has come; all false at power-on, hello and ready true in a fork. */
	bool hello, ready, setup, started, failing, metrics, work, exited;
	uint32_t own_words; /* the parts that have come, as bits */
};

/* @at_ready: the machine begins at its ready point, and has said hello and ready before */
void watch_order_init(struct watch_order *order, bool tracer, bool at_ready);

/*
 * watch_order_take - may this frame come now? Its type is known, its length right, its fields
 * within their bounds (a trace's are for watch_trace_take to check). Then it counts as come.
 * @payload: aligned as the struct that the type has
 * Returns 0 or -EPROTO with a message.
 */
int watch_order_take(struct watch_order *order, uint16_t type, const void *payload, uint32_t length,
		     struct error *err);

/* watch_order_has_own_words - has init said all of KTSTR_OWN_WORDS? */
bool watch_order_has_own_words(const struct watch_order *order);

#endif
