/* Is a guest held to the order of a life, and to what each of its words may hold? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/protocol.h"
#include "run/watch_order.h"

static struct watch_order order;
static struct error err;

/* A good payload of each type that has a fixed one. */
static const struct ktstr_hello hello = { .version = KTSTR_PROTOCOL_VERSION };
static const struct ktstr_exited exited = { .kind = KTSTR_EXIT_STATUS };
static const struct ktstr_exited not_executed = { .kind = KTSTR_EXIT_EXEC, .value = ENOENT };
static const struct ktstr_tracer tracer = { .state = KTSTR_TRACER_READY };
static const uint64_t zeros[16];

static const struct fixed {
	uint16_t type;
	const void *payload;
	uint32_t length;
} fixed[] = {
	{ KTSTR_HELLO, &hello, sizeof(hello) },
	{ KTSTR_READY, zeros, sizeof(struct ktstr_ready) },
	{ KTSTR_TRACER, &tracer, sizeof(tracer) },
	{ KTSTR_STARTED, zeros, sizeof(struct ktstr_started) },
	{ KTSTR_HEARTBEAT, zeros, sizeof(struct ktstr_heartbeat) },
	{ KTSTR_FAILING, &exited, sizeof(exited) },
	{ KTSTR_EXITED, &exited, sizeof(exited) },
	{ KTSTR_TRACE_BEGIN, zeros, sizeof(struct ktstr_trace) },
	{ KTSTR_TRACE_END, zeros, sizeof(struct ktstr_trace) },
};
#define NR_FIXED (sizeof(fixed) / sizeof(fixed[0]))

static int set_up(void **state)
{
	(void)state;
	watch_order_init(&order, true, false);
	return 0;
}

static int take(uint16_t type)
{
	for (size_t i = 0; i < NR_FIXED; i++)
		if (fixed[i].type == type)
			return watch_order_take(&order, type, fixed[i].payload, fixed[i].length,
						&err);
	return watch_order_take(&order, type, zeros, 0, &err);
}

/* @types: in this order, up to a 0; all of them are taken. */
static void life(const uint16_t *types)
{
	watch_order_init(&order, true, false);
	for (; *types; types++)
		if (take(*types))
			fail_msg("type %u: %s", *types, err.text);
}
#define LIFE(...) life((const uint16_t[]){ __VA_ARGS__, 0 })

static void refused(uint16_t type)
{
	char text[64];

	snprintf(text, sizeof(text), "frame of type %u out of order", type);
	assert_int_equal(take(type), -EPROTO);
	assert_string_equal(err.text, text);
}

static void a_whole_life(void **state)
{
	(void)state;
	LIFE(KTSTR_HELLO, KTSTR_LOG, KTSTR_HEARTBEAT, KTSTR_READY, KTSTR_TRACER, KTSTR_TRACER_TEXT,
	     KTSTR_STARTED, KTSTR_STDOUT, KTSTR_STDERR, KTSTR_HEARTBEAT, KTSTR_EXPIRED,
	     KTSTR_EXPIRED, KTSTR_EXITED, KTSTR_TRACER, KTSTR_TRACE_BEGIN, KTSTR_TRACE_DATA,
	     KTSTR_TRACE_END, KTSTR_KMSG, KTSTR_BYE);
	assert_true(order.hello && order.ready && order.started && order.exited);
}

static void nothing_comes_before_hello(void **state)
{
	(void)state;
	for (uint16_t type = 0; type < 100; type++)
		if (type != KTSTR_HELLO)
			refused(type);
	assert_int_equal(take(KTSTR_HELLO), 0);
}

static void each_once(void **state)
{
	static const uint16_t once[] = { KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_EXITED };

	(void)state;
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		assert_int_equal(take(once[i]), 0);
		for (size_t before = 0; before <= i; before++)
			refused(once[before]);
	}
}

