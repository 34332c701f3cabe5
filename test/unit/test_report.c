/* Do the reports say what was seen, in JSON that parses and lines that harm no terminal? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/report.h"
#include "util/utf8.h"

#define MS(ms) ((ms)*1000000ull)

/* One failed run and its repro, as a command would put it together. */
struct fixture {
	char scratch[64];
	struct artefacts run;
	struct observation seen, repro_seen;
	struct verdict verdict, repro_verdict;
	struct plan plan;
	struct report_vm repro;
	struct report report;
	char path[PATH_MAX + 256];
};

static void say(struct tail *tail, const char *text)
{
	tail_add(tail, text, strlen(text));
}

static void see_exit(struct observation *seen, uint32_t kind, uint32_t value)
{
	seen->stop = STOP_BYE;
	seen->hello = seen->started = seen->exited = true;
	seen->exit.kind = kind;
	seen->exit.value = value;
	seen->begin_ns = MS(1000);
	seen->hello_ns = MS(2250);
	seen->ready_ns = MS(2300);
	seen->started_ns = MS(2400);
	seen->exited_ns = MS(5600);
	seen->end_ns = MS(5700);
	seen->boot_limit_ms = 10300;
	seen->test_limit_ms = 30000;
	strcpy(seen->release, "6.12.0-test");
}

static int setup(void **state)
{
	static const char *const argv[] = { "/usr/bin/fair", "--load", "two words", "", NULL };
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f || observation_init(&f->seen) || observation_init(&f->repro_seen))
		return -1;
	strcpy(f->scratch, "/tmp/test_report.XXXXXX");
	if (!mkdtemp(f->scratch) || artefacts_open(&f->run, f->scratch, "fair", 0xabc, NULL))
		return -1;
	see_exit(&f->seen, KTSTR_EXIT_STATUS, 1);
	f->seen.stdout_bytes = 5000000000ull;
	f->seen.stderr_bytes = 7;
	say(&f->seen.console, "[    0.0] Linux version\n[    5.1] last\r\n");
	say(&f->seen.kmsg, "[    5.1] kmsg one\n[    5.2] kmsg two\n");
	verdict_of(&f->seen, &f->verdict);

	see_exit(&f->repro_seen, KTSTR_EXIT_STATUS, 1);
	f->repro_seen.exited_ns = MS(5900);
	f->repro_seen.tracer = TRACER_DONE;
	f->repro_seen.trace = TRACE_COMPLETE;
	f->repro_seen.trace_size = 123456;
	say(&f->repro_seen.tracer_text, "Running...\nStopping...\nExited cleanly\n");
	verdict_of(&f->repro_seen, &f->repro_verdict);

	f->plan = (struct plan){ .topology = TOPOLOGY(2, 4, 2, 1),
				 .memory_mib = 2048,
				 .wprof = true };
	f->repro = (struct report_vm){ .seen = &f->repro_seen,
				       .verdict = &f->repro_verdict,
				       .cmdline = "console=ttyS0 KTSTR_WPROF_ARGS=-d\x1f"
						  "500",
				       .trace_path = "OUT/fair.repro.wprof.pb" };
	f->report = (struct report){
		.test = "fair",
		.kernel = "/boot/vmlinuz-6.12",
		.plan = &f->plan,
		.argv = argv,
		.replay = "ktstr-launch run --kernel /boot/vmlinuz-6.12 -- fair --load 'two words'",
		.first = { .seen = &f->seen, .verdict = &f->verdict, .cmdline = "console=ttyS0" },
		.repro = &f->repro,
		.repro_result = verdict_compare(&f->verdict, &f->repro_verdict),
	};
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nftw(f->scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	observation_destroy(&f->repro_seen);
	observation_destroy(&f->seen);
	free(f);
	return 0;
}

/* Into the folder of test/host/schema.bats, which holds it against the schema. */
static void keep_text(const char *text)
{
	static unsigned int kept;
	const char *folder = getenv("KTSTR_TEST_KEEP");
	char name[PATH_MAX];
	FILE *file;

	if (!folder)
		return;
	snprintf(name, sizeof(name), "%s/%u.json", folder, kept++);
	file = fopen(name, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The whole file: strict JSON, valid UTF-8, one newline at its end. */
static struct json_object *parse_file(const char *path)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *json;
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(getdelim(&text, &size, EOF, file) > 0);
	size = (size_t)ftell(file);
	fclose(file);
	assert_int_equal(strlen(text), size); /* no NUL inside */
	keep_text(text);
	for (size_t at = 0, step; at < size; at += step) {
		step = utf8_decode(text + at, size - at, NULL);
		assert_true(step > 0);
	}
	assert_int_equal(text[size - 1], '\n');
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text, (int)size - 1);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	assert_int_equal(json_tokener_get_parse_end(tokener), size - 1);
	json_tokener_free(tokener);
	free(text);
	assert_true(json_object_is_type(json, json_type_object));
	return json;
}

/* The member at "a.b.c", which must be there (it may be null). */
static struct json_object *member(struct json_object *json, const char *where)
{
	char name[128], *rest = name, *part;

	snprintf(name, sizeof(name), "%s", where);
	while ((part = strsep(&rest, "."))) {
		struct json_object *next;

		if (!json_object_object_get_ex(json, part, &next))
			fail_msg("no member '%s'", where);
		json = next;
	}
	return json;
}

/* @expected: as compact JSON. */
static void check(struct json_object *json, const char *where, const char *expected)
{
	struct json_object *value = member(json, where);
	const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE);

	if (strcmp(text, expected))
		print_error("member '%s'\n", where);
	assert_string_equal(text, expected);
}

