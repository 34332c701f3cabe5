/* Does the decoder find in a trace what was written into it, and refuse what is none, by name? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace/events.h"
#include "trace/pb_read.h"
#include "trace_writer.h"

static int setup(void **state)
{
	struct trace_writer *writer = malloc(sizeof(*writer));

	assert_non_null(writer);
	writer_start(writer);
	*state = writer;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* The trace in memory of just its size, so that a read beyond it is seen. */
static int read_events(const void *bytes, size_t size, struct trace_events *events,
		       struct failure *failure)
{
	void *copy = malloc(size ? size : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	ret = trace_events_read(events, copy, size, failure);
	free(copy);
	return ret;
}

static void read_whole(const struct trace_writer *writer, struct trace_events *events)
{
	struct failure failure = { "" };
	int ret = read_events(writer->bytes, writer->pb.used, events, &failure);

	if (ret)
		fail_msg("%d: %s", ret, failure.text);
}

static void refused(const void *bytes, size_t size, int code, const char *words)
{
	struct failure failure = { "" };
	struct trace_events events;
	int ret = read_events(bytes, size, &events, &failure);

	if (ret != code || !strstr(failure.text, words))
		fail_msg("wanted %d '%s', it is %d '%s'", code, words, ret, failure.text);
	trace_events_free(&events);
}

static void refused_writer(const struct trace_writer *writer, int code, const char *words)
{
	refused(writer->bytes, writer->pb.used, code, words);
}

#define assert_name(events, name, text) assert_string_equal(trace_events_name(events, name), text)

static void test_varints(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int ret;
		uint64_t value;
	} cases[] = {
		{ "\0", 1, 0, 0 },
		{ "\x7f", 1, 0, 127 },
		{ "\x80\x01", 2, 0, 128 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, 0, UINT64_MAX },
		/* A bit too much, one byte too many, none. */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, -EBADMSG, 7 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, -EBADMSG, 7 },
		{ "\xff\xff", 2, -EBADMSG, 7 },
		{ "", 0, -EBADMSG, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *at = (const uint8_t *)cases[i].bytes;
		struct pb_reader reader = { at, at + cases[i].size };
		uint64_t value = 7;

		assert_int_equal(pb_varint(&reader, &value), cases[i].ret);
		assert_int_equal(value, cases[i].value);
		assert_ptr_equal(reader.at, cases[i].ret ? at : reader.end);
	}
}

static void test_fields(void **state)
{
	/* A varint, eight bytes, four bytes, a text; then nothing. */
	static const uint8_t bytes[] = { 0x08, 0x05, 0x11, 1, 2, 3, 4,	  5,	6,   7,
					 8,    0x1d, 1,	   2, 3, 4, 0x22, 0x02, 'h', 'i' };
	struct pb_reader reader = { bytes, bytes + sizeof(bytes) };
	struct pb_field field;

	(void)state;
	assert_int_equal(pb_next(&reader, &field), 1);
	assert_int_equal(field.number, 1);
	assert_int_equal(field.value, 5);
	assert_int_equal(pb_next(&reader, &field), 1);
	assert_int_equal(field.value, 0x0807060504030201);
	assert_int_equal(pb_next(&reader, &field), 1);
	assert_int_equal(field.value, 0x04030201);
	assert_int_equal(pb_next(&reader, &field), 1);
	assert_int_equal(field.number, 4);
	assert_int_equal(field.bytes.end - field.bytes.at, 2);
	assert_memory_equal(field.bytes.at, "hi", 2);
	assert_int_equal(pb_next(&reader, &field), 0);
}

static void test_what_is_no_field(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{ "\x00\x01", 2 },					  /* field 0 */
		{ "\x0b", 1 },						  /* a group */
		{ "\x0f", 1 },						  /* wire type 7 */
		{ "\x09\x01\x02", 3 },					  /* 8 bytes, 2 there */
		{ "\x0d\x01\x02", 3 },					  /* 4 bytes, 2 there */
		{ "\x0a\x03hi", 4 },					  /* 3 bytes, 2 there */
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hi", 13 }, /* 2^64 - 1 bytes */
		{ "\xf8\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", 11 },	  /* a number of 61 bits */
		{ "\x08", 1 },						  /* no value */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *at = (const uint8_t *)cases[i].bytes;
		struct pb_reader reader = { at, at + cases[i].size };
		struct pb_field field;

		assert_int_equal(pb_next(&reader, &field), -EBADMSG);
	}
}