/* There is no job before it, and so neither payload nor tracer. */
static void ready_comes_first(void **state)
{
	(void)state;
	LIFE(KTSTR_HELLO);
	refused(KTSTR_TRACER);
	refused(KTSTR_STARTED);
	refused(KTSTR_EXITED);
	assert_int_equal(
		watch_order_take(&order, KTSTR_EXITED, &not_executed, sizeof(exited), &err),
		-EPROTO);
	assert_int_equal(take(KTSTR_READY), 0);
	assert_int_equal(take(KTSTR_TRACER), 0);
	assert_int_equal(
		watch_order_take(&order, KTSTR_EXITED, &not_executed, sizeof(exited), &err), 0);
	refused(KTSTR_READY);
	/* An init that could not go on has its last words all the same. */
	LIFE(KTSTR_HELLO, KTSTR_LOG, KTSTR_KMSG, KTSTR_BYE);
}

static void a_limit_passes_while_the_payload_runs(void **state)
{
	(void)state;
	LIFE(KTSTR_HELLO, KTSTR_READY);
	refused(KTSTR_EXPIRED);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_EXPIRED, KTSTR_EXITED);
	refused(KTSTR_EXPIRED);
}

static void a_payload_fails_once_and_before_its_end(void **state)
{
	(void)state;
	LIFE(KTSTR_HELLO, KTSTR_READY);
	refused(KTSTR_FAILING);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_EXPIRED, KTSTR_FAILING);
	refused(KTSTR_FAILING);
	assert_int_equal(take(KTSTR_EXITED), 0);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_EXITED);
	refused(KTSTR_FAILING);
}

static void the_kernel_is_heard_while_the_payload_runs(void **state)
{
	(void)state;
	LIFE(KTSTR_HELLO, KTSTR_READY);
	refused(KTSTR_KERNEL);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_KERNEL, KTSTR_KERNEL, KTSTR_EXITED);
	refused(KTSTR_KERNEL);
}

static int take_metrics(const struct ktstr_file *metrics, uint32_t length)
{
	return watch_order_take(&order, KTSTR_METRICS, metrics, length, &err);
}

static void the_words_of_ktstr_work_come_once_while_the_payload_runs(void **state)
{
	static const char words[KTSTR_WORK_MAX + 1];

	(void)state;
	LIFE(KTSTR_HELLO, KTSTR_READY);
	refused(KTSTR_WORK);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED);
	assert_int_equal(watch_order_take(&order, KTSTR_WORK, words, sizeof(words), &err), -EPROTO);
	assert_int_equal(watch_order_take(&order, KTSTR_WORK, words, sizeof(words) - 1, &err), 0);
	refused(KTSTR_WORK);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_EXITED);
	refused(KTSTR_WORK);
}

static int take_own_words(uint32_t part, uint32_t text_size)
{
	static struct {
		struct ktstr_own_words head;
		char text[KTSTR_OWN_WORDS_MAX + 1];
	} words;

	words.head.part = part;
	return watch_order_take(&order, KTSTR_OWN_WORDS, &words,
				(uint32_t)sizeof(words.head) + text_size, &err);
}

static void each_part_of_own_words_comes_once(void **state)
{
	(void)state;
	LIFE(KTSTR_HELLO);
	assert_int_equal(take_own_words(0, 0), -EPROTO);
	LIFE(KTSTR_HELLO, KTSTR_READY);
	for (uint32_t part = KTSTR_WORDS_NR; part-- > 0;) {
		assert_false(watch_order_has_own_words(&order));
		assert_int_equal(take_own_words(part, part ? KTSTR_OWN_WORDS_MAX : 0), 0);
	}
	assert_true(watch_order_has_own_words(&order));
	assert_int_equal(take_own_words(2, 0), -EPROTO);
	assert_non_null(strstr(err.text, "second time"));
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_EXITED);
	assert_int_equal(take_own_words(KTSTR_WORDS_NR, 0), -EPROTO);
	assert_int_equal(take_own_words(UINT32_MAX, 0), -EPROTO);
	assert_int_equal(take_own_words(1, KTSTR_OWN_WORDS_MAX + 1), -EPROTO);
	assert_int_equal(take_own_words(1, UINT32_MAX), -EPROTO);
	assert_int_equal(take_own_words(1, 1), 0);
}