static struct json_object *dump(struct fixture *f, bool repro)
{
	struct error err = { "" };
	int ret = report_write_failure_dump(&f->run, &f->report, repro, f->path, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(ret, 0);
	return parse_file(f->path);
}

static void the_dump_of_the_first_vm(void **state)
{
	struct fixture *f = *state;
	struct json_object *json;
	char expected[PATH_MAX + 256];

	say(&f->seen.init_log, "init: a warning\n");
	f->seen.cpus_online = 8;
	f->seen.nodes_online = 2;
	json = dump(f, false);
	snprintf(expected, sizeof(expected), "%s/fair-0001/fair-0000000000000abc.failure-dump.json",
		 f->scratch);
	assert_string_equal(f->path, expected);
	assert_true(f->run.keep);
	check(json, "schema_version", "1");
	check(json, "kind", "\"ktstr-failure-dump\"");
	check(json, "test", "\"fair\"");
	check(json, "vm", "\"first\"");
	check(json, "verdict", "\"fail\"");
	check(json, "cause", "\"payload exited with status 1 after 3.2 s\"");
	check(json, "exit_status", "1");
	check(json, "payload.argv", "[\"/usr/bin/fair\",\"--load\",\"two words\",\"\"]");
	check(json, "payload.ended", "\"status\"");
	check(json, "payload.status", "1");
	check(json, "times.boot_s", "1.250");
	check(json, "start", "\"booted\"");
	check(json, "times.base_boot_s", "null");
	check(json, "times.to_payload_s", "0.100");
	check(json, "times.test_s", "3.200");
	check(json, "times.total_s", "4.700");
	check(json, "limits.boot_s", "10.300");
	check(json, "limits.test_s", "30.000");
	check(json, "kernel.image", "\"/boot/vmlinuz-6.12\"");
	check(json, "kernel.release", "\"6.12.0-test\"");
	check(json, "kernel.cmdline", "\"console=ttyS0\"");
	check(json, "topology.spec", "\"2n4l2c1t\"");
	check(json, "topology.numa_nodes", "2");
	check(json, "topology.llcs", "4");
	check(json, "topology.cores", "2");
	check(json, "topology.threads", "1");
	check(json, "topology.cpus", "8");
	check(json, "memory_mib", "2048");
	check(json, "pinning", "null");
	check(json, "output.stdout_bytes", "5000000000");
	check(json, "output.stderr_bytes", "7");
	check(json, "panic", "null");
	check(json, "console_tail", "[\"[    0.0] Linux version\",\"[    5.1] last\"]");
	check(json, "kernel_log_tail", "[\"[    5.1] kmsg one\",\"[    5.2] kmsg two\"]");
	check(json, "guest.cpus_online", "8");
	check(json, "guest.numa_nodes_online", "2");
	check(json, "guest.init_log", "[\"init: a warning\"]");
	check(json, "tracer.state", "\"off\"");
	check(json, "tracer.reason", "null");
	check(json, "tracer.text", "[]");
	check(json, "tracer.drops", "[]");
	check(json, "trace.state", "\"none\"");
	check(json, "trace.path", "null");
	check(json, "trace.size", "0");
	check(json, "repro.result", "\"same-failure\"");
	check(json, "repro.verdict", "\"fail\"");
	check(json, "repro.cause", "\"payload exited with status 1 after 3.5 s\"");
	check(json, "repro.exit_status", "1");
	check(json, "repro.trace", "\"OUT/fair.repro.wprof.pb\"");
	check(json, "replay",
	      "\"ktstr-launch run --kernel /boot/vmlinuz-6.12 -- fair --load 'two words'\"");
	json_object_put(json);
}

static void the_dump_of_the_repro_vm(void **state)
{
	struct fixture *f = *state;
	struct json_object *json;

	say(&f->repro_seen.tracer_text, "!!! Drops: 12 events\nbye\n!!! Drops: CPU 3\n");
	json = dump(f, true);
	assert_non_null(strstr(f->path, "/fair-0000000000000abc.repro.failure-dump.json"));
	check(json, "vm", "\"repro\"");
	check(json, "repro", "null");
	check(json, "times.test_s", "3.500");
	check(json, "kernel.cmdline", "\"console=ttyS0 KTSTR_WPROF_ARGS=-d\\u001f500\"");
	check(json, "tracer.state", "\"done\"");
	check(json, "tracer.text",
	      "[\"Running...\",\"Stopping...\",\"Exited cleanly\",\"!!! Drops: 12 events\",\"bye\","
	      "\"!!! Drops: CPU 3\"]");
	check(json, "tracer.drops", "[\"!!! Drops: 12 events\",\"!!! Drops: CPU 3\"]");
	check(json, "trace.state", "\"complete\"");
	check(json, "trace.path", "\"OUT/fair.repro.wprof.pb\"");
	check(json, "trace.size", "123456");
	check(json, "trace.error", "null");
	json_object_put(json);
}

static void what_is_pinned(void **state)
{
	static const struct pin_plan pin = {
		.nr_cpus = 2, .cpus = { 4, 12 }, .nr_nodes = 1, .nodes = { 1 }
	};
	struct fixture *f = *state;
	struct json_object *json;

	f->report.pin = &pin;
	json = dump(f, false);
	check(json, "pinning", "{\"cpus\":[4,12],\"nodes\":[1]}");
	json_object_put(json);
}

static void each_way_to_end_is_told_apart(void **state)
{
	static const struct {
		uint32_t kind, value;
		const char *expected;
	} cases[] = {
		{ KTSTR_EXIT_STATUS, 0, "{\"argv\":[],\"ended\":\"status\",\"status\":0}" },
		{ KTSTR_EXIT_SIGNAL, SIGKILL,
		  "{\"argv\":[],\"ended\":\"signal\",\"signal\":9,\"signal_name\":\"SIGKILL\"}" },
		{ KTSTR_EXIT_SIGNAL, 0xffffffff,
		  "{\"argv\":[],\"ended\":\"signal\",\"signal\":4294967295,\"signal_name\":null}" },
		{ KTSTR_EXIT_TIMEOUT, 0, "{\"argv\":[],\"ended\":\"timeout\"}" },
		{ KTSTR_EXIT_EXEC, ENOENT,
		  "{\"argv\":[],\"ended\":\"exec\",\"errno\":2,\"errno_name\":\"ENOENT\"}" },
		{ KTSTR_EXIT_EXEC, 0xffffffff,
		  "{\"argv\":[],\"ended\":\"exec\",\"errno\":4294967295,\"errno_name\":null}" },
		{ 77, 88, "{\"argv\":[],\"ended\":\"invalid\",\"kind\":77,\"value\":88}" },
	};
	static const char *const nothing[] = { NULL };
	struct fixture *f = *state;

	f->report.argv = nothing;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_object *json;

		f->seen.exit.kind = cases[i].kind;
		f->seen.exit.value = cases[i].value;
		json = dump(f, false);
		check(json, "payload", cases[i].expected);
		json_object_put(json);
		assert_int_equal(unlink(f->path), 0);
	}
}

