/*
 * What becomes of a guest's words? One observation, from power-on or from the ready point. And
 * which panic's line on the console is the kernel's own, which was printed by somebody else?
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
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t time_ms;

static int fake_clock(clockid_t id, struct timespec *now)
{
	(void)id;
	*now = (struct timespec){ .tv_sec = (time_t)(time_ms / 1000),
				  .tv_nsec = (long)(time_ms % 1000) * 1000000 };
	return 0;
}

#define clock_gettime fake_clock
#include "../../src/run/watch.c"
#undef clock_gettime

#include "vmm/machine.h"

#define LINE "[    3.141592] Kernel panic - not syncing: why\n"

static struct ktstr_channel header;
static struct vmm vmm;
static struct observation seen;
static struct cargo cargo;
static struct watch watch;

static int set_up(void **state)
{
	(void)state;
	time_ms = 10000;
	memset(&header, 0, sizeof(header));
	vmm.channel = (struct channel){ .region = &header, .ring.head = &header.head };
	if (observation_init(&seen))
		return -1;
	seen.boot_limit_ms = 20000;
	seen.tracer = TRACER_SILENT;
	seen.cpus_wanted = seen.nodes_wanted = 1;
	watch = (struct watch){ .seen = &seen,
				.cargo = &cargo,
				.cancel_fd = -1,
				.out_fd = -1,
				.err_fd = -1,
				.console_fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	observation_destroy(&seen);
	return 0;
}

static struct artefacts artefacts;
static char out_dir[] = "/tmp/test_watch.XXXXXX";
static struct look look;

/* A machine that has ended stands still, and needs no KVM to be looked at. */
static void begin_look(void)
{
	struct topology topology = TOPOLOGY(1, 1, 1, 1);
	struct error err = { "" };

	assert_non_null(mkdtemp(strcpy(out_dir, "/tmp/test_watch.XXXXXX")));
	if (artefacts_open(&artefacts, out_dir, "t", 1, &err))
		fail_msg("%s", err.text);
	look = (struct look){ .vmcore = true, .artefacts = &artefacts, .file.fd = -1 };
	look_init(&look);
	if (guest_memory_create(&vmm.memory, &topology, 64, NULL, &err))
		fail_msg("%s", err.text);
	vmm.state = VMM_ENDED;
	watch.look = &look;
}

/* Returns whether a core was kept. */
static bool end_look(bool has_verdict)
{
	struct verdict verdict;
	char command[64];
	bool kept;

	verdict_of(&seen, &verdict);
	look_finish(&look, &seen, has_verdict ? &verdict : NULL);
	kept = *look.path;
	assert_int_equal(look.file.fd, -1);
	assert_int_equal(!access(look.file.path, F_OK), kept);
	artefacts_close(&artefacts);
	if (!kept)
		assert_int_equal(rmdir(out_dir), 0);
	snprintf(command, sizeof(command), "rm -rf %s", out_dir);
	assert_int_equal(system(command), 0);
	guest_memory_destroy(&vmm.memory);
	return kept;
}

/* Let @ms pass, with a look at the limits ten times a second; true: the machine is stopped. */
static bool pass(unsigned int ms)
{
	bool stopped = false;

	for (uint64_t until = time_ms + ms; time_ms < until; time_ms += 100)
		stopped = on_tick(&watch, &vmm, 0);
	return stopped;
}

static void print_line(void)
{
	on_console(&watch, &vmm, (const uint8_t *)LINE, strlen(LINE));
	assert_true(seen.panic);
	assert_string_equal(seen.panic_line, "Kernel panic - not syncing: why");
}

static void print_late_line(void)
{
	on_console(&watch, &vmm, (const uint8_t *)LINE, strlen(LINE));
	assert_false(seen.panic);
}

/* A frame that the guest puts into the ring now; what the watch says of it. */
static int say(uint16_t type, const void *payload, uint32_t length)
{
	struct error err;

	header.head += 32;
	vmm.channel.ring.at = header.head;
	return on_frame(&watch, &vmm, type, payload, length, &err);
}

static void speak(uint16_t type, uint32_t length)
{
	const struct ktstr_heartbeat heartbeat = { 0 };

	assert_true(say(type, &heartbeat, length) >= 0);
}

