/* What tasks did, out of traces made by hand whose totals were counted by hand. */
#include <stdlib.h>

#include "trace/tasks.h"
#include "trace_writer.h"

struct bench {
	struct trace_writer writer;
	struct trace_events events;
	struct trace_tasks tasks;
};

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	writer_start(&bench->writer);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	trace_tasks_free(&bench->tasks);
	trace_events_free(&bench->events);
	free(bench);
	return 0;
}

static void read_bench(struct bench *bench)
{
	struct failure failure = { "" };

	if (trace_events_read(&bench->events, bench->writer.bytes, bench->writer.pb.used,
			      &failure) ||
	    trace_tasks_read(&bench->events, &bench->tasks, &failure))
		fail_msg("%s", failure.text);
}

static const struct trace_task *find(const struct bench *bench, const char *name)
{
	const struct trace_task *task =
		trace_tasks_find(&bench->events, &bench->tasks, 0, name, 0, UINT64_MAX);

	assert_non_null(task);
	return task;
}

/* The @nr-th span of a task. */
static const struct task_span *span_of(const struct bench *bench, const struct trace_task *task,
				       size_t nr)
{
	assert_true(nr < task->nr_spans);
	return &bench->tasks.spans[task->first + nr];
}

#define assert_span(span, what, from, to)                                                          \
	do {                                                                                       \
		assert_int_equal((span)->doing, what);                                             \
		assert_int_equal((span)->from_ns, from);                                           \
		assert_int_equal((span)->to_ns, to);                                               \
	} while (0)

#define assert_sums(bench, task, from, to, runs, waits, sleeps)                                    \
	do {                                                                                       \
		uint64_t sums[TASK_DOINGS];                                                        \
		trace_tasks_sums(&(bench)->tasks, task, from, to, sums);                           \
		assert_int_equal(sums[TASK_RUNS], runs);                                           \
		assert_int_equal(sums[TASK_WAITS], waits);                                         \
		assert_int_equal(sums[TASK_SLEEPS], sleeps);                                       \
	} while (0)

/* CPU 0 has a hog, which keeps a client waiting; CPU 1 a waker. */
static void starved(struct bench *bench)
{
	struct trace_writer *writer = &bench->writer;

	writer_cpu(writer, 0);
	writer_switch(writer, 1000, "swapper/0", 0, 0, "client", 50);
	writer_switch(writer, 1300, "client", 50, 1, "hog", 60);
	writer_switch(writer, 9000, "hog", 60, 0x100, "client", 50);
	writer_switch(writer, 9400, "client", 50, 0, "hog", 60);
	writer_cpu_end(writer);
	writer_cpu(writer, 1);
	writer_switch(writer, 1100, "swapper/1", 0, 0, "waker", 70);
	writer_wake(writer, 2000, 20, 70, "client", 50, 0);
	writer_switch(writer, 2500, "waker", 70, 2, "swapper/1", 0);
	writer_wake(writer, 10000, 20, 0, "waker", 70, 1);
	writer_cpu_end(writer);
	read_bench(bench);
}

/* 0x80 is the tracepoint's for idle, and the kernel's own for dead: the others show whose it is. */
static void test_dead_or_idle(void **state)
{
	for (int is_raw = 0; is_raw < 2; is_raw++) {
		struct bench *bench = *state;
		struct trace_writer *writer = &bench->writer;

		writer_cpu(writer, 0);
		writer_switch(writer, 1000, "swapper/0", 0, 0, "kworker", 9);
		writer_switch(writer, 1100, "kworker", 9, is_raw ? 0x402 : 0x80, "ends", 50);
		writer_switch(writer, 1200, "ends", 50, is_raw ? 0x80 : 0x10, "swapper/0", 0);
		writer_switch(writer, 1300, "swapper/0", 0, 0, "kworker", 9);
		writer_cpu_end(writer);
		read_bench(bench);
		assert_int_equal(span_of(bench, find(bench, "kworker"), 1)->letter, 'I');
		/* It is nothing any more. */
		assert_int_equal(find(bench, "ends")->nr_spans, 1);
		teardown(state);
		setup(state);
	}
}