static void each_verdict_has_its_name(void **state)
{
	struct fixture *f = *state;

	for (int kind = VERDICT_PASS; strcmp(verdict_name(kind), "unknown"); kind++) {
		char expected[64];
		struct json_object *json;

		f->verdict.kind = kind;
		json = dump(f, false);
		snprintf(expected, sizeof(expected), "\"%s\"", verdict_name(kind));
		check(json, "verdict", expected);
		json_object_put(json);
		assert_int_equal(unlink(f->path), 0);
	}
}

static void what_a_scheduler_did_is_in_the_dump(void **state)
{
	static const char *const args[] = { "--slice", "5ms", NULL };
	struct fixture *f = *state;
	struct scheduler_seen *seen = &f->seen.scheduler;
	struct json_object *json;

	seen->state = SCHEDULER_ENDED;
	seen->file = "/home/me/scx_mine";
	seen->args = args;
	strcpy(seen->ops, "mine");
	seen->end = (struct ktstr_sched){ .kind = KTSTR_EXIT_SIGNAL, .value = SIGSEGV };
	strcpy(seen->reason, "runnable task stall");
	strcpy(seen->message, "hog[12] failed to run for 5.640s");
	say(&seen->text, "a line\nanother\n");
	json = dump(f, false);
	check(json, "scheduler.end", "\"ejected\"");
	check(json, "scheduler.file", "\"/home/me/scx_mine\"");
	check(json, "scheduler.args", "[\"--slice\",\"5ms\"]");
	check(json, "scheduler.ops", "\"mine\"");
	check(json, "scheduler.attach_error", "null");
	check(json, "scheduler.reason", "\"runnable task stall\"");
	check(json, "scheduler.signal", "11");
	check(json, "scheduler.status", "null");
	check(json, "scheduler.text", "[\"a line\",\"another\"]");
	json_object_put(json);
}

/* As the kernel's tracepoint has it. */
#define DUMP(line) "    asked-103     [001] d.h2.    42.723746: sched_ext_dump: " line "\n"

static void of_an_ejection_the_dump_tells_what_matters(void **state)
{
	struct fixture *f = *state;
	struct scheduler_seen *seen = &f->seen.scheduler;
	char *text;

	seen->state = SCHEDULER_ENDED;
	strcpy(seen->ops, "mine");
	strcpy(seen->reason, "scx_bpf_error");
	strcpy(seen->message, "mine: pid 103");
	say(&seen->text, "mine: loaded\n");
	say(&seen->dump,
	    DUMP("mine: root") DUMP("asked\033[103] triggered exit kind 1025 on CPU 1:")
		    DUMP("  scx_bpf_error (mine: pid 103)") DUMP("") DUMP("Backtrace:") DUMP(
			    "  scx_exit_bstr+0xdd/0x110") DUMP("  scx_bpf_error_bstr+0x60/0xa0")
			    DUMP("  bpf_prog_1_mine_running+0xaa/0xfb") DUMP("CPU states"));
	say(&seen->dump, DUMP("CPU 1   : nr_run=1 flags=0x1") DUMP("  R early[9] *root -2200ms")
				 DUMP(" *R hog[12] *root +0ms") DUMP("  R hog[1] *root +0ms")
					 DUMP("      cpus=3 no_mig=0") DUMP("Event counters")
						 DUMP("    SCX_EV_REENQ_IMMED:                0"));
	verdict_of(&f->seen, &f->verdict);
	text = report_detail(&f->report);
	assert_non_null(text);
	assert_non_null(strstr(text, "  its end, by the kernel's dump:\n"
				     "    | asked?[103] triggered exit kind 1025 on CPU 1:\n"
				     "    |   bpf_prog_1_mine_running+0xaa/0xfb\n"));
	assert_null(strstr(text, "SCX_EV"));
	assert_null(strstr(text, "loaded"));
	assert_null(strstr(text, "hog"));
	free(text);
	/* What was not run, rather than where the watchdog saw that. */
	strcpy(seen->reason, "runnable task stall");
	strcpy(seen->message, "hog[1] failed to run for 5.640s");
	text = report_detail(&f->report);
	assert_non_null(strstr(text, "    | asked?[103] triggered exit kind 1025 on CPU 1:\n"
				     "    |   R hog[1] *root +0ms\n"
				     "    |       cpus=3 no_mig=0\n"));
	assert_null(strstr(text, "hog[12]"));
	assert_null(strstr(text, "mine_running"));
	free(text);
	strcpy(seen->message, "watchdog failed to check in for 1.512s");
	text = report_detail(&f->report);
	assert_non_null(strstr(text, "on CPU 1:\n    |   R early[9] *root -2200ms\n"));
	assert_null(strstr(text, "hog"));
	free(text);
	/* Without a dump its own words are what there is. */
	tail_destroy(&seen->dump);
	assert_int_equal(tail_init(&seen->dump, 64), 0);
	text = report_detail(&f->report);
	assert_non_null(strstr(text, "    | mine: loaded\n"));
	free(text);
}

static struct backtrace backtrace_of(const char *const *symbols, enum backtrace_end end)
{
	struct backtrace trace = { .end = end };

	while (symbols[trace.nr])
		trace.nr++;
	trace.frames = calloc(trace.nr + 1, sizeof(*trace.frames));
	assert_non_null(trace.frames);
	for (unsigned int i = 0; i < trace.nr; i++) {
		struct backtrace_frame *frame = &trace.frames[i];

		*frame = (struct backtrace_frame){ .address = 0xffffffff81000000 + i,
						   .kind = FRAME_ORC,
						   .offset = i,
						   .size = 0x40 };
		snprintf(frame->symbol, sizeof(frame->symbol), "%s", symbols[i]);
	}
	return trace;
}

static struct inspect_task task_of(int pid, const char *name, enum task_class class)
{
	struct inspect_task task = {
		.pid = pid, .tgid = pid, .letter = 'R', .class = class, .prio = 120, .cpu = 1
	};

	memcpy(task.comm, name, strnlen(name, sizeof(task.comm) - 1));
	return task;
}

