/* How long may a guest take, and is it still alive? See watch_limits.h. */
#include "run/watch_limits.h"

#include "../../guest/protocol.h"

#define MS     1000000ull
#define SECOND (1000 * MS)

/*
 * So long after a panic's line another CPU may still speak: the kernel prints a call trace behind
 * that line before it stops them, some 40 lines, each of 10 to 50 ms on a slow console.
 */
#define PANIC_SETTLE_NS (5 * SECOND)
/*
 * A panicked kernel resets by itself (panic=-1); past this we end it. Some heartbeats longer than
 * the above, so that a guest that goes on shows it.
 */
#define PANIC_GRACE_NS	(10 * SECOND)
/* Longest silence of a guest that runs a test without a limit, or has only to finish. */
#define SILENCE_NS	(60 * SECOND)
/* How long init waits for the tracer's ready line, and a little more. */
#define TRACER_READY_NS ((KTSTR_TRACER_READY_S + 30) * SECOND)
/* Kernel log and trace have this long to be sent once the payload has ended. */
#define FINISH_NS	(300 * SECOND)

/* The guest's own clock now: the host kept its vCPU waiting, and we waited for slow readers. */
static uint64_t charged_ns(struct watch_limits *limits, uint64_t now_ns)
{
	return guest_clock_step(&limits->clock, now_ns, limits->waited_ns + limits->blocked_ns);
}

void watch_limits_start(struct watch_limits *limits, uint64_t now_ns)
{
	*limits = (struct watch_limits){ .boot_ms = limits->boot_ms,
					 .test_ms = limits->test_ms,
					 .stall_ms = limits->stall_ms,
					 .tracer = limits->tracer,
					 .prepare_ms = limits->prepare_ms,
					 .at_ready = limits->at_ready,
					 .phase = limits->at_ready ? WATCH_PREPARE : WATCH_BOOT };
	guest_clock_start(&limits->clock, now_ns);
}

void watch_limits_waited(struct watch_limits *limits, uint64_t waited_ns)
{
	if (waited_ns > limits->waited_ns)
		limits->waited_ns = waited_ns;
}

void watch_limits_blocked(struct watch_limits *limits, uint64_t blocked_ns)
{
	limits->blocked_ns = blocked_ns;
}

void watch_limits_hello(struct watch_limits *limits)
{
	limits->phase = WATCH_PREPARE;
}

void watch_limits_started(struct watch_limits *limits, uint64_t now_ns, uint64_t boot_ns)
{
	limits->phase = WATCH_TEST;
	limits->started_at = charged_ns(limits, now_ns);
	limits->started_ns = now_ns;
	limits->started_boot_ns = boot_ns;
	limits->started_stood_ns = limits->clock.stood_ns;
}

void watch_limits_exited(struct watch_limits *limits, uint64_t now_ns)
{
	limits->phase = WATCH_FINISH;
	limits->exited_at = charged_ns(limits, now_ns);
}

void watch_limits_frame(struct watch_limits *limits, uint64_t now_ns)
{
	limits->last_frame_at = charged_ns(limits, now_ns);
}

void watch_limits_panic(struct watch_limits *limits, uint64_t now_ns, uint64_t said)
{
	limits->panic = true;
	limits->panic_at = charged_ns(limits, now_ns);
	limits->panic_heard = said;
}

bool watch_limits_doubt(struct watch_limits *limits, uint64_t now_ns, uint64_t heard, bool last)
{
	if (!limits->panic || heard <= limits->panic_heard)
		return false;
	if (!last && charged_ns(limits, now_ns) - limits->panic_at < PANIC_SETTLE_NS)
		return false;
	limits->panic = false;
	return true;
}

uint64_t watch_limits_lost(struct watch_limits *limits, uint64_t now_ns, uint64_t boot_ns)
{
	uint64_t had = charged_ns(limits, now_ns) - limits->started_at;
	uint64_t passed = boot_ns - limits->started_boot_ns;

	return passed > had ? passed - had : 0;
}

uint64_t watch_limits_stood(struct watch_limits *limits, uint64_t now_ns, uint64_t boot_ns)
{
	/* CLOCK_MONOTONIC stands still while a host sleeps. */
	uint64_t awake = now_ns - limits->started_ns, passed = boot_ns - limits->started_boot_ns;

	(void)charged_ns(limits, now_ns);
	return limits->clock.stood_ns - limits->started_stood_ns +
	       (passed > awake + GUEST_CLOCK_STEP_NS ? passed - awake : 0);
}

uint64_t watch_limits_now(struct watch_limits *limits, uint64_t now_ns)
{
	return charged_ns(limits, now_ns);
}

uint64_t watch_limits_silence(struct watch_limits *limits, uint64_t now_ns)
{
	uint64_t now = charged_ns(limits, now_ns);

	return limits->phase == WATCH_TEST && !limits->panic ? now - limits->last_frame_at : 0;
}

enum stop_reason watch_limits_check(struct watch_limits *limits, uint64_t now_ns)
{
	uint64_t now = charged_ns(limits, now_ns);
	bool silent = now - limits->last_frame_at > SILENCE_NS;
	uint64_t limit;

	if (limits->panic)
		return now - limits->panic_at > PANIC_GRACE_NS ? STOP_PANIC : STOP_NONE;
	switch (limits->phase) {
	case WATCH_BOOT:
		return now > limits->boot_ms * MS ? STOP_BOOT_TIMEOUT : STOP_NONE;
	case WATCH_PREPARE:
		limit = limits->boot_ms * MS;
		/* That long only in a guest that lives: heartbeats come all the while. */
		if (limits->tracer && !silent)
			limit += TRACER_READY_NS;
		if (!silent)
			limit += limits->prepare_ms * MS;
		return now > limit ? STOP_PREPARE_TIMEOUT : STOP_NONE;
	case WATCH_TEST:
		limit = (limits->test_ms + limits->stall_ms) * MS;
		if (limits->test_ms && now - limits->started_at > limit)
			return STOP_TEST_TIMEOUT;
		return silent ? STOP_TEST_TIMEOUT : STOP_NONE;
	default:
		if (silent)
			return STOP_FINISH_SILENCE;
		return now - limits->exited_at > FINISH_NS ? STOP_FINISH_TIMEOUT : STOP_NONE;
	}
}
