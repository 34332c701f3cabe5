/* The life of the scheduler that is tested: see scheduler.h. */
#include "scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"
#include "replace.h"

#define SCX_DIR	  "/sys/kernel/sched_ext"
#define TRACE_DIR "/sys/kernel/tracing/instances/ktstr-scheduler"

#define LOOK_NS	   (20 * CLOCK_MS)
/* How long its last words may take to come after its end; only a child of its can hold them back.
 */
#define TEXT_NS	   CLOCK_S
/* Most of the kernel's dump that is sent, bytes. */
#define DUMP_LIMIT (256u << 10)

/* One line of sysfs without its newline; "" where there is none. */
static void read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t count = fd >= 0 ? read(fd, out, size - 1) : -1;

	out[count > 0 ? count : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool is_enabled(void)
{
	char state[32];

	read_line(SCX_DIR "/state", state, sizeof(state));
	return !strcmp(state, "enabled");
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return written;
}

/* The kernel's dumps, from now on: only where it has tracefs and that tracepoint. */
static void open_dump(struct scheduler *scheduler)
{
	mkdir(TRACE_DIR, 0700);
	if (write_text(TRACE_DIR "/events/sched_ext/sched_ext_dump/enable", "1"))
		scheduler->dump = open(TRACE_DIR "/trace_pipe", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* What is there of an earlier dump is none of one that comes. */
static void drop_dump(struct session *session)
{
	char bytes[4096];
	size_t dropped = 0;
	ssize_t count;

	while (dropped < DUMP_LIMIT &&
	       (count = read(session->scheduler.dump, bytes, sizeof(bytes))) > 0)
		dropped += (size_t)count;
}

static void send_dump(struct session *session)
{
	char bytes[4096];
	size_t sent = 0;
	ssize_t count;

	if (session->scheduler.dump < 0)
		return;
	while (sent < DUMP_LIMIT &&
	       (count = read(session->scheduler.dump, bytes, sizeof(bytes))) > 0) {
		guest_channel_send(session->channel, KTSTR_SCHED_DUMP, bytes, (size_t)count);
		sent += (size_t)count;
	}
	close(session->scheduler.dump);
	session->scheduler.dump = -1;
}

ssize_t scheduler_dump(struct session *session, char *text, size_t size)
{
	size_t used = 0;
	ssize_t count = 0;

	/* Of one that the kernel has ejected there is a dump, which is sent with its end. */
	if (!session->scheduler.attached || !is_enabled())
		return -ENXIO;
	if (session->scheduler.dump < 0 || !write_text("/proc/sysrq-trigger", "D"))
		return -ENOTSUP;
	while (used < size && (count = read(session->scheduler.dump, text + used, size - used)) > 0)
		used += (size_t)count;
	/* Else the rest would be sent as that of its end. */
	drop_dump(session);
	return used ? (ssize_t)used : -ENODATA;
}

static void send_events(struct session *session)
{
	char text[4096];
	int fd = open(SCX_DIR "/root/events", O_RDONLY | O_CLOEXEC);
	ssize_t count = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	if (count > 0)
		guest_channel_send(session->channel, KTSTR_SCHED_EVENTS, text, (size_t)count);
	if (fd >= 0)
		close(fd);
}

/* What printed into @stream has ended: let its last words go before what is said of its end. */
static void drain(struct session *session, struct stream *stream, uint64_t ns)
{
	uint64_t limit = clock_boottime_ns() + ns;

	while (stream->fd >= 0 && session_turn(session, limit) < limit)
		;
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
}

static void drain_text(struct session *session)
{
	struct scheduler *scheduler = &session->scheduler;

	drain(session, &scheduler->text, TEXT_NS);
	scheduler_text_flush(&scheduler->said, scheduler->text.type, session->channel);
}

/* SIGTERM, and SIGKILL to its whole session when that does nothing. Returns whether it took that.
 */
static bool put_down(struct session *session)
{
	struct child *child = &session->scheduler.child;
	uint64_t limit = clock_boottime_ns() + KTSTR_SCHED_STOP_S * CLOCK_S;

	kill(child->pid, SIGTERM);
	while (child->running && session_turn(session, limit) < limit)
		;
	if (!child->running)
		return false;
	kill(-child->pid, SIGKILL);
	limit = clock_boottime_ns() + KTSTR_SCHED_STOP_S * CLOCK_S;
	while (child->running && session_turn(session, limit) < limit)
		;
	return true;
}

static int fail(struct session *session, enum ktstr_exit_kind kind, uint32_t value, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));

static int fail(struct session *session, enum ktstr_exit_kind kind, uint32_t value, const char *fmt,
		...)
{
	struct ktstr_sched sched = { .state = KTSTR_SCHED_FAILED, .kind = kind, .value = value };
	va_list args;

	va_start(args, fmt);
	vsnprintf(sched.reason, sizeof(sched.reason), fmt, args);
	va_end(args);
	memcpy(session->scheduler.why, sched.reason, sizeof(session->scheduler.why));
	send_dump(session);
	kmsg_window_flush(session->kmsg);
	guest_channel_send(session->channel, KTSTR_SCHED, &sched, sizeof(sched));
	return -1;
}

/* It ended before it was attached. */
static int fail_ended(struct session *session)
{
	int status = session->scheduler.child.status;
	uint32_t value;
	enum ktstr_exit_kind kind = session_exit_kind(status, &value);

	drain_text(session);
	return fail(session, kind, value, "ended with %s %u%s",
		    kind == KTSTR_EXIT_SIGNAL ? "signal" : "status", value,
		    !status ? "; one that goes on in the background must be told to stay in the "
			      "foreground"
			    : "");
}

/* The scheduler's process, or a setup's; all that it prints comes by @stream. 0, or negative errno.
 */
static int spawn(struct session *session, char *const *argv, const char *cwd, struct stream *stream,
		 char *why, size_t why_size)
{
	struct child *child = &session->scheduler.child;
	struct process_spec spec = {
		.argv = argv, .envp = session->job->envp, .cwd = cwd, .in = -1, .terminal = -1
	};
	int fds[2], ret;

	if (pipe2(fds, O_CLOEXEC)) {
		ret = -errno;
		snprintf(why, why_size, "no pipe for the output of '%s': %s", argv[0],
			 strerror(-ret));
		return ret;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	/* The kernel may refuse. */
	fcntl(fds[0], F_SETPIPE_SZ, SCHEDULER_TEXT_PIPE);
	spec.out = spec.err = fds[1];
	*child = (struct child){ 0 };
	ret = process_spawn(&spec, &child->pid, why, why_size);
	close(fds[1]);
	if (ret) {
		close(fds[0]);
		return ret;
	}
	stream->fd = fds[0];
	child->running = true;
	return 0;
}

/* The payload it is for has ended. */
static bool is_too_late(const struct session *session)
{
	return session->payload.pid && !session->payload.running;
}

/* Until @until at most. Returns 0, or -1: the host knows, and why is in the scheduler's words. */
static int attach(struct session *session, char *const *argv, const char *cwd, uint64_t until)
{
	struct scheduler *scheduler = &session->scheduler;
	struct ktstr_sched attached = { .state = KTSTR_SCHED_ATTACHED };
	uint64_t limit = clock_boottime_ns() + KTSTR_SCHED_ATTACH_S * CLOCK_S;
	bool cut = until < limit;
	char before[sizeof(attached.ops)], why[256];
	int ret;

	read_line(SCX_DIR "/root/ops", before, sizeof(before));
	open_dump(scheduler);
	ret = spawn(session, argv, cwd, &scheduler->text, why, sizeof(why));
	if (ret)
		return fail(session, KTSTR_EXIT_EXEC, (uint32_t)-ret, "%s", why);
	if (cut)
		limit = until;
	while (scheduler->child.running && clock_boottime_ns() < limit && !is_too_late(session)) {
		session_turn(session, clock_boottime_ns() + LOOK_NS);
		/* First: what the kernel says after this look is about the one that is found. */
		kmsg_window_flush(session->kmsg);
		read_line(SCX_DIR "/root/ops", attached.ops, sizeof(attached.ops));
		if (*attached.ops && strcmp(attached.ops, before) && is_enabled()) {
			scheduler->attached = true;
			scheduler->end_ns = 0;
			scheduler->kmsg_total = 0;
			attached.end_ns = clock_boottime_ns();
			guest_channel_send(session->channel, KTSTR_SCHED, &attached,
					   sizeof(attached));
			return 0;
		}
	}
	if (!scheduler->child.running)
		return fail_ended(session);
	cut |= is_too_late(session);
	put_down(session);
	drain_text(session);
	if (cut)
		return fail(session, KTSTR_EXIT_TIMEOUT, 0, "the payload ended before that");
	return fail(session, KTSTR_EXIT_TIMEOUT, 0, "sched_ext did not name it within %u s",
		    KTSTR_SCHED_ATTACH_S);
}

int scheduler_start(struct session *session)
{
	int ret;

	if (!session->job->scheduler[0])
		return 0;
	if (access(SCX_DIR "/state", F_OK))
		return fail(session, KTSTR_EXIT_EXEC, ENOSYS,
			    "this kernel has no sched_ext (CONFIG_SCHED_CLASS_EXT, Linux 6.12); "
			    "one that is no sched_ext scheduler takes scheduler=none and setup=");
	kmsg_window_open(session->kmsg, session->channel, KTSTR_SCHED_KERNEL);
	ret = attach(session, session->job->scheduler, session->job->cwd, CLOCK_NEVER);
	if (ret)
		kmsg_window_close(session->kmsg, true);
	else
		replace_open(session);
	return ret;
}

/* Has it ended by itself, or been ejected? The kernel says so in its log, and its process ends. */
static void look(struct session *session)
{
	struct scheduler *scheduler = &session->scheduler;

	if (!scheduler->attached || scheduler->end_ns)
		return;
	if (!scheduler->child.running) {
		scheduler->end_ns = scheduler->child.end_ns;
	} else if (session->kmsg->total != scheduler->kmsg_total) {
		scheduler->kmsg_total = session->kmsg->total;
		if (!is_enabled())
			scheduler->end_ns = clock_boottime_ns();
	}
}

/* A scheduler that is being disabled: the kernel has said why when that is done. */
static void wait_until_said(struct session *session)
{
	uint64_t limit = clock_boottime_ns() + TEXT_NS;
	char state[32];

	do {
		read_line(SCX_DIR "/state", state, sizeof(state));
	} while (!strcmp(state, "disabling") &&
		 session_turn(session, clock_boottime_ns() + LOOK_NS) < limit);
}

void scheduler_hold(struct session *session)
{
	struct scheduler *scheduler = &session->scheduler;

	if (!scheduler->attached)
		return;
	look(session);
	if (!scheduler->end_ns && !is_enabled())
		scheduler->end_ns = clock_boottime_ns();
	if (scheduler->end_ns)
		wait_until_said(session);
	kmsg_window_flush(session->kmsg);
	scheduler->held = true;
}

void scheduler_watch(struct session *session, uint64_t until)
{
	bool was_over = session->scheduler.end_ns;

	look(session);
	/* The host is to look at us now, and not when the payload has ended. */
	if (!was_over && session->scheduler.end_ns) {
		wait_until_said(session);
		kmsg_window_flush(session->kmsg);
	}
	replace_turn(session, until);
}

/* It goes no further than here: end it, and tell the host how it did. */
static void finish(struct session *session)
{
	struct scheduler *scheduler = &session->scheduler;
	struct ktstr_sched ended = { .state = KTSTR_SCHED_ENDED };
	bool enabled, goes_on;

	if (!scheduler->attached)
		return;
	if (!scheduler->held)
		look(session);
	scheduler->attached = false;
	enabled = is_enabled();
	goes_on = scheduler->held ? !scheduler->end_ns : scheduler->child.running && enabled;
	send_events(session);
	if (!enabled && !goes_on)
		ended.flags |= KTSTR_SCHED_DISABLED;
	else if (!scheduler->child.running && enabled)
		ended.flags |= KTSTR_SCHED_STAYS;
	if (goes_on)
		ended.flags |= KTSTR_SCHED_STOPPED;
	else
		ended.end_ns = scheduler->end_ns ? scheduler->end_ns : clock_boottime_ns();
	if (scheduler->child.running && put_down(session))
		ended.flags |= KTSTR_SCHED_KILLED;
	ended.gone_ns = clock_boottime_ns();
	drain_text(session);
	send_dump(session);
	if (scheduler->child.running)
		ended.kind = KTSTR_EXIT_TIMEOUT;
	else
		ended.kind = session_exit_kind(scheduler->child.status, &ended.value);
	wait_until_said(session);
	/* The kernel's words on it come before those on the next one. */
	kmsg_window_flush(session->kmsg);
	guest_channel_send(session->channel, KTSTR_SCHED, &ended, sizeof(ended));
}

void scheduler_finish(struct session *session)
{
	replace_close(session);
	finish(session);
}

int scheduler_replace(struct session *session, char *const *argv, const char *cwd, uint64_t until)
{
	uint64_t limit = clock_boottime_ns() + KTSTR_SCHED_STOP_S * CLOCK_S;
	char ops[64];

	finish(session);
	while (is_enabled() && clock_boottime_ns() < limit)
		session_turn(session, clock_boottime_ns() + LOOK_NS);
	read_line(SCX_DIR "/root/ops", ops, sizeof(ops));
	if (session->scheduler.child.running || is_enabled())
		return fail(session, KTSTR_EXIT_TIMEOUT, 0,
			    "the one before it, '%s', could not be stopped", ops);
	return attach(session, argv, cwd, until);
}

/* Returns how it ended, and @value of that. */
static enum ktstr_exit_kind run_setup(struct session *session, char *line, uint64_t limit,
				      uint32_t *value)
{
	char *argv[] = { "/bin/sh", "-c", line, NULL };
	struct child *child = &session->scheduler.child;
	char why[256];
	int ret = spawn(session, argv, session->job->cwd, &session->err, why, sizeof(why));

	*value = 0;
	if (ret) {
		guest_channel_log(session->channel, "%s", why);
		*value = (uint32_t)-ret;
		return KTSTR_EXIT_EXEC;
	}
	while (child->running && session_turn(session, limit) < limit)
		;
	if (child->running) {
		kill(-child->pid, SIGKILL);
		return KTSTR_EXIT_TIMEOUT;
	}
	drain(session, &session->err, TEXT_NS / 5);
	return session_exit_kind(child->status, value);
}

int scheduler_setup(struct session *session)
{
	uint64_t limit = session->job->setup_ms
				 ? clock_boottime_ns() + session->job->setup_ms * CLOCK_MS
				 : CLOCK_NEVER;
	struct ktstr_setup setup = { .index = 0 };
	bool failed = false;

	for (char **line = session->job->setup; *line; line++) {
		setup.kind = run_setup(session, *line, limit, &setup.value);
		failed = setup.kind != KTSTR_EXIT_STATUS || setup.value;
		if (failed)
			break;
		setup.index++;
	}
	session->scheduler.child = (struct child){ 0 };
	if (failed)
		guest_channel_send(session->channel, KTSTR_SETUP, &setup, sizeof(setup));
	return failed ? -1 : 0;
}
