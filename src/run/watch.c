/* What happens in the VM, as it happens? See watch.h. Every frame here was written by the guest. */
#include "run/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/take.h"
#include "host/memory.h"
#include "util/cancel.h"
#include "util/clock.h"

/* How often to look for signals and keys while a reader is slow. */
#define LOOK_NS (WATCH_OUTPUT_WAIT_MS * 1000000ull)

/* Ask the VMM to stop the machine, for the first reason that comes. */
static int stop(struct watch *watch, enum stop_reason reason)
{
	if (watch->seen->stop == STOP_NONE)
		watch->seen->stop = reason;
	return 1;
}

static int stop_for_signal(struct watch *watch, int number)
{
	watch->seen->signal = number;
	/* It is only waited for what the guest says: who wants out is not kept for that. */
	if (watch->asked_ns)
		watch->seen->stop = STOP_NONE;
	return stop(watch, STOP_SIGNAL);
}

/* Did the user want out? Takes the signal from the descriptor. */
static bool cancelled(struct watch *watch)
{
	int number = cancel_take(watch->cancel_fd);

	return number && stop_for_signal(watch, number);
}

/* What the host gave the vCPUs by now, of a payload that runs or has just ended. */
static void note_host(struct watch *watch, struct vmm *vmm, struct host_took *took)
{
	struct vmm_cpu_times times;
	bool known = !vmm_cpu_times(vmm, &times);
	uint64_t boot_ns = boottime_ns();

	host_took_end(took, known ? &times : NULL,
		      watch_limits_stood(&watch->limits, now_ns(), boot_ns),
		      boot_ns - watch->limits.started_boot_ns);
	host_took_memory(took, host_memory_stalled_ns(""));
}

/*
 * The machine fails, as @seen has it: it stands still, is looked at, and goes on unless it is to
 * end. The time for that is none of the guest's. Returns whether it has stood still.
 */
static bool look_at(struct watch *watch, struct vmm *vmm, const struct observation *seen,
		    bool goes_on, bool with_core)
{
	uint64_t begin = now_ns();
	struct verdict verdict;
	struct error err;
	bool stands;

	if (!watch->look)
		return false;
	verdict_of(seen, &verdict);
	if (!look_wants(watch->look, &verdict, with_core))
		return false;
	stands = !vmm_pause(vmm, &err);
	if (!stands) {
		look_missed(watch->look, &err);
	} else {
		look_take(watch->look, vmm, seen, &watch->flight, &verdict, with_core,
			  &watch->seen->inside);
		if (goes_on)
			vmm_resume(vmm);
	}
	watch->look_ns += now_ns() - begin;
	watch_limits_blocked(&watch->limits, watch->output.blocked_ns + watch->look_ns);
	return stands;
}

void watch_look_at_end(struct watch *watch, struct vmm *vmm)
{
	if (!watch->seen->exited)
		note_host(watch, vmm, &watch->seen->host_took);
	look_at(watch, vmm, watch->seen, false, true);
}

/* An idle CPU runs its timers and little else: a tenth of one is far from idle. */
#define IDLE_SHARE	       10
/* Heartbeats come each second, on a busy host later. */
#define WATCH_LEAST_SILENCE_NS 5000000000ull

/*
 * Is a vCPU stuck, or is nobody in the guest there to run? Before init has spoken the boot has its
 * own budget, and a kernel that has panicked may spin as it likes.
 */
static enum stop_reason find_stall(struct watch *watch, struct vmm *vmm, uint64_t now)
{
	struct observation *seen = watch->seen;
	uint64_t silence = watch_limits_silence(&watch->limits, now), ran;
	struct vmm_sample sample;
	enum stop_reason reason;