static void test_starved(void **state)
{
	struct bench *bench = *state;
	const struct trace_task *client, *hog, *waker;
	const struct task_span *span;
	uint64_t ns;

	starved(bench);
	assert_int_equal(bench->tasks.nr_tasks, 3);
	client = find(bench, "client");
	assert_int_equal(client->pid, 50);
	assert_int_equal(client->nr_spans, 5);
	assert_span(span_of(bench, client, 0), TASK_RUNS, 1000, 1300);
	span = span_of(bench, client, 1);
	assert_span(span, TASK_SLEEPS, 1300, 2000);
	assert_int_equal(span->letter, 'S');
	span = span_of(bench, client, 2);
	assert_span(span, TASK_WAITS, 2000, 9000);
	assert_int_equal(span->cpu, 0);
	assert_int_equal(span->by, 70);
	assert_string_equal(trace_events_name(&bench->events, span->by_comm), "waker");
	assert_false(span->is_preempted);
	assert_false(span->is_open);
	assert_span(span_of(bench, client, 3), TASK_RUNS, 9000, 9400);
	span = span_of(bench, client, 4);
	assert_span(span, TASK_WAITS, 9400, 10000);
	assert_true(span->is_preempted);
	assert_true(span->is_open);
	assert_int_equal(span->by, 60);

	hog = find(bench, "hog");
	assert_int_equal(trace_tasks_ran_most(&bench->tasks, 0, 2000, 9000, &ns) == hog, 1);
	assert_int_equal(ns, 7000);
	assert_ptr_equal(trace_tasks_ran_most(&bench->tasks, 0, 1000, 1350, &ns), client);
	assert_int_equal(ns, 300);
	assert_null(trace_tasks_ran_most(&bench->tasks, 1, 2500, 10000, &ns));

	/* All of it, and cut in the middle of spans. */
	assert_sums(bench, client, 0, UINT64_MAX, 700, 7600, 700);
	assert_sums(bench, client, 1200, 2001, 100, 1, 700);
	assert_sums(bench, hog, 0, UINT64_MAX, 8300, 400, 0);
	waker = find(bench, "waker");
	assert_sums(bench, waker, 0, UINT64_MAX, 1400, 0, 7500);
	assert_int_equal(span_of(bench, waker, 1)->letter, 'D');
}

static void test_before_the_first_event(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	const struct task_span *span;

	writer_cpu(writer, 0);
	writer_switch(writer, 1000, "swapper/0", 0, 0, "first", 1);
	writer_switch(writer, 2000, "runner", 2, 0x100, "late", 3); /* of another CPU, as it were */
	writer_wake(writer, 3000, 20, 3, "sleeper", 4, 0);
	writer_cpu_end(writer);
	read_bench(bench);
	/* Who leaves a CPU has run, who is woken has slept; what ran first may have done anything.
	 */
	span = span_of(bench, find(bench, "runner"), 0);
	assert_span(span, TASK_RUNS, 1000, 2000);
	assert_true(span->is_older);
	span = span_of(bench, find(bench, "sleeper"), 0);
	assert_span(span, TASK_SLEEPS, 1000, 3000);
	assert_true(span->is_older);
	assert_int_equal(find(bench, "late")->nr_spans, 1);
	assert_span(span_of(bench, find(bench, "late"), 0), TASK_RUNS, 2000, 3000);
	assert_null(trace_tasks_find(&bench->events, &bench->tasks, 0, "nobody", 0, UINT64_MAX));
	assert_null(trace_tasks_find(&bench->events, &bench->tasks, 5, NULL, 0, UINT64_MAX));
}