/* A guest whose payload runs. */
static void begin(void)
{
	watch.at_ready = true;
	watch_init(&watch);
	speak(KTSTR_STARTED, 8);
}

static int as_it_should_calls;

static bool as_it_should(const struct verdict *verdict, const void *data)
{
	(void)data;
	as_it_should_calls++;
	return verdict->exit_status == 3;
}

/* A payload that ends with @status: the guest is looked at before it cleans up. */
static void fail_with(uint32_t status)
{
	struct ktstr_exited exited = { .kind = KTSTR_EXIT_STATUS, .value = status };
	uint64_t answers = header.answers;

	assert_int_equal(say(KTSTR_FAILING, &exited, sizeof(exited)), 0);
	/* The guest waits for it, whatever came of the look. */
	assert_int_equal(header.answers, answers + 1);
	assert_int_equal(look.core.taken, status && !(look.as_it_should && status == 3));
	assert_int_equal(say(KTSTR_EXITED, &exited, sizeof(exited)), 0);
	assert_int_equal(say(KTSTR_BYE, NULL, 0), 1);
}

static void a_failing_payload_is_looked_at_before_it_is_cleaned_up(void **state)
{
	(void)state;
	begin_look();
	begin();
	fail_with(3);
	watch_look_at_end(&watch, &vmm);
	assert_true(end_look(true));
	assert_non_null(strstr(look.error, "no VMCOREINFO"));
}

/* Nobody looks: what the scheduler's watchdog says after the stop is the stop's doing all the same.
 */
static void an_ejection_behind_the_failure_is_none(void **state)
{
	static const char ejected[] =
		"[    9.000000] sched_ext: BPF scheduler \"x\" disabled (runnable task stall)\n";
	const struct ktstr_sched attached = { .state = KTSTR_SCHED_ATTACHED, .ops = "x" };
	struct ktstr_exited exited = { .kind = KTSTR_EXIT_STATUS, .value = 3 };

	(void)state;
	begin();
	scheduler_seen_report(&seen.scheduler, &attached);
	assert_int_equal(say(KTSTR_FAILING, &exited, sizeof(exited)), 0);
	assert_int_equal(say(KTSTR_KERNEL, ejected, sizeof(ejected) - 1), 0);
	assert_false(scheduler_was_ejected(&seen.scheduler));
	/* Before it, it would be one. */
	begin();
	seen.scheduler.held = false;
	assert_int_equal(say(KTSTR_KERNEL, ejected, sizeof(ejected) - 1), 0);
	assert_true(scheduler_was_ejected(&seen.scheduler));
}

/* Where it was not stopped for a look, it is its own. */
static void a_stall_behind_a_look_is_none(void **state)
{
	static const char line[] =
		"[    9.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:83]\n";

	for (int looks = 0; looks < 2; looks++) {
		struct ktstr_exited exited = { .kind = KTSTR_EXIT_STATUS, .value = 3 };

		if (looks)
			begin_look();
		begin();
		assert_int_equal(say(KTSTR_KERNEL, line, sizeof(line) - 1), 0);
		assert_int_equal(seen.splats.found, 1);
		assert_int_equal(say(KTSTR_FAILING, &exited, sizeof(exited)), 0);
		assert_int_equal(say(KTSTR_KERNEL, line, sizeof(line) - 1), 0);
		assert_int_equal(seen.splats.found, looks ? 1 : 2);
		if (looks)
			end_look(false);
		tear_down(state);
		set_up(state);
	}
}

static void what_is_as_it_should_be_is_not_looked_at(void **state)
{
	(void)state;
	begin_look();
	look.as_it_should = as_it_should;
	begin();
	fail_with(3);
	watch_look_at_end(&watch, &vmm);
	assert_false(end_look(true));
	assert_true(as_it_should_calls > 0);
	assert_string_equal(look.error, "");
}

/* What was looked at as a failure, and passed after all; and a run that has no verdict. */
static void a_core_of_no_failure_is_dropped(void **state)
{
	(void)state;
	begin_look();
	begin();
	fail_with(3);
	seen.exit.value = 0;
	watch_look_at_end(&watch, &vmm);
	assert_false(end_look(true));
}