	if (!watch->order.ready || seen->panic ||
	    now - watch->stall.asked_ns < WATCH_STALL_SAMPLE_NS)
		return STOP_NONE;
	watch->stall.asked_ns = now;
	for (unsigned int i = 0; i < vmm_nr_vcpus(vmm); i++) {
		vmm_last_sample(vmm, i, &sample);
		seen->stuck_ns = watch_stall_add(&watch->stall, i, &sample);
		seen->stuck_vcpu = i;
		seen->stuck_rip = sample.rip;
		if (seen->stuck_ns)
			return STOP_HARD_LOCKUP;
	}
	ran = vmm_sample(vmm);
	if (watch->frames != watch->frames_at_sample) {
		watch->frames_at_sample = watch->frames;
		watch->ran_at_frame_ns = ran;
	}
	reason = watch_queues_look(&watch->queues, vmm, watch_limits_now(&watch->limits, now), ran,
				   seen);
	if (reason != STOP_NONE)
		return reason;
	seen->stuck_ns = silence;
	if (silence > watch->limits.stall_ms * 1000000 / 5 * 4 &&
	    silence > WATCH_LEAST_SILENCE_NS && ran - watch->ran_at_frame_ns < silence / IDLE_SHARE)
		return STOP_ALL_IDLE;
	return STOP_NONE;
}

/* Some part of the guest may still answer, and tell of the rest. */
static bool may_answer(const struct watch *watch, uint64_t now)
{
	enum stop_reason stop = watch->seen->stop;

	return (stop == STOP_HARD_LOCKUP || stop == STOP_SOFT_LOCKUP || stop == STOP_FORGOTTEN ||
		stop == STOP_TEST_TIMEOUT || stop == STOP_FINISH_TIMEOUT) &&
	       now - watch->seen->heartbeat_ns < 2 * KTSTR_OWN_WORDS_WAIT_MS * 1000000ull;
}

/*
 * What is it asked for? The kernel's dump of the scheduler takes the locks of all run queues. A CPU
 * that is stuck may hold one of them for ever, and then what is left of the guest stands as well.
 */
static uint32_t words_wanted(const struct watch *watch, enum stop_reason stop)
{
	return stop == STOP_HARD_LOCKUP || stop == STOP_SOFT_LOCKUP ||
			       watch_stall_suspects(&watch->stall)
		       ? KTSTR_ASK_ALL & ~KTSTR_ASK(KTSTR_WORDS_SCHED_EXT)
		       : KTSTR_ASK_ALL;
}

static bool past_limit(struct watch *watch, struct vmm *vmm)
{
	uint64_t now = now_ns();
	enum stop_reason reason;
	bool may_speak;

	if (watch->asked_ns)
		return watch_order_has_own_words(&watch->order) ||
		       now - watch->asked_ns > KTSTR_OWN_WORDS_WAIT_MS * 1000000ull;
	reason = watch_limits_check(&watch->limits, now);
	if (reason == STOP_NONE)
		reason = find_stall(watch, vmm, now);
	if (reason == STOP_NONE)
		return false;
	stop(watch, reason);
	watch->seen->end_ns = now;
	if (!watch->seen->exited)
		note_host(watch, vmm, &watch->seen->host_took);
	may_speak = may_answer(watch, now);
	look_at(watch, vmm, watch->seen, may_speak, true);
	if (!may_speak)
		return true;
	watch->asked_ns = now_ns();
	vmm_ask(vmm, words_wanted(watch, reason));
	return false;
}

/* The user's terminal has something for the guest, or nobody sits there any more. */
static bool on_input(void *data, struct vmm *vmm, bool readable)
{
	struct watch *watch = data;
	int number = attach_turn(watch->attach, vmm, readable);

	return number && stop_for_signal(watch, number);
}

static bool on_feed(void *data, struct vmm *vmm, bool readable)
{
	const struct watch *watch = data;

	feed_turn(watch->feed, vmm, readable);
	return false;
}

static struct base_text text_of(const struct tail *tail)
{
	char *lines = tail_lines(tail, SIZE_MAX);

	return (struct base_text){ lines, lines ? strlen(lines) : 0 };
}

/* The facts of a base: what this observation has by now. */
static void note_facts(const struct observation *seen, struct base_facts *facts)
{
	facts->cpus_online = seen->cpus_online;
	facts->nodes_online = seen->nodes_online;
	memcpy(facts->release, seen->release, sizeof(facts->release));
	facts->boot_ns = seen->ready_ns - seen->begin_ns;
	facts->init_log = text_of(&seen->init_log);
	facts->console = text_of(&seen->console);
}

