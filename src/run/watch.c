/* What happens in the VM, as it happens? See watch.h. Every frame here was written by the guest. */
#include "run/watch.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/take.h"
#include "util/cancel.h"
#include "util/clock.h"

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

/* How often to look for signals and keys while a reader is slow. */
#define LOOK_NS (100 * MS)

static const char panic_mark[] = "Kernel panic - not syncing";

/* Ask the VMM to stop the machine, for the first reason that comes. */
static int stop(struct watch *watch, enum stop_reason reason)
{
	if (watch->seen->stop == STOP_NONE)
		watch->seen->stop = reason;
	return 1;
}

/* Did the user want out? Takes the signal from the descriptor. */
static bool cancelled(struct watch *watch)
{
	int number = cancel_take(watch->cancel_fd);

	if (!number)
		return false;
	watch->seen->signal = number;
	stop(watch, STOP_SIGNAL);
	return true;
}

/* The guest's own clock now: the host kept its vCPU waiting, and we waited for slow readers. */
static uint64_t charged_ns(struct watch *watch)
{
	return guest_clock_step(&watch->clock, now_ns(), watch->waited_ns + watch->blocked_ns);
}

/* The limits; true: stop. */
static bool past_limit(struct watch *watch)
{
	struct observation *seen = watch->seen;
	uint64_t now = charged_ns(watch), limit = seen->boot_limit_ms * MS;

	if (seen->panic)
		return now - watch->panic_at > PANIC_GRACE_NS && stop(watch, STOP_PANIC);
	if (!seen->hello)
		return now > limit && stop(watch, STOP_BOOT_TIMEOUT);
	if (seen->exited && now - watch->last_frame_at > SILENCE_NS)
		return stop(watch, STOP_FINISH_SILENCE);
	if (seen->exited)
		return now - watch->exited_at > FINISH_NS && stop(watch, STOP_FINISH_TIMEOUT);
	if (!seen->started) {
		/* That long only in a guest that lives: heartbeats come all the while. */
		if (seen->tracer != TRACER_OFF && now - watch->last_frame_at <= SILENCE_NS)
			limit += TRACER_READY_NS;
		return now > limit && stop(watch, STOP_PREPARE_TIMEOUT);
	}
	limit = (seen->test_limit_ms + watch->stall_timeout_ms) * MS;
	return (now - watch->last_frame_at > SILENCE_NS ||
		(seen->test_limit_ms && now - watch->started_at > limit)) &&
	       stop(watch, STOP_TEST_TIMEOUT);
}

/* The user's terminal has something for the guest, or nobody sits there any more. */
static bool on_input(void *data, struct vmm *vmm, bool readable)
{
	struct watch *watch = data;
	int signal_number = attach_turn(watch->attach, vmm, readable);

	if (!signal_number)
		return false;
	watch->seen->signal = signal_number;
	stop(watch, STOP_SIGNAL);
	return true;
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

	if (!watch->seen->ready_ns)
		return error_set(err, -EPROTO, "the ready bell was rung before KTSTR_READY");
	if (watch->take) {
		watch->take_result = base_take(vmm, watch->take, &watch->take_error);
		if (!watch->take_result) {
			note_facts(watch->seen, &watch->take->facts);
			return 1;
		}
	}
	/* Nothing to be run: what was wanted was a base. */
	if (!watch->cargo->bytes)
		return 1;
	return vmm_attach_cargo(vmm, watch->cargo->bytes, watch->cargo->size, err);
}

static bool on_tick(void *data, struct vmm *vmm, uint64_t waited_ns)
{
	struct watch *watch = data;

	(void)vmm;
	/* 0 where the host could not tell this time. */
	if (waited_ns > watch->waited_ns)
		watch->waited_ns = waited_ns;
	return watch->seen->stop != STOP_NONE || cancelled(watch) || past_limit(watch);
}