static void a_core_of_a_run_without_a_verdict_is_dropped(void **state)
{
	(void)state;
	begin_look();
	begin();
	fail_with(3);
	assert_false(end_look(false));
}

/* Its scheduler fails, and the payload goes on: the guest is looked at when that is known, and not
 * for its end as well. */
static void a_scheduler_that_fails_is_looked_at_then(void **state)
{
	static const char line[] =
		"sched_ext: BPF scheduler \"x\" disabled (runnable task stall)\n";
	const struct ktstr_sched attached = { .state = KTSTR_SCHED_ATTACHED, .ops = "x" };
	const struct ktstr_sched ended = { .state = KTSTR_SCHED_ENDED };

	(void)state;
	for (int exits = 0; exits < 2; exits++) {
		begin_look();
		watch.scheduler = true;
		watch.at_ready = true;
		watch_init(&watch);
		assert_int_equal(say(KTSTR_SCHED, &attached, sizeof(attached)), 0);
		speak(KTSTR_STARTED, 8);
		assert_int_equal(say(KTSTR_KERNEL, "hello\n", 6), 0);
		assert_false(look.core.taken);
		if (!exits)
			assert_int_equal(say(KTSTR_KERNEL, line, sizeof(line) - 1), 0);
		else
			assert_int_equal(say(KTSTR_SCHED, &ended, sizeof(ended)), 0);
		assert_true(look.core.taken);
		assert_int_equal(look.core.kind, VERDICT_FAIL);
		assert_false(seen.exited);
		fail_with(3);
		assert_true(end_look(true));
		tear_down(state);
		set_up(state);
	}
}

static void a_guest_that_is_stopped_is_looked_at_then(void **state)
{
	(void)state;
	begin_look();
	seen.test_limit_ms = 1000;
	begin();
	assert_true(pass(12000));
	assert_true(look.core.taken);
	assert_int_equal(look.core.kind, VERDICT_STALL);
	/* And once more only where its end is another one. */
	watch_look_at_end(&watch, &vmm);
	assert_true(end_look(true));
}

static void a_panic_after_a_failure_is_looked_at_as_well(void **state)
{
	(void)state;
	begin_look();
	begin();
	fail_with(3);
	assert_int_equal(look.core.kind, VERDICT_FAIL);
	seen.panic = true;
	watch_look_at_end(&watch, &vmm);
	assert_int_equal(look.core.kind, VERDICT_PANIC);
	assert_true(end_look(true));
}

/* Ten samples of a vCPU, half a second of its time apart; true: the machine was stopped. */
static bool run_stuck(bool takes_interrupts, bool speaks)
{
	static struct vcpu vcpu;
	bool stopped = false;

	vcpu.sample = (struct vmm_sample){ .takes_interrupts = takes_interrupts, .rip = 0x1234 };
	vmm.vcpus = &vcpu;
	vmm.nr_vcpus = 1;
	for (int i = 0; i < 22 && !stopped; i++) {
		vcpu.sample.nr++;
		vcpu.sample.cpu_ns += 500000000;
		if (speaks && i % 2)
			speak(KTSTR_HEARTBEAT, 8);
		stopped = pass(500);
	}
	vmm.vcpus = NULL;
	vmm.nr_vcpus = 0;
	return stopped;
}

static void a_cpu_that_is_stuck_ends_it_long_before_its_limit(void **state)
{
	(void)state;
	begin();
	assert_true(run_stuck(false, true));
	assert_int_equal(seen.stop, STOP_HARD_LOCKUP);
	assert_int_equal(seen.stuck_rip, 0x1234);
	assert_in_range(seen.stuck_ns, 5000000000, 6000000000);
}

/* Who may hold a lock for ever: the kernel's dump of a scheduler would wait for it. */
static void a_cpu_that_is_stuck_is_not_waited_for(void **state)
{
	const uint32_t rest = KTSTR_ASK_ALL & ~KTSTR_ASK(KTSTR_WORDS_SCHED_EXT);

	(void)state;
	begin();
	assert_int_equal(words_wanted(&watch, STOP_SOFT_LOCKUP), rest);
	assert_int_equal(words_wanted(&watch, STOP_BYE), KTSTR_ASK_ALL);
	/* Not long enough for a verdict, as where the payload's own limit comes first. */
	watch.stall.runs[1].count = 2;
	assert_int_equal(words_wanted(&watch, STOP_BYE), rest);
	watch.stall.runs[1].count = 0;
	run_stuck(false, true);
	assert_int_equal(seen.stop, STOP_HARD_LOCKUP);
	assert_int_equal(header.asked, rest);
}

