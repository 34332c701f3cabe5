/*
 * Is the task that a failure names looked up in the trace, and is what it did said right? Traces
 * are made by hand; who names is any of those who can.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/quote.h"
#include "trace_writer.h"

#define S(s) ((uint64_t)((s)*1e9 + 0.5))

struct bench {
	struct trace_writer writer;
	struct observation seen;
	struct quote quote;
	char path[64];
	char *text;
};

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	assert_int_equal(observation_init(&bench->seen), 0);
	writer_start(&bench->writer);
	bench->seen.guest_started_ns = S(10);
	strcpy(bench->path, "/tmp/test_quote.XXXXXX");
	close(mkstemp(bench->path));
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	unlink(bench->path);
	bench->seen.inside.machine = NULL;
	observation_destroy(&bench->seen);
	free(bench->text);
	free(bench);
	return 0;
}

/* From 11.020 s on a client waits for CPU 3, where rt-hog runs, and another one for 100 ms. */
static void starve(struct bench *bench, bool lost)
{
	struct trace_writer *writer = &bench->writer;

	writer_cpu(writer, 3);
	if (lost)
		pb_uint(&writer->pb, 3, 1);
	writer_switch(writer, S(10.5), "swapper/3", 0, 0, "client/2", 213);
	writer_switch(writer, S(10.6), "client/2", 213, 1, "rt-hog", 200);
	writer_switch(writer, S(12.0), "rt-hog", 200, 0x100, "other", 300);
	writer_switch(writer, S(12.1), "other", 300, 1, "rt-hog", 200);
	writer_switch(writer, S(13.134), "rt-hog", 200, 0x100, "client/2", 213);
	writer_switch(writer, S(13.2), "client/2", 213, 2, "rt-hog", 200);
	writer_cpu_end(writer);
	writer_cpu(writer, 1);
	writer_switch(writer, S(11), "swapper/1", 0, 0, "waker", 77);
	writer_wake(writer, S(11.02), 20, 77, "client/2", 213, 3);
	writer_switch(writer, S(14), "waker", 77, 1, "swapper/1", 0);
	writer_cpu_end(writer);
}

static void take(struct bench *bench)
{
	FILE *file = fopen(bench->path, "w");
	size_t size;

	assert_non_null(file);
	assert_int_equal(fwrite(bench->writer.bytes, 1, bench->writer.pb.used, file),
			 bench->writer.pb.used);
	assert_int_equal(fclose(file), 0);
	quote_take(&bench->quote, &bench->seen, bench->path, true, NULL);
	free(bench->text);
	file = open_memstream(&bench->text, &size);
	assert_non_null(file);
	report_quote_text(file, &bench->quote, "trace");
	assert_int_equal(fclose(file), 0);
}

static void work_says(struct bench *bench, const char *line)
{
	memset(&bench->seen.work, 0, sizeof(bench->seen.work));
	work_said_take(&bench->seen.work, line, strlen(line));
}

static void test_a_wait_that_ktstr_work_names(void **state)
{
	struct bench *bench = *state;

	starve(bench, false);
	work_says(bench, "failed a check\ntask 213 11020050000 2113900000 client/2\n");
	take(bench);
	assert_string_equal(
		bench->text,
		"  trace: client/2 (pid 213) waited on CPU 3 behind rt-hog (pid 200) for 2.114 s,\n"
		"    from 1.020 s after the payload's start on; that one ran for 2.014 s of it; woken while waker (pid 77) ran\n");
	assert_string_equal(bench->quote.state, "waiting");
	assert_int_equal(bench->quote.from_ns, S(1.02));
	assert_int_equal(bench->quote.for_ns, S(2.114));
	assert_int_equal(bench->quote.behind_ns, S(2.014));
	assert_false(bench->quote.is_longer);
}

static void test_what_else_it_may_have_done(void **state)
{
	struct bench *bench = *state;

	starve(bench, true);
	/* Before the payload's start; nothing is known of what came before the trace. */
	work_says(bench, "task 213 10500000000 90000000 client/2\n");
	take(bench);
	assert_string_equal(
		bench->text,
		"  trace: client/2 (pid 213) ran on CPU 3 for 0.100 s,\n"
		"    from 0.500 s after the payload's start on; events of CPU 3 are missing\n");
	work_says(bench, "task 213 13300000000 600000000 client/2\n");
	take(bench);
	assert_string_equal(bench->text,
			    "  trace: client/2 (pid 213) slept (D) for at least 0.800 s,\n"
			    "    from 3.200 s after the payload's start on\n");
	bench->seen.guest_started_ns = S(11);
	work_says(bench, "task 213 10500000000 90000000 client/2\n");
	take(bench);
	assert_non_null(strstr(bench->text, "from 0.500 s before the payload's start on"));
}