static void test_woken_while_it_goes_to_sleep(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	const struct trace_task *task;
	const struct task_span *span;

	writer_cpu(writer, 0);
	writer_switch(writer, 1000, "swapper/0", 0, 0, "t", 5);
	writer_switch(writer, 2000, "t", 5, 1, "swapper/0", 0);
	writer_switch(writer, 2100, "swapper/0", 0, 0, "t", 5);
	/* Woken before it slept, and then it did not: what comes next is a sleep. */
	writer_switch(writer, 3000, "t", 5, 1, "swapper/0", 0);
	writer_cpu_end(writer);
	writer_cpu(writer, 1);
	writer_wake(writer, 1900, 20, 9, "t", 5, 0);
	writer_wake(writer, 2500, 20, 9, "t", 5, 0);
	writer_wake(writer, 3500, 20, 8, "t", 5, 1);
	writer_wake(writer, 3600, 20, 8, "end", 99, 1);
	writer_cpu_end(writer);
	read_bench(bench);
	task = find(bench, "t");
	span = span_of(bench, task, 1);
	assert_span(span, TASK_WAITS, 2000, 2100);
	assert_int_equal(span->by, 9);
	span = span_of(bench, task, 3);
	assert_span(span, TASK_SLEEPS, 3000, 3500);
	span = span_of(bench, task, 4);
	assert_int_equal(span->doing, TASK_WAITS);
	assert_int_equal(span->by, 8);
	assert_int_equal(span->cpu, 1);
}

static void test_moved_while_it_waits(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	const struct trace_task *task;
	const struct task_span *span;

	writer_cpu(writer, 2);
	writer_switch(writer, 1000, "swapper/2", 0, 0, "other", 6);
	writer_wake(writer, 1500, 20, 6, "t", 5, 2);
	writer_event(writer, 4000, 6, 491);
	writer_text(writer, 1, "t");
	pb_uint(&writer->pb, 2, 5);
	pb_uint(&writer->pb, 4, 2);
	pb_uint(&writer->pb, 5, 3);
	writer_event_end(writer);
	writer_cpu_end(writer);
	writer_cpu(writer, 3);
	writer_switch(writer, 5000, "swapper/3", 0, 0, "t", 5);
	writer_cpu_end(writer);
	read_bench(bench);
	task = find(bench, "t");
	span = span_of(bench, task, 1);
	assert_span(span, TASK_WAITS, 1500, 5000);
	assert_int_equal(span->cpu, 3);
	assert_int_equal(span->on_cpu_from_ns, 4000);
	assert_int_equal(task->moves, 1);
}

static void test_a_pid_that_is_given_again(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;

	writer_cpu(writer, 0);
	writer_switch(writer, 1000, "swapper/0", 0, 0, "old", 5);
	writer_switch(writer, 2000, "old", 5, 0x10, "swapper/0", 0);
	writer_wake(writer, 7000, 114, 1, "new", 5, 0);
	writer_switch(writer, 7500, "swapper/0", 0, 0, "new", 5);
	writer_switch(writer, 8000, "new", 5, 1, "swapper/0", 0);
	writer_cpu_end(writer);
	read_bench(bench);
	assert_int_equal(bench->tasks.nr_tasks, 2);
	/* Nothing is told of one that is dead, or not yet made. */
	assert_sums(bench, find(bench, "old"), 0, UINT64_MAX, 1000, 0, 0);
	assert_sums(bench, find(bench, "new"), 0, UINT64_MAX, 500, 500, 0);
	/* By pid: the one that was there at the time. */
	assert_ptr_equal(trace_tasks_find(&bench->events, &bench->tasks, 5, NULL, 0, 3000),
			 find(bench, "old"));
	assert_ptr_equal(trace_tasks_find(&bench->events, &bench->tasks, 5, NULL, 7000, 9000),
			 find(bench, "new"));
}

/* A ring that has lost its oldest events: what follows is all that there is of this CPU. */
static void writer_lossy_cpu(struct trace_writer *writer, unsigned int cpu)
{
	writer_cpu(writer, cpu);
	pb_uint(&writer->pb, 3, 1);
}