static void test_events_of_each_type(void **state)
{
	struct trace_writer *writer = *state;
	struct trace_events events;
	const struct sched_event *event;

	writer_cpu(writer, 3);
	writer_switch(writer, 1000, "prev", 10, 0x2, "next", 11);
	writer_wake(writer, 1100, 20, 11, "sleeper", 12, 2);
	writer_wake(writer, 1150, 17, 11, "sleeper", 12, 2);
	writer_wake(writer, 1200, 114, 11, "newborn", 13, 1);
	writer_event(writer, 1300, 11, 491); /* sched_migrate_task */
	writer_text(writer, 1, "mover");
	pb_uint(&writer->pb, 2, 14);
	pb_uint(&writer->pb, 3, 49);
	pb_uint(&writer->pb, 4, 3);
	pb_uint(&writer->pb, 5, 0);
	writer_event_end(writer);
	writer_event(writer, 1400, 11, 235); /* task_newtask */
	pb_uint(&writer->pb, 1, 15);
	writer_text(writer, 2, "thread");
	pb_uint(&writer->pb, 3, 0x10f00);
	writer_event_end(writer);
	writer_event(writer, 1500, 11, 239); /* sched_process_fork */
	writer_text(writer, 1, "mother");
	pb_uint(&writer->pb, 2, 11);
	writer_text(writer, 3, "child");
	pb_uint(&writer->pb, 4, 16);
	writer_event_end(writer);
	writer_event(writer, 1600, 16, 237); /* sched_process_exec */
	writer_text(writer, 1, "/bin/sh");
	pb_uint(&writer->pb, 2, 16);
	pb_uint(&writer->pb, 3, 17);
	writer_event_end(writer);
	writer_event(writer, 1700, 16, 236); /* task_rename */
	pb_uint(&writer->pb, 1, 16);
	writer_text(writer, 2, "old");
	writer_text(writer, 3, "new");
	writer_event_end(writer);
	writer_event(writer, 1800, 16, 238); /* sched_process_exit */
	writer_text(writer, 1, "new");
	pb_uint(&writer->pb, 2, 16);
	pb_uint(&writer->pb, 4, 130);
	writer_event_end(writer);
	writer_event(writer, 1900, 0, 240); /* sched_process_free */
	writer_text(writer, 1, "new");
	pb_uint(&writer->pb, 2, 16);
	pb_uint(&writer->pb, 3, 130);
	writer_event_end(writer);
	writer_event(writer, 2000, 0, 321); /* none of the scheduler's */
	writer_event_end(writer);
	writer_cpu_end(writer);

	read_whole(writer, &events);
	assert_int_equal(events.nr_events, 11);
	assert_int_equal(events.first_ns, 1000);
	assert_int_equal(events.last_ns, 1900);
	assert_int_equal(events.cpus, 4);
	event = events.events;
	for (size_t i = 0; i < events.nr_events; i++)
		assert_int_equal(event[i].cpu, 3);

	assert_int_equal(event->type, TRACE_SWITCH);
	assert_int_equal(event->ns, 1000);
	assert_int_equal(event->pid, 11);
	assert_int_equal(event->other_pid, 10);
	assert_int_equal(event->current, 10);
	assert_int_equal(event->prev_state, 2);
	assert_int_equal(event->prio, 120);
	assert_name(&events, event->comm, "next");
	assert_name(&events, event->other_comm, "prev");
	event++;
	assert_int_equal(event->type, TRACE_WAKING);
	assert_int_equal(event->pid, 12);
	assert_int_equal(event->current, 11);
	assert_int_equal(event->target_cpu, 2);
	assert_name(&events, event->comm, "sleeper");
	event++;
	assert_int_equal(event->type, TRACE_WAKEUP);
	/* Each name is there once. */
	assert_int_equal(event->comm, event[-1].comm);
	event++;
	assert_int_equal(event->type, TRACE_WAKEUP_NEW);
	assert_int_equal(event->target_cpu, 1);
	event++;
	assert_int_equal(event->type, TRACE_MIGRATE);
	assert_int_equal(event->pid, 14);
	assert_int_equal(event->prio, 49);
	assert_int_equal(event->from_cpu, 3);
	assert_int_equal(event->target_cpu, 0);
	event++;
	assert_int_equal(event->type, TRACE_NEWTASK);
	assert_int_equal(event->pid, 15);
	assert_int_equal(event->current, 11);
	assert_int_equal(event->clone_flags, 0x10f00);
	assert_name(&events, event->comm, "thread");
	event++;
	assert_int_equal(event->type, TRACE_FORK);
	assert_int_equal(event->pid, 16);
	assert_int_equal(event->other_pid, 11);
	assert_name(&events, event->comm, "child");
	assert_name(&events, event->other_comm, "mother");
	event++;
	assert_int_equal(event->type, TRACE_EXEC);
	assert_int_equal(event->pid, 16);
	assert_int_equal(event->other_pid, 17);
	assert_name(&events, event->comm, "/bin/sh");
	event++;
	assert_int_equal(event->type, TRACE_RENAME);
	assert_name(&events, event->comm, "new");
	assert_name(&events, event->other_comm, "old");
	event++;
	assert_int_equal(event->type, TRACE_EXIT);
	assert_int_equal(event->prio, 130);
	event++;
	assert_int_equal(event->type, TRACE_FREE);
	assert_int_equal(event->pid, 16);
	trace_events_free(&events);
}