static void test_a_task_that_is_not_there(void **state)
{
	struct bench *bench = *state;

	starve(bench, false);
	work_says(bench, "task 99 11000000000 1000000000 gone/0\n");
	take(bench);
	assert_string_equal(bench->text, "  trace: nothing of gone/0 (pid 99): it neither ran "
					 "nor was woken in the 3.5 s that the trace has\n");
	/* There, and not then. */
	work_says(bench, "task 213 1000000000 1000000000 client/2\n");
	take(bench);
	assert_non_null(strstr(bench->text, "nothing is known of that time"));
	/* A trace that is none, and none at all. */
	strcpy((char *)bench->writer.bytes, "{}");
	take(bench);
	assert_non_null(strstr(bench->text, ": trace: this is no Perfetto trace"));
	quote_take(&bench->quote, &bench->seen, "/nonexistent", true, NULL);
	assert_non_null(strstr(bench->quote.why, "cannot be opened: No such file"));
	quote_take(&bench->quote, &bench->seen, NULL, true, NULL);
	assert_string_equal(bench->quote.why, "there is no trace");
	quote_take(&bench->quote, &bench->seen, NULL, false, NULL);
	assert_non_null(strstr(bench->quote.why, "--record-mib"));
	quote_take(&bench->quote, &bench->seen, NULL, true, "the rings do not fit");
	assert_string_equal(bench->quote.why, "the rings do not fit");
	/* An empty file. */
	assert_int_equal(truncate(bench->path, 0), 0);
	quote_take(&bench->quote, &bench->seen, bench->path, true, NULL);
	assert_non_null(strstr(bench->quote.why, "it is empty"));
}

static void test_a_trace_that_is_cut_off(void **state)
{
	struct bench *bench = *state;

	starve(bench, false);
	/* In the middle of a packet behind all of that. */
	writer_cpu(&bench->writer, 1);
	writer_wake(&bench->writer, S(15), 20, 77, "client/2", 213, 3);
	writer_cpu_end(&bench->writer);
	bench->writer.pb.used -= 4;
	work_says(bench, "task 213 11020050000 2113900000 client/2\n");
	take(bench);
	assert_non_null(strstr(bench->text, "(pid 200) for 2.114 s"));
	assert_non_null(strstr(bench->text, "; the trace is cut off\n"));
}

static void test_too_many_events(void **state)
{
	struct failure failure = { "" };
	struct bench *bench = *state;
	struct trace_events events;

	starve(bench, false);
	assert_int_equal(trace_events_read_most(&events, bench->writer.bytes, bench->writer.pb.used,
						9, &failure),
			 0);
	trace_events_free(&events);
	assert_int_equal(trace_events_read_most(&events, bench->writer.bytes, bench->writer.pb.used,
						8, &failure),
			 -E2BIG);
	assert_non_null(strstr(failure.text, "more than 8 events"));
	trace_events_free(&events);
}

static void test_others_who_name(void **state)
{
	struct bench *bench = *state;
	struct inspect_machine machine = { .nr_longest = 1 };
	struct named named;

	assert_false(named_find(&bench->seen, &named));
	quote_take(&bench->quote, &bench->seen, NULL, true, NULL);
	assert_null(bench->quote.by);

	/* Up to the end of the trace, at 14 s. */
	machine.longest[0] = (struct waiting){ .by = WAIT_QUEUED, .waited_ns = S(0.9) };
	machine.longest[0].task.pid = 200;
	strcpy(machine.longest[0].task.comm, "rt-hog");
	bench->seen.inside.machine = &machine;
	starve(bench, false);
	take(bench);
	assert_string_equal(bench->quote.by, "run queue");
	assert_non_null(strstr(bench->text, "rt-hog (pid 200) ran on CPU 3 for at least 0.800 s"));
	/* Behind one of which it is only known when it ran last. */
	machine.longest[1] = machine.longest[0];
	machine.longest[0] = (struct waiting){ .by = WAIT_LAST_RAN, .waited_ns = S(9) };
	machine.nr_longest = 2;
	assert_true(named_find(&bench->seen, &named));
	assert_int_equal(named.pid, 200);
	machine.longest[0] = machine.longest[1];
	machine.nr_longest = 1;
	machine.longest[0].waited_ns = S(0.4);
	assert_false(named_find(&bench->seen, &named));
	machine.longest[0] = (struct waiting){ .by = WAIT_LAST_RAN, .waited_ns = S(9) };
	assert_false(named_find(&bench->seen, &named));

	strcpy(bench->seen.scheduler.message, "cli[ent]/2[213] failed to run for 2.100s");
	bench->seen.scheduler.end.end_ns = S(13.1);
	take(bench);
	assert_string_equal(bench->quote.by, "sched_ext");
	assert_int_equal(bench->quote.from_ns, S(1.02));
	assert_true(named_find(&bench->seen, &named));
	assert_string_equal(named.task, "cli[ent]/2");
	assert_int_equal(named.for_ns, S(2.1));

	/* Who measures knows best. */
	work_says(bench, "task 77 1 2 waker\n");
	assert_true(named_find(&bench->seen, &named));
	assert_string_equal(named.by, "ktstr-work");
}

