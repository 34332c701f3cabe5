/* The event loop of PID 1: see session.h. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "own_words.h"
#include "stdin_feed.h"
#include "terminal.h"
#include "tracer.h"

#define HEARTBEAT_NS CLOCK_S

/* The host answers in microseconds, unless it is busy or gone; how often to look for the answer. */
#define ANSWER_LIMIT_NS (5 * CLOCK_S)
#define ANSWER_LOOK_NS	CLOCK_MS
/* The most that one look counts. */
#define ANSWER_STEP_NS	(100 * CLOCK_MS)

/* Most that one turn takes, so that neither orphans nor kernel can hold up the rest. */
#define REAP_AT_ONCE 256
#define KMSG_AT_ONCE 64

int session_open(struct session *session, struct guest_channel *channel, const struct job *job,
		 struct kmsg *kmsg, char *why, size_t why_size)
{
	sigset_t all, child;
	int ret;

	*session = (struct session){
		.channel = channel,
		.job = job,
		.kmsg = kmsg,
		.out = {-1, KTSTR_STDOUT},
		.err = {-1, KTSTR_STDERR},
		.feed = { .fd = -1 },
		.scheduler = { .text = { -1, KTSTR_SCHED_TEXT }, .dump = -1, .replace = -1 },
		.metrics = { .path = KTSTR_METRICS_PATH },
		.work = { .path = KTSTR_WORK_PATH },
		.tracer =
			{
				.path = KTSTR_TRACER_PATH,
				.folder = KTSTR_TRACER_DIR,
				.text = {-1, KTSTR_TRACER_TEXT},
			},
	};
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	session->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (session->signals < 0) {
		ret = -errno;
		snprintf(why, why_size, "no signalfd: %s (the guest kernel needs CONFIG_SIGNALFD)",
			 strerror(-ret));
		return ret;
	}
	session->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	session->heartbeat_ns = clock_boottime_ns() + HEARTBEAT_NS;
	return 0;
}

void session_close(struct session *session)
{
	if (session->proc >= 0)
		close(session->proc);
	close(session->signals);
}

void session_heartbeat(struct session *session, uint64_t now)
{
	struct ktstr_heartbeat heartbeat = { .boottime_ns = now };

	if (now < session->heartbeat_ns)
		return;
	guest_channel_send(session->channel, KTSTR_HEARTBEAT, &heartbeat, sizeof(heartbeat));
	session->heartbeat_ns = now + HEARTBEAT_NS;
	if (guest_channel_asked(session->channel))
		own_words_send(session);
}

enum ktstr_exit_kind session_exit_kind(int status, uint32_t *value)
{
	if (WIFSIGNALED(status)) {
		*value = (uint32_t)WTERMSIG(status);
		return KTSTR_EXIT_SIGNAL;
	}
	*value = (uint32_t)WEXITSTATUS(status);
	return KTSTR_EXIT_STATUS;
}

static void child_ended(struct child *child, pid_t pid, int status)
{
	if (!child->running || child->pid != pid)
		return;
	child->running = false;
	child->status = status;
	child->end_ns = clock_boottime_ns();
}

static void reap(struct session *session)
{
	struct signalfd_siginfo info;

	/* Take the signal first: one that comes while we reap is then not lost. */
	if (read(session->signals, &info, sizeof(info)) < 0 && errno != EAGAIN)
		session->reap_more = true;
	for (int i = 0; i < REAP_AT_ONCE; i++) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid <= 0) {
			session->reap_more = false;
			return;
		}
		child_ended(&session->payload, pid, status);
		child_ended(&session->tracer.child, pid, status);
		child_ended(&session->scheduler.child, pid, status);
	}
	session->reap_more = true;
}

/* From a descriptor straight into the ring: one frame. */
static void forward(struct session *session, struct stream *stream)
{
	struct iovec room[2];
	ssize_t count;

	if (stream == &session->scheduler.text) {
		scheduler_text_take(&session->scheduler.said, stream, session->channel);
		return;
	}
	guest_channel_reserve(session->channel, KTSTR_FRAME_MAX, room);
	count = readv(stream->fd, room, 2);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) { /* end of file; EIO is a terminal's */
		close(stream->fd);
		stream->fd = -1;
		return;
	}
	if (stream == &session->tracer.text)
		tracer_scan(&session->tracer.scan, room, (size_t)count);
	else
		session->last_output_ns = clock_boottime_ns();
	guest_channel_commit(session->channel, stream->type, (size_t)count);
}

