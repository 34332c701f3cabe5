/* The tracer's life: see tracer.h. */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "bpf_needs.h"
#include "clock.h"
#include "process.h"
#include "pty.h"

#define READY_LIMIT_NS (KTSTR_TRACER_READY_S * CLOCK_S)
#define STOP_LIMIT_NS  (120 * CLOCK_S)
/* How long its last words may take to come after its end; only a child of its can hold them back.
 */
#define TEXT_LIMIT_NS  CLOCK_S

#define MAX_ARGS 256
#define MAX_PATH 128

/* How many bytes of a line are a time of day before its words: "12:34:56.123456 ", as of wprof -v.
 */
static size_t time_of_day(const char *line, size_t length)
{
	unsigned int colons = 0;
	size_t at = 0;

	while (at < length &&
	       ((line[at] >= '0' && line[at] <= '9') || line[at] == '.' || line[at] == ':'))
		colons += line[at++] == ':';
	return colons == 2 && at < length && line[at] == ' ' ? at + 1 : 0;
}

/* Is this, so far as it has come, a ready line? */
static bool says_ready(const char *line, size_t length)
{
	static const char *const ready[] = { KTSTR_TRACER_READY_LINE, KTSTR_TRACER_FLIGHT_LINE };
	size_t at = time_of_day(line, length);

	for (size_t i = 0; i < sizeof(ready) / sizeof(ready[0]); i++)
		if (length - at == strlen(ready[i]) && !memcmp(line + at, ready[i], length - at))
			return true;
	return false;
}

void tracer_scan(struct ready_scan *scan, const struct iovec room[2], size_t count)
{
	for (size_t i = 0; i < count && !scan->ready; i++) {
		const char *bytes = i < room[0].iov_len ? room[0].iov_base : room[1].iov_base;
		char byte = bytes[i < room[0].iov_len ? i : i - room[0].iov_len];

		if (byte == '\n' || byte == '\r') {
			scan->length = 0;
		} else if (scan->length < sizeof(scan->line)) {
			scan->line[scan->length++] = byte;
			scan->ready = says_ready(scan->line, scan->length);
		}
	}
}

int tracer_argv(char **argv, size_t size, char *path, char *args, char *window, char *trace,
		char *data)
{
	const size_t others = 8; /* the path, -d N, -T FILE, -D FILE, NULL */
	size_t n = 0;

	if (size < others)
		return -E2BIG;
	argv[n++] = path;
	while (args && *args) {
		char *end = strchr(args, KTSTR_WPROF_ARGS_SEPARATOR);

		if (n + others > size)
			return -E2BIG;
		argv[n++] = args;
		if (end)
			*end++ = '\0';
		args = end;
	}
	if (window) {
		argv[n++] = "-d";
		argv[n++] = window;
	}
	argv[n++] = "-T";
	argv[n++] = trace;
	argv[n++] = "-D";
	argv[n++] = data;
	argv[n] = NULL;
	return 0;
}