/* The column @field of compact events. */
static void column(struct trace_writer *writer, uint32_t field, size_t nr, const uint64_t *numbers)
{
	uint8_t space[256];
	struct pb pb = { .data = space, .size = sizeof(space) };

	/* A field's number and what it holds: only the latter is taken. */
	for (size_t i = 0; i < nr; i++) {
		uint8_t one[16];
		struct pb number = { .data = one, .size = sizeof(one) };

		pb_uint(&number, 1, numbers[i]);
		memcpy(space + pb.used, one + 1, number.used - 1);
		pb.used += number.used - 1;
	}
	pb_string(&writer->pb, field, (const char *)space, pb.used);
}

#define COLUMN(writer, field, ...)                                                                 \
	column(writer, field, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),              \
	       (uint64_t[]){ __VA_ARGS__ })

static void test_compact(void **state)
{
	struct trace_writer *writer = *state;
	const struct sched_event *event;
	struct trace_events events;
	size_t compact;

	writer_cpu(writer, 1);
	compact = pb_begin(&writer->pb, 4);
	COLUMN(writer, 1, 5000, 100, 100);
	COLUMN(writer, 2, 1, 0x100, 2);
	COLUMN(writer, 3, 20, 21, 0);
	COLUMN(writer, 4, 120, 98, 120);
	writer_text(writer, 5, "twenty");
	writer_text(writer, 5, "one-and-twenty");
	writer_text(writer, 5, "swapper/1");
	COLUMN(writer, 6, 0, 1, 2);
	COLUMN(writer, 7, 5050, 200);
	COLUMN(writer, 8, 21, 20);
	COLUMN(writer, 9, 1, 3);
	COLUMN(writer, 10, 98, 120);
	COLUMN(writer, 11, 1, 0);
	pb_end(&writer->pb, compact);
	writer_cpu_end(writer);

	read_whole(writer, &events);
	assert_int_equal(events.nr_events, 5);
	event = events.events;
	assert_int_equal(event[0].type, TRACE_SWITCH);
	assert_int_equal(event[0].ns, 5000);
	assert_int_equal(event[0].pid, 20);
	/* Nobody was seen to get the CPU before. */
	assert_int_equal(event[0].other_pid, -1);
	assert_int_equal(event[0].prev_state, 1);
	assert_int_equal(event[1].type, TRACE_WAKING);
	assert_int_equal(event[1].ns, 5050);
	assert_int_equal(event[1].pid, 21);
	assert_int_equal(event[1].current, 20);
	assert_int_equal(event[1].target_cpu, 1);
	assert_int_equal(event[1].prio, 98);
	assert_int_equal(event[2].ns, 5100);
	assert_int_equal(event[2].pid, 21);
	assert_int_equal(event[2].other_pid, 20);
	assert_int_equal(event[2].prev_state, 0x100);
	assert_name(&events, event[2].comm, "one-and-twenty");
	assert_name(&events, event[2].other_comm, "twenty");
	assert_int_equal(event[3].ns, 5200);
	assert_int_equal(event[3].other_pid, 21);
	assert_int_equal(event[4].type, TRACE_WAKING);
	assert_int_equal(event[4].ns, 5250);
	assert_int_equal(event[4].current, 0);
	trace_events_free(&events);
}