uint64_t session_turn(struct session *session, uint64_t until)
{
	struct scheduler *scheduler = &session->scheduler;
	struct stream *streams[] = { &session->out, &session->err, &session->tracer.text,
				     &scheduler->text };
	uint64_t now = clock_boottime_ns();
	bool text_waits = scheduler->text.fd >= 0 && scheduler->said.look_ns > now;
	struct pollfd fds[] = {
		{ .fd = terminal_is_ahead(session) ? -1 : session->out.fd, .events = POLLIN },
		{ .fd = session->err.fd, .events = POLLIN },
		{ .fd = session->tracer.text.fd, .events = POLLIN },
		{ .fd = text_waits ? -1 : scheduler->text.fd, .events = POLLIN },
		{ .fd = session->kmsg->fd, .events = POLLIN },
		{ .fd = session->signals, .events = POLLIN },
		{ .fd = session->feed.fd, .events = stdin_feed_is_full(session) ? POLLOUT : 0 },
		{ .fd = scheduler->replacing ? -1 : scheduler->replace, .events = POLLIN },
		{ .fd = session->flight ? session->flight->hotplug : -1, .events = POLLIN },
	};
	uint64_t wake = until < session->heartbeat_ns ? until : session->heartbeat_ns;
	struct timespec wait = { 0 };
	uint64_t look = terminal_due(session), feed = stdin_feed_due(session);

	if (text_waits && scheduler->said.look_ns < wake)
		wake = scheduler->said.look_ns;
	if (scheduler->said.held && scheduler->said.send_ns < wake)
		wake = scheduler->said.send_ns;
	if (look < wake)
		wake = look;
	if (feed < wake)
		wake = feed;
	if (!session->reap_more && wake > now) {
		wait.tv_sec = (time_t)((wake - now) / CLOCK_S);
		wait.tv_nsec = (long)((wake - now) % CLOCK_S);
	}
	if (ppoll(fds, sizeof(fds) / sizeof(fds[0]), &wait, NULL) < 0) {
		/* Out of memory for a moment: look again soon, at everything. */
		for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
			fds[i].revents = fds[i].fd < 0 ? 0 : fds[i].events;
		nanosleep(&(struct timespec){ .tv_nsec = CLOCK_MS }, NULL);
	}
	if (fds[5].revents || session->reap_more)
		reap(session);
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		if (fds[i].revents)
			forward(session, streams[i]);
	if (fds[4].revents)
		kmsg_read(session->kmsg, KMSG_AT_ONCE);
	scheduler->asked |= fds[7].revents != 0;
	if (fds[8].revents)
		flight_follow(session->flight, session->channel);
	now = clock_boottime_ns();
	if (scheduler->said.held && now >= scheduler->said.send_ns)
		scheduler_text_flush(&scheduler->said, scheduler->text.type, session->channel);
	terminal_turn(session, now);
	if (fds[6].revents & POLLERR) /* nobody has the other end */
		stdin_feed_close(session);
	stdin_feed_turn(session, now, fds[6].revents & POLLOUT);
	session_heartbeat(session, now);
	return now;
}

/* @only_running: no longer than the payload runs. Returns the host's answer, or 0. */
static uint64_t wait_for_answer(struct session *session, uint64_t answers, bool only_running)
{
	uint64_t waited = 0, begin, passed, lost;

	while ((session->payload.running || !only_running) && waited < ANSWER_LIMIT_NS) {
		if (guest_channel_answers(session->channel, &lost) != answers)
			return lost;
		begin = clock_boottime_ns();
		passed = session_turn(session, begin + ANSWER_LOOK_NS) - begin;
		/* While we were stopped, so was the host: that was no time to answer in. */
		waited += passed < ANSWER_STEP_NS ? passed : ANSWER_STEP_NS;
	}
	return 0;
}

uint64_t session_ask_lost(struct session *session)
{
	uint64_t answers = guest_channel_answers(session->channel, NULL);

	guest_channel_send(session->channel, KTSTR_EXPIRED, NULL, 0);
	return wait_for_answer(session, answers, true);
}

void session_tell_failing(struct session *session, const struct ktstr_exited *exited)
{
	uint64_t answers = guest_channel_answers(session->channel, NULL);

	/* By this frame the host tells what came before it was looked at. */
	kmsg_window_flush(session->kmsg);
	guest_channel_send(session->channel, KTSTR_FAILING, exited, sizeof(*exited));
	wait_for_answer(session, answers, false);
}
