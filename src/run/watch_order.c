/* Which frames may come when, and what may they hold? See watch_order.h. */
#include "run/watch_order.h"

#include <errno.h>
#include <string.h>

#include "../../guest/protocol.h"

void watch_order_init(struct watch_order *order, bool tracer, bool at_ready)
{
	*order = (struct watch_order){ .tracer = tracer, .hello = at_ready, .ready = at_ready };
}

/* The fixed payload of each type; 0 where the length varies. */
static uint32_t fixed_length(uint16_t type)
{
	switch (type) {
	case KTSTR_HELLO:
		return sizeof(struct ktstr_hello);
	case KTSTR_READY:
		return sizeof(struct ktstr_ready);
	case KTSTR_HEARTBEAT:
		return sizeof(struct ktstr_heartbeat);
	case KTSTR_STARTED:
		return sizeof(struct ktstr_started);
	case KTSTR_FAILING:
	case KTSTR_EXITED:
		return sizeof(struct ktstr_exited);
	case KTSTR_TRACER:
		return sizeof(struct ktstr_tracer);
	case KTSTR_SCHED:
		return sizeof(struct ktstr_sched);
	case KTSTR_SETUP:
		return sizeof(struct ktstr_setup);
	case KTSTR_TRACE_BEGIN:
	case KTSTR_TRACE_END:
		return sizeof(struct ktstr_trace);
	default:
		return 0;
	}
}

/* Once each, and in the order in which a life goes. */
static bool in_order(const struct watch_order *order, uint16_t type)
{
	if (type == KTSTR_HELLO || !order->hello)
		return type == KTSTR_HELLO && !order->hello;
	switch (type) {
	case KTSTR_READY:
		return !order->ready;
	case KTSTR_TRACER:
		return order->ready;
	case KTSTR_STARTED:
		return order->ready && !order->setup && !order->started && !order->exited &&
		       !order->failed;
	case KTSTR_EXITED:
		return order->ready && !order->setup && !order->exited;
	case KTSTR_SETUP:
		return order->ready && !order->setup && !order->started && !order->exited &&
		       !order->attached && !order->failed;
	case KTSTR_SCHED:
	case KTSTR_SCHED_TEXT:
	case KTSTR_SCHED_DUMP:
	case KTSTR_SCHED_EVENTS:
		return order->scheduler && order->ready && !order->setup && !order->exited;
	case KTSTR_SCHED_KERNEL:
		return order->scheduler && order->ready && !order->started && !order->exited;
	case KTSTR_EXPIRED:
	case KTSTR_KERNEL:
		return order->started && !order->exited;
	case KTSTR_FAILING:
		return order->started && !order->failing && !order->exited;
	case KTSTR_RECORD:
		return order->ready && !order->started && !order->exited;
	case KTSTR_OWN_WORDS:
		return order->ready;
	case KTSTR_METRICS:
		return order->started && !order->metrics && !order->exited;
	case KTSTR_WORK:
		return order->started && !order->work && !order->exited;
	default:
		return true;
	}
}

static int take_hello(struct watch_order *order, const struct ktstr_hello *hello, struct error *err)
{
	if (hello->version != KTSTR_PROTOCOL_VERSION)
		return error_set(err, -EPROTO, "init speaks protocol version %u, we speak %u",
				 hello->version, KTSTR_PROTOCOL_VERSION);
	/* It names a folder of the host's, where modules are. */
	if (memchr(hello->release, '/', sizeof(hello->release)))
		return error_set(err, -EPROTO, "a kernel release with a slash in it");
	order->hello = true;
	return 0;
}

static int take_tracer(const struct watch_order *order, const struct ktstr_tracer *tracer,
		       struct error *err)
{
	if (!order->tracer)
		return error_set(err, -EPROTO, "a report on a tracer that was not asked for");
	if (tracer->state > KTSTR_TRACER_FAILED)
		return error_set(err, -EPROTO, "tracer state %u", tracer->state);
	return 0;
}

static int take_sched(struct watch_order *order, const struct ktstr_sched *sched, struct error *err)
{
	bool may;

	switch (sched->state) {
	case KTSTR_SCHED_ATTACHED:
	case KTSTR_SCHED_FAILED:
		/* Only a payload can ask for another one. */
		may = !order->attached && (order->started || (!order->failed && !order->ended));
		break;
	case KTSTR_SCHED_ENDED:
		may = order->attached;
		break;
	default:
		return error_set(err, -EPROTO, "scheduler state %u", sched->state);
	}
	if (!may)
		return error_set(err, -EPROTO, "scheduler state %u out of order", sched->state);
	if (sched->kind > KTSTR_EXIT_EXEC || sched->value > 4095 ||
	    sched->flags & ~KTSTR_SCHED_ALL_FLAGS)
		return error_set(err, -EPROTO, "scheduler's end of kind %u with value %u, flags %u",
				 sched->kind, sched->value, sched->flags);
	order->attached = sched->state == KTSTR_SCHED_ATTACHED;
	order->failed |= sched->state == KTSTR_SCHED_FAILED;
	order->ended |= sched->state == KTSTR_SCHED_ENDED;
	return 0;
}