static void test_each_ring_begins_at_its_own_time(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	const struct task_span *span;
	struct wake_latencies wakes;

	writer_cpu(writer, 0);
	writer_switch(writer, 1000, "t", 5, 1, "swapper/0", 0);
	writer_wake(writer, 2000, 20, 0, "w", 6, 1);
	writer_wake(writer, 8500, 20, 0, "late", 7, 0);
	/* Nobody is seen to wake it: who did stands in what CPU 1 has lost, or in none. */
	writer_switch(writer, 9000, "swapper/0", 0, 0, "t", 5);
	writer_switch(writer, 9100, "t", 5, 1, "swapper/0", 0);
	writer_wake(writer, 9500, 20, 0, "w", 6, 1);
	writer_cpu_end(writer);
	writer_lossy_cpu(writer, 1);
	writer_switch(writer, 7000, "swapper/1", 0, 0, "hog", 8);
	writer_switch(writer, 9400, "hog", 8, 0x100, "one", 9);
	writer_switch(writer, 9600, "two", 10, 0x100, "w", 6);
	writer_cpu_end(writer);
	writer_cpu(writer, 2);
	writer_switch(writer, 4000, "early", 11, 1, "swapper/2", 0);
	writer_cpu_end(writer);
	read_bench(bench);
	span = span_of(bench, find(bench, "t"), 0);
	assert_span(span, TASK_SLEEPS, 1000, 9000);
	assert_int_equal(span->letter, 'S');
	assert_true(span->is_cut);
	/* It has run and slept where nothing is left of it. */
	span = span_of(bench, find(bench, "w"), 0);
	assert_span(span, TASK_WAITS, 2000, 9500);
	assert_true(span->is_cut);
	span = span_of(bench, find(bench, "w"), 1);
	assert_span(span, TASK_WAITS, 9500, 9600);
	assert_false(span->is_cut);
	/* It may have run on CPU 1 before that is seen. */
	span = span_of(bench, find(bench, "late"), 0);
	assert_span(span, TASK_SLEEPS, 7000, 8500);
	/* And this one on others before it came here, where it leaves in the first event. */
	assert_span(span_of(bench, find(bench, "two"), 0), TASK_RUNS, 7000, 9600);
	span = span_of(bench, find(bench, "early"), 0);
	assert_span(span, TASK_SLEEPS, 4000, 9600);
	assert_int_equal(trace_tasks_wakes(&bench->tasks, NULL, &wakes), 0);
	assert_int_equal(wakes.count, 1);
	assert_int_equal(wakes.max_ns, 100);
}

static void test_what_is_lost_leaves_nothing_known(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	const struct trace_task *task;

	writer_cpu(writer, 0);
	writer_switch(writer, 1000, "t", 5, 1, "swapper/0", 0);
	writer_wake(writer, 3000, 20, 0, "s", 6, 0);
	writer_cpu_end(writer);
	writer_lossy_cpu(writer, 1);
	writer_cpu_end(writer);
	writer_cpu(writer, 2);
	writer_switch(writer, 500, "swapper/2", 0, 0, "a", 7);
	/* It got CPU 2 out of sight, while it seemed to sleep. */
	writer_switch(writer, 4000, "t", 5, 1, "swapper/2", 0);
	writer_cpu_end(writer);
	read_bench(bench);
	task = find(bench, "s");
	assert_int_equal(task->nr_spans, 1);
	assert_span(span_of(bench, task, 0), TASK_WAITS, 3000, 4000);
	task = find(bench, "t");
	assert_span(span_of(bench, task, 0), TASK_SLEEPS, 1000, 4000);
	assert_true(span_of(bench, task, 0)->is_cut);
}

static void writer_number(struct trace_writer *writer, uint64_t ns, uint32_t number,
			  uint32_t pid_field, int32_t pid)
{
	writer_event(writer, ns, 1, number);
	pb_uint(&writer->pb, pid_field, (uint64_t)pid);
	writer_event_end(writer);
}

/* Its end was not seen. */
static void test_a_pid_whose_end_is_lost(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;

	writer_cpu(writer, 0);
	writer_switch(writer, 1000, "swapper/0", 0, 0, "old", 5);
	writer_switch(writer, 2000, "old", 5, 1, "swapper/0", 0);
	writer_number(writer, 6000, 235, 1, 5);
	writer_wake(writer, 7000, 114, 1, "new", 5, 0);
	writer_switch(writer, 7500, "swapper/0", 0, 0, "new", 5);
	writer_switch(writer, 8000, "new", 5, 1, "swapper/0", 0);
	/* Where that was not told either. */
	writer_wake(writer, 9000, 114, 1, "third", 5, 0);
	writer_switch(writer, 9100, "swapper/0", 0, 0, "third", 5);
	writer_switch(writer, 9200, "third", 5, 1, "swapper/0", 0);
	writer_number(writer, 9300, 240, 2, 5);
	writer_switch(writer, 9400, "swapper/0", 0, 0, "other", 6);
	writer_cpu_end(writer);
	read_bench(bench);
	assert_int_equal(bench->tasks.nr_tasks, 4);
	assert_sums(bench, find(bench, "old"), 0, UINT64_MAX, 1000, 0, 4000);
	assert_true(span_of(bench, find(bench, "old"), 1)->is_cut);
	assert_sums(bench, find(bench, "new"), 0, UINT64_MAX, 500, 500, 1000);
	assert_sums(bench, find(bench, "third"), 0, UINT64_MAX, 100, 100, 100);
}