static void test_what_names_nobody(void **state)
{
	static const char *const lines[] = {
		"task\n",	   "task 1\n",
		"task 1 2 3\n",	   "task 1 2 3 \n",
		"task -1 2 3 a\n", "task 0 2 3 a\n",
		"task x 2 3 a\n",  "tasks 1 2 3 a\n",
		" task 1 2 3 a\n", "task 1 99999999999999999999 3 a\n",
		"task 1  2 3 a\n",
	};
	static const char *const messages[] = {
		"",
		"213] failed to run for 2.1s",
		"a[] failed to run for 2.1s",
		"a[x] failed to run for 2.1s",
		"a[0] failed to run for 2.1s",
		"a[99999999999] failed to run for 2.1s",
		"a[1] failed to run for s",
		"a[1] failed to run for -1s",
		"a[1] failed to run for nan",
		"a[1] failed to run for 1e300",
	};
	struct bench *bench = *state;
	struct named named;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		work_says(bench, lines[i]);
		if (named_find(&bench->seen, &named))
			fail_msg("'%s' names %s", lines[i], named.task);
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		strcpy(bench->seen.scheduler.message, messages[i]);
		if (named_find(&bench->seen, &named))
			fail_msg("'%s' names %s", messages[i], named.task);
	}
	/* The first line counts; a name may be long, and hold anything. */
	work_says(bench, "task 5 1 2 \x1b[2J a b\ntask 6 1 2 c\n");
	assert_true(named_find(&bench->seen, &named));
	assert_int_equal(named.pid, 5);
	assert_string_equal(named.task, "?[2J a b");
}

/* What is said of the @nr-th span of a task. */
static void say(struct bench *bench, int32_t pid, size_t nr)
{
	struct trace_tasks tasks = { .spans = NULL };
	struct failure failure = { "" };
	const struct trace_task *task;
	struct trace_events events;
	FILE *file;
	size_t size;

	assert_int_equal(
		trace_events_read(&events, bench->writer.bytes, bench->writer.pb.used, &failure),
		0);
	assert_int_equal(trace_tasks_read(&events, &tasks, &failure), 0);
	task = trace_tasks_find(&events, &tasks, pid, NULL, 0, UINT64_MAX);
	assert_non_null(task);
	assert_true(nr < task->nr_spans);
	bench->quote = (struct quote){ .by = "trace" };
	quote_span(&bench->quote, &tasks.spans[task->first + nr], S(10), &events, &tasks);
	trace_tasks_free(&tasks);
	trace_events_free(&events);
	free(bench->text);
	file = open_memstream(&bench->text, &size);
	assert_non_null(file);
	report_quote_text(file, &bench->quote, "trace");
	assert_int_equal(fclose(file), 0);
}

/* It is moved to CPU 1 when it has waited for 2 s: who runs on CPU 1 before then is not before it.
 */
static void test_the_queue_that_it_is_in_last(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;

	writer_cpu(writer, 0);
	writer_wake(writer, S(10), 20, 0, "t", 5, 0);
	writer_event(writer, S(12), 0, 491);
	pb_uint(&writer->pb, 2, 5);
	pb_uint(&writer->pb, 4, 0);
	pb_uint(&writer->pb, 5, 1);
	writer_event_end(writer);
	writer_cpu_end(writer);
	writer_cpu(writer, 1);
	writer_switch(writer, S(9), "swapper/1", 0, 0, "before", 6);
	writer_switch(writer, S(12.5), "before", 6, 0x100, "hog", 7);
	writer_switch(writer, S(14), "hog", 7, 0x100, "t", 5);
	writer_cpu_end(writer);
	say(bench, 5, 1);
	assert_non_null(strstr(bench->text, "t (pid 5) waited on CPU 1 behind hog (pid 7) for "
					    "4.000 s,\n"));
	assert_non_null(strstr(bench->text,
			       "; there for the last 2.000 s; that one ran for 1.500 s of it"));
}