/* The guest waits for its job: it becomes a base, or gets it. */
static int on_ready(void *data, struct vmm *vmm, struct error *err)
{
	struct watch *watch = data;
	struct inspect_source source;

	if (!watch->order.ready)
		return error_set(err, -EPROTO, "the ready bell was rung before KTSTR_READY");
	if (watch->order.started || watch->order.exited)
		return error_set(err, -EPROTO, "a payload before there was a job");
	/* The user wanted out, and it was seen while his console was slow. */
	if (watch->seen->stop != STOP_NONE)
		return 1;
	if (watch->take) {
		watch->take_result = base_take(vmm, watch->take, &watch->take_error);
		if (!watch->take_result) {
			note_facts(watch->seen, &watch->take->facts);
			return 1;
		}
	}
	if (!vmm_source(vmm, &source, NULL)) {
		watch_queues_ready(&watch->queues, &source);
		if (watch->record_size)
			flight_find_init(&watch->flight, &source);
	}
	/* Nothing to be run: what was wanted was a base. */
	if (!watch->cargo->bytes)
		return 1;
	return vmm_attach_cargo(vmm, watch->cargo->bytes, watch->cargo->size, err);
}

static bool on_tick(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct watch *watch = data;

	watch_limits_waited(&watch->limits, waited_ns);
	return (watch->seen->stop != STOP_NONE && !watch->asked_ns) || cancelled(watch) ||
	       past_limit(watch, vmm);
}

/* Does the user want out, by signal or by the keys of an attached terminal? Looks now and then. */
static bool wants_out(struct watch *watch, struct vmm *vmm)
{
	struct pollfd keys = { .fd = watch->attach ? watch->attach->input.fd : -1,
			       .events = POLLIN };
	uint64_t now = now_ns();

	if (now - watch->looked_at < LOOK_NS)
		return false;
	watch->looked_at = now;
	return watch->seen->stop != STOP_NONE || cancelled(watch) ||
	       (poll(&keys, 1, 0) > 0 && on_input(watch, vmm, true));
}

/* Pass output on. Returns 1 to stop the machine. */
static int pass_on(struct watch *watch, struct vmm *vmm, struct sink *sink, const uint8_t *bytes,
		   size_t count)
{
	/* Who has left a terminal does not want to see the rest. */
	if (watch->attach && watch->seen->stop == STOP_SIGNAL)
		return 1;
	while (count && sink->fd >= 0) {
		ssize_t taken;

		if (sink->may_block && wants_out(watch, vmm))
			return 1;
		taken = watch_output_step(&watch->output, sink, bytes, count);
		watch_limits_blocked(&watch->limits, watch->output.blocked_ns + watch->look_ns);
		/* The test goes on without it. But nobody types at a guest that he cannot see. */
		if (taken < 0)
			return watch->attach && sink == &watch->output.out
				       ? stop_for_signal(watch, SIGPIPE)
				       : 0;
		bytes += taken;
		count -= (size_t)taken;
	}
	return 0;
}

static void note_panic(struct observation *seen, const char *line)
{
	seen->panic = true;
	snprintf(seen->panic_line, sizeof(seen->panic_line), "%s", line);
}

static void on_console(void *data, struct vmm *vmm, const uint8_t *bytes, size_t count)
{
	struct watch *watch = data;
	struct observation *seen = watch->seen;
	char line[PANIC_LINE_SIZE];

	/* Its verdict is out, and what it was asked for is printed as well. */
	if (watch->asked_ns)
		return;
	tail_add(&seen->console, bytes, count);
	pass_on(watch, vmm, &watch->output.console, bytes, count);
	if (!panic_line_add(&watch->panic_line, bytes, count, line) || seen->panic)
		return;
	note_panic(seen, line);
	watch_limits_panic(&watch->limits, now_ns(), channel_said(vmm_channel(vmm)));
	/* Before it has stopped its other CPUs. A core can wait for its reset. */
	look_at(watch, vmm, seen, true, false);
}