static void one_that_works_does_not_and_nor_does_a_panics(void **state)
{
	(void)state;
	begin();
	assert_false(run_stuck(true, true));
	print_line();
	assert_true(run_stuck(false, false));
	assert_int_equal(seen.stop, STOP_PANIC);
}

static int say_words(uint32_t part, uint32_t error, const char *text)
{
	struct {
		struct ktstr_own_words head;
		char text[16];
	} words = { .head = { .part = part, .error = error } };

	strcpy(words.text, text);
	return say(KTSTR_OWN_WORDS, &words, (uint32_t)(sizeof(words.head) + strlen(text)));
}

/* Its init lives: it is asked, and what it says is kept; nothing else is, and nobody waits long. */
static void who_lives_is_asked_for_its_own_words(void **state)
{
	char *lines;

	(void)state;
	for (int answers = 0; answers < 2; answers++) {
		uint64_t begin_ms;

		seen.test_limit_ms = 1000;
		begin();
		for (int i = 0; i < 10; i++) {
			speak(KTSTR_HEARTBEAT, 8);
			assert_false(pass(1000));
		}
		assert_int_equal(header.asked, 0);
		speak(KTSTR_HEARTBEAT, 8);
		while (!header.asked)
			assert_false(pass(100));
		assert_int_equal(seen.stop, STOP_TEST_TIMEOUT);
		assert_int_equal(header.asked, KTSTR_ASK_ALL);
		begin_ms = time_ms;
		for (uint32_t i = 0; answers && i < KTSTR_WORDS_NR; i++) {
			assert_false(pass(100));
			assert_int_equal(say_words(i, i == 3 ? 6 : 0, i == 3 ? "" : "a\nb"), 0);
		}
		assert_int_equal(say(KTSTR_STDOUT, "late", 4), 0);
		assert_int_equal(seen.stdout_bytes, 0);
		print_late_line();
		if (!answers)
			assert_false(pass(KTSTR_OWN_WORDS_WAIT_MS - 500));
		assert_true(pass(answers ? 100 : 1000));
		assert_in_range(time_ms - begin_ms, 100, KTSTR_OWN_WORDS_WAIT_MS + 1000);
		assert_int_equal(seen.stop, STOP_TEST_TIMEOUT);
		assert_int_equal(seen.own_words[0].said, answers);
		assert_int_equal(seen.own_words[3].error, answers ? 6 : 0);
		lines = tail_lines(&seen.own_words[4].text, SIZE_MAX);
		assert_string_equal(lines, answers ? "a\nb" : "");
		free(lines);
		tear_down(state);
		set_up(state);
	}
}

/* While it is waited for that, a signal ends all at once, as what it is. */
static void who_wants_out_does_not_wait_for_own_words(void **state)
{
	struct verdict verdict;
	sigset_t interrupt;

	(void)state;
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	assert_int_equal(sigprocmask(SIG_BLOCK, &interrupt, NULL), 0);
	watch.cancel_fd = signalfd(-1, &interrupt, SFD_NONBLOCK | SFD_CLOEXEC);
	assert_true(watch.cancel_fd >= 0);
	seen.test_limit_ms = 1000;
	begin();
	while (!header.asked) {
		speak(KTSTR_HEARTBEAT, 8);
		assert_false(pass(100));
	}
	assert_int_equal(raise(SIGINT), 0);
	assert_true(pass(100));
	close(watch.cancel_fd);
	assert_int_equal(seen.stop, STOP_SIGNAL);
	verdict_of(&seen, &verdict);
	assert_int_equal(verdict.kind, VERDICT_INTERRUPTED);
	assert_int_equal(verdict.exit_status, 128 + SIGINT);
}

/* Nothing runs, and init has not spoken for eight seconds; with a heartbeat now and then it may. */
static void who_is_silent_with_nothing_to_do_has_stalled(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 5; i++) {
		assert_false(pass(7000));
		speak(KTSTR_HEARTBEAT, 8);
	}
	assert_true(pass(9500));
	assert_int_equal(seen.stop, STOP_ALL_IDLE);
	assert_in_range(seen.stuck_ns, 8000000000, 9000000000);
}