/* @field gets @numbers; the others are as they should be. */
static void compact_with(struct trace_writer *writer, uint32_t field, size_t nr,
			 const uint64_t *numbers)
{
	static const uint64_t two[] = { 0, 0 };
	size_t compact;

	writer_start(writer);
	writer_cpu(writer, 1);
	compact = pb_begin(&writer->pb, 4);
	writer_text(writer, 5, "only");
	for (uint32_t i = 1; i < 12; i++) {
		if (i == 5)
			continue;
		if (i == field)
			column(writer, i, nr, numbers);
		else
			column(writer, i, 2, two);
	}
	pb_end(&writer->pb, compact);
	writer_cpu_end(writer);
}

static void test_compact_that_does_not_fit(void **state)
{
	struct trace_writer *writer = *state;
	struct trace_events events;
	size_t compact;

	compact_with(writer, 0, 0, NULL);
	read_whole(writer, &events);
	assert_int_equal(events.nr_events, 4);
	trace_events_free(&events);
	/* Too few of each column, and too many. */
	for (uint32_t field = 1; field < 12; field++) {
		if (field == 5)
			continue;
		compact_with(writer, field, 1, (const uint64_t[]){ 0 });
		refused_writer(writer, -EBADMSG, "do not fit together");
		compact_with(writer, field, 3, (const uint64_t[]){ 0, 0, 0 });
		refused_writer(writer, -EBADMSG, "do not fit together");
	}
	/* A name that is not in the table; a time beyond all times. */
	compact_with(writer, 6, 2, (const uint64_t[]){ 0, 1 });
	refused_writer(writer, -EBADMSG, "do not fit together");
	compact_with(writer, 11, 2, (const uint64_t[]){ UINT64_MAX, 0 });
	refused_writer(writer, -EBADMSG, "do not fit together");
	compact_with(writer, 1, 2, (const uint64_t[]){ UINT64_MAX, UINT64_MAX });
	refused_writer(writer, -EBADMSG, "later than a century");

	writer_start(writer);
	writer_cpu(writer, 1);
	compact = pb_begin(&writer->pb, 4);
	COLUMN(writer, 1, 5);
	COLUMN(writer, 1, 6);
	pb_end(&writer->pb, compact);
	writer_cpu_end(writer);
	refused_writer(writer, -EBADMSG, "comes twice");
	writer_start(writer);
	writer_cpu(writer, 1);
	compact = pb_begin(&writer->pb, 4);
	pb_uint(&writer->pb, 1, 5);
	pb_end(&writer->pb, compact);
	writer_cpu_end(writer);
	refused_writer(writer, -EBADMSG, "is not packed");
}

static void test_order(void **state)
{
	struct trace_writer *writer = *state;
	struct trace_events events;
	uint64_t seed = 1, sum = 0, added = 0;

	/* Packets of 17 CPUs, each in order, but for every 50th event. */
	for (unsigned int packet = 0; packet < 200; packet++) {
		const unsigned int cpu = packet % 17;

		writer_cpu(writer, cpu);
		for (unsigned int i = 0; i < 50; i++) {
			uint64_t ns = (packet / 17) * 1000000 + i * 20000 + 1;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			ns += seed >> 50;
			if (i == 49)
				ns -= 500000;
			writer_switch(writer, ns, "a", (int32_t)packet, 0, "b", (int32_t)i);
			sum += ns;
		}
		writer_cpu_end(writer);
	}
	read_whole(writer, &events);
	assert_int_equal(events.nr_events, 10000);
	assert_int_equal(events.disordered, 200);
	for (size_t i = 0; i < events.nr_events; i++) {
		added += events.events[i].ns;
		if (i)
			assert_true(events.events[i - 1].ns <= events.events[i].ns);
	}
	assert_int_equal(added, sum);
	trace_events_free(&events);

	/* At one moment they stay as they were. */
	writer_start(writer);
	for (unsigned int cpu = 0; cpu < 5; cpu++) {
		writer_cpu(writer, cpu);
		for (unsigned int i = 0; i < 3; i++)
			writer_switch(writer, cpu == 2 ? 6 : 7, "a", 1, 0, "b",
				      (int32_t)(cpu * 3 + i));
		writer_cpu_end(writer);
	}
	read_whole(writer, &events);
	for (unsigned int i = 0; i < 15; i++)
		assert_int_equal(events.events[i].pid, i < 3 ? i + 6 : i < 9 ? i - 3 : i);
	trace_events_free(&events);
}