static int take_setup(struct ktstr_setup setup)
{
	return watch_order_take(&order, KTSTR_SETUP, &setup, sizeof(setup), &err);
}

static void a_setup_fails_once_and_instead_of_the_payload(void **state)
{
	(void)state;
	LIFE(KTSTR_HELLO);
	order.nr_setup = 2;
	assert_int_equal(take_setup((struct ktstr_setup){ .value = 1 }), -EPROTO);
	LIFE(KTSTR_HELLO, KTSTR_READY);
	/* One that there is not. */
	assert_int_equal(take_setup((struct ktstr_setup){ .value = 1 }), -EPROTO);
	order.nr_setup = 2;
	assert_int_equal(take_setup((struct ktstr_setup){ .index = 2 }), -EPROTO);
	assert_int_equal(take_setup((struct ktstr_setup){ .kind = KTSTR_EXIT_EXEC + 1 }), -EPROTO);
	assert_int_equal(take_setup((struct ktstr_setup){ .value = 4096 }), -EPROTO);
	assert_int_equal(take_setup((struct ktstr_setup){ .index = 1, .value = 1 }), 0);
	assert_int_equal(take_setup((struct ktstr_setup){ .index = 1, .value = 1 }), -EPROTO);
	refused(KTSTR_STARTED);
	refused(KTSTR_EXITED);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED);
	order.nr_setup = 2;
	assert_int_equal(take_setup((struct ktstr_setup){ .value = 1 }), -EPROTO);
}

static void metrics_come_once_while_the_payload_runs(void **state)
{
	const struct ktstr_file good = { .state = KTSTR_FILE_UNREAD };
	const struct ktstr_file bad = { .state = KTSTR_FILE_UNREAD + 1 };
	const uint32_t least = sizeof(good), most = least + KTSTR_METRICS_MAX;

	(void)state;
	LIFE(KTSTR_HELLO, KTSTR_READY);
	refused(KTSTR_METRICS);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED);
	assert_int_equal(take_metrics(&good, least - 1), -EPROTO);
	assert_int_equal(take_metrics(&good, most + 1), -EPROTO);
	assert_int_equal(take_metrics(&bad, least), -EPROTO);
	assert_int_equal(take_metrics(&good, most), 0);
	refused(KTSTR_METRICS);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED);
	assert_int_equal(take_metrics(&good, least), 0);
	LIFE(KTSTR_HELLO, KTSTR_READY, KTSTR_STARTED, KTSTR_EXITED);
	refused(KTSTR_METRICS);
}

static void a_machine_at_its_ready_point_has_said_so(void **state)
{
	(void)state;
	watch_order_init(&order, false, true);
	refused(KTSTR_HELLO);
	refused(KTSTR_READY);
	assert_int_equal(take(KTSTR_HEARTBEAT), 0);
	assert_int_equal(take(KTSTR_STARTED), 0);
	assert_int_equal(take(KTSTR_EXITED), 0);
	assert_int_equal(take(KTSTR_BYE), 0);
}

static void lengths_are_held_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_FIXED; i++) {
		const uint32_t wrong[] = { 0, fixed[i].length - 1, fixed[i].length + 1,
					   KTSTR_FRAME_MAX };

		watch_order_init(&order, true, false);
		if (fixed[i].type != KTSTR_HELLO)
			assert_int_equal(take(KTSTR_HELLO), 0);
		if (fixed[i].type != KTSTR_HELLO && fixed[i].type != KTSTR_READY)
			assert_int_equal(take(KTSTR_READY), 0);
		if (fixed[i].type == KTSTR_FAILING)
			assert_int_equal(take(KTSTR_STARTED), 0);
		for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
			struct watch_order was = order;

			assert_int_equal(watch_order_take(&order, fixed[i].type, fixed[i].payload,
							  wrong[w], &err),
					 -EPROTO);
			assert_non_null(strstr(err.text, "bytes, expected"));
			assert_memory_equal(&order, &was, sizeof(was));
		}
	}
}