/* A guest without a kernel shows nothing, and why is told; one that goes on after all has not
 * failed. */
static void a_panic_is_looked_into_at_its_line(void **state)
{
	(void)state;
	begin_look();
	look.limit_ms = 60000;
	begin();
	print_line();
	assert_true(look.inside.taken);
	assert_int_equal(look.inside.kind, VERDICT_PANIC);
	/* A core can wait for the end. */
	assert_false(look.core.taken);
	assert_null(seen.inside.machine);
	assert_true(*seen.inside.why);
	assert_true(*seen.inside.why_log);
	assert_true(seen.inside.at_ns > 0);
	speak(KTSTR_BYE, 0);
	assert_false(seen.panic);
	assert_false(look.inside.taken);
	assert_true(seen.inside.at_ns == 0);
	assert_string_equal(seen.inside.why, "");
	/* Who prints such lines again and again is not looked into each time. */
	for (int i = 0; i < 10; i++) {
		print_line();
		speak(KTSTR_BYE, 0);
	}
	assert_int_equal(look.nr_inside, 4);
	seen.stop = STOP_SIGNAL;
	assert_false(end_look(true));
}

/* A slow console: the kernel prints its call trace before it stops the other CPUs. */
static void others_may_speak_while_a_panic_prints(void **state)
{
	(void)state;
	begin();
	print_line();
	for (int i = 0; i < 9; i++) {
		assert_false(pass(500));
		speak(KTSTR_STDOUT, 4);
	}
	speak(KTSTR_HEARTBEAT, 8);
	assert_true(seen.panic);
	/* It does not reset: it is stopped. */
	assert_true(pass(20000));
	assert_int_equal(seen.stop, STOP_PANIC);
}

static void who_goes_on_has_not_panicked(void **state)
{
	(void)state;
	begin();
	print_line();
	for (int i = 0; i < 10; i++) {
		assert_false(pass(1000));
		speak(KTSTR_HEARTBEAT, 8);
	}
	assert_false(seen.panic);
	assert_string_equal(seen.panic_line, "");
	/* A later one counts again. */
	print_line();
	assert_true(pass(20000));
	assert_int_equal(seen.stop, STOP_PANIC);
}

static void a_guest_that_ends_well_has_not_panicked(void **state)
{
	(void)state;
	begin();
	print_line();
	speak(KTSTR_BYE, 0);
	assert_false(seen.panic);
	assert_int_equal(seen.stop, STOP_BYE);
}

static void what_was_said_before_proves_nothing(void **state)
{
	const struct ktstr_heartbeat heartbeat = { 0 };
	struct error err;

	(void)state;
	begin();
	header.head += 32;
	print_line();
	pass(6000);
	vmm.channel.ring.at += 32;
	assert_int_equal(
		on_frame(&watch, &vmm, KTSTR_HEARTBEAT, &heartbeat, sizeof(heartbeat), &err), 0);
	assert_true(seen.panic);
}

/* A line that never ended is one all the same, when no more can come. */
static void a_panic_may_be_the_very_last_word(void **state)
{
	(void)state;
	begin();
	on_console(&watch, &vmm, (const uint8_t *)LINE, strlen(LINE) - 1);
	assert_false(seen.panic);
	watch_finish(&watch);
	assert_true(seen.panic);
	assert_string_equal(seen.panic_line, "Kernel panic - not syncing: why");
}

static const struct ktstr_hello hello = {
	.version = KTSTR_PROTOCOL_VERSION, .cpus_online = 1, .nodes_online = 1, .release = "6.1.0"
};