/* Two CPUs: one panics in a module, the other one runs a hog, behind which a task starves. */
static void see_inside(struct inside *inside)
{
	static const char *const dying[] = {
		"delay_halt",	      "panic",	      "oops_end", "page_fault_oops",
		"asm_exc_page_fault", "bad_function", "",	  NULL
	};
	static const char *const locked[] = { "schedule", "mutex_lock", NULL };
	struct inspect_machine *machine = calloc(1, sizeof(*machine));

	assert_non_null(machine);
	machine->nr_cpus = 2;
	machine->nr_tasks = 70;
	machine->cpus = calloc(2, sizeof(*machine->cpus));
	machine->blocked = calloc(1, sizeof(*machine->blocked));
	assert_true(machine->cpus && machine->blocked);
	machine->cpus[0].rip = 0xffffffff81000000;
	machine->cpus[0].trace = backtrace_of(dying, BACKTRACE_STOPPED);
	strcpy(machine->cpus[0].trace.why, "no entry");
	machine->cpus[0].trace.frames[6].kind = FRAME_SCAN;
	strcpy(machine->cpus[0].trace.frames[5].module, "mine");
	machine->cpus[0].task = task_of(7, "bad\x1b[31m", CLASS_FAIR);
	machine->cpus[1] = (struct inspect_cpu){ .vcpu = 1,
						 .cpu = 1,
						 .is_in_user = true,
						 .takes_interrupts = true,
						 .task = task_of(8, "hog", CLASS_RT) };
	machine->cpus[1].trace.end = BACKTRACE_USER;
	machine->longest[0] = (struct waiting){ .task = task_of(9, "starved", CLASS_FAIR),
						.by = WAIT_QUEUED,
						.waited_ns = 2114000000 };
	machine->longest[1] = (struct waiting){ .task = task_of(10, "soon", CLASS_FAIR),
						.by = WAIT_QUEUED,
						.waited_ns = 1000000 };
	machine->nr_longest = 2;
	machine->blocked[0] =
		(struct inspect_blocked){ .task = task_of(11, "stuck", CLASS_FAIR),
					  .is_known = true,
					  .not_run_ns = 3000000000,
					  .trace = backtrace_of(locked, BACKTRACE_START) };
	machine->nr_blocked = machine->nr_blocked_in_all = 1;
	strcpy(machine->why_bpf, "no bpf_kallsyms");
	inside->machine = machine;
	inside->at_ns = 1;
	inside->took_ns = MS(12);
}

static void what_the_guest_showed_is_told(void **state)
{
	struct fixture *f = *state;
	struct json_object *json;
	char *text;

	json = dump(f, false);
	check(json, "inside", "null");
	check(json, "own_words.blocked.absent", "\"the guest did not say it\"");
	check(json, "moments.payload_start_ns", "null");
	check(json, "moments.payload_end_ns", "null");
	check(json, "moments.failure_ns", "null");
	json_object_put(json);
	unlink(f->path);
	/* Nobody looked: when its end was told, 3.2 s behind its start. */
	f->seen.guest_started_ns = MS(9000);
	json = dump(f, false);
	check(json, "moments.failure_ns", "12200000000");
	json_object_put(json);
	unlink(f->path);
	f->seen.own_words[KTSTR_WORDS_MEMORY].said = true;
	say(&f->seen.own_words[KTSTR_WORDS_MEMORY].text, "MemTotal: 1\n\033MemFree: 2\n");
	f->seen.own_words[KTSTR_WORDS_SCHED_EXT].said = true;
	f->seen.own_words[KTSTR_WORDS_SCHED_EXT].error = ENXIO;
	see_inside(&f->seen.inside);
	/* 3.1 s after the payload's start, which was at 9 s. */
	f->seen.inside.at_ns = MS(5500);
	f->seen.exit.end_ns = MS(12000);
	f->verdict.kind = VERDICT_PANIC;
	json = dump(f, false);
	check(json, "own_words.memory.absent", "null");
	check(json, "own_words.memory.lines", "[\"MemTotal: 1\",\"\\u001bMemFree: 2\"]");
	check(json, "own_words.sched_ext.absent", "\"no scheduler was attached\"");
	check(json, "own_words.sched_ext.lines", "[]");
	check(json, "inside.error", "null");
	check(json, "inside.took_s", "0.012");
	check(json, "moments.payload_start_ns", "9000000000");
	check(json, "moments.payload_end_ns", "12000000000");
	check(json, "moments.failure_ns", "12100000000");
	check(json, "inside.tasks", "70");
	check(json, "inside.incomplete", "[\"no bpf_kallsyms\"]");
	check(json, "inside.in_no_queue", "[]");
	check(json, "inside.kernel_log_tail", "[]");
	json_object_put(json);
	text = report_detail(&f->report);
	assert_non_null(text);
	/* The function that was called behind the panic's and the exception's own ones is the
	 * first. */
	assert_non_null(
		strstr(text, "  CPU 0: bad?[31m[7], in the kernel, with interrupts off:\n"
			     "    | bad_function+0x5/0x40 [mine]\n"
			     "    | ? 0xffffffff81000006\n"
			     "  CPU 1: hog[8], in user mode\n"
			     "  waiting: starved[9] (fair) for 2.1 s on CPU 1, which runs hog[8]\n"
			     "  blocked (D): stuck[11] for 3.0 s:\n"
			     "    | mutex_lock+0x1/0x40\n"));
	assert_null(strstr(text, "soon"));
	assert_null(strstr(text, "    | [    5.1] last"));
	free(text);
	/* The CPU that the cause names is the first, whatever another one tells. */
	f->verdict.kind = VERDICT_STALL;
	f->seen.stop = STOP_HARD_LOCKUP;
	f->seen.stuck_vcpu = 1;
	text = report_detail(&f->report);
	assert_non_null(strstr(text, "  CPU 1: hog[8], in user mode:\n"
				     "  CPU 0: bad?[31m[7], in the kernel, with interrupts off\n"));
	free(text);
	/* Of a soft lockup what keeps the CPU, and not the interrupt in its course. */
	f->seen.stop = STOP_SOFT_LOCKUP;
	f->seen.stuck_vcpu = 0;
	text = report_detail(&f->report);
	assert_non_null(strstr(text, "in the kernel:\n    | bad_function"));
	free(text);
	f->seen.stop = STOP_NONE;
	/* Of a payload that failed by itself the CPUs are in the dump alone. */
	f->verdict.kind = VERDICT_FAIL;
	text = report_detail(&f->report);
	assert_null(strstr(text, "CPU 0"));
	assert_non_null(strstr(text, "waiting: starved"));
	free(text);
	inside_clear(&f->seen.inside);
	f->seen.inside.at_ns = 1;
	strcpy(f->seen.inside.why, "no kernel was found");
	f->verdict.kind = VERDICT_DIED;
	text = report_detail(&f->report);
	assert_non_null(strstr(text, "  inside: not readable: no kernel was found\n"));
	assert_non_null(strstr(text, "    | [    5.1] last"));
	free(text);
	unlink(f->path);
	json = dump(f, false);
	check(json, "inside.error", "\"no kernel was found\"");
	json_object_put(json);
}