static void end_console_line(struct watch *watch)
{
	struct observation *seen = watch->seen;
	char *mark;

	watch->line[watch->line_used] = '\0';
	mark = strstr(watch->line, panic_mark);
	watch->line_used = 0;
	if (!mark || seen->panic)
		return;
	seen->panic = true;
	watch->panic_at = charged_ns(watch);
	watch->panic_heard = channel_said(vmm_channel(watch->vmm));
	snprintf(seen->panic_line, sizeof(seen->panic_line), "%s", mark);
}

/* Does the user want out, by signal or by the keys of an attached terminal? Looks now and then. */
static bool wants_out(struct watch *watch)
{
	struct pollfd keys = { .fd = watch->attach ? watch->attach->input.fd : -1,
			       .events = POLLIN };
	uint64_t now = now_ns();

	if (now - watch->looked_at < LOOK_NS)
		return false;
	watch->looked_at = now;
	return watch->seen->stop != STOP_NONE || cancelled(watch) ||
	       (poll(&keys, 1, 0) > 0 && on_input(watch, watch->vmm, true));
}

/*
 * Wait until the sink takes more: a pipe or terminal whose reader is slow must not keep us from the
 * user's signals and keys, and its open file description is not ours to make non-blocking. The time
 * is the host's, not the guest's. False: the user wants out, or it is all over.
 */
static bool wait_for_room(struct watch *watch, struct sink *sink)
{
	struct pollfd fd = { .fd = sink->fd, .events = POLLOUT };

	do {
		uint64_t begin;

		if (wants_out(watch))
			return false;
		if (poll(&fd, 1, 0))
			return true;
		begin = now_ns();
		poll(&fd, 1, LOOK_NS / MS);
		watch->blocked_ns += now_ns() - begin;
	} while (true);
}

/* Pass output on. Returns 1 to stop the machine. */
static int sink_write(struct watch *watch, struct sink *sink, const uint8_t *bytes, size_t count)
{
	/* Who has left a terminal does not want to see the rest. */
	if (watch->attach && watch->seen->stop == STOP_SIGNAL)
		return 1;
	while (count && sink->fd >= 0) {
		size_t chunk = count > sink->chunk ? sink->chunk : count;
		ssize_t written;

		if (sink->may_block && !wait_for_room(watch, sink))
			return 1;
		written = write(sink->fd, bytes, chunk);
		if (written < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (written < 0) {
			/* The test goes on without; a reader that went away did so on purpose. */
			if (errno != EPIPE && !watch->seen->output_error)
				watch->seen->output_error = errno;
			sink->fd = -1;
			/* But nobody types at a guest that he cannot see. */
			if (watch->attach && sink == &watch->out) {
				watch->seen->signal = SIGPIPE;
				return stop(watch, STOP_SIGNAL);
			}
			break;
		}
		bytes += written;
		count -= (size_t)written;
		if (sink->is_stderr)
			watch->last_on_stderr = (char)bytes[-1];
	}
	return 0;
}

bool watch_ends_line(const struct watch *watch)
{
	return !watch->attach && watch->last_on_stderr && watch->last_on_stderr != '\n';
}

static void on_console(void *data, struct vmm *vmm, const uint8_t *bytes, size_t count)
{
	struct watch *watch = data;

	(void)vmm;
	tail_add(&watch->seen->console, bytes, count);
	sink_write(watch, &watch->console, bytes, count);
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n')
			end_console_line(watch);
		else if (isprint(bytes[i]) && watch->line_used < sizeof(watch->line) - 1)
			watch->line[watch->line_used++] = (char)bytes[i];
	}
}

static int on_trace_begin(struct watch *watch, const struct ktstr_trace *trace, struct error *err)
{
	struct observation *seen = watch->seen;
	struct error failed;

	if (seen->tracer == TRACER_OFF || seen->trace != TRACE_NONE)
		return error_set(err, -EPROTO, "a trace that was not asked for");
	if (trace->size > watch->max_trace_size)
		return error_set(err, -EPROTO,
				 "a trace of %llu bytes, more than the guest's memory",
				 (unsigned long long)trace->size);
	seen->trace = TRACE_INCOMPLETE;
	seen->trace_size = 0;
	watch->trace_expected = trace->size;
	watch->trace_crc = crc32(0, NULL, 0);
	if (artefact_begin(watch->artefacts, watch->trace_suffix, &watch->trace_file, &failed)) {
		seen->trace = TRACE_UNWRITTEN;
		snprintf(seen->trace_error, sizeof(seen->trace_error), "%s", failed.text);
	}
	return 0;
}