static int put_bytes(void *data, const void *bytes, size_t size, struct failure *failure)
{
	struct trace_writer *writer = data;

	(void)failure;
	assert_true(writer->pb.size - writer->pb.used >= size);
	memcpy(writer->bytes + writer->pb.used, bytes, size);
	writer->pb.used += size;
	return 0;
}

static void test_machine_marks_and_tasks(void **state)
{
	struct trace_writer *writer = *state;
	const struct trace_sink sink = { writer, put_bytes };
	const struct trace_machine machine = { .boottime_ns = 5000,
					       .realtime_ns = 1700000000000000000u,
					       .monotonic_ns = 4000,
					       .sysname = "Linux",
					       .version = "#1 SMP",
					       .release = "6.12.0",
					       .machine = "x86_64",
					       .cpus = 8 };
	struct trace_events events;
	size_t packet, tree, entry;

	assert_int_equal(trace_header(&sink, &machine, NULL), 0);
	packet = pb_begin(&writer->pb, 1);
	tree = pb_begin(&writer->pb, PACKET_PROCESS_TREE);
	entry = pb_begin(&writer->pb, 1);
	pb_uint(&writer->pb, 1, 100);
	pb_uint(&writer->pb, 2, 1);
	writer_text(writer, 3, "/bin/sh");
	writer_text(writer, 3, "-c");
	pb_uint(&writer->pb, 5, 1000);
	pb_end(&writer->pb, entry);
	entry = pb_begin(&writer->pb, 2);
	pb_uint(&writer->pb, 1, 101);
	writer_text(writer, 2, "worker");
	pb_uint(&writer->pb, 3, 100);
	pb_end(&writer->pb, entry);
	pb_end(&writer->pb, tree);
	pb_end(&writer->pb, packet);
	assert_int_equal(trace_marks_track(&sink, NULL), 0);
	assert_int_equal(trace_mark(&sink, 9000, "failure: it failed", NULL), 0);
	assert_int_equal(trace_mark(&sink, 6000, "payload starts", NULL), 0);
	/* Another track's instant, and another kind of event on ours, are no marks. */
	for (int other = 0; other < 2; other++) {
		packet = pb_begin(&writer->pb, 1);
		pb_uint(&writer->pb, PACKET_TIMESTAMP, 1);
		entry = pb_begin(&writer->pb, PACKET_TRACK_EVENT);
		pb_uint(&writer->pb, 9, other ? 3 : 1);
		pb_uint(&writer->pb, 11, other ? 7 : 0x6b74737472);
		writer_text(writer, 23, "no mark");
		pb_end(&writer->pb, entry);
		pb_end(&writer->pb, packet);
	}
	read_whole(writer, &events);
	assert_int_equal(events.nr_events, 0);
	assert_int_equal(events.clocks.boottime_ns, 5000);
	assert_int_equal(events.clocks.realtime_ns, 1700000000000000000);
	assert_int_equal(events.clocks.monotonic_ns, 4000);
	assert_int_equal(events.system_cpus, 8);
	assert_name(&events, events.sysname, "Linux");
	assert_name(&events, events.version, "#1 SMP");
	assert_name(&events, events.release, "6.12.0");
	assert_name(&events, events.machine, "x86_64");
	assert_int_equal(events.nr_processes, 1);
	assert_int_equal(events.processes[0].pid, 100);
	assert_int_equal(events.processes[0].ppid, 1);
	assert_int_equal(events.processes[0].uid, 1000);
	assert_name(&events, events.processes[0].command, "/bin/sh");
	assert_int_equal(events.nr_threads, 1);
	assert_int_equal(events.threads[0].tid, 101);
	assert_int_equal(events.threads[0].tgid, 100);
	assert_name(&events, events.threads[0].name, "worker");
	assert_int_equal(events.nr_marks, 2);
	assert_int_equal(events.marks[0].ns, 6000);
	assert_name(&events, events.marks[0].name, "payload starts");
	assert_int_equal(events.marks[1].ns, 9000);
	assert_name(&events, events.marks[1].name, "failure: it failed");
	trace_events_free(&events);
}