static void what_did_not_happen_is_null(void **state)
{
	struct fixture *f = *state;
	struct json_object *json;

	f->report.repro = NULL;
	f->report.repro_result = REPRO_NOT_RUN;
	f->report.replay = NULL;
	f->seen.hello = f->seen.started = f->seen.exited = false;
	f->seen.hello_ns = f->seen.started_ns = f->seen.exited_ns = 0;
	f->seen.ready_ns = 0;
	f->seen.test_limit_ms = 0;
	f->seen.panic = true;
	strcpy(f->seen.panic_line, "Kernel panic - not syncing: VFS");
	json = dump(f, false);
	check(json, "payload.ended", "\"no\"");
	check(json, "times.boot_s", "null");
	check(json, "times.to_payload_s", "null");
	check(json, "times.test_s", "null");
	check(json, "times.total_s", "4.700");
	check(json, "limits.test_s", "null");
	check(json, "panic", "\"Kernel panic - not syncing: VFS\"");
	check(json, "repro.result", "\"not-run\"");
	check(json, "repro.verdict", "null");
	check(json, "replay", "null");
	json_object_put(json);
	unlink(f->path);
	/* Started, and no end of its own: it ran until the guest's. */
	f->seen.started_ns = MS(2700);
	json = dump(f, false);
	check(json, "times.test_s", "3.000");
	json_object_put(json);
}

static void tails_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct json_object *json, *tail;

	for (int i = 0; i < 1000; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %d\r\n\r\n", i);
		say(&f->seen.console, line);
	}
	json = dump(f, false);
	tail = member(json, "console_tail");
	assert_int_equal(json_object_array_length(tail), 60);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(tail, 0)), "line 940");
	assert_string_equal(json_object_get_string(json_object_array_get_idx(tail, 59)),
			    "line 999");
	json_object_put(json);
}

static void the_json_is_valid_whatever_the_bytes(void **state)
{
	static const char *const argv[] = { "\xff\xfe", "a\"b\\c\n\x01", "\xed\xa0\x80", NULL };
	struct fixture *f = *state;
	struct json_object *json;
	char noise[4096];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 167 ^ i >> 4 ^ i >> 8);
	tail_add(&f->seen.console, noise, sizeof(noise));
	tail_add(&f->seen.kmsg, noise, sizeof(noise));
	tail_add(&f->seen.init_log, noise, sizeof(noise));
	tail_add(&f->seen.tracer_text, noise, sizeof(noise));
	memset(f->seen.release, 0xc3, sizeof(f->seen.release) - 1);
	memset(f->seen.tracer_reason, 0x80, sizeof(f->seen.tracer_reason) - 1);
	strcpy(f->seen.trace_error, "cut \xe2\x82");
	strcpy(f->verdict.cause, "\"quoted\" \xf0\x9f\x98\x80 \xf0\x9f");
	f->report.argv = argv;
	f->report.test = "\x9b";
	json = dump(f, false);
	check(json, "cause", "\"\\\"quoted\\\" \xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd\"");
	check(json, "trace.error", "\"cut \xef\xbf\xbd\xef\xbf\xbd\"");
	check(json, "test", "\"\xef\xbf\xbd\"");
	check(json, "payload.argv",
	      "[\"\xef\xbf\xbd\xef\xbf\xbd\",\"a\\\"b\\\\c\\n\\u0001\","
	      "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]");
	assert_int_equal(strlen(json_object_get_string(member(json, "kernel.release"))), 64 * 3);
	json_object_put(json);
}

static void the_result_names_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct json_object *json;
	char expected[2 * PATH_MAX];

	json_object_put(dump(f, false));
	snprintf(expected, sizeof(expected), "\"%s\"", f->path);
	assert_int_equal(report_write_result(&f->run, &f->report, f->path, NULL), 0);
	assert_non_null(strstr(f->path, "/fair-0000000000000abc.ktstr.json"));
	json = parse_file(f->path);
	check(json, "schema_version", "1");
	check(json, "kind", "\"ktstr-result\"");
	check(json, "verdict", "\"fail\"");
	check(json, "exit_status", "1");
	check(json, "times.test_s", "3.200");
	check(json, "repro.result", "\"same-failure\"");
	check(json, "artefacts.failure_dump", expected);
	check(json, "artefacts.repro_failure_dump", "null");
	check(json, "artefacts.trace", "null");
	check(json, "artefacts.repro_trace", "null");
	assert_false(json_object_object_get_ex(json, "console_tail", NULL));
	json_object_put(json);
}

static void a_dump_that_cannot_be_written_is_said(void **state)
{
	struct fixture *f = *state;
	struct error err = { "" };

	assert_int_equal(rmdir(f->run.dir), 0);
	assert_int_equal(report_write_failure_dump(&f->run, &f->report, false, f->path, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, f->run.dir));
	assert_string_equal(f->path, "");
	assert_false(f->run.keep);
}

/* What report_print writes, in a static buffer. */
static const char *printed(const struct fixture *f, const char *dump_path, const char *repro_dump)
{
	static char text[32768];
	int fd = memfd_create("report", MFD_CLOEXEC);
	ssize_t size;

	assert_true(fd >= 0);
	report_print(fd, &f->report, dump_path, repro_dump);
	size = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(size >= 0);
	text[size] = '\0';
	close(fd);
	return text;
}

static void a_pass_is_one_line(void **state)
{
	struct fixture *f = *state;

	f->seen.exit.value = 0;
	verdict_of(&f->seen, &f->verdict);
	f->report.repro = NULL;
	f->report.repro_result = REPRO_NOT_RUN;
	assert_string_equal(printed(f, NULL, NULL),
			    "PASS fair: payload exited with status 0 after 3.2 s\n");
}

/* Only of a failure: a program may do without. */
static void a_missing_library_is_a_hint(void **state)
{
	static const char hint[] =
		"\n  hint: /x/perl is in the guest without its standard library; give "
		"--with /x/perl\n";
	struct fixture *f = *state;

	f->report.repro = NULL;
	f->report.repro_result = REPRO_NOT_RUN;
	assert_null(strstr(printed(f, NULL, NULL), hint));
	strcpy(f->seen.lacks_library, "/x/perl");
	assert_non_null(strstr(printed(f, NULL, NULL), hint));
	f->seen.exit.value = 0;
	verdict_of(&f->seen, &f->verdict);
	assert_null(strstr(printed(f, NULL, NULL), hint));
}