static int on_hello(struct watch *watch, const struct ktstr_hello *hello)
{
	struct observation *seen = watch->seen;

	watch_limits_hello(&watch->limits);
	seen->hello = true;
	seen->hello_ns = now_ns();
	seen->cpus_online = hello->cpus_online;
	seen->nodes_online = hello->nodes_online;
	memcpy(seen->release, hello->release, sizeof(hello->release));
	seen->release[sizeof(hello->release)] = '\0';
	/* A test on another machine than the one that was asked for would tell nothing. */
	if (!seen->machine_reduced &&
	    (seen->cpus_online != seen->cpus_wanted || seen->nodes_online != seen->nodes_wanted))
		return stop(watch, STOP_OTHER_MACHINE);
	return 0;
}

static void on_tracer(struct observation *seen, const struct ktstr_tracer *tracer)
{
	if (tracer->state == KTSTR_TRACER_READY) {
		seen->tracer = TRACER_READY;
	} else if (tracer->state == KTSTR_TRACER_DONE) {
		seen->tracer = TRACER_DONE;
	} else {
		seen->tracer = TRACER_FAILED;
		snprintf(seen->tracer_reason, sizeof(seen->tracer_reason), "%.*s",
			 (int)sizeof(tracer->reason), tracer->reason);
	}
}

static void on_started(struct watch *watch, struct vmm *vmm, const struct ktstr_started *started)
{
	struct vmm_cpu_times times;
	bool known = !vmm_cpu_times(vmm, &times);

	watch->seen->started = true;
	cargo_unpacked(watch->cargo);
	watch->seen->started_ns = now_ns();
	watch->seen->guest_started_ns = started->boottime_ns;
	watch_limits_started(&watch->limits, now_ns(), boottime_ns());
	host_took_begin(&watch->seen->host_took, known ? &times : NULL, host_memory_stalled_ns(""));
	if (watch->attach)
		attach_begin(watch->attach);
	if (watch->feed)
		feed_begin(watch->feed);
	vmm_note_touched(vmm, watch->touched);
}

/* What is typed from now on is for the user's own shell. */
static void end_input(struct watch *watch)
{
	if (watch->attach)
		attach_end(watch->attach);
	if (watch->feed)
		feed_end(watch->feed);
}

/* The payload fails, and the guest waits: as if it had ended, and the guest had said its last word.
 */
static void on_failing(struct watch *watch, struct vmm *vmm, const struct ktstr_exited *exited)
{
	struct observation seen = *watch->seen;

	seen.exited = true;
	seen.exit = *exited;
	seen.stop = STOP_BYE;
	note_host(watch, vmm, &seen.host_took);
	if (look_at(watch, vmm, &seen, true, true))
		watch->seen->splats.has_stood = true;
	scheduler_seen_hold(&watch->seen->scheduler);
	/* The answer is seen only with what it is asked. */
	vmm_ask(vmm, words_wanted(watch, STOP_BYE));
	vmm_answer(vmm, 0);
}

/* The scheduler that is tested has failed: the payload may go on for long, and its end tells less.
 */
static void on_scheduler(struct watch *watch, struct vmm *vmm, uint16_t type, const void *payload,
			 uint32_t length)
{
	struct scheduler_seen *scheduler = &watch->seen->scheduler;
	bool had_failed = scheduler_has_failed(scheduler);
	struct observation seen;

	if (type == KTSTR_SCHED)
		scheduler_seen_report(scheduler, payload);
	else
		scheduler_seen_kernel(scheduler, payload, length);
	if (had_failed || !scheduler_has_failed(scheduler) || !watch->seen->started ||
	    watch->seen->exited)
		return;
	/* As if the payload had passed. */
	seen = *watch->seen;
	seen.exited = true;
	seen.exit = (struct ktstr_exited){ .kind = KTSTR_EXIT_STATUS };
	seen.stop = STOP_BYE;
	look_at(watch, vmm, &seen, true, true);
}

static void on_own_words(struct observation *seen, const struct ktstr_own_words *words,
			 uint32_t length)
{
	struct own_words *part = &seen->own_words[words->part];

	part->said = true;
	part->error = words->error;
	tail_add(&part->text, words + 1, length - sizeof(*words));
}