static void test_lost(void **state)
{
	struct trace_writer *writer = *state;
	struct trace_events events;

	for (int round = 0; round < 2; round++) {
		writer_cpu(writer, 1);
		pb_uint(&writer->pb, 3, 1);
		writer_switch(writer, (uint64_t)round * 1000 + 10, "a", 1, 0, "b", 2);
		writer_switch(writer, (uint64_t)round * 1000 + 20, "b", 2, 0, "a", 1);
		writer_cpu_end(writer);
	}
	read_whole(writer, &events);
	assert_int_equal(events.nr_lost, 2);
	assert_int_equal(events.lost[0].cpu, 1);
	assert_int_equal(events.lost[0].from_ns, 0);
	assert_int_equal(events.lost[0].to_ns, 20);
	assert_int_equal(events.lost[1].from_ns, 20);
	assert_int_equal(events.lost[1].to_ns, 1020);
	trace_events_free(&events);
}

/* A snapshot with BOOTTIME at 1000000, and @id at @ns. */
static void snapshot(struct trace_writer *writer, uint64_t id, uint64_t ns)
{
	size_t packet = pb_begin(&writer->pb, 1);
	size_t clocks = pb_begin(&writer->pb, PACKET_CLOCK_SNAPSHOT), entry;

	entry = pb_begin(&writer->pb, 1);
	pb_uint(&writer->pb, 1, 6);
	pb_uint(&writer->pb, 2, 1000000);
	pb_end(&writer->pb, entry);
	entry = pb_begin(&writer->pb, 1);
	pb_uint(&writer->pb, 1, id);
	pb_uint(&writer->pb, 2, ns);
	pb_end(&writer->pb, entry);
	pb_end(&writer->pb, clocks);
	pb_end(&writer->pb, packet);
}

static void one_event(struct trace_writer *writer, uint64_t clock, uint64_t ftrace_ns,
		      uint64_t boot_ns)
{
	writer_cpu(writer, 0);
	writer_switch(writer, 500, "a", 1, 0, "b", 2);
	pb_uint(&writer->pb, 5, clock);
	if (boot_ns) {
		pb_uint(&writer->pb, 6, ftrace_ns);
		pb_uint(&writer->pb, 7, boot_ns);
	}
	writer_cpu_end(writer);
}

static void test_other_clocks(void **state)
{
	struct trace_writer *writer = *state;
	const struct trace_sink sink = { writer, put_bytes };
	struct trace_events events;
	size_t packet, entry;

	/* Of the raw clock, and its snapshot behind it. */
	one_event(writer, 4, 0, 0);
	snapshot(writer, 5, 400000);
	read_whole(writer, &events);
	assert_int_equal(events.events[0].ns, 600500);
	trace_events_free(&events);
	/* Of the ring buffer's own, which is ahead. */
	writer_start(writer);
	one_event(writer, 2, 450, 150);
	read_whole(writer, &events);
	assert_int_equal(events.events[0].ns, 200);
	trace_events_free(&events);

	/* A mark in MONOTONIC. */
	writer_start(writer);
	assert_int_equal(trace_marks_track(&sink, NULL), 0);
	packet = pb_begin(&writer->pb, 1);
	pb_uint(&writer->pb, PACKET_TIMESTAMP, 42);
	pb_uint(&writer->pb, 58, 3);
	entry = pb_begin(&writer->pb, PACKET_TRACK_EVENT);
	pb_uint(&writer->pb, 9, 3);
	pb_uint(&writer->pb, 11, 0x6b74737472);
	pb_end(&writer->pb, entry);
	pb_end(&writer->pb, packet);
	refused_writer(writer, -ENOTSUP, "clock 3 (MONOTONIC)");
	snapshot(writer, 3, 999999);
	read_whole(writer, &events);
	assert_int_equal(events.marks[0].ns, 43);
	trace_events_free(&events);

	/* What nobody can know. */
	writer_start(writer);
	one_event(writer, 4, 0, 0);
	refused_writer(writer, -ENOTSUP, "clock 5 (MONOTONIC_RAW)");
	writer_start(writer);
	one_event(writer, 3, 0, 0);
	refused_writer(writer, -ENOTSUP, "ftrace's clock 3");
	writer_start(writer);
	one_event(writer, 2, 0, 0);
	refused_writer(writer, -ENOTSUP, "ftrace's clock 2");
}