static void unknown_types_are_none(void **state)
{
	static const uint16_t unknown[] = { 0,		 23,	    63, KTSTR_KEYS, KTSTR_RESIZE,
					    KTSTR_STDIN, UINT16_MAX };

	(void)state;
	LIFE(KTSTR_HELLO);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(take(unknown[i]), -EPROTO);
		assert_non_null(strstr(err.text, "unknown type"));
	}
}

static void a_release_is_no_path(void **state)
{
	struct ktstr_hello other = hello;

	(void)state;
	strcpy(other.release, "../6.12");
	assert_int_equal(watch_order_take(&order, KTSTR_HELLO, &other, sizeof(other), &err),
			 -EPROTO);
	assert_string_equal(err.text, "a kernel release with a slash in it");
	assert_false(order.hello);
}

static void an_init_of_another_build_is_told(void **state)
{
	struct ktstr_hello other = hello;

	(void)state;
	other.version++;
	assert_int_equal(watch_order_take(&order, KTSTR_HELLO, &other, sizeof(other), &err),
			 -EPROTO);
	assert_non_null(strstr(err.text, "protocol version"));
	assert_false(order.hello);
}

static void a_tracer_speaks_when_there_is_one(void **state)
{
	struct ktstr_tracer word = { 0 };

	(void)state;
	LIFE(KTSTR_HELLO, KTSTR_READY);
	for (uint32_t said = KTSTR_TRACER_READY; said <= KTSTR_TRACER_FAILED; said++) {
		word.state = said;
		assert_int_equal(watch_order_take(&order, KTSTR_TRACER, &word, sizeof(word), &err),
				 0);
	}
	word.state = KTSTR_TRACER_FAILED + 1;
	assert_int_equal(watch_order_take(&order, KTSTR_TRACER, &word, sizeof(word), &err),
			 -EPROTO);
	assert_string_equal(err.text, "tracer state 3");
	watch_order_init(&order, false, true);
	assert_int_equal(take(KTSTR_TRACER), -EPROTO);
	assert_non_null(strstr(err.text, "not asked for"));
}

static void a_payloads_end_is_one_that_there_can_be(void **state)
{
	static const struct {
		struct ktstr_exited end;
		bool started;
		int ret;
	} cases[] = {
		{ { .kind = KTSTR_EXIT_STATUS, .value = 255 }, true, 0 },
		{ { .kind = KTSTR_EXIT_STATUS, .value = 256 }, true, -EPROTO },
		{ { .kind = KTSTR_EXIT_STATUS, .value = UINT32_MAX }, true, -EPROTO },
		{ { .kind = KTSTR_EXIT_SIGNAL, .value = 9 }, true, 0 },
		{ { .kind = KTSTR_EXIT_TIMEOUT }, true, 0 },
		{ { .kind = KTSTR_EXIT_EXEC + 1 }, true, -EPROTO },
		/* Who was never there has no status; but that its exec failed can be told. */
		{ { .kind = KTSTR_EXIT_STATUS }, false, -EPROTO },
		{ { .kind = KTSTR_EXIT_SIGNAL, .value = 9 }, false, -EPROTO },
		{ { .kind = KTSTR_EXIT_TIMEOUT }, false, -EPROTO },
		{ { .kind = KTSTR_EXIT_EXEC, .value = ENOENT }, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LIFE(KTSTR_HELLO, KTSTR_READY);
		if (cases[i].started)
			assert_int_equal(take(KTSTR_STARTED), 0);
		assert_int_equal(watch_order_take(&order, KTSTR_EXITED, &cases[i].end,
						  sizeof(cases[i].end), &err),
				 cases[i].ret);
		assert_int_equal(order.exited, !cases[i].ret);
	}
	/* It does not start after that. */
	refused(KTSTR_STARTED);
}

static int sched(uint32_t state, uint32_t flags)
{
	const struct ktstr_sched report = { .state = state, .flags = flags };

	return watch_order_take(&order, KTSTR_SCHED, &report, sizeof(report), &err);
}

static void a_scheduler_has_a_life_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(take(KTSTR_HELLO), 0);
	assert_int_equal(take(KTSTR_READY), 0);
	assert_int_equal(sched(KTSTR_SCHED_ATTACHED, 0), -EPROTO);
	order.scheduler = true;
	assert_int_equal(sched(KTSTR_SCHED_ENDED, 0), -EPROTO);
	assert_int_equal(sched(7, 0), -EPROTO);
	assert_int_equal(sched(KTSTR_SCHED_ATTACHED, 0x100), -EPROTO);
	assert_int_equal(take(KTSTR_SCHED_TEXT), 0);
	assert_int_equal(sched(KTSTR_SCHED_ATTACHED, 0), 0);
	assert_int_equal(sched(KTSTR_SCHED_ATTACHED, 0), -EPROTO);
	assert_int_equal(sched(KTSTR_SCHED_FAILED, 0), -EPROTO);
	assert_int_equal(take(KTSTR_SCHED_KERNEL), 0);
	assert_int_equal(take(KTSTR_STARTED), 0);
	assert_int_equal(take(KTSTR_SCHED_KERNEL), -EPROTO);
	assert_int_equal(sched(KTSTR_SCHED_ENDED, KTSTR_SCHED_STOPPED), 0);
	assert_int_equal(sched(KTSTR_SCHED_ENDED, 0), -EPROTO);
	/* The payload wants others. */
	assert_int_equal(sched(KTSTR_SCHED_FAILED, 0), 0);
	assert_int_equal(sched(KTSTR_SCHED_ENDED, 0), -EPROTO);
	assert_int_equal(sched(KTSTR_SCHED_ATTACHED, 0), 0);
	assert_int_equal(sched(KTSTR_SCHED_ATTACHED, 0), -EPROTO);
	assert_int_equal(sched(KTSTR_SCHED_ENDED, KTSTR_SCHED_STOPPED), 0);
	assert_int_equal(take(KTSTR_EXITED), 0);
	assert_int_equal(take(KTSTR_SCHED_TEXT), -EPROTO);
}