static void a_life_from_power_on(void **state)
{
	const struct ktstr_exited exited = { .kind = KTSTR_EXIT_STATUS, .value = 3 };
	const struct ktstr_tracer tracer = { .state = KTSTR_TRACER_FAILED, .reason = "no ring" };
	struct error err;

	(void)state;
	watch_init(&watch);
	assert_int_equal(on_ready(&watch, &vmm, &err), -EPROTO);
	assert_false(seen.hello);
	assert_int_equal(seen.begin_ns, 10000000000);
	time_ms = 11000;
	assert_int_equal(say(KTSTR_HELLO, &hello, sizeof(hello)), 0);
	assert_int_equal(say(KTSTR_HELLO, &hello, sizeof(hello)), -EPROTO);
	time_ms = 12000;
	speak(KTSTR_READY, 8);
	assert_int_equal(say(KTSTR_TRACER, &tracer, sizeof(tracer)), 0);
	time_ms = 13000;
	speak(KTSTR_STARTED, 8);
	speak(KTSTR_STDOUT, 5);
	speak(KTSTR_STDERR, 7);
	time_ms = 14000;
	assert_int_equal(say(KTSTR_EXITED, &exited, sizeof(exited)), 0);
	assert_int_equal(say(KTSTR_BYE, NULL, 0), 1);
	watch_finish(&watch);
	assert_true(seen.hello && seen.started && seen.exited);
	assert_string_equal(seen.release, "6.1.0");
	assert_int_equal(seen.hello_ns, 11000000000);
	assert_int_equal(seen.ready_ns, 12000000000);
	assert_int_equal(seen.started_ns, 13000000000);
	assert_int_equal(seen.exited_ns, 14000000000);
	assert_int_equal(seen.exit.value, 3);
	assert_int_equal(seen.stdout_bytes, 5);
	assert_int_equal(seen.stderr_bytes, 7);
	assert_int_equal(seen.tracer, TRACER_FAILED);
	assert_string_equal(seen.tracer_reason, "no ring");
	assert_int_equal(seen.stop, STOP_BYE);
}

static void put(uint16_t type, const char *text)
{
	assert_int_equal(say(type, text, (uint32_t)strlen(text)), 0);
}

/* Of the kernel's own lines, and of the payload's output: each from its own stream. And metrics,
 * and ktstr-work's. */
static void what_is_looked_for_in_lines(void **state)
{
	static const char words[] = "[    1.0] WARNING: CPU: 0 PID: 1 at a.c:1\n";
	const struct ktstr_exited exited = { .tainted = 1 << 9 | 1 << 14 };
	const struct {
		struct ktstr_file head;
		char text[8];
	} metrics = { { .size = 8 }, "m 12 ms\n" };
	struct expect expect = { .kind = EXPECT_STDERR };
	struct error err;

	(void)state;
	assert_int_equal(pattern_parse("x", "*starved", &expect.pattern, &err), 0);
	seen.expected.expect = &expect;
	begin();
	put(KTSTR_KMSG, words);
	put(KTSTR_STDERR, words);
	put(KTSTR_STDOUT, "was starved\n");
	put(KTSTR_STDERR, "was sta");
	assert_false(seen.expected.seen);
	assert_int_equal(seen.splats.found, 0);
	put(KTSTR_KERNEL, words);
	put(KTSTR_STDERR, "rved");
	assert_int_equal(say(KTSTR_METRICS, &metrics, sizeof(metrics)), 0);
	put(KTSTR_WORK, "error why\n");
	assert_int_equal(say(KTSTR_EXITED, &exited, sizeof(exited)), 0);
	assert_false(seen.expected.seen);
	watch_finish(&watch);
	assert_true(seen.expected.seen);
	assert_int_equal(seen.splats.found, 2);
	assert_string_equal(seen.splats.kept[0].line, "WARNING: CPU: 0 PID: 1 at a.c:1");
	assert_string_equal(seen.splats.kept[1].line, "tainted: L (soft lockup)");
	assert_int_equal(seen.metrics.count, 1);
	assert_string_equal(seen.metrics.list[0].name, "m");
	assert_string_equal(seen.work.error, "why");
	pattern_free(&expect.pattern);
}

static void a_guest_on_less_than_its_machine_is_stopped(void **state)
{
	(void)state;
	seen.cpus_wanted = 2;
	watch_init(&watch);
	assert_int_equal(say(KTSTR_HELLO, &hello, sizeof(hello)), 1);
	assert_int_equal(seen.stop, STOP_OTHER_MACHINE);
}