static int take_setup(struct watch_order *order, const struct ktstr_setup *setup, struct error *err)
{
	if (setup->index >= order->nr_setup || setup->kind > KTSTR_EXIT_EXEC || setup->value > 4095)
		return error_set(err, -EPROTO,
				 "setup's command %u of %zu with an end of kind %u with value %u",
				 setup->index, order->nr_setup, setup->kind, setup->value);
	order->setup = true;
	return 0;
}

static int take_metrics(struct watch_order *order, const struct ktstr_file *metrics,
			uint32_t length, struct error *err)
{
	if (length < sizeof(*metrics) || length > sizeof(*metrics) + KTSTR_METRICS_MAX)
		return error_set(err, -EPROTO, "metrics of %u bytes", length);
	if (metrics->state > KTSTR_FILE_UNREAD)
		return error_set(err, -EPROTO, "metrics in state %u", metrics->state);
	order->metrics = true;
	return 0;
}

static int take_work(struct watch_order *order, uint32_t length, struct error *err)
{
	if (length > KTSTR_WORK_MAX)
		return error_set(err, -EPROTO, "words of ktstr-work of %u bytes", length);
	order->work = true;
	return 0;
}

static int take_own_words(struct watch_order *order, const struct ktstr_own_words *words,
			  uint32_t length, struct error *err)
{
	if (length < sizeof(*words) || length > sizeof(*words) + KTSTR_OWN_WORDS_MAX)
		return error_set(err, -EPROTO, "own words of %u bytes", length);
	if (words->part >= KTSTR_WORDS_NR || order->own_words & 1u << words->part)
		return error_set(err, -EPROTO, "part %u of own words, %s", words->part,
				 words->part < KTSTR_WORDS_NR ? "for the second time" : "unknown");
	order->own_words |= 1u << words->part;
	return 0;
}

bool watch_order_has_own_words(const struct watch_order *order)
{
	return order->own_words == (1u << KTSTR_WORDS_NR) - 1;
}

/* @come: that it has come, of the two that tell of a payload's end */
static int take_exited(const struct watch_order *order, const struct ktstr_exited *exited,
		       bool *come, struct error *err)
{
	if (exited->kind > KTSTR_EXIT_EXEC || exited->value > 255)
		return error_set(err, -EPROTO, "payload's end of kind %u with value %u",
				 exited->kind, exited->value);
	if (exited->kind != KTSTR_EXIT_EXEC && !order->started)
		return error_set(err, -EPROTO, "the end of a payload that never started");
	*come = true;
	return 0;
}

int watch_order_take(struct watch_order *order, uint16_t type, const void *payload, uint32_t length,
		     struct error *err)
{
	uint32_t fixed = fixed_length(type);

	if (!in_order(order, type))
		return error_set(err, -EPROTO, "frame of type %u out of order", type);
	if (fixed && length != fixed)
		return error_set(err, -EPROTO, "frame of type %u with %u bytes, expected %u", type,
				 length, fixed);
	switch (type) {
	case KTSTR_HELLO:
		return take_hello(order, payload, err);
	case KTSTR_READY:
		order->ready = true;
		return 0;
	case KTSTR_TRACER:
		return take_tracer(order, payload, err);
	case KTSTR_SCHED:
		return take_sched(order, payload, err);
	case KTSTR_SETUP:
		return take_setup(order, payload, err);
	case KTSTR_STARTED:
		order->started = true;
		return 0;
	case KTSTR_FAILING:
		return take_exited(order, payload, &order->failing, err);
	case KTSTR_EXITED:
		return take_exited(order, payload, &order->exited, err);
	case KTSTR_METRICS:
		return take_metrics(order, payload, length, err);
	case KTSTR_WORK:
		return take_work(order, length, err);
	case KTSTR_OWN_WORDS:
		return take_own_words(order, payload, length, err);
	case KTSTR_RECORD:
	case KTSTR_HEARTBEAT:
	case KTSTR_STDOUT:
	case KTSTR_STDERR:
	case KTSTR_TRACER_TEXT:
	case KTSTR_TRACE_BEGIN:
	case KTSTR_TRACE_DATA:
	case KTSTR_TRACE_END:
	case KTSTR_KMSG:
	case KTSTR_KERNEL:
	case KTSTR_SCHED_TEXT:
	case KTSTR_SCHED_DUMP:
	case KTSTR_SCHED_EVENTS:
	case KTSTR_SCHED_KERNEL:
	case KTSTR_LOG:
	case KTSTR_BYE:
	case KTSTR_EXPIRED:
		return 0;
	default:
		return error_set(err, -EPROTO, "frame of the unknown type %u", type);
	}
}