static void report_failure(struct session *session, enum ktstr_exit_kind kind, uint32_t value,
			   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void report_failure(struct session *session, enum ktstr_exit_kind kind, uint32_t value,
			   const char *fmt, ...)
{
	struct ktstr_tracer failed = {
		.state = KTSTR_TRACER_FAILED,
		.kind = kind,
		.value = value,
	};
	va_list args;

	va_start(args, fmt);
	vsnprintf(failed.reason, sizeof(failed.reason), fmt, args);
	va_end(args);
	session->tracer.phase = TRACER_OVER;
	guest_channel_send(session->channel, KTSTR_TRACER, &failed, sizeof(failed));
}

static void report_state(struct session *session, enum ktstr_tracer_state state)
{
	struct ktstr_tracer tracer = { .state = state };

	guest_channel_send(session->channel, KTSTR_TRACER, &tracer, sizeof(tracer));
}

/* It has ended: let its last words go before what is said of its end. */
static void drain_text(struct session *session)
{
	struct tracer *tracer = &session->tracer;
	uint64_t limit = tracer->child.end_ns + TEXT_LIMIT_NS;
	uint64_t now = clock_boottime_ns();

	while (tracer->text.fd >= 0 && now < limit)
		now = session_turn(session, limit);
	if (tracer->text.fd >= 0)
		close(tracer->text.fd);
	tracer->text.fd = -1;
}

/* What a BPF tracer that did not come to record may have missed: "" or "; <clause>". */
static const char *bpf_reason(const struct session *session, char *out, size_t size)
{
	int status = session->tracer.child.status;
	struct utsname name;

	out[0] = '\0';
	if (session->job->tracer_bpf && !uname(&name)) {
		bpf_needs_missing(BPF_NEEDS_BTF_PATH, name.release, out + 2, size - 2);
		/* wprof's exit status is an errno. */
		if (!out[2] && WIFEXITED(status) && WEXITSTATUS(status) == ENOMEM)
			snprintf(out + 2, size - 2, "ENOMEM: no room for its ring buffers");
		if (out[2])
			memcpy(out, "; ", 2);
	}
	return out;
}

/* It has ended when it should not have, or badly. */
static void report_end(struct session *session, const char *when)
{
	int status = session->tracer.child.status;
	uint32_t value;
	enum ktstr_exit_kind kind = session_exit_kind(status, &value);
	bool started = session->tracer.phase != TRACER_STARTING;
	char missing[96] = "";

	drain_text(session);
	report_failure(session, kind, value, "ended with %s %u %s%s",
		       kind == KTSTR_EXIT_SIGNAL ? "signal" : "status", value, when,
		       started ? "" : bpf_reason(session, missing, sizeof(missing)));
}

/* The whole of its session: it is of no use any more and must not disturb. */
static void put_down(struct session *session)
{
	struct child *child = &session->tracer.child;
	uint64_t limit = clock_boottime_ns() + CLOCK_S;

	kill(-child->pid, SIGKILL);
	while (child->running && session_turn(session, limit) < limit)
		;
	if (!child->running)
		drain_text(session);
}

/*
 * What it prints comes through a terminal, not a pipe: a C program that prints its ready line with
 * stdio would keep it in its buffer until its end. Returns the program's end, ours in @stream.
 */
static int open_text(struct session *session, struct stream *stream)
{
	int theirs, fds[2], ours = pty_open(&theirs);
	struct termios raw;

	if (ours >= 0) {
		if (!tcgetattr(theirs, &raw)) {
			cfmakeraw(&raw);
			tcsetattr(theirs, TCSANOW, &raw);
		}
		stream->fd = ours;
		return theirs;
	}

	guest_channel_log(session->channel,
			  "no terminal for the tracer (%s; the guest kernel needs " PTY_NEEDS
			  "), it gets a pipe: its ready line may come late",
			  strerror(-ours));
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	stream->fd = fds[0];
	return fds[1];
}

/* Start the program; 0, or the errno that was reported. */
static int spawn(struct session *session)
{
	struct tracer *tracer = &session->tracer;
	char path[MAX_PATH], trace[MAX_PATH], data[MAX_PATH], window[24], why[256];
	char *argv[MAX_ARGS];
	struct process_spec spec = {
		.argv = argv,
		.envp = job_default_env,
		.cwd = tracer->folder,
		.in = -1,
		.terminal = -1,
	};
	int ret;

	snprintf(path, sizeof(path), "%s", tracer->path);
	snprintf(trace, sizeof(trace), "%s/trace.pb", tracer->folder);
	snprintf(data, sizeof(data), "%s/wprof.data", tracer->folder);
	snprintf(window, sizeof(window), "%llu",
		 (unsigned long long)session->job->tracer_window_ms);
	if (!tracer->args)
		guest_channel_log(session->channel,
				  "no %s on the kernel command line: the tracer runs with its own "
				  "defaults",
				  KTSTR_WPROF_ARGS_PARAM);
	ret = tracer_argv(argv, MAX_ARGS, path, tracer->args,
			  session->job->tracer_window_ms ? window : NULL, trace, data);
	if (ret) {
		report_failure(session, KTSTR_EXIT_EXEC, E2BIG, "more than %d arguments", MAX_ARGS);
		return ret;
	}
	spec.out = open_text(session, &tracer->text);
	if (spec.out < 0) {
		report_failure(session, KTSTR_EXIT_EXEC, (uint32_t)-spec.out,
			       "no pipe for its output: %s", strerror(-spec.out));
		return spec.out;
	}
	spec.err = spec.out;
	ret = process_spawn(&spec, &tracer->child.pid, why, sizeof(why));
	close(spec.out);
	if (ret) {
		close(tracer->text.fd);
		tracer->text.fd = -1;
		guest_channel_log(session->channel, "tracer: %s", why);
		report_failure(session, KTSTR_EXIT_EXEC, (uint32_t)-ret, "cannot be started: %s",
			       strerror(-ret));
		return ret;
	}
	tracer->child.running = true;
	tracer->phase = TRACER_STARTING;
	return 0;
}

void tracer_start(struct session *session)
{
	struct tracer *tracer = &session->tracer;
	uint64_t limit = clock_boottime_ns() + READY_LIMIT_NS;

	if (spawn(session))
		return;
	while (tracer->child.running && !tracer->scan.ready)
		if (session_turn(session, limit) >= limit)
			break;
	if (!tracer->child.running)
		drain_text(session); /* the ready line may be in what is still to come */
	if (tracer->scan.ready) {
		tracer->phase = TRACER_RECORDING;
		report_state(session, KTSTR_TRACER_READY);
	} else if (!tracer->child.running) {
		report_end(session, "before it was ready");
	} else {
		put_down(session);
		report_failure(session, KTSTR_EXIT_TIMEOUT, 0,
			       "no ready line (\"%s\") within %llu s", KTSTR_TRACER_READY_LINE,
			       READY_LIMIT_NS / CLOCK_S);
	}
}

void tracer_watch(struct session *session)
{
	struct tracer *tracer = &session->tracer;

	/* Status 0: its window has passed. */
	if (tracer->phase == TRACER_RECORDING && !tracer->child.running && tracer->child.status)
		report_end(session, "while the payload ran");
}

void tracer_interrupt(struct session *session)
{
	struct tracer *tracer = &session->tracer;

	if (tracer->phase != TRACER_RECORDING || tracer->interrupted_ns)
		return;
	tracer->interrupted_ns = clock_boottime_ns();
	if (tracer->child.running)
		kill(tracer->child.pid, SIGINT);
}

/* Send @size bytes of the trace. What has begun and does not come to its end is told as a failure.
 */
static void ship(struct session *session, int fd, uint64_t size)
{
	struct guest_channel *channel = session->channel;
	struct ktstr_trace trace = { .size = size };
	uint64_t left = size;

	guest_channel_send(channel, KTSTR_TRACE_BEGIN, &trace, sizeof(trace));
	while (left) {
		size_t want = left < KTSTR_FRAME_MAX ? (size_t)left : KTSTR_FRAME_MAX;
		struct iovec room[2];
		ssize_t count;
		size_t first;

		guest_channel_reserve(channel, want, room);
		count = readv(fd, room, 2);
		if (count <= 0) {
			report_failure(
				session, KTSTR_EXIT_STATUS, 0,
				"its trace of %llu bytes cannot be read behind byte %llu: %s",
				(unsigned long long)size, (unsigned long long)(size - left),
				count ? strerror(errno) : "it was cut meanwhile");
			return;
		}
		first = (size_t)count < room[0].iov_len ? (size_t)count : room[0].iov_len;
		trace.crc = crc32_update(&channel->crc, trace.crc, room[0].iov_base, first);
		trace.crc = crc32_update(&channel->crc, trace.crc, room[1].iov_base,
					 (size_t)count - first);
		guest_channel_commit(channel, KTSTR_TRACE_DATA, (size_t)count);
		left -= (uint64_t)count;
		session_heartbeat(session, clock_boottime_ns());
	}
	guest_channel_send(channel, KTSTR_TRACE_END, &trace, sizeof(trace));
}

void tracer_finish(struct session *session)
{
	struct tracer *tracer = &session->tracer;
	uint64_t limit = tracer->interrupted_ns + STOP_LIMIT_NS;
	char path[MAX_PATH];
	struct stat st;
	int fd;

	if (tracer->phase != TRACER_RECORDING)
		return;
	while (tracer->child.running && session_turn(session, limit) < limit)
		process_go_on(tracer->child.pid);
	if (tracer->child.running) {
		put_down(session);
		report_failure(session, KTSTR_EXIT_TIMEOUT, 0,
			       "did not stop within %llu s of SIGINT", STOP_LIMIT_NS / CLOCK_S);
		return;
	}
	if (tracer->child.status) {
		report_end(session, "when it was stopped");
		return;
	}
	drain_text(session);

	snprintf(path, sizeof(path), "%s/trace.pb", tracer->folder);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		report_failure(session, KTSTR_EXIT_STATUS, 0,
			       "ended well but left no trace: %s: %s", path, strerror(errno));
		return;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size) {
		report_failure(session, KTSTR_EXIT_STATUS, 0,
			       "ended well but its trace %s is empty", path);
	} else {
		report_state(session, KTSTR_TRACER_DONE);
		ship(session, fd, (uint64_t)st.st_size);
		tracer->phase = TRACER_OVER;
	}
	close(fd);
}
