/* The payload's life: see payload.h. */
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "kernel_marks.h"
#include "metrics.h"
#include "own_words.h"
#include "process.h"
#include "scheduler.h"
#include "stdin_feed.h"
#include "terminal.h"
#include "tracer.h"

/* How long those who outlive the payload may still finish what they are printing. */
#define GRACE_NS      (200 * CLOCK_MS)
/* How long a killed process may take to die without a byte of output before we go on without it. */
#define PATIENCE_NS   (5 * CLOCK_S)
/* How often to look whether the killed are gone, when they have let go of their output. */
#define LOOK_AGAIN_NS (5 * CLOCK_MS)
/* Room for a burst, so that the payload does not wait for us; the kernel may refuse. */
#define PIPE_SIZE     (1 << 20)

/* Our end does not block, the payload's does. */
static int output_pipe(struct stream *stream, int *write_end)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fcntl(fds[0], F_SETPIPE_SZ, PIPE_SIZE);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	stream->fd = fds[0];
	*write_end = fds[1];
	return 0;
}

static void close_stream(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
}

/* *@exec: it was the payload that could not be started, rather than what we need for it. */
static int start(struct session *session, bool *exec)
{
	struct process_spec spec = {
		.argv = session->job->argv,
		.envp = session->job->envp,
		.cwd = session->job->cwd,
		.out = -1,
		.err = -1,
		.in = -1,
		.terminal = -1,
	};
	char why[256];
	int ret;

	if (session->job->tty) {
		ret = terminal_open(session, &spec.terminal);
		spec.out = spec.err = spec.terminal;
	} else {
		ret = output_pipe(&session->out, &spec.out);
		if (!ret)
			ret = output_pipe(&session->err, &spec.err);
		if (!ret && session->job->feed)
			ret = stdin_feed_open(session, &spec.in);
		if (ret)
			guest_channel_log(session->channel,
					  "cannot make a pipe for the payload: %s", strerror(-ret));
	}
	*exec = !ret;
	if (!ret) {
		ret = process_spawn(&spec, &session->payload.pid, why, sizeof(why));
		if (ret)
			guest_channel_log(session->channel, "%s", why);
		else
			session->payload.running = true;
	}
	if (spec.out >= 0)
		close(spec.out);
	if (spec.err >= 0 && spec.err != spec.out)
		close(spec.err);
	if (spec.in >= 0)
		close(spec.in);
	if (ret) {
		close_stream(&session->out);
		close_stream(&session->err);
		stdin_feed_close(session);
	}
	return ret;
}

static bool output_open(const struct session *session)
{
	return session->out.fd >= 0 || session->err.fd >= 0;
}

/* Nobody of the payload's stays, no byte that they wrote is lost. */
static void clean_up(struct session *session)
{
	struct child *tracer = &session->tracer.child;
	uint64_t limit, now;

	process_kill_all(session->proc, tracer->running ? tracer->pid : 0);
	session->last_output_ns = clock_boottime_ns();
	do {
		limit = session->last_output_ns + PATIENCE_NS;
		if (output_open(session) || session->payload.running)
			now = session_turn(session, limit);
		else if (process_any_left(session->proc, tracer->running ? tracer->pid : 0))
			now = session_turn(session, clock_boottime_ns() + LOOK_AGAIN_NS);
		else
			return;
	} while (now < limit);
	guest_channel_log(session->channel,
			  "a process of the payload did not die within %llu s of SIGKILL",
			  PATIENCE_NS / CLOCK_S);
	close_stream(&session->out);
	close_stream(&session->err);
}

/*
 * The limit has passed on our clock; what the host did not give us of that time is given now.
 * Returns whether the limit, moved by that, has still passed.
 */
static bool is_over(struct session *session, uint64_t start, uint64_t *limit)
{
	*limit = start + session->job->timeout_ms * CLOCK_MS + session_ask_lost(session);
	return clock_boottime_ns() >= *limit;
}

void payload_run(struct session *session)
{
	struct child *payload = &session->payload;
	struct ktstr_exited exited = { .kind = KTSTR_EXIT_EXEC };
	struct ktstr_started started;
	struct kernel_marks marks;
	uint64_t limit = CLOCK_NEVER;
	uint64_t now;
	bool exec;
	int sys, ret;

	sys = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kernel_marks_open(&marks, session->proc, sys);
	if (sys >= 0)
		close(sys);
	kmsg_window_open(session->kmsg, session->channel, KTSTR_KERNEL);
	ret = start(session, &exec);
	now = clock_boottime_ns();
	if (ret) {
		exited.value = (uint32_t)-ret;
		exited.end_ns = now;
		tracer_interrupt(session);
		/* First: what the kernel says of its end is of no payload. */
		kmsg_window_close(session->kmsg, false);
		scheduler_finish(session);
		/* Without this frame, init's own last words are the reason. */
		if (exec)
			guest_channel_send(session->channel, KTSTR_EXITED, &exited, sizeof(exited));
		goto out;
	}
	started.boottime_ns = now;
	exited.start_ns = now;
	guest_channel_send(session->channel, KTSTR_STARTED, &started, sizeof(started));

	if (session->job->timeout_ms)
		limit = now + session->job->timeout_ms * CLOCK_MS;
	while (payload->running &&
	       (now < limit || !is_over(session, started.boottime_ns, &limit))) {
		now = session_turn(session, limit);
		tracer_watch(session);
		scheduler_watch(session, limit);
	}

	stdin_feed_close(session);
	/* The failure, if it is one, is now: what comes after does not belong into the trace. */
	tracer_interrupt(session);
	if (payload->running) {
		exited.kind = KTSTR_EXIT_TIMEOUT;
		exited.end_ns = now;
	} else {
		exited.kind = session_exit_kind(payload->status, &exited.value);
		exited.end_ns = payload->end_ns;
	}
	if (exited.kind != KTSTR_EXIT_STATUS || exited.value) {
		scheduler_hold(session);
		session_tell_failing(session, &exited);
		own_words_send(session);
	}
	if (exited.kind != KTSTR_EXIT_TIMEOUT) {
		now = clock_boottime_ns();
		limit = now + GRACE_NS;
		while (output_open(session) && now < limit)
			now = session_turn(session, limit);
	}
	scheduler_finish(session);
	clean_up(session);
	/* In this order: what has tainted the kernel has been said before. */
	kernel_marks_read(&marks, &exited);
	kmsg_window_close(session->kmsg, true);
	metrics_send(session);
	guest_channel_send(session->channel, KTSTR_EXITED, &exited, sizeof(exited));
out:
	kernel_marks_close(&marks);
}