static void the_guests_warnings_are_shown(void **state)
{
	struct fixture *f = *state;

	f->seen.exit.value = 0;
	verdict_of(&f->seen, &f->verdict);
	f->report.repro = NULL;
	f->report.repro_result = REPRO_NOT_RUN;
	say(&f->seen.init_log, "one\ntwo\nthree\nfour\nfive\na process is \033[2J stuck\n");
	assert_string_equal(printed(f, NULL, NULL),
			    "PASS fair: payload exited with status 0 after 3.2 s\n"
			    "  guest: two\n  guest: three\n  guest: four\n  guest: five\n"
			    "  guest: a process is ?[2J stuck\n"
			    "  guest: (1 more before these)\n");
}

static void what_the_kernel_did_is_told(void **state)
{
	static const struct splats splats = {
		.found = 3,
		.kept = { { "warning", "WARNING: a" },
			  { "bug", "BUG: \x1b[31m" },
			  { "taint", "tainted: L" } },
		.allowed_count = 2,
		.allowed_first = { "UBSAN report", "UBSAN: x in y" },
	};
	struct fixture *f = *state;
	struct json_object *json;
	const char *text;

	f->report.repro = NULL;
	f->seen.splats = splats;
	f->verdict.splat = "warning";
	text = printed(f, NULL, NULL);
	assert_non_null(strstr(text, "\n  kernel: 2 more that nobody asked for:\n"
				     "    | BUG: ?[31m\n    | tainted: L\n"
				     "  kernel: 2 allowed by allow_splat:\n    | UBSAN: x in y\n"
				     "  hint: allow_splat=\"GLOB\""));
	json = dump(f, false);
	check(json, "splats",
	      "{\"kind\":\"warning\",\"count\":3,\"lines\":[\"WARNING: a\","
	      "\"BUG: \\u001b[31m\",\"tainted: L\"],\"allowed\":2}");
	json_object_put(json);
	/* Where the verdict is about something else, all of them are; where all is allowed, none
	 * is. */
	f->verdict.splat = NULL;
	text = printed(f, NULL, NULL);
	assert_non_null(strstr(text, "\n  kernel: 3 that nobody asked for:\n    | WARNING: a\n"));
	assert_null(strstr(text, "hint"));
	f->seen.splats = (struct splats){ .all_allowed = true, .allowed_count = 1 };
	assert_null(strstr(printed(f, NULL, NULL), "kernel: "));
}

static void checks_have_their_limits(void **state)
{
	static const char said[] = "check failed 3000000000 <= 500000000 ns hog.max_gap\n"
				   "check inconclusive - > 0.5 % hog.share\n";
	struct fixture *f = *state;
	struct json_object *json = dump(f, false);

	check(json, "checks", "[]");
	json_object_put(json);
	unlink(f->path);
	work_said_take(&f->seen.work, said, strlen(said));
	json = dump(f, false);
	check(json, "checks",
	      "[{\"name\":\"hog.max_gap\",\"verdict\":\"failed\",\"value\":3000000000,"
	      "\"op\":\"<=\",\"limit\":500000000,\"unit\":\"ns\"},"
	      "{\"name\":\"hog.share\",\"verdict\":\"inconclusive\",\"value\":null,"
	      "\"op\":\">\",\"limit\":0.5,\"unit\":\"%\"}]");
	json_object_put(json);
}

static void take_metrics(struct observation *seen, const char *text)
{
	char frame[256];
	const struct ktstr_file head = { .size = strlen(text) };

	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), text, strlen(text));
	metrics_take(&seen->metrics, frame, sizeof(head) + strlen(text));
}

static void metrics_are_those_of_the_first_vm(void **state)
{
	struct fixture *f = *state;
	struct json_object *json = dump(f, false);
	const char *text;

	check(json, "metrics", "[]");
	check(json, "metrics_warnings", "[]");
	json_object_put(json);
	unlink(f->path);
	take_metrics(&f->seen, "wake.p99 0.1 ms lower\nn 12 -\n\x1b x y\n");
	take_metrics(&f->repro_seen, "wake.p99 3 ms lower\n");
	text = printed(f, NULL, NULL);
	assert_non_null(strstr(text, "\n  metrics: wake.p99 0.1 ms, n 12\n"
				     "  metrics: warning: line 3 '? x y': "));
	assert_null(strstr(text, "3 ms"));
	json = dump(f, false);
	check(json, "metrics",
	      "[{\"name\":\"wake.p99\",\"value\":0.1,\"unit\":\"ms\",\"better\":\"lower\"},"
	      "{\"name\":\"n\",\"value\":12,\"unit\":null,\"better\":null}]");
	check(json, "metrics_warnings",
	      "[\"line 3 '? x y': a name has letters, digits and _ . : / - only\"]");
	json_object_put(json);
	unlink(f->path);
	json = dump(f, true);
	check(json, "metrics",
	      "[{\"name\":\"wake.p99\",\"value\":3,\"unit\":\"ms\",\"better\":\"lower\"}]");
	json_object_put(json);
	unlink(f->path);
}

static void a_pass_keeps_no_tracer_failure_back(void **state)
{
	struct fixture *f = *state;

	f->seen.exit.value = 0;
	verdict_of(&f->seen, &f->verdict);
	f->report.repro = NULL;
	f->report.repro_result = REPRO_NOT_RUN;
	f->seen.tracer = TRACER_DONE;
	f->seen.trace = TRACE_COMPLETE;
	f->report.first.trace_path = "OUT/fair.wprof.pb";
	assert_string_equal(printed(f, NULL, NULL),
			    "PASS fair: payload exited with status 0 after 3.2 s\n"
			    "  trace         OUT/fair.wprof.pb  (Perfetto)\n");
	f->report.first.trace_path = NULL;
	f->seen.trace = TRACE_NONE;
	f->seen.tracer = TRACER_FAILED;
	strcpy(f->seen.tracer_reason, "no ready line within 30 s");
	assert_string_equal(printed(f, NULL, NULL),
			    "PASS fair: payload exited with status 0 after 3.2 s\n"
			    "  tracer: failed: no ready line within 30 s\n");
}