/* Its boot is behind it, and what it said then has been said: to the watch of another machine. */
static void a_life_from_the_ready_point(void **state)
{
	(void)state;
	watch.at_ready = true;
	seen.hello = true;
	watch_init(&watch);
	assert_int_equal(say(KTSTR_HELLO, &hello, sizeof(hello)), -EPROTO);
	assert_int_equal(say(KTSTR_READY, &hello, sizeof(struct ktstr_ready)), -EPROTO);
	speak(KTSTR_STARTED, 8);
	assert_true(seen.started);
}

/* In one observation: what was lost of the first one's output is not forgotten. */
static void a_machine_and_then_its_fork(void **state)
{
	(void)state;
	watch.console_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	watch_init(&watch);
	assert_int_equal(say(KTSTR_HELLO, &hello, sizeof(hello)), 0);
	speak(KTSTR_READY, 8);
	on_console(&watch, &vmm, (const uint8_t *)"words", 5);
	assert_int_equal(on_ready(&watch, &vmm, NULL), 1); /* it has no cargo */
	watch_finish(&watch);
	assert_int_equal(seen.output_error, ENOSPC);
	close(watch.console_fd);
	watch.console_fd = -1;
	watch.at_ready = true;
	watch_init(&watch);
	speak(KTSTR_STARTED, 8);
	watch_finish(&watch);
	assert_int_equal(seen.output_error, ENOSPC);
}

/* It cannot fail to boot; but it may never come to its payload. */
static void a_fork_that_hangs_is_stopped(void **state)
{
	(void)state;
	watch.at_ready = true;
	watch_init(&watch);
	for (unsigned int i = 0; i < 55; i++)
		assert_false(pass(1000));
	assert_true(pass(10000));
	assert_int_equal(seen.stop, STOP_PREPARE_TIMEOUT);
}

static void output_goes_out_and_its_loss_is_told(void **state)
{
	char text[8] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	watch.out_fd = fds[1];
	watch.err_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	begin();
	assert_int_equal(say(KTSTR_STDOUT, "words", 5), 0);
	assert_int_equal(read(fds[0], text, sizeof(text)), 5);
	assert_string_equal(text, "words");
	assert_int_equal(say(KTSTR_STDERR, "words", 5), 0);
	assert_int_equal(say(KTSTR_STDERR, "words", 5), 0);
	assert_int_equal(seen.stderr_bytes, 10);
	watch_finish(&watch);
	assert_int_equal(seen.output_error, ENOSPC);
	assert_int_equal(seen.stop, STOP_NONE);
	close(watch.err_fd);
	close(fds[0]);
	close(fds[1]);
}

/* By whom the machine is to end is not kept from it by a slow reader. */
static void a_full_pipe_does_not_keep_who_wants_out(void **state)
{
	uint8_t much[4096] = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096);
	watch.out_fd = fds[1];
	begin();
	assert_int_equal(say(KTSTR_STDOUT, much, sizeof(much)), 0);
	time_ms += 200;
	seen.stop = STOP_SIGNAL;
	alarm(30);
	assert_int_equal(say(KTSTR_STDOUT, much, sizeof(much)), 1);
	alarm(0);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_panic_is_looked_into_at_its_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_wants_out_does_not_wait_for_own_words, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_lives_is_asked_for_its_own_words, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_cpu_that_is_stuck_ends_it_long_before_its_limit,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cpu_that_is_stuck_is_not_waited_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_stall_behind_a_look_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_works_does_not_and_nor_does_a_panics,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_silent_with_nothing_to_do_has_stalled,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_failing_payload_is_looked_at_before_it_is_cleaned_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_ejection_behind_the_failure_is_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_as_it_should_be_is_not_looked_at, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_core_of_no_failure_is_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_core_of_a_run_without_a_verdict_is_dropped,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_scheduler_that_fails_is_looked_at_then, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_guest_that_is_stopped_is_looked_at_then, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_panic_after_a_failure_is_looked_at_as_well,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_may_speak_while_a_panic_prints, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_goes_on_has_not_panicked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_guest_that_ends_well_has_not_panicked, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_was_said_before_proves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_panic_may_be_the_very_last_word, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_life_from_power_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_looked_for_in_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_guest_on_less_than_its_machine_is_stopped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_life_from_the_ready_point, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_machine_and_then_its_fork, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_fork_that_hangs_is_stopped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(output_goes_out_and_its_loss_is_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_full_pipe_does_not_keep_who_wants_out, set_up,
						tear_down),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
