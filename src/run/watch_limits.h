/*
 * How long may a guest take, and is it still alive? Deadlines of boot, preparation, test and end,
 * all counted on the guest's own clock, and the doubt in a panic. Asks for no time itself: whoever
 * calls says what the time is.
 */
#ifndef KTSTR_RUN_WATCH_LIMITS_H
#define KTSTR_RUN_WATCH_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "run/guest_clock.h"
#include "verdict/observation.h"

/* init enforces the test's limit; a guest in which it has not done so after this much has stalled.
 */
#define WATCH_STALL_TIMEOUT_MS 10000

enum watch_phase {
	WATCH_BOOT,    /* until init's first word */
	WATCH_PREPARE, /* until the payload starts */
	WATCH_TEST,    /* until it has ended */
	WATCH_FINISH,  /* kernel log and trace come yet */
};

struct watch_limits {
	/* Set by the caller, before the start. */
	uint64_t boot_ms;    /* from the start until the payload starts, but for a tracer's time */
	uint64_t test_ms;    /* of the payload; 0: none. init enforces it, ... */
	uint64_t stall_ms;   /* ... and has so much more for that */
	uint64_t prepare_ms; /* more than the boot's, for what else is done before the payload */
	bool tracer;	     /* one is started before the payload */
	bool at_ready;	     /* the machine begins at its ready point, with its boot behind it */

	/* Private. All times: on the guest's clock, but where it is said. */
	enum watch_phase phase;
	struct guest_clock clock;
	uint64_t waited_ns, blocked_ns; /* what it does not count */
	uint64_t started_at, exited_at, last_frame_at, panic_at;
	uint64_t started_ns, started_boot_ns; /* the host's clocks then, not the guest's */
	uint64_t started_stood_ns;
	bool panic;
	uint64_t panic_heard; /* what the guest had said when its panic came */
};

/* In all of these @now_ns is the host's CLOCK_MONOTONIC, @boot_ns its CLOCK_BOOTTIME. */

void watch_limits_start(struct watch_limits *limits, uint64_t now_ns);

/* Time that is the host's, in all so far: what the vCPUs waited (it may be 0 where the host cannot
 * tell), and what was spent waiting for slow readers of the guest's output. */
void watch_limits_waited(struct watch_limits *limits, uint64_t waited_ns);
void watch_limits_blocked(struct watch_limits *limits, uint64_t blocked_ns);

/* What the guest has said of its life; the order is checked by whoever calls. */
void watch_limits_hello(struct watch_limits *limits);
void watch_limits_started(struct watch_limits *limits, uint64_t now_ns, uint64_t boot_ns);
void watch_limits_exited(struct watch_limits *limits, uint64_t now_ns);

/* A frame was dealt with. Behind it: that can take its time, a trace on a slow disk. */
void watch_limits_frame(struct watch_limits *limits, uint64_t now_ns);

/*
 * watch_limits_panic - a panic's line was on the console.
 * @said: how much the guest had put into the channel by then (channel_said)
 */
void watch_limits_panic(struct watch_limits *limits, uint64_t now_ns, uint64_t said);

/*
 * watch_limits_doubt - init has spoken: was the panic's line printed by somebody else? A kernel
 * that has panicked runs no init. What was said before the line proves nothing, though it is read
 * after it.
 * @heard: how much of the channel was taken, with this frame (channel_heard)
 * @last: it was init's last word
 * Returns true when there is no panic any more.
 */
bool watch_limits_doubt(struct watch_limits *limits, uint64_t now_ns, uint64_t heard, bool last);

/*
 * watch_limits_lost - the payload's limit has passed on the guest's clock: how much of the time
 * since its start did the guest not get, ns? A host that slept counts, which only CLOCK_BOOTTIME
 * tells.
 */
uint64_t watch_limits_lost(struct watch_limits *limits, uint64_t now_ns, uint64_t boot_ns);

/*
 * watch_limits_stood - since the payload's start: for how long did we not run at all, ns? We were
 * stopped, or the host slept.
 */
uint64_t watch_limits_stood(struct watch_limits *limits, uint64_t now_ns, uint64_t boot_ns);

/* watch_limits_now - the guest's clock, on which all limits are counted, ns. */
uint64_t watch_limits_now(struct watch_limits *limits, uint64_t now_ns);

/*
 * watch_limits_silence - while the payload runs: for how long on its clock has the guest said
 * nothing, ns? 0 at other times, and in a panic.
 */
uint64_t watch_limits_silence(struct watch_limits *limits, uint64_t now_ns);

/* Why the machine is to be stopped now, or STOP_NONE. */
enum stop_reason watch_limits_check(struct watch_limits *limits, uint64_t now_ns);

#endif