static void on_exited(struct watch *watch, struct vmm *vmm, const struct ktstr_exited *exited)
{
	note_host(watch, vmm, &watch->seen->host_took);
	host_took_stolen(&watch->seen->host_took, exited->stolen_ns);
	watch->seen->exited = true;
	watch->seen->exited_ns = now_ns();
	watch_limits_exited(&watch->limits, now_ns());
	watch->seen->exit = *exited;
	splats_finish(&watch->seen->splats, exited);
	end_input(watch);
}

/* A panic's line behind which init speaks was printed by somebody else. */
static void doubt_panic(struct watch *watch, const struct vmm *vmm, uint16_t type)
{
	if (!watch_limits_doubt(&watch->limits, now_ns(), channel_heard(vmm_channel(vmm)),
				type == KTSTR_BYE))
		return;
	watch->seen->panic = false;
	watch->seen->panic_line[0] = '\0';
	if (watch->look)
		look_forget(watch->look, &watch->seen->inside);
}

/* What a frame tells that may come now. Returns as channel_frame_fn. */
static int handle_frame(struct watch *watch, struct vmm *vmm, uint16_t type, const void *payload,
			uint32_t length, struct error *err)
{
	struct observation *seen = watch->seen;

	switch ((enum ktstr_frame_type)type) {
	case KTSTR_HELLO:
		return on_hello(watch, payload);
	case KTSTR_READY:
		seen->ready_ns = now_ns();
		return 0;
	case KTSTR_HEARTBEAT:
		seen->heartbeat_ns = now_ns();
		return 0;
	case KTSTR_STARTED:
		on_started(watch, vmm, payload);
		return 0;
	case KTSTR_STDOUT:
		seen->stdout_bytes += length;
		expect_watch_add(&seen->expected, false, payload, length);
		return pass_on(watch, vmm, &watch->output.out, payload, length);
	case KTSTR_STDERR:
		seen->stderr_bytes += length;
		expect_watch_add(&seen->expected, true, payload, length);
		return pass_on(watch, vmm, &watch->output.err, payload, length);
	case KTSTR_EXITED:
		on_exited(watch, vmm, payload);
		return 0;
	case KTSTR_TRACER:
		on_tracer(seen, payload);
		return 0;
	case KTSTR_TRACER_TEXT:
		tail_add(&seen->tracer_text, payload, length);
		return 0;
	case KTSTR_TRACE_BEGIN:
	case KTSTR_TRACE_DATA:
	case KTSTR_TRACE_END:
		return watch_trace_take(&watch->trace, type, payload, length, err);
	case KTSTR_KMSG:
		tail_add(&seen->kmsg, payload, length);
		return 0;
	case KTSTR_KERNEL:
		splats_add(&seen->splats, payload, length);
		on_scheduler(watch, vmm, type, payload, length);
		return 0;
	case KTSTR_SCHED_KERNEL:
	case KTSTR_SCHED:
		on_scheduler(watch, vmm, type, payload, length);
		return 0;
	case KTSTR_SETUP:
		seen->setup_failed = true;
		memcpy(&seen->setup, payload, sizeof(seen->setup));
		return 0;
	case KTSTR_SCHED_TEXT:
		tail_add(&seen->scheduler.text, payload, length);
		return 0;
	case KTSTR_SCHED_DUMP:
		tail_add(&seen->scheduler.dump, payload, length);
		return 0;
	case KTSTR_SCHED_EVENTS:
		scheduler_seen_events(&seen->scheduler, payload, length);
		return 0;
	case KTSTR_METRICS:
		metrics_take(&seen->metrics, payload, length);
		return 0;
	case KTSTR_WORK:
		work_said_take(&seen->work, payload, length);
		return 0;
	case KTSTR_LOG:
		tail_add(&seen->init_log, payload, length);
		tail_add(&seen->init_log, "\n", 1);
		return 0;
	case KTSTR_EXPIRED:
		vmm_answer(vmm, watch_limits_lost(&watch->limits, now_ns(), boottime_ns()));
		return 0;
	case KTSTR_FAILING:
		on_failing(watch, vmm, payload);
		return 0;
	case KTSTR_OWN_WORDS:
		on_own_words(seen, payload, length);
		return 0;
	case KTSTR_BYE:
		return stop(watch, STOP_BYE);
	case KTSTR_RECORD:
		return flight_take(&watch->flight, payload, length, err);
	case KTSTR_KEYS:
	case KTSTR_RESIZE:
	case KTSTR_STDIN:
		break; /* the host's own: watch_order lets none come */
	}
	return 0;
}