static void a_failure_and_its_repro(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
		printed(f, "OUT/fair.failure-dump.json", "OUT/fair.repro.failure-dump.json"),
		"FAIL fair: payload exited with status 1 after 3.2 s\n"
		"  repro: same failure (payload exited with status 1 after 3.5 s) with the tracer "
		"on\n"
		"  failure dump  OUT/fair.failure-dump.json\n"
		"  repro dump    OUT/fair.repro.failure-dump.json\n"
		"  trace         OUT/fair.repro.wprof.pb  (Perfetto)\n"
		"  page          ktstr-launch report OUT/fair.failure-dump.json\n"
		"  vm            booted\n"
		"  replay        ktstr-launch run --kernel /boot/vmlinuz-6.12 -- fair --load "
		"'two words'\n");
	f->report.repro_result = REPRO_OTHER;
	assert_non_null(strstr(printed(f, NULL, NULL), "\n  repro: another failure (payload"));
	f->report.repro_result = REPRO_PASSED;
	assert_non_null(strstr(printed(f, NULL, NULL), "\n  repro: passed this time (payload"));
	f->report.repro_result = REPRO_UNDECIDED;
	assert_non_null(
		strstr(printed(f, NULL, NULL),
		       "\n  repro: undecided (payload exited with status 1 after 3.5 s)\n"));
	f->report.repro = NULL;
	assert_non_null(strstr(printed(f, NULL, NULL), "\n  repro: undecided\n"));
	f->report.repro_result = REPRO_NOT_RUN;
	assert_null(strstr(printed(f, NULL, NULL), "repro"));
}

/* A fork has booted nothing: its base has, once. */
static void a_fork_says_so(void **state)
{
	struct fixture *f = *state;
	struct json_object *json;

	f->seen.forked = true;
	f->seen.base_boot_ns = MS(4123) + 999999;
	/* Its base's init has spoken, which is no boot of its own. */
	f->seen.begin_ns = f->seen.hello_ns = MS(2299);
	f->seen.ready_ns = MS(2297);
	json = dump(f, false);
	check(json, "start", "\"forked\"");
	check(json, "times.boot_s", "null");
	check(json, "times.base_boot_s", "4.123");
	check(json, "times.to_payload_s", "0.103");
	json_object_put(json);
	assert_non_null(strstr(printed(f, NULL, NULL),
			       "\n  vm            forked (its base booted in 4.1 s)\n  replay "));
	/* The repro VM has its own. */
	json = dump(f, true);
	check(json, "start", "\"booted\"");
	check(json, "times.boot_s", "1.250");
	json_object_put(json);
	/* Interrupted before there was a machine. */
	f->seen.forked = false;
	f->seen.begin_ns = 0;
	assert_int_equal(unlink(f->path), 0);
	f->report.repro = NULL;
	assert_null(strstr(printed(f, NULL, NULL), "  vm "));
}

static void a_tracer_speaks_for_itself(void **state)
{
	struct fixture *f = *state;

	f->repro.trace_path = NULL;
	f->repro_seen.trace = TRACE_NONE;
	f->repro_seen.tracer = TRACER_FAILED;
	strcpy(f->repro_seen.tracer_reason, "exited with status 1");
	tail_destroy(&f->repro_seen.tracer_text);
	assert_int_equal(tail_init(&f->repro_seen.tracer_text, 4096), 0);
	say(&f->repro_seen.tracer_text, "1\n2\n3\nfailed to open BTF: \033[2J\n5\n6\n\n");
	assert_string_equal(
		printed(f, NULL, NULL),
		"FAIL fair: payload exited with status 1 after 3.2 s\n"
		"  repro: same failure (payload exited with status 1 after 3.5 s) without a "
		"working "
		"tracer\n"
		"  tracer: failed: exited with status 1\n"
		"    | 2\n"
		"    | 3\n"
		"    | failed to open BTF: ?[2J\n"
		"    | 5\n"
		"    | 6\n"
		"  vm            booted\n"
		"  replay        ktstr-launch run --kernel /boot/vmlinuz-6.12 -- fair --load "
		"'two words'\n");
	f->repro_seen.tracer = TRACER_SILENT;
	assert_non_null(
		strstr(printed(f, NULL, NULL), "\n  tracer: the guest never reported on it"));
	f->repro_seen.tracer = TRACER_READY;
	assert_non_null(strstr(printed(f, NULL, NULL), "\n  tracer: still recording when"));
	f->repro_seen.tracer = TRACER_DONE;
	assert_non_null(strstr(printed(f, NULL, NULL), "\n  tracer: finished, but sent no trace"));
	f->repro_seen.trace = TRACE_INCOMPLETE;
	assert_non_null(strstr(printed(f, NULL, NULL), "\n  tracer: its trace arrived incomplete"));
	f->repro_seen.trace = TRACE_UNWRITTEN;
	strcpy(f->repro_seen.trace_error, "cannot write 'x': No space left on device");
	assert_non_null(strstr(printed(f, NULL, NULL),
			       "\n  tracer: its trace was not kept: cannot write 'x': No space"));
	/* Both VMs had one. */
	f->seen.tracer = TRACER_SILENT;
	assert_non_null(
		strstr(printed(f, NULL, NULL), "\n  tracer: the guest never reported on it"));
	assert_non_null(strstr(printed(f, NULL, NULL), "\n  repro tracer: its trace was not kept"));
}

static void lost_events_are_a_warning(void **state)
{
	struct fixture *f = *state;

	say(&f->repro_seen.tracer_text, "!!! Drops: 1\n!!! Drops: 2\n!!! Drops: 3\n");
	assert_non_null(strstr(printed(f, NULL, NULL),
			       "\n  tracer: warning: events were lost\n    | !!! Drops: 1\n"
			       "    | !!! Drops: 2\n    | !!! Drops: 3\n  trace "));
	say(&f->repro_seen.tracer_text, "!!! Drops: 4\n");
	assert_non_null(strstr(printed(f, NULL, NULL),
			       "\n  tracer: warning: events were lost (more lines in the dump)\n"
			       "    | !!! Drops: 2\n"));
}