static void test_what_is_no_trace(void **state)
{
	struct trace_writer *writer = *state;
	struct trace_events events;
	struct failure failure;
	size_t whole = 0, packet;

	refused("", 0, -ENODATA, "it is empty");
	refused("\x7f"
		"ELF",
		4, -EINVAL, "no Perfetto trace");
	refused("{\"traceEvents\":[]}", 18, -EINVAL, "no Perfetto trace");
	refused("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hi", 13, -ENODATA, "cut off");

	/* Cut off anywhere: what was there before is there. */
	for (int round = 0; round < 2; round++) {
		writer_cpu(writer, 0);
		writer_switch(writer, 10 + (uint64_t)round, "a", 1, 0, "b", 2);
		writer_cpu_end(writer);
		if (!round)
			whole = writer->pb.used;
	}
	for (size_t size = 1; size < writer->pb.used; size++) {
		if (size == whole)
			continue;
		assert_int_equal(read_events(writer->bytes, size, &events, &failure), -ENODATA);
		assert_int_equal(events.nr_events, size > whole);
		trace_events_free(&events);
	}
	/* And what is behind it. */
	memcpy(writer->bytes + writer->pb.used, "junk", 4);
	refused(writer->bytes, writer->pb.used + 4, -EINVAL, "is no packet");

	writer_start(writer);
	packet = pb_begin(&writer->pb, 1);
	pb_string(&writer->pb, 50, "\0", 1);
	pb_end(&writer->pb, packet);
	refused_writer(writer, -ENOTSUP, "compressed");
	writer_start(writer);
	writer_cpu(writer, 1024);
	writer_cpu_end(writer);
	refused_writer(writer, -EBADMSG, "beyond 1023");
	writer_start(writer);
	packet = pb_begin(&writer->pb, 1);
	pb_string(&writer->pb, 1, "", 0);
	pb_end(&writer->pb, packet);
	refused_writer(writer, -EBADMSG, "names no CPU");
	writer_start(writer);
	writer_cpu(writer, 0);
	pb_string(&writer->pb, 2, "\x22\x00", 2);
	writer_cpu_end(writer);
	refused_writer(writer, -EBADMSG, "has no time");
	writer_start(writer);
	writer_cpu(writer, 0);
	writer_event(writer, 1, 1, 4);
	pb_uint(&writer->pb, 1, 7);
	writer_event_end(writer);
	writer_cpu_end(writer);
	refused_writer(writer, -EBADMSG, "not of its kind");
}

static void test_states(void **state)
{
	static const struct {
		uint32_t bits;
		char letter;
	} cases[] = { { 0, 'R' },    { 0x100, 'R' }, { 1, 'S' },    { 2, 'D' },
		      { 4, 'T' },    { 8, 't' },     { 0x10, 'X' }, { 0x20, 'Z' },
		      { 0x40, 'P' }, { 0x80, 'I' },  { 0x402, 'I' } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(trace_state_letter(cases[i].bits), cases[i].letter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varints),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_what_is_no_field),
		cmocka_unit_test_setup_teardown(test_events_of_each_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compact_that_does_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_machine_marks_and_tasks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_clocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_trace, setup, teardown),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
