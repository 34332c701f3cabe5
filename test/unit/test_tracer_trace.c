/*
 * Is what comes out a Perfetto trace? Everything between a perf record and the file, judged by
 * protoc, which knows nothing of us.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/tracer/proctree.h"
#include "../../guest/tracer/recorder.h"
#include "../../guest/tracer/trace_file.h"
#include "tracer_samples.h"

static struct failure failure;

struct bench {
	char root[32];
	char path[64];
	struct trace trace;
	char *text; /* what protoc made of the trace */
};

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	strcpy(bench->root, "/tmp/trace.XXXXXX");
	assert_non_null(mkdtemp(bench->root));
	snprintf(bench->path, sizeof(bench->path), "%s/t.pb", bench->root);
	bench->trace.fd = -1;
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	char command[64];

	trace_close(&bench->trace);
	snprintf(command, sizeof(command), "rm -r %s", bench->root);
	free(bench->text);
	free(bench);
	return system(command);
}

/* Finish the trace and have protoc decode it. */
static const char *decoded(struct bench *bench)
{
	const size_t size = 32 << 20;
	char command[128];
	FILE *out;
	size_t got;

	if (trace_finish(&bench->trace, &failure))
		fail_msg("%s", failure.text);
	snprintf(command, sizeof(command), "protoc --decode_raw <%s", bench->path);
	out = popen(command, "r");
	assert_non_null(out);
	bench->text = malloc(size);
	assert_non_null(bench->text);
	got = fread(bench->text, 1, size - 1, out);
	bench->text[got] = '\0';
	assert_int_equal(pclose(out), 0);
	return bench->text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void contains(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%.4000s", what, text);
}

static int header_of(struct bench *bench, unsigned int cpus, struct failure *why)
{
	const struct trace_machine machine = {
		.boottime_ns = 3000000000,
		.realtime_ns = 1764000000000000000,
		.monotonic_ns = 2000000000,
		.sysname = "Linux",
		.version = "#1 SMP",
		.release = "6.12.0",
		.machine = "x86_64",
		.cpus = cpus,
	};

	return trace_header(&bench->trace.sink, &machine, why);
}

static void header(void **state)
{
	struct bench *bench = *state;
	const char *text;

	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
	assert_int_equal(access(bench->path, F_OK), -1);
	assert_int_equal(header_of(bench, 12, &failure), 0);
	text = decoded(bench);
	/* clock_snapshot: BOOTTIME, REALTIME, MONOTONIC; the primary one is BOOTTIME */
	assert_ptr_equal(strstr(text, "1 {\n  6 {\n    1 {\n      1: 6\n      2: 3000000000\n"),
			 text);
	contains(text, "    1 {\n      1: 1\n      2: 1764000000000000000\n");
	contains(text, "    1 {\n      1: 3\n      2: 2000000000\n");
	contains(text, "    2: 6\n  }\n  10: 1\n}\n");
	/* system_info: utsname, num_cpus */
	contains(text, "  45 {\n    1 {\n      1: \"Linux\"\n");
	contains(text, "    }\n    8: 12\n  }\n  10: 1\n}\n");
	assert_int_equal(access(bench->path, F_OK), 0);
}

/* Complete or absent: before trace_finish there is no such file, after trace_close nothing at all.
 */
static void unfinished(void **state)
{
	struct bench *bench = *state;
	char temporary[80];

	snprintf(temporary, sizeof(temporary), "%s.tmp", bench->path);
	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
	assert_int_equal(header_of(bench, 1, &failure), 0);
	assert_int_equal(access(temporary, F_OK), 0);
	assert_int_equal(access(bench->path, F_OK), -1);
	trace_close(&bench->trace);
	assert_int_equal(access(temporary, F_OK), -1);
	assert_int_equal(access(bench->path, F_OK), -1);
}

static void reserve(void **state)
{
	struct bench *bench = *state;
	struct stat st;

	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
	assert_int_equal(header_of(bench, 1, &failure), 0);
	assert_int_equal(trace_reserve(&bench->trace, 1 << 20, &failure), 0);
	decoded(bench);
	assert_int_equal(stat(bench->path, &st), 0);
	assert_true(st.st_size < 1024);
	assert_true(st.st_blocks * 512 < 65536);
}

static void refused_paths(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(trace_open(&bench->trace, "/dev/null", &failure), -EINVAL);
	assert_int_equal(trace_open(&bench->trace, bench->root, &failure), -EINVAL);
	assert_int_equal(trace_open(&bench->trace, "/nowhere/t.pb", &failure), -ENOENT);
	contains(failure.text, "/nowhere/t.pb");
}

static void disk_full(void **state)
{
	struct bench *bench = *state;
	static uint8_t body[SPOOL_SEGMENT_SIZE];
	const struct segment segment = { .used = sizeof(body) };
	int full;

	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
	/* The one file that is always full, in the place of ours. */
	full = open("/dev/full", O_WRONLY);
	assert_true(full >= 0);
	assert_int_equal(dup2(full, bench->trace.fd), bench->trace.fd);
	close(full);
	assert_int_equal(trace_bundle(&bench->trace.sink, segment.cpu, segment.lost, body,
				      segment.used, &failure),
			 -ENOSPC);
	contains(failure.text, bench->path);
	contains(failure.text, strerror(ENOSPC));
}

static void add_file(const char *root, const char *name, const char *text, size_t size)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
}