static int on_frame(void *data, struct vmm *vmm, uint16_t type, const void *payload,
		    uint32_t length, struct error *err)
{
	struct watch *watch = data;
	int ret;

	doubt_panic(watch, vmm, type);
	ret = watch_order_take(&watch->order, type, payload, length, err);
	/* Its verdict is out: what else it says now comes too late. */
	if (!ret && (!watch->asked_ns || type == KTSTR_OWN_WORDS))
		ret = handle_frame(watch, vmm, type, payload, length, err);
	watch_limits_frame(&watch->limits, now_ns());
	watch->frames++;
	return ret;
}

void watch_init(struct watch *watch)
{
	struct observation *seen = watch->seen;
	bool tracer = seen->tracer != TRACER_OFF;

	if (watch->attach)
		watch->attach->input.ready = on_input;
	if (watch->feed)
		watch->feed->input.ready = on_feed;
	watch->limits = (struct watch_limits){ .boot_ms = seen->boot_limit_ms,
					       .test_ms = seen->test_limit_ms,
					       .stall_ms = watch->stall_timeout_ms
								   ? watch->stall_timeout_ms
								   : WATCH_STALL_TIMEOUT_MS,
					       .tracer = tracer,
					       .prepare_ms = watch->prepare_ms,
					       .at_ready = watch->at_ready };
	watch->trace = (struct watch_trace){ .asked = tracer,
					     .artefacts = watch->artefacts,
					     .suffix = watch->trace_suffix,
					     .max_size = watch->max_trace_size };
	watch_trace_init(&watch->trace);
	watch_order_init(&watch->order, tracer, watch->at_ready);
	watch->order.scheduler = watch->scheduler;
	watch->order.nr_setup = watch->nr_setup;
	watch_output_init(&watch->output, watch->out_fd, watch->err_fd, watch->console_fd);
	watch->panic_line.used = 0;
	memset(&watch->stall, 0, sizeof(watch->stall));
	watch->stall.limit_ns = watch->limits.stall_ms * 1000000 / 2;
	watch->queues = (struct watch_queues){ .stall_ns = watch->limits.stall_ms * 1000000 };
	watch->ran_at_frame_ns = watch->frames = watch->frames_at_sample = 0;
	watch->look_ns = watch->looked_at = watch->asked_ns = 0;
	if (watch->look)
		look_init(watch->look);
	flight_init(&watch->flight, watch->record_size, seen->cpus_wanted);
	watch->take_error.text[0] = '\0';
	seen->begin_ns = now_ns();
	seen->end_ns = 0;
	watch_limits_start(&watch->limits, seen->begin_ns);
}

struct vmm_owner watch_owner(struct watch *watch)
{
	return (struct vmm_owner){ .data = watch,
				   .console = on_console,
				   .frame = on_frame,
				   .ready = on_ready,
				   .tick = on_tick,
				   .cancel_fd = watch->cancel_fd,
				   .input = watch->attach ? &watch->attach->input
					    : watch->feed ? &watch->feed->input
							  : NULL };
}

bool watch_ends_line(const struct watch *watch)
{
	return !watch->attach && watch_output_ends_line(&watch->output);
}

void watch_destroy(struct watch *watch)
{
	watch_queues_destroy(&watch->queues);
	flight_destroy(&watch->flight);
}

void watch_finish(struct watch *watch)
{
	struct observation *seen = watch->seen;
	char line[PANIC_LINE_SIZE];

	/* A limit that was past has its time, before the machine was looked at. */
	if (!seen->end_ns)
		seen->end_ns = now_ns();
	end_input(watch);
	expect_watch_end(&seen->expected);
	if (panic_line_end(&watch->panic_line, line) && !seen->panic)
		note_panic(seen, line);
	watch_trace_finish(&watch->trace);
	seen->trace = watch->trace.state;
	seen->trace_size = watch->trace.size;
	memcpy(seen->trace_error, watch->trace.error, sizeof(seen->trace_error));
	if (!seen->output_error)
		seen->output_error = watch->output.error;
}