static void test_a_cpu_of_which_nothing_is_known(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	size_t packet, system;

	packet = pb_begin(&writer->pb, 1);
	system = pb_begin(&writer->pb, PACKET_SYSTEM_INFO);
	pb_uint(&writer->pb, 8, 4); /* num_cpus */
	pb_end(&writer->pb, system);
	pb_end(&writer->pb, packet);
	writer_cpu(writer, 0);
	writer_switch(writer, S(10), "w", 4, 1, "swapper/0", 0);
	writer_wake(writer, S(11), 20, 0, "idle", 5, 0);
	writer_wake(writer, S(11), 20, 0, "blind", 6, 1);
	writer_wake(writer, S(11), 20, 0, "none", 7, 2);
	writer_switch(writer, S(13), "swapper/0", 0, 0, "idle", 5);
	writer_cpu_end(writer);
	writer_cpu(writer, 1);
	writer_switch(writer, S(12), "swapper/1", 0, 0, "x", 8);
	writer_switch(writer, S(12), "x", 8, 0, "swapper/1", 0);
	writer_cpu_end(writer);
	writer_cpu(writer, 3);
	writer_switch(writer, S(13), "swapper/3", 0, 0, "y", 9);
	writer_cpu_end(writer);
	say(bench, 5, 1);
	assert_non_null(strstr(bench->text, "idle (pid 5) waited on CPU 0, where nothing else "
					    "ran, for 2.000 s"));
	/* Of the first second there nothing is known; of CPU 2 nothing at all. */
	say(bench, 6, 1);
	assert_non_null(strstr(bench->text, "waited on CPU 1 for at least 2.000 s"));
	assert_non_null(
		strstr(bench->text,
		       "; the trace does not show what ran there; the trace has nothing of CPU 2"));
	say(bench, 7, 1);
	assert_non_null(
		strstr(bench->text,
		       "; the trace does not show what ran there; the trace has nothing of CPU 2"));
}

/* It may have run on another CPU, whose events of then are lost. */
static void test_what_another_cpu_has_lost(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;

	writer_cpu(writer, 0);
	writer_switch(writer, S(10), "swapper/0", 0, 0, "t", 5);
	writer_switch(writer, S(11), "t", 5, 1, "swapper/0", 0);
	writer_switch(writer, S(13.499), "swapper/0", 0, 0, "t", 5);
	writer_switch(writer, S(14), "t", 5, 1, "swapper/0", 0);
	writer_cpu_end(writer);
	writer_cpu(writer, 1);
	pb_uint(&writer->pb, 3, 1);
	writer_switch(writer, S(13.5), "a", 6, 1, "swapper/1", 0);
	writer_cpu_end(writer);
	say(bench, 5, 1);
	assert_string_equal(bench->text, "  trace: t (pid 5) slept (S) for at most 2.499 s,\n"
					 "    from 1.000 s on; what ended it is not in the trace; "
					 "events of CPU 1 are missing\n");
	/* While it ran it was nowhere else. */
	say(bench, 5, 0);
	assert_null(strstr(bench->text, "missing"));
}

static void test_any_time(void **state)
{
	struct quote quote = {
		.by = "trace",
		.state = "sleeping",
		.letter = 'S',
		.has_start = true,
		.from_ns = INT64_MIN,
		.for_ns = 1000000000,
		.is_longer = true,
		.nr_missing = 1,
		.missing_cpu = 1,
	};
	struct bench *bench = *state;
	size_t size;
	FILE *file = open_memstream(&bench->text, &size);

	assert_non_null(file);
	report_quote_text(file, &quote, "trace");
	assert_int_equal(fclose(file), 0);
	assert_non_null(strstr(bench->text, "from 9223372036.855 s before the payload's start on"));
	/* Who woke it may have done so on the other CPU. */
	assert_non_null(strstr(bench->text, "slept (S) or waited for at least 1.000 s,"));
}

static void test_json(void **state)
{
	struct bench *bench = *state;
	struct json json = json_begin();
	struct json_object *value, *quote, *part;

	starve(bench, false);
	work_says(bench, "task 213 11020050000 2113900000 client/2\n");
	take(bench);
	report_quote_json(&json, &bench->quote);
	value = json_end(&json);
	assert_non_null(value);
	quote = json_object_object_get(value, "quote");
	assert_string_equal(json_object_get_string(json_object_object_get(quote, "named_by")),
			    "ktstr-work");
	assert_string_equal(json_object_get_string(json_object_object_get(quote, "state")),
			    "waiting");
	assert_int_equal(json_object_get_int(json_object_object_get(quote, "cpu")), 3);
	assert_string_equal(json_object_get_string(json_object_object_get(quote, "from_s")),
			    "1.020000");
	part = json_object_object_get(quote, "behind");
	assert_int_equal(json_object_get_int(json_object_object_get(part, "pid")), 200);
	assert_null(json_object_object_get(quote, "why"));
	json_object_put(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_wait_that_ktstr_work_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_else_it_may_have_done, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_task_that_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_who_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_names_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_queue_that_it_is_in_last, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_cpu_of_which_nothing_is_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_what_another_cpu_has_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_trace_that_is_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