static void test_wake_latencies(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	struct wake_latencies wakes;

	/* 200 wake-ups of 1, 2, ... 200 ns, a sleep between; and one that is preempted for long. */
	writer_cpu(writer, 0);
	for (unsigned int i = 1; i <= 200; i++) {
		const uint64_t at = 1000000 + i * 1000;

		writer_wake(writer, at, 20, 0, "w", 7, 0);
		writer_switch(writer, at + i, "swapper/0", 0, 0, "w", 7);
		writer_switch(writer, at + 500, "w", 7, i == 150 ? 0x100 : 1, "swapper/0", 0);
		if (i == 150) {
			writer_switch(writer, at + 900, "swapper/0", 0, 0, "w", 7);
			writer_switch(writer, at + 950, "w", 7, 1, "swapper/0", 0);
		}
	}
	writer_wake(writer, 2000000, 20, 0, "w", 7, 0);
	writer_cpu_end(writer);
	read_bench(bench);
	assert_int_equal(trace_tasks_wakes(&bench->tasks, find(bench, "w"), &wakes), 0);
	assert_int_equal(wakes.count, 200);
	assert_int_equal(wakes.p50_ns, 100);
	assert_int_equal(wakes.p99_ns, 198);
	assert_int_equal(wakes.max_ns, 200);
	assert_int_equal(trace_tasks_wakes(&bench->tasks, NULL, &wakes), 0);
	assert_int_equal(wakes.count, 200);
}

/* On any trace: no task does two things at a time, and no CPU runs two. */
static void test_nothing_twice(void **state)
{
	struct bench *bench = *state;
	struct trace_writer *writer = &bench->writer;
	uint64_t seed = 7, ran = 0;

	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		uint64_t ns = 1000;
		int32_t on = 0;

		writer_cpu(writer, cpu);
		for (unsigned int i = 0; i < 1000; i++) {
			int32_t next;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			/* Each CPU's own tasks, and what idles. */
			next = (seed >> 60) % 4 ? (int32_t)(cpu * 4 + (seed >> 60) % 4 + 100) : 0;
			ns += seed >> 54;
			if (seed >> 33 & 1)
				writer_wake(writer, ns, 20, on, "a", (int32_t)(cpu * 4 + 101), cpu);
			if (next == on)
				continue;
			ran += on ? ns : 0;
			ran -= next ? ns : 0;
			writer_switch(writer, ns, "a", on, (int64_t)(seed >> 40 & 1), "a", next);
			on = next;
		}
		/* All end at the same moment. */
		ran += on ? 1000000 : 0;
		writer_switch(writer, 1000000, "a", on, 0, "a", 0);
		writer_cpu_end(writer);
	}
	read_bench(bench);
	for (size_t i = 0; i < bench->tasks.nr_tasks; i++) {
		const struct trace_task *task = &bench->tasks.tasks[i];
		uint64_t sums[TASK_DOINGS];

		for (size_t j = 1; j < task->nr_spans; j++)
			assert_true(span_of(bench, task, j - 1)->to_ns <=
				    span_of(bench, task, j)->from_ns);
		trace_tasks_sums(&bench->tasks, task, 0, UINT64_MAX, sums);
		ran -= sums[TASK_RUNS];
	}
	assert_int_equal(ran, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dead_or_idle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_starved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before_the_first_event, setup, teardown),
		cmocka_unit_test_setup_teardown(test_woken_while_it_goes_to_sleep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_while_it_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_pid_that_is_given_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_ring_begins_at_its_own_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_what_is_lost_leaves_nothing_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_pid_whose_end_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wake_latencies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_twice, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