/* The guest's bytes go on arriving when the host cannot keep them; they are counted all the same.
 */
static void trace_unwritten(struct watch *watch, const struct error *failed)
{
	artefact_abandon(&watch->trace_file);
	watch->seen->trace = TRACE_UNWRITTEN;
	snprintf(watch->seen->trace_error, sizeof(watch->seen->trace_error), "%s", failed->text);
}

static int on_trace_data(struct watch *watch, const void *bytes, uint32_t count, struct error *err)
{
	struct observation *seen = watch->seen;
	struct error failed;

	if (seen->trace != TRACE_INCOMPLETE && seen->trace != TRACE_UNWRITTEN)
		return error_set(err, -EPROTO, "trace bytes outside of a trace");
	if (count > watch->trace_expected - seen->trace_size)
		return error_set(err, -EPROTO, "more trace bytes than the %llu that were announced",
				 (unsigned long long)watch->trace_expected);
	seen->trace_size += count;
	watch->trace_crc = crc32(watch->trace_crc, bytes, count);
	if (seen->trace == TRACE_INCOMPLETE &&
	    artefact_write(&watch->trace_file, bytes, count, &failed))
		trace_unwritten(watch, &failed);
	return 0;
}

static int on_trace_end(struct watch *watch, const struct ktstr_trace *trace, struct error *err)
{
	struct observation *seen = watch->seen;
	struct error failed;

	if (seen->trace != TRACE_INCOMPLETE && seen->trace != TRACE_UNWRITTEN)
		return error_set(err, -EPROTO, "the end of a trace that never began");
	if (trace->size != seen->trace_size || seen->trace_size != watch->trace_expected ||
	    trace->crc != (uint32_t)watch->trace_crc)
		return error_set(
			err, -EPROTO,
			"a trace of %llu bytes with CRC %#x, announced as %llu bytes with %#x",
			(unsigned long long)seen->trace_size, (uint32_t)watch->trace_crc,
			(unsigned long long)trace->size, trace->crc);
	if (seen->trace == TRACE_UNWRITTEN)
		return 0;
	if (artefact_commit(watch->artefacts, &watch->trace_file, &failed))
		trace_unwritten(watch, &failed);
	else
		seen->trace = TRACE_COMPLETE;
	return 0;
}