static void without_its_scheduler_no_payload_starts(void **state)
{
	(void)state;
	assert_int_equal(take(KTSTR_HELLO), 0);
	assert_int_equal(take(KTSTR_READY), 0);
	order.scheduler = true;
	assert_int_equal(sched(KTSTR_SCHED_FAILED, 0), 0);
	assert_int_equal(sched(KTSTR_SCHED_ATTACHED, 0), -EPROTO);
	assert_int_equal(take(KTSTR_STARTED), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_whole_life, set_up),
		cmocka_unit_test_setup(nothing_comes_before_hello, set_up),
		cmocka_unit_test_setup(a_release_is_no_path, set_up),
		cmocka_unit_test_setup(each_once, set_up),
		cmocka_unit_test_setup(ready_comes_first, set_up),
		cmocka_unit_test_setup(a_limit_passes_while_the_payload_runs, set_up),
		cmocka_unit_test_setup(a_payload_fails_once_and_before_its_end, set_up),
		cmocka_unit_test_setup(the_kernel_is_heard_while_the_payload_runs, set_up),
		cmocka_unit_test_setup(each_part_of_own_words_comes_once, set_up),
		cmocka_unit_test_setup(metrics_come_once_while_the_payload_runs, set_up),
		cmocka_unit_test_setup(a_setup_fails_once_and_instead_of_the_payload, set_up),
		cmocka_unit_test_setup(the_words_of_ktstr_work_come_once_while_the_payload_runs,
				       set_up),
		cmocka_unit_test_setup(a_machine_at_its_ready_point_has_said_so, set_up),
		cmocka_unit_test_setup(lengths_are_held_to, set_up),
		cmocka_unit_test_setup(unknown_types_are_none, set_up),
		cmocka_unit_test_setup(an_init_of_another_build_is_told, set_up),
		cmocka_unit_test_setup(a_tracer_speaks_when_there_is_one, set_up),
		cmocka_unit_test_setup(a_scheduler_has_a_life_of_its_own, set_up),
		cmocka_unit_test_setup(without_its_scheduler_no_payload_starts, set_up),
		cmocka_unit_test_setup(a_payloads_end_is_one_that_there_can_be, set_up),
	};

	return cmocka_run_group_tests_name("watch order", tests, NULL, NULL);
}