static void add_folder(const char *root, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void add_process(const char *root, unsigned int pid, const char *status, const char *cmdline,
			size_t size)
{
	char name[64], comm[64];

	snprintf(name, sizeof(name), "%u", pid);
	add_folder(root, name);
	snprintf(name, sizeof(name), "%u/task", pid);
	add_folder(root, name);
	snprintf(name, sizeof(name), "%u/task/%u", pid, pid);
	add_folder(root, name);
	snprintf(name, sizeof(name), "%u/status", pid);
	add_file(root, name, status, strlen(status));
	snprintf(name, sizeof(name), "%u/cmdline", pid);
	add_file(root, name, cmdline, size);
	snprintf(comm, sizeof(comm), "comm%u\n", pid);
	snprintf(name, sizeof(name), "%u/comm", pid);
	add_file(root, name, comm, strlen(comm));
	snprintf(name, sizeof(name), "%u/task/%u/comm", pid, pid);
	add_file(root, name, comm, strlen(comm));
}

static void process_tree(void **state)
{
	struct bench *bench = *state;
	char proc[48];
	const char *text;

	snprintf(proc, sizeof(proc), "%s/proc", bench->root);
	add_folder(bench->root, "proc");
	add_folder(proc, "self");
	add_folder(proc, "7"); /* vanished: nothing in it */
	add_process(proc, 42, "Name:\tx\nTgid:\t42\nPPid:\t1\nUid:\t1000\t1000\t1000\t1000\n",
		    "/bin/a\0-b\0\0", 11);
	add_folder(proc, "42/task/43");
	add_file(proc, "42/task/43/comm", "worker\n", 7);
	add_folder(proc, "42/task/44"); /* vanished */
	add_process(proc, 2, "Name:\tkthreadd\nPPid:\t0\nUid:\t0\t0\t0\t0\n", "", 0);
	add_process(proc, 9, "no line that we know", "unterminated", 12);

	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
	assert_int_equal(proctree_write(&bench->trace.sink, proc, &failure), 0);
	text = decoded(bench);
	assert_ptr_equal(strstr(text, "1 {\n  8: "), text);
	contains(text, "    1 {\n      1: 42\n      2: 1\n      3: \"/bin/a\"\n      3: \"-b\"\n"
		       "      3: \"\"\n      5: 1000\n    }\n");
	contains(text, "    2 {\n      1: 43\n      2: \"worker\"\n      3: 42\n    }\n");
	contains(text, "    2 {\n      1: 42\n      2: \"comm42\"\n      3: 42\n    }\n");
	/* A kernel thread has no command line, so it goes by its name. */
	contains(text, "    1 {\n      1: 2\n      2: 0\n      3: \"comm2\"\n      5: 0\n    }\n");
	contains(text, "    1 {\n      1: 9\n      3: \"unterminated\"\n    }\n");
	assert_int_equal(count(text, "\n    1 {\n"), 3);
	assert_int_equal(count(text, "\n    2 {\n"), 4);
	assert_int_equal(count(text, "\n  10: 1\n}\n"), 1);

	assert_int_equal(proctree_write(&bench->trace.sink, "/nowhere", &failure), -ENOENT);
}

/* More than fits into one packet, and the command lines that take the most room. */
static void many_processes(void **state)
{
	struct bench *bench = *state;
	char proc[48], zeros[2000] = { 0 }, what[32];
	const char *text;
	unsigned int pid;

	snprintf(proc, sizeof(proc), "%s/proc", bench->root);
	add_folder(bench->root, "proc");
	for (pid = 1; pid <= 60; pid++)
		add_process(proc, pid, "x\nPPid:\t1\nUid:\t0\n", zeros, sizeof(zeros));
	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
	assert_int_equal(proctree_write(&bench->trace.sink, proc, &failure), 0);
	text = decoded(bench);
	assert_true(count(text, "\n  10: 1\n}\n") > 4);
	for (pid = 1; pid <= 60; pid++) {
		snprintf(what, sizeof(what), "    1 {\n      1: %u\n", pid);
		assert_int_equal(count(text, what), 1);
	}
}

static void this_machine(void **state)
{
	struct bench *bench = *state;
	char what[64];

	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
	assert_int_equal(proctree_write(&bench->trace.sink, "/proc", &failure), 0);
	snprintf(what, sizeof(what), "      1: %d\n      2: \"", getpid());
	contains(decoded(bench), what);
}

/* A recorder with two CPUs, 1 and 300, whose rings we are. */
struct desk {
	struct tracepoint tps[2];
	struct ring ring[2];
	struct rings rings;
	struct spool spool;
	struct recorder recorder;
	char data[64];
};

static void desk_open(struct desk *desk, struct bench *bench, uint64_t spool_bytes)
{
	*desk = (struct desk){ .ring = { { .cpu = 1 }, { .cpu = 300 } } };
	desk->rings = (struct rings){ .ring = desk->ring, .nr = 2 };
	snprintf(desk->data, sizeof(desk->data), "%s/data", bench->root);
	assert_int_equal(tracepoint_parse_format(format_6_1_sched_switch, &event_types[0],
						 &desk->tps[0], &failure),
			 0);
	assert_int_equal(tracepoint_parse_format(format_6_12_sched_waking, &event_types[1],
						 &desk->tps[1], &failure),
			 0);
	assert_int_equal(spool_open(&desk->spool, desk->data, spool_bytes, &failure), 0);
	assert_int_equal(recorder_open(&desk->recorder, desk->tps, 2, &desk->rings, &desk->spool,
				       5000, &failure),
			 0);
	assert_int_equal(trace_open(&bench->trace, bench->path, &failure), 0);
}

static void desk_close(struct desk *desk)
{
	recorder_close(&desk->recorder);
	spool_close(&desk->spool);
}

static void take_switch(struct desk *desk, size_t stream, uint64_t time, uint32_t next_pid)
{
	uint8_t raw[68] = { 0 };
	const struct record record = {
		.kind = RECORD_SAMPLE, .time = time, .raw = raw, .raw_size = sizeof(raw)
	};

	memcpy(raw, &desk->tps[0].id, 2);
	memcpy(raw + 4, &(uint32_t){ 17 }, 4);
	strcpy((char *)raw + 8, "hackbench");
	memcpy(raw + 24, &(uint32_t){ 17 }, 4);
	memcpy(raw + 28, &(uint32_t){ 120 }, 4);
	memcpy(raw + 32, &(uint64_t){ 1 }, 8);
	strcpy((char *)raw + 40, "swapper/1");
	memcpy(raw + 56, &next_pid, 4);
	memcpy(raw + 60, &(uint32_t){ 120 }, 4);
	assert_int_equal(recorder_take(&desk->recorder, stream, &record, &failure), 0);
}

static void events(void **state)
{
	struct bench *bench = *state;
	struct desk desk;

	desk_open(&desk, bench, 1 << 20);
	take_switch(&desk, 0, 1000000, 4);
	take_switch(&desk, 1, 2000000, 5);
	take_switch(&desk, 0, 3000000, 6);
	assert_int_equal(recorder_write(&desk.recorder, &bench->trace.sink, &failure), 0);
	assert_string_equal(decoded(bench),
			    "1 {\n  1 {\n    1: 1\n"
			    "    2 {\n      1: 1005000\n      2: 17\n      4 {\n"
			    "        1: \"hackbench\"\n        2: 17\n        3: 120\n"
			    "        4: 1\n        5: \"swapper/1\"\n        6: 4\n"
			    "        7: 120\n      }\n    }\n"
			    "    2 {\n      1: 3005000\n      2: 17\n      4 {\n"
			    "        1: \"hackbench\"\n        2: 17\n        3: 120\n"
			    "        4: 1\n        5: \"swapper/1\"\n        6: 6\n"
			    "        7: 120\n      }\n    }\n"
			    "  }\n  10: 1\n}\n"
			    "1 {\n  1 {\n    1: 300\n"
			    "    2 {\n      1: 2005000\n      2: 17\n      4 {\n"
			    "        1: \"hackbench\"\n        2: 17\n        3: 120\n"
			    "        4: 1\n        5: \"swapper/1\"\n        6: 5\n"
			    "        7: 120\n      }\n    }\n"
			    "  }\n  10: 1\n}\n");
	desk_close(&desk);
}

static void lost_events(void **state)
{
	struct bench *bench = *state;
	const struct record lost = { .kind = RECORD_LOST, .lost = 3 };
	const struct record garbage = { .kind = RECORD_SAMPLE,
					.raw = (const uint8_t *)"\xff\xff",
					.raw_size = 2 };
	struct desk desk;

	desk_open(&desk, bench, 1 << 20);
	take_switch(&desk, 0, 1, 4);
	assert_int_equal(recorder_take(&desk.recorder, 0, &lost, &failure), 0);
	assert_int_equal(recorder_take(&desk.recorder, 0, &lost, &failure), 0);
	assert_int_equal(recorder_take(&desk.recorder, 1, &garbage, &failure), 0);
	assert_int_equal(desk.ring[0].lost, 6);
	assert_int_equal(desk.ring[1].lost, 0);
	assert_int_equal(desk.recorder.malformed, 1);
	assert_int_equal(desk.recorder.recorded, 1);
	assert_int_equal(recorder_write(&desk.recorder, &bench->trace.sink, &failure), 0);
	contains(decoded(bench), "    }\n    3: 1\n  }\n  10: 1\n}\n");
	/* A CPU that has nothing but losses says so, too. */
	contains(bench->text, "1 {\n  1 {\n    1: 300\n    3: 1\n  }\n  10: 1\n}\n");
	desk_close(&desk);
}

/*
 * Far more than the spool holds: what remains ends with the last event of each CPU, has no gap, and
 * is exactly what was recorded less what was dropped. next_pid counts.
 */
static void newest_kept(void **state)
{
	enum { EVENTS = 40000 };
	struct bench *bench = *state;
	uint32_t next[2] = { 0, 0 }, value;
	size_t kept = 0, packets = 0;
	struct desk desk;
	const char *text;
	int stream = 0;
	uint32_t i;

	desk_open(&desk, bench, 8 * SPOOL_SEGMENT_SIZE);
	for (i = 1; i <= EVENTS; i++) {
		take_switch(&desk, 0, i, i);
		if (i % 4 == 0)
			take_switch(&desk, 1, i, i / 4);
	}
	assert_int_equal(desk.recorder.recorded, EVENTS + EVENTS / 4);
	assert_int_equal(recorder_write(&desk.recorder, &bench->trace.sink, &failure), 0);
	for (text = decoded(bench); (text = strchr(text, '\n')); text++) {
		if (!strncmp(text, "\n  1 {\n    1: ", 14)) {
			packets++;
			stream = strtoul(text + 14, NULL, 10) == 300;
		}
		if (strncmp(text, "\n        6: ", 12))
			continue;
		value = (uint32_t)strtoul(text + 12, NULL, 10);
		if (next[stream] && value != next[stream])
			fail_msg("stream %d: %u follows %u", stream, value, next[stream] - 1);
		next[stream] = value + 1;
		kept++;
	}
	assert_int_equal(next[0], EVENTS + 1);
	assert_int_equal(next[1], EVENTS / 4 + 1);
	assert_int_equal(packets, 8 + 2);
	assert_true(desk.spool.dropped > EVENTS / 2);
	assert_int_equal(kept, desk.recorder.recorded - desk.spool.dropped);
	desk_close(&desk);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(header),	 ON_BENCH(unfinished),	 ON_BENCH(reserve),
		ON_BENCH(refused_paths), ON_BENCH(process_tree), ON_BENCH(many_processes),
		ON_BENCH(this_machine),	 ON_BENCH(events),	 ON_BENCH(lost_events),
		ON_BENCH(newest_kept),	 ON_BENCH(disk_full),
	};

	return cmocka_run_group_tests_name("tracer trace", tests, NULL, NULL);
}