static int on_hello(struct watch *watch, const struct ktstr_hello *hello, struct error *err)
{
	struct observation *seen = watch->seen;

	if (hello->version != KTSTR_PROTOCOL_VERSION)
		return error_set(err, -EPROTO, "init speaks protocol version %u, we speak %u",
				 hello->version, KTSTR_PROTOCOL_VERSION);
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

static int on_tracer(struct watch *watch, const struct ktstr_tracer *tracer, struct error *err)
{
	struct observation *seen = watch->seen;

	if (seen->tracer == TRACER_OFF)
		return error_set(err, -EPROTO, "a report on a tracer that was not asked for");
	switch (tracer->state) {
	case KTSTR_TRACER_READY:
		seen->tracer = TRACER_READY;
		return 0;
	case KTSTR_TRACER_DONE:
		seen->tracer = TRACER_DONE;
		return 0;
	case KTSTR_TRACER_FAILED:
		seen->tracer = TRACER_FAILED;
		snprintf(seen->tracer_reason, sizeof(seen->tracer_reason), "%.*s",
			 (int)sizeof(tracer->reason), tracer->reason);
		return 0;
	default:
		return error_set(err, -EPROTO, "tracer state %u", tracer->state);
	}
}

static int on_exited(struct watch *watch, const struct ktstr_exited *exited, struct error *err)
{
	struct observation *seen = watch->seen;

	if (exited->kind > KTSTR_EXIT_EXEC || exited->value > 255)
		return error_set(err, -EPROTO, "payload's end of kind %u with value %u",
				 exited->kind, exited->value);
	if (exited->kind != KTSTR_EXIT_EXEC && !seen->started)
		return error_set(err, -EPROTO, "the end of a payload that never started");
	seen->exited = true;
	seen->exited_ns = now_ns();
	watch->exited_at = charged_ns(watch);
	seen->exit = *exited;
	/* What is typed from now on is for the user's own shell. */
	if (watch->attach)
		attach_end(watch->attach);
	if (watch->feed)
		feed_end(watch->feed);
	return 0;
}

/*
 * The payload's limit has passed on the guest's clock: answer with the part of that time which the
 * guest did not get. A host that slept counts, which only CLOCK_BOOTTIME tells.
 */
static int on_expired(struct watch *watch)
{
	uint64_t had = charged_ns(watch) - watch->started_at;
	uint64_t passed = boottime_ns() - watch->started_boot_ns;

	vmm_answer(watch->vmm, passed > had ? passed - had : 0);
	return 0;
}

/*
 * A kernel that has panicked runs no init: a panic's line behind which init speaks was printed by
 * somebody else. What was said before the line proves nothing, though it is read after it.
 */
static void doubt_panic(struct watch *watch, uint16_t type)
{
	struct observation *seen = watch->seen;

	if (!seen->panic || channel_heard(vmm_channel(watch->vmm)) <= watch->panic_heard)
		return;
	if (type != KTSTR_BYE && charged_ns(watch) - watch->panic_at < PANIC_SETTLE_NS)
		return;
	seen->panic = false;
	seen->panic_line[0] = '\0';
}

/* The fixed payload of each type; 0 where the length varies. */
static uint32_t fixed_length(uint16_t type)
{
	switch (type) {
	case KTSTR_HELLO:
		return sizeof(struct ktstr_hello);
	case KTSTR_HEARTBEAT:
		return sizeof(struct ktstr_heartbeat);
	case KTSTR_READY:
		return sizeof(struct ktstr_ready);
	case KTSTR_STARTED:
		return sizeof(struct ktstr_started);
	case KTSTR_EXITED:
		return sizeof(struct ktstr_exited);
	case KTSTR_TRACER:
		return sizeof(struct ktstr_tracer);
	case KTSTR_TRACE_BEGIN:
	case KTSTR_TRACE_END:
		return sizeof(struct ktstr_trace);
	default:
		return 0;
	}
}

/* Once each, and in the order in which a life goes. */
static int check_order(const struct observation *seen, uint16_t type, struct error *err)
{
	bool ok = type == KTSTR_HELLO ? !seen->hello : seen->hello;

	if (type == KTSTR_READY)
		ok = ok && !seen->ready_ns;
	if (type == KTSTR_STARTED)
		ok = ok && seen->ready_ns && !seen->started && !seen->exited;
	if (type == KTSTR_EXITED)
		ok = ok && !seen->exited;
	if (type == KTSTR_EXPIRED)
		ok = ok && seen->started && !seen->exited;
	return ok ? 0 : error_set(err, -EPROTO, "frame of type %u out of order", type);
}

static int handle_frame(struct watch *watch, uint16_t type, const void *payload, uint32_t length,
			struct error *err)
{
	struct observation *seen = watch->seen;
	uint32_t fixed = fixed_length(type);
	int ret = check_order(seen, type, err);

	if (ret)
		return ret;
	if (fixed && length != fixed)
		return error_set(err, -EPROTO, "frame of type %u with %u bytes, expected %u", type,
				 length, fixed);
	switch (type) {
	case KTSTR_HELLO:
		return on_hello(watch, payload, err);
	case KTSTR_HEARTBEAT:
		seen->heartbeat_ns = now_ns();
		return 0;
	case KTSTR_READY:
		seen->ready_ns = now_ns();
		return 0;
	case KTSTR_STARTED:
		seen->started = true;
		cargo_unpacked(watch->cargo);
		seen->started_ns = now_ns();
		watch->started_at = charged_ns(watch);
		watch->started_boot_ns = boottime_ns();
		if (watch->attach)
			attach_begin(watch->attach);
		if (watch->feed)
			feed_begin(watch->feed);
		return 0;
	case KTSTR_STDOUT:
		seen->stdout_bytes += length;
		return sink_write(watch, &watch->out, payload, length);
	case KTSTR_STDERR:
		seen->stderr_bytes += length;
		return sink_write(watch, &watch->err, payload, length);
	case KTSTR_EXITED:
		return on_exited(watch, payload, err);
	case KTSTR_TRACER:
		return on_tracer(watch, payload, err);
	case KTSTR_TRACER_TEXT:
		tail_add(&seen->tracer_text, payload, length);
		return 0;
	case KTSTR_TRACE_BEGIN:
		return on_trace_begin(watch, payload, err);
	case KTSTR_TRACE_DATA:
		return on_trace_data(watch, payload, length, err);
	case KTSTR_TRACE_END:
		return on_trace_end(watch, payload, err);
	case KTSTR_KMSG:
		tail_add(&seen->kmsg, payload, length);
		return 0;
	case KTSTR_LOG:
		tail_add(&seen->init_log, payload, length);
		tail_add(&seen->init_log, "\n", 1);
		return 0;
	case KTSTR_EXPIRED:
		return on_expired(watch);
	case KTSTR_BYE:
		return stop(watch, STOP_BYE);
	default:
		return error_set(err, -EPROTO, "frame of the unknown type %u", type);
	}
}

static int on_frame(void *data, struct vmm *vmm, uint16_t type, const void *payload,
		    uint32_t length, struct error *err)
{
	struct watch *watch = data;
	int ret;

	(void)vmm;
	doubt_panic(watch, type);
	ret = handle_frame(watch, type, payload, length, err);
	/* Behind it: what we do with a frame can take its time, a trace on a slow disk. */
	watch->last_frame_at = charged_ns(watch);
	return ret;
}

static void sink_init(struct sink *sink, int fd)
{
	struct stat st = { 0 }, err = { 0 };

	sink->fd = fd;
	sink->chunk = KTSTR_FRAME_MAX;
	sink->may_block = fstat(fd, &st) < 0 || !S_ISREG(st.st_mode);
	sink->is_stderr = st.st_ino && fstat(STDERR_FILENO, &err) == 0 && st.st_dev == err.st_dev &&
			  st.st_ino == err.st_ino;
	/* What poll promises room for: PIPE_BUF in a pipe; terminals and others promise less. */
	if (sink->may_block)
		sink->chunk = S_ISFIFO(st.st_mode) ? PIPE_BUF : 256;
}

void watch_init(struct watch *watch)
{
	if (watch->attach)
		watch->attach->input.ready = on_input;
	if (watch->feed)
		watch->feed->input.ready = on_feed;
	if (!watch->stall_timeout_ms)
		watch->stall_timeout_ms = WATCH_STALL_TIMEOUT_MS;
	watch->trace_file.fd = -1;
	watch->take_error.text[0] = '\0';
	watch->trace_expected = watch->trace_crc = 0;
	watch->waited_ns = watch->blocked_ns = 0;
	watch->started_at = watch->exited_at = watch->last_frame_at = watch->panic_at = 0;
	watch->line_used = 0;
	watch->last_on_stderr = '\0';
	sink_init(&watch->out, watch->out_fd);
	sink_init(&watch->err, watch->err_fd);
	sink_init(&watch->console, watch->console_fd);
	watch->seen->begin_ns = now_ns();
	guest_clock_start(&watch->clock, watch->seen->begin_ns);
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

void watch_finish(struct watch *watch)
{
	struct observation *seen = watch->seen;

	seen->end_ns = now_ns();
	if (watch->attach)
		attach_end(watch->attach);
	if (watch->feed)
		feed_end(watch->feed);
	end_console_line(watch);
	if (watch->trace_file.fd >= 0)
		artefact_abandon(&watch->trace_file);
}