static void a_panic_shows_the_console(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->seen.panic = true;
	strcpy(f->seen.panic_line, "Kernel panic - not syncing: sysrq triggered crash");
	verdict_of(&f->seen, &f->verdict);
	for (int i = 1; i <= 12; i++) {
		char line[256];

		snprintf(line, sizeof(line), "[   %d] \xff\033 %0*d\r\n", i, i == 12 ? 150 : 3, 0);
		say(&f->seen.console, line);
	}
	text = printed(f, NULL, NULL);
	assert_non_null(strstr(text, "PANIC fair: kernel panic after"));
	assert_null(strstr(text, "    | [   2]"));
	assert_non_null(strstr(text, "\n    | [   3] ?? 000\n"));
	assert_non_null(strstr(text, "\n    | [   12] ?? 0000"));
	assert_non_null(strstr(text, "000...\n"));
	for (const char *line = strstr(text, "    |"); !strncmp(line, "    |", 5);
	     line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") <= 100);
}

static void no_byte_reaches_the_terminal_that_could_harm_it(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->report.test = "t\033]0;x\007\n";
	strcpy(f->verdict.cause, "a\nb\033[2J");
	f->verdict.kind = VERDICT_DIED;
	f->repro_seen.tracer = TRACER_FAILED;
	strcpy(f->repro_seen.tracer_reason, "\xc2\x9b\x9b\r");
	strcpy(f->repro_verdict.cause, "\b\b");
	for (int i = 1; i < 256; i++) {
		char byte = (char)i;

		tail_add(&f->seen.console, &byte, 1);
		tail_add(&f->repro_seen.tracer_text, &byte, 1);
	}
	text = printed(f, NULL, NULL);
	assert_non_null(strstr(text, "DIED t?]0;x??: a?b?[2J\n"));
	for (; *text; text++) {
		size_t step = utf8_decode(text, strlen(text), NULL);

		assert_true(step > 0);
		assert_true(*text == '\n' || (unsigned char)*text >= 0x20);
		assert_int_not_equal(*text, 0x7f);
	}
}

/* Of everything there is as much as there can be. */
static void a_report_has_thirty_lines_at_most(void **state)
{
	static const char *const deep[] = { "panic", "a", "b", "c", "d", "e", "f", "g", "h", NULL };
	struct fixture *f = *state;
	struct inspect_machine *machine;
	const char *text;
	size_t lines = 0;

	see_inside(&f->seen.inside);
	machine = f->seen.inside.machine;
	free(machine->cpus[0].trace.frames);
	machine->cpus[0].trace = backtrace_of(deep, BACKTRACE_START);
	free(machine->blocked[0].trace.frames);
	machine->blocked[0].trace = backtrace_of(deep, BACKTRACE_START);
	machine->blocked[0].task.pid = 99;
	machine->longest[1].waited_ns = 2000000000;
	f->seen.splats.found = f->repro_seen.splats.found = 9;
	for (int i = 0; i < 40; i++) {
		say(&f->seen.scheduler.text, "its words\n");
		say(&f->seen.init_log, "a warning\n");
		say(&f->repro_seen.init_log, "a warning\n");
		say(&f->seen.tracer_text, "!!! Drops: 1\n");
		say(&f->repro_seen.tracer_text, "!!! Drops: 1\n");
	}
	f->seen.scheduler.state = SCHEDULER_FAILED;
	f->seen.tracer = f->repro_seen.tracer = TRACER_FAILED;
	f->verdict.kind = VERDICT_PANIC;
	f->report.first.trace_path = "FIRST-TRACE";
	f->report.recording.path = "RECORDING";
	f->report.recording.unreadable = 2;
	f->report.vmcore_path = "CORE";
	text = printed(f, "DUMP", "REPRO-DUMP");
	/* The cause, the evidence, the repro, the rest in files. */
	assert_int_equal(strncmp(text, "PANIC fair: ", 12), 0);
	assert_true(strstr(text, "  CPU 0: bad") < strstr(text, "  repro: "));
	assert_true(strstr(text, "  repro: ") < strstr(text, "  failure dump  DUMP\n"));
	assert_non_null(strstr(text, "    | a+0x1/0x40\n"));
	assert_non_null(strstr(text, " more lines of this are in the failure dump)\n"));
	assert_non_null(strstr(text, "  replay        ktstr-launch run"));
	while ((text = strchr(text, '\n'))) {
		text++;
		lines++;
	}
	assert_true(lines <= 30);
	assert_true(lines >= 28);
	inside_clear(&f->seen.inside);
}

/* What a terminal gets. */
static const char *shown(const struct fixture *f)
{
	static char text[4096];
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	ssize_t size;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	report_print(slave, &f->report, NULL, NULL);
	size = read(master, text, sizeof(text) - 1);
	assert_true(size > 0);
	text[size] = '\0';
	close(slave);
	close(master);
	return text;
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	struct fixture *f = *state;

	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_non_null(strstr(shown(f), "\033[1;31mFAIL\033[0m fair: payload exited"));
	f->verdict.kind = VERDICT_PASS;
	assert_non_null(strstr(shown(f), "\033[1;32mPASS\033[0m fair: "));
	assert_null(strchr(printed(f, NULL, NULL), '\033'));
	setenv("NO_COLOR", "1", 1);
	assert_null(strchr(shown(f), '\033'));
	setenv("NO_COLOR", "", 1);
	assert_non_null(strchr(shown(f), '\033'));
	setenv("TERM", "dumb", 1);
	assert_null(strchr(shown(f), '\033'));
}

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fixture(a_report_has_thirty_lines_at_most),
		with_fixture(of_an_ejection_the_dump_tells_what_matters),
		with_fixture(the_dump_of_the_first_vm),
		with_fixture(the_dump_of_the_repro_vm),
		with_fixture(what_is_pinned),
		with_fixture(each_way_to_end_is_told_apart),
		with_fixture(each_verdict_has_its_name),
		with_fixture(what_a_scheduler_did_is_in_the_dump),
		with_fixture(what_the_guest_showed_is_told),
		with_fixture(what_did_not_happen_is_null),
		with_fixture(tails_are_bounded),
		with_fixture(the_json_is_valid_whatever_the_bytes),
		with_fixture(the_result_names_what_is_there),
		with_fixture(a_dump_that_cannot_be_written_is_said),
		with_fixture(a_pass_is_one_line),
		with_fixture(a_missing_library_is_a_hint),
		with_fixture(the_guests_warnings_are_shown),
		with_fixture(what_the_kernel_did_is_told),
		with_fixture(checks_have_their_limits),
		with_fixture(metrics_are_those_of_the_first_vm),
		with_fixture(a_pass_keeps_no_tracer_failure_back),
		with_fixture(a_failure_and_its_repro),
		with_fixture(a_fork_says_so),
		with_fixture(a_tracer_speaks_for_itself),
		with_fixture(lost_events_are_a_warning),
		with_fixture(a_panic_shows_the_console),
		with_fixture(no_byte_reaches_the_terminal_that_could_harm_it),
		with_fixture(colour_is_for_terminals_that_want_it),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
