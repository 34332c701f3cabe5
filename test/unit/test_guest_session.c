/*
 * Does init run a payload and a tracer as it should? Each case runs the real event loop as PID 1 of
 * a PID namespace of its own, with real programs, and reads what comes out at the host's end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "../../guest/clock.h"
#include "../../guest/metrics.h"
#include "../../guest/payload.h"
#include "../../guest/tracer.h"
#include "deny_syscall.h"
#include "vmm/channel.h"

#define OUTPUT_MAX    65536
#define CASE_LIMIT_NS (120 * CLOCK_S)

/* What the host saw. */
struct seen {
	bool hung, started, exited, bye, ready, done, trace_end;
	bool output_after_exit; /* would be lost */
	bool text_after_end;	/* the tracer's last words behind what is said of its end */
	bool started_before_ready;
	unsigned int heartbeats, logs;
	struct ktstr_exited exit;
	struct ktstr_tracer failed;
	bool tracer_failed;
	struct ktstr_trace trace;
	uint64_t trace_bytes, out_bytes;
	uint32_t trace_crc, out_crc;
	uint64_t unread; /* by a user who was deaf */
	unsigned int metrics_frames;
	struct ktstr_file metrics;
	char metrics_text[OUTPUT_MAX];
	char work[OUTPUT_MAX];
	/* What the scheduler printed: what came of it, and what is said to be left out. */
	uint64_t sched_bytes, sched_left_out;
	char sched_end[9];
	char out[OUTPUT_MAX], err[OUTPUT_MAX], text[OUTPUT_MAX], log[OUTPUT_MAX];
	int status;		/* of the init process: 0, or how it died */
	unsigned int left_over; /* processes that were there at the end */
	struct channel *host;	/* our end, for answers */
	bool left_alone;	/* ... and what it started was there */
	unsigned int failing;	/* how often it told of a failure before it cleaned up */
	struct ktstr_exited as_failing;
	unsigned int expired; /* how often init asked at its limit */
	/* What it said of itself, and what not: errno of each part. */
	unsigned int words;
	uint32_t words_error[KTSTR_WORDS_NR];
};

static void append(char *to, const void *bytes, uint32_t length)
{
	size_t have = strlen(to);

	if (length > OUTPUT_MAX - 1 - have)
		length = (uint32_t)(OUTPUT_MAX - 1 - have);
	memcpy(to + have, bytes, length);
}

/* What the host answers at the time limit: this time the guest did not get; or it does not answer.
 */
static uint64_t lost_ns;
static bool silent;
/* What the host asks for when it is told of a failure (KTSTR_ASK). */
static uint32_t asked;
/* Init, when it is stopped for so long as it asks, as a launcher is by Ctrl-Z; 0: it is not. */
static pid_t stopped;
#define STOP_S 6

static void take_text(struct seen *seen, const char *text, uint32_t length)
{
	unsigned long long left_out;
	char note[64];

	snprintf(note, sizeof(note), "%.*s", (int)length, text);
	if (sscanf(note, "\n[%llu bytes are left out here]", &left_out) == 1) {
		seen->sched_left_out += left_out;
		return;
	}
	seen->sched_bytes += length;
	if (length >= 8)
		memcpy(seen->sched_end, text + length - 8, 8);
}

/* Is a process there whose arguments are these? */
static bool payload_is_there(void)
{
	static const char wanted[] = "sleep\00098765";
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	bool found = false;

	assert_non_null(proc);
	while (!found && (entry = readdir(proc))) {
		char path[300], text[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		found = read(fd, text, sizeof(text)) == sizeof(wanted) &&
			!memcmp(text, wanted, sizeof(wanted));
		close(fd);
	}
	closedir(proc);
	return found;
}

static int see(void *owner, uint16_t type, const void *payload, uint32_t length, struct error *err)
{
	struct seen *seen = owner;
	const struct ktstr_tracer *tracer = payload;

	(void)err;
	switch (type) {
	case KTSTR_HEARTBEAT:
		seen->heartbeats++;
		break;
	case KTSTR_STARTED:
		seen->started = true;
		seen->started_before_ready = !seen->ready;
		break;
	case KTSTR_STDOUT:
		seen->output_after_exit |= seen->exited;
		seen->out_bytes += length;
		seen->out_crc = (uint32_t)crc32(seen->out_crc, payload, length);
		append(seen->out, payload, length);
		break;
	case KTSTR_STDERR:
		seen->output_after_exit |= seen->exited;
		append(seen->err, payload, length);
		break;
	case KTSTR_METRICS:
		seen->output_after_exit |= seen->exited;
		seen->metrics_frames++;
		memcpy(&seen->metrics, payload, sizeof(seen->metrics));
		append(seen->metrics_text, (const char *)payload + sizeof(seen->metrics),
		       length - (uint32_t)sizeof(seen->metrics));
		break;
	case KTSTR_WORK:
		seen->output_after_exit |= seen->exited;
		append(seen->work, payload, length);
		break;
	case KTSTR_SCHED_TEXT:
		take_text(seen, payload, length);
		break;
	case KTSTR_EXITED:
		seen->exited = true;
		memcpy(&seen->exit, payload, sizeof(seen->exit));
		break;
	case KTSTR_TRACER:
		seen->ready |= tracer->state == KTSTR_TRACER_READY;
		seen->done |= tracer->state == KTSTR_TRACER_DONE;
		if (tracer->state == KTSTR_TRACER_FAILED) {
			seen->tracer_failed = true;
			seen->failed = *tracer;
		}
		break;
	case KTSTR_TRACER_TEXT:
		seen->text_after_end |= seen->done || seen->tracer_failed;
		append(seen->text, payload, length);
		break;
	case KTSTR_TRACE_DATA:
		seen->trace_bytes += length;
		seen->trace_crc = (uint32_t)crc32(seen->trace_crc, payload, length);
		break;
	case KTSTR_TRACE_END:
		seen->trace_end = true;
		memcpy(&seen->trace, payload, sizeof(seen->trace));
		break;
	case KTSTR_LOG:
		seen->logs++;
		append(seen->log, payload, length);
		append(seen->log, "\n", 1);
		break;
	case KTSTR_EXPIRED:
		seen->expired++;
		if (stopped > 1) {
			kill(stopped, SIGSTOP);
			sleep(STOP_S);
			kill(stopped, SIGCONT);
			nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		}
		if (!silent)
			channel_answer(seen->host, lost_ns);
		break;
	case KTSTR_FAILING:
		assert_int_equal(length, sizeof(seen->as_failing));
		memcpy(&seen->as_failing, payload, length);
		assert_int_equal(seen->exited, 0);
		seen->failing++;
		seen->left_alone = payload_is_there();
		channel_ask(seen->host, asked);
		if (!silent)
			channel_answer(seen->host, 0);
		break;
	case KTSTR_OWN_WORDS: {
		const struct ktstr_own_words *words = payload;

		assert_true(length >= sizeof(*words) && words->part < KTSTR_WORDS_NR);
		assert_true(words->error || length > sizeof(*words));
		seen->words_error[words->part] = words->error;
		seen->words++;
		break;
	}
	case KTSTR_BYE:
		seen->bye = true;
		return 1;
	}
	return 0;
}

static void no_doorbell(const struct guest_channel *unused)
{
	(void)unused;
}

/* What a case asks for. */
struct run {
	const char *job; /* ends with an empty string */
	size_t job_size;
	const char *tracer; /* NULL, or a shell script that stands in for one */
	const char *tracer_args;
	const char *scheduler; /* NULL, or a line of shell that prints like one */
};

/* The user at his terminal of 31 rows and 101 columns, for cases with tty=1. */
static struct {
	const char *keys;   /* what he types; NULL: there is none */
	unsigned int times; /* so many times, besides once */
	bool damaged;	    /* and somebody else wrote over it */
	bool deaf;	    /* and he reads nothing until the end, but types Ctrl-C after a while */
} user;

/* What the host has for the payload's standard input, for cases with stdin=1. */
static struct {
	const char *bytes; /* NULL: nothing */
	size_t size, sent;
	bool ends, ended; /* and an end behind it */
	bool damaged;	  /* somebody else wrote over it */
} fed;

static bool kernel_before_4_13; /* it does not know TIOCGPTPEER */

static char folder[] = "/tmp/ktstr-session-XXXXXX";

/* A process besides init that is still there, zombies not counted. */
static unsigned int count_left_over(void)
{
	unsigned int count = 0;

	for (int pid = 2; pid < 32768; pid++) {
		char path[32], stat[256] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, stat, sizeof(stat) - 1) > 0 && strchr(stat, ')') &&
		    strchr(stat, ')')[2] != 'Z')
			count++;
		close(fd);
	}
	return count;
}

/* What only prints, with nothing to be attached. */
static void start_scheduler(struct session *session, const char *line)
{
	struct child *child = &session->scheduler.child;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) || fcntl(fds[0], F_SETFL, O_NONBLOCK))
		_exit(96);
	fcntl(fds[0], F_SETPIPE_SZ, SCHEDULER_TEXT_PIPE);
	child->pid = fork();
	if (!child->pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(fds[1], STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(95);
	}
	close(fds[1]);
	child->running = true;
	session->scheduler.text.fd = fds[0];
}

static _Noreturn void be_init(const struct run *run, void *region, unsigned int *left_over)
{
	static struct guest_channel channel;
	static struct kmsg kmsg;
	char why[256], args[512];
	struct session session;
	struct job job;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range(3, ~0u, 0); /* what the test itself was given is not init's */
	setsid();
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL) || mount("tmp", "/mnt", "tmpfs", 0, NULL))
		_exit(99);
	if (kernel_before_4_13 && !deny_syscall(SYS_ioctl, ~0u, TIOCGPTPEER, ENOTTY))
		_exit(97);
	if (guest_channel_init(&channel, region, no_doorbell, why, sizeof(why)) ||
	    job_parse(&job, run->job, run->job_size, why, sizeof(why)) || kmsg_open(&kmsg, -1) ||
	    session_open(&session, &channel, &job, &kmsg, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		_exit(98);
	}
	session.metrics.path = "/mnt/metrics";
	session.work.path = "/mnt/work";
	metrics_begin(&session);
	if (run->scheduler)
		start_scheduler(&session, run->scheduler);
	if (run->tracer) {
		char path[64];

		snprintf(path, sizeof(path), "%s/tracer", folder);
		session.tracer.path = path;
		session.tracer.folder = folder;
		if (run->tracer_args) {
			snprintf(args, sizeof(args), "%s", run->tracer_args);
			session.tracer.args = args;
		}
		tracer_start(&session);
		payload_run(&session);
		tracer_finish(&session);
	} else {
		payload_run(&session);
	}
	*left_over = count_left_over();
	session_close(&session);
	kmsg_close(&kmsg);
	job_destroy(&job);
	guest_channel_send(&channel, KTSTR_BYE, NULL, 0);
	_exit(0);
}

static void write_script(const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/trace.pb", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/tracer", folder);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* As much as there is room for. */
static void feed(struct channel *host)
{
	struct error err;

	while (fed.bytes && fed.sent < fed.size && channel_has_room(host)) {
		size_t length = fed.size - fed.sent;

		if (length > KTSTR_INBOX_FRAME_MAX)
			length = KTSTR_INBOX_FRAME_MAX;
		assert_int_equal(channel_send(host, KTSTR_STDIN, fed.bytes + fed.sent,
					      (uint32_t)length, &err),
				 0);
		fed.sent += length;
	}
	if (!fed.ends || fed.ended || fed.sent < fed.size || !channel_has_room(host))
		return;
	assert_int_equal(channel_send(host, KTSTR_STDIN, NULL, 0, &err), 0);
	fed.ended = true;
}

/* Returns the bytes that were then there to be read. */
static uint64_t be_deaf(struct channel *host, const void *region, pid_t init)
{
	const struct ktstr_channel *header = region;
	siginfo_t end = { 0 };
	struct error err;

	nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
	assert_int_equal(channel_send(host, KTSTR_KEYS, "\x03", 1, &err), 0);
	for (int i = 0; i < 1000 && !end.si_pid; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		waitid(P_PID, (id_t)init, &end, WEXITED | WNOHANG | WNOWAIT);
	}
	return __atomic_load_n(&header->head, __ATOMIC_ACQUIRE);
}

/* 1 before it has one. */
static pid_t child_of(pid_t parent)
{
	char path[64];
	int child = 1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	file = fopen(path, "re");
	if (file && fscanf(file, "%d", &child) != 1)
		child = 1;
	if (file)
		fclose(file);
	return child;
}

/* In between: PID namespaces begin with the first child. */
static void run_case(const struct run *run, struct seen *seen)
{
	uint64_t limit = clock_boottime_ns() + CASE_LIMIT_NS;
	uint8_t *region = mmap(NULL, KTSTR_CHANNEL_SIZE + 4096, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int *left_over = (unsigned int *)(region + KTSTR_CHANNEL_SIZE);
	static struct channel host;
	struct error err;
	pid_t middle;

	assert_true(region != MAP_FAILED);
	if (run->tracer)
		write_script(run->tracer);
	assert_int_equal(channel_init(&host, region, &err), 0);
	memset(seen, 0, sizeof(*seen));
	seen->host = &host;
	if (user.keys) {
		struct ktstr_resize size = { .rows = 31, .columns = 101 };

		assert_int_equal(channel_send(&host, KTSTR_RESIZE, &size, sizeof(size), &err), 0);
		for (unsigned int i = 0; i <= user.times; i++)
			assert_int_equal(channel_send(&host, KTSTR_KEYS, user.keys,
						      (uint32_t)strlen(user.keys), &err),
					 0);
		if (user.damaged)
			region[KTSTR_INBOX_OFFSET + 40] ^= 1;
	}

	feed(&host);
	if (fed.damaged)
		region[KTSTR_INBOX_OFFSET + 40] ^= 1;

	middle = fork();
	assert_true(middle >= 0);
	if (!middle) {
		pid_t init;
		int status = 0;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWPID | CLONE_NEWNS))
			_exit(77);
		init = fork();
		if (!init)
			be_init(run, region, left_over);
		waitpid(init, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 90);
	}
	if (user.deaf)
		seen->unread = be_deaf(&host, region, middle);
	while (!seen->bye) {
		int ret;

		if (stopped)
			stopped = child_of(middle);
		ret = channel_drain(&host, see, seen, &err);
		int status;

		if (ret < 0)
			fail_msg("%s", err.text);
		feed(&host);
		if (!seen->bye && waitpid(middle, &status, WNOHANG) == middle) {
			seen->status = WEXITSTATUS(status);
			middle = 0;
			channel_drain(&host, see, seen, &err);
			break;
		}
		if (clock_boottime_ns() > limit) {
			seen->hung = true;
			break;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (middle) {
		if (seen->hung)
			kill(middle, SIGKILL);
		waitpid(middle, NULL, 0);
	}
	seen->left_over = *left_over;
	channel_destroy(&host);
	munmap(region, KTSTR_CHANNEL_SIZE + 4096);

	if (seen->status == 77)
		skip(); /* no right to make namespaces */
	if (seen->hung)
		fail_msg("init did not come to its end; its log: %s; the output: %.200s", seen->log,
			 seen->out);
	assert_int_equal(seen->status, 0);
	assert_true(seen->bye);
	assert_true(seen->exited);
	assert_false(seen->output_after_exit);
	assert_false(seen->text_after_end);
	assert_int_equal(seen->left_over, 0);
}

/* A payload alone, given as the entries of a job file. */
#define RUN(seen, entries)                                                                         \
	run_case(&(struct run){ .job = entries, .job_size = sizeof(entries) }, seen)
/* One line of shell. */
#define SHELL(line) "arg=/bin/sh\0arg=-c\0arg=" line
#define TRACED(script, seen, entries)                                                              \
	run_case(&(struct run){ entries "\0tracer=1", sizeof(entries "\0tracer=1"),                \
				"#!/bin/sh\n" script, "-e\x1fsched", NULL },                       \
		 seen)

static struct seen seen; /* large */

/* @job: the entries of a job file with tty=1 */
static void run_typed(const char *job, size_t size, const char *keys)
{
	user.keys = keys;
	run_case(&(struct run){ .job = job, .job_size = size }, &seen);
	memset(&user, 0, sizeof(user));
}

static void check_exit(enum ktstr_exit_kind kind, uint32_t value)
{
	assert_int_equal(seen.exit.kind, kind);
	assert_int_equal(seen.exit.value, value);
	assert_true(seen.exit.end_ns >= seen.exit.start_ns);
	assert_int_equal(seen.started, kind != KTSTR_EXIT_EXEC);
	assert_int_equal(!seen.exit.start_ns, kind == KTSTR_EXIT_EXEC);
}

static void statuses(void **state)
{
	(void)state;
	RUN(&seen, SHELL("exit 0"));
	check_exit(KTSTR_EXIT_STATUS, 0);
	assert_int_equal(seen.logs, 0);
	RUN(&seen, SHELL("exit 7"));
	check_exit(KTSTR_EXIT_STATUS, 7);
	RUN(&seen, SHELL("exit 255"));
	check_exit(KTSTR_EXIT_STATUS, 255);
	RUN(&seen, SHELL("kill -9 $$"));
	check_exit(KTSTR_EXIT_SIGNAL, SIGKILL);
	RUN(&seen, SHELL("kill -SEGV $$"));
	check_exit(KTSTR_EXIT_SIGNAL, SIGSEGV);
}

static void not_executed(void **state)
{
	char job[128];
	int length;

	(void)state;
	RUN(&seen, "arg=/no/such/program");
	check_exit(KTSTR_EXIT_EXEC, ENOENT);
	assert_non_null(strstr(seen.log, "/no/such/program"));
	RUN(&seen, "arg=/etc/passwd");
	check_exit(KTSTR_EXIT_EXEC, EACCES);
	RUN(&seen, "arg=/bin/true\0cwd=/proc/nowhere");
	check_exit(KTSTR_EXIT_EXEC, ENOENT);
	assert_non_null(strstr(seen.log, "/proc/nowhere"));
	write_script("#!/no/such/interpreter\n");
	length = snprintf(job, sizeof(job), "arg=%s/tracer", folder);
	run_case(&(struct run){ .job = job, .job_size = (size_t)length + 1 }, &seen);
	check_exit(KTSTR_EXIT_EXEC, ENOENT);
	assert_non_null(strstr(seen.log, "interpreter is missing"));
}

static void surroundings(void **state)
{
	(void)state;
	/* Made when it is missing; /mnt is this session's own. */
	RUN(&seen,
	    SHELL("pwd; echo $A $B $HOME $TERM; readlink /proc/self/fd/0; "
		  "grep -E '^Sig(Blk|Ign)' /proc/self/status; ps -o sid= -p $$; echo $$; "
		  "cat /proc/$$/oom_score_adj; ls /proc/self/fd | wc -l >&2") //
	    "\0env=A=x y\0env=B=2\0env=TERM=xterm\0cwd=/mnt/a/b");
	check_exit(KTSTR_EXIT_STATUS, 0);
	assert_string_equal(seen.out, "/mnt/a/b\n"
				      "x y 2 /root xterm\n"
				      "/dev/null\n"
				      "SigBlk:\t0000000000000000\n"
				      "SigIgn:\t0000000000000000\n"
				      "      2\n2\n0\n");
	assert_string_equal(seen.err, "4\n");
}

static void output_apart(void **state)
{
	(void)state;
	RUN(&seen, SHELL("echo out; echo err >&2; printf 'out\\000no newline'; exit 3"));
	check_exit(KTSTR_EXIT_STATUS, 3);
	assert_int_equal(seen.out_bytes, 18);
	assert_memory_equal(seen.out, "out\nout", 8);
	assert_string_equal(seen.err, "err\n");
}

static void much_output(void **state)
{
	uint8_t *line = calloc(1, 1 << 20);
	uint32_t crc = 0;

	(void)state;
	assert_non_null(line);
	for (int i = 0; i < 20; i++)
		crc = (uint32_t)crc32(crc, line, 1 << 20);
	free(line);
	RUN(&seen, SHELL("head -c 20971520 /dev/zero; exit 9"));
	check_exit(KTSTR_EXIT_STATUS, 9);
	assert_int_equal(seen.out_bytes, 20971520);
	assert_int_equal(seen.out_crc, crc);
}

static void daemons(void **state)
{
	(void)state;
	/* Holds the pipe open and says something as soon as the payload is gone. */
	RUN(&seen, SHELL("trap 'exit 5' USR1; p=$$; export p; setsid sh -c 'kill -USR1 $p; "
			 "while kill -0 $p 2>/dev/null; do :; done; echo late; sleep 1000' & "
			 "wait; exit 9"));
	check_exit(KTSTR_EXIT_STATUS, 5);
	assert_string_equal(seen.out, "late\n");
	/* Has let go of the pipes. */
	RUN(&seen, SHELL("setsid sleep 1000 >/dev/null 2>&1 & exit 6"));
	check_exit(KTSTR_EXIT_STATUS, 6);
	/* Does not want to die. */
	RUN(&seen, SHELL("(trap '' INT TERM HUP; while :; do :; done) & exit 4"));
	check_exit(KTSTR_EXIT_STATUS, 4);
	/* Prints without end. */
	RUN(&seen, SHELL("yes & exit 2"));
	check_exit(KTSTR_EXIT_STATUS, 2);
}

static void time_limit(void **state)
{
	(void)state;
	RUN(&seen, SHELL("echo before; exec sleep 1000") "\0timeout_ms=1500");
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	assert_string_equal(seen.out, "before\n");
	assert_in_range(seen.exit.end_ns - seen.exit.start_ns, 1500 * CLOCK_MS, 30 * CLOCK_S);
	RUN(&seen, SHELL("while :; do :; done & while :; do :; done") "\0timeout_ms=300");
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	/* Prints without end, on both. */
	RUN(&seen, SHELL("yes >&2 & exec yes") "\0timeout_ms=1500");
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	assert_in_range(seen.exit.end_ns - seen.exit.start_ns, 1500 * CLOCK_MS, 30 * CLOCK_S);
	assert_true(seen.heartbeats >= 1);
	assert_true(seen.out_bytes > 0 && seen.err[0] == 'y');
	/* In time: not touched by it. */
	RUN(&seen, SHELL("sleep 0.1; exit 1") "\0timeout_ms=20000");
	check_exit(KTSTR_EXIT_STATUS, 1);
}

static void time_that_the_host_did_not_give(void **state)
{
	(void)state;
	/* Longer than its limit, but not by what was lost. */
	lost_ns = 20 * CLOCK_S;
	RUN(&seen, SHELL("sleep 0.8; exit 3") "\0timeout_ms=200");
	check_exit(KTSTR_EXIT_STATUS, 3);
	assert_int_equal(seen.expired, 1);
	/* By more than that; asked once more when it has passed. */
	lost_ns = 500 * CLOCK_MS;
	RUN(&seen, SHELL("sleep 1000") "\0timeout_ms=200");
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	assert_in_range(seen.exit.end_ns - seen.exit.start_ns, 700 * CLOCK_MS, 30 * CLOCK_S);
	assert_int_equal(seen.expired, 2);
	/* The launcher is stopped just then: it answers once it goes on. */
	lost_ns = 20 * CLOCK_S;
	stopped = 1;
	RUN(&seen, SHELL("sleep 8; exit 3") "\0timeout_ms=200");
	stopped = 0;
	check_exit(KTSTR_EXIT_STATUS, 3);
	/* A host that says nothing is not waited for without end. */
	lost_ns = 0;
	silent = true;
	RUN(&seen, SHELL("sleep 1000") "\0timeout_ms=200");
	silent = false;
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	assert_int_equal(seen.expired, 1);
}

/* Nothing has been ended or cleaned up when the host is told, and it is not told of a pass. */
static void a_failure_waits_to_be_looked_at(void **state)
{
	(void)state;
	RUN(&seen, SHELL("sleep 98765 & sleep 0.1; exit 3"));
	check_exit(KTSTR_EXIT_STATUS, 3);
	assert_int_equal(seen.failing, 1);
	assert_true(seen.left_alone);
	assert_int_equal(seen.as_failing.kind, KTSTR_EXIT_STATUS);
	assert_int_equal(seen.as_failing.value, 3);
	RUN(&seen, SHELL("sleep 98765") "\0timeout_ms=200");
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	assert_int_equal(seen.failing, 1);
	assert_true(seen.left_alone);
	assert_int_equal(seen.as_failing.kind, KTSTR_EXIT_TIMEOUT);
	RUN(&seen, SHELL("sleep 1000 & exit 0"));
	check_exit(KTSTR_EXIT_STATUS, 0);
	assert_int_equal(seen.failing, 0);
	/* A host that says nothing is not waited for without end. */
	silent = true;
	RUN(&seen, SHELL("exit 3"));
	silent = false;
	check_exit(KTSTR_EXIT_STATUS, 3);
}

/* Some parts are not for every guest: what takes the locks of a CPU that is stuck hangs init. */
static void it_says_of_itself_what_it_is_asked(void **state)
{
	(void)state;
	asked = KTSTR_ASK(KTSTR_WORDS_MEMORY) | KTSTR_ASK(KTSTR_WORDS_SCHEDSTAT);
	RUN(&seen, SHELL("exit 3"));
	asked = 0;
	assert_int_equal(seen.words, KTSTR_WORDS_NR);
	assert_int_equal(seen.words_error[KTSTR_WORDS_MEMORY], 0);
	assert_int_not_equal(seen.words_error[KTSTR_WORDS_SCHEDSTAT], ECANCELED);
	assert_int_equal(seen.words_error[KTSTR_WORDS_PRESSURE], ECANCELED);
	assert_int_equal(seen.words_error[KTSTR_WORDS_BLOCKED], ECANCELED);
	assert_int_equal(seen.words_error[KTSTR_WORDS_SCHED_EXT], ECANCELED);
	RUN(&seen, SHELL("exit 0"));
	assert_int_equal(seen.words, 0);
}

static void forks_without_end(void **state)
{
	(void)state;
	/* This program itself, see main: who only walks through the list of processes comes too
	 * late. */
	RUN(&seen, "arg=/proc/self/exe\0arg=fork\0timeout_ms=300");
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	assert_int_equal(seen.logs, 0);
}

static void heartbeats(void **state)
{
	(void)state;
	RUN(&seen, SHELL("sleep 2.2"));
	check_exit(KTSTR_EXIT_STATUS, 0);
	/* The session is a little longer than the payload. */
	assert_in_range(seen.heartbeats, 2, (seen.exit.end_ns - seen.exit.start_ns) / CLOCK_S + 2);
}

static void orphans_are_reaped(void **state)
{
	(void)state;
	/* They come as they come; in the end none is left. */
	RUN(&seen, SHELL("for i in $(seq 100); do (sh -c 'exit 3' &); done; "
			 "for i in $(seq 100); do sleep 0.1; n=$(ps -o stat= -A | grep -c Z); "
			 "[ $n = 0 ] && break; done; echo $n"));
	assert_string_equal(seen.out, "0\n");
}

/*
 * A tracer that prints its words at once and does what it is told. It forks all the time: when the
 * payload is killed, none of its own children may be left stopped.
 */
#define STOPS_WELL                                                                                 \
	"out=$(dirname $0)/trace.pb\n"                                                             \
	"trap 'echo Stopping...; head -c 300000 /dev/zero >$out; echo done; exit 0' INT\n"         \
	"echo starting; sleep 0.1; echo Running...\nwhile :; do /bin/true; done\n"

static void traced(void **state)
{
	static uint8_t zero[300000];

	(void)state;
	TRACED("printf '%s ' \"$@\"; " STOPS_WELL, &seen,
	       SHELL("echo hello; exit 7") "\0tracer_window_ms=60000");
	check_exit(KTSTR_EXIT_STATUS, 7);
	assert_true(seen.ready && seen.done && seen.trace_end);
	assert_false(seen.started_before_ready || seen.tracer_failed);
	assert_string_equal(seen.out, "hello\n");
	assert_int_equal(seen.trace_bytes, sizeof(zero));
	assert_int_equal(seen.trace.size, sizeof(zero));
	assert_int_equal(seen.trace.crc, crc32(0, zero, sizeof(zero)));
	assert_int_equal(seen.trace_crc, seen.trace.crc);
	assert_non_null(strstr(seen.text, "-e sched -d 60000 -T /tmp/ktstr-session-"));
	assert_non_null(strstr(seen.text, "Running...\nStopping...\ndone\n"));
	assert_int_equal(seen.logs, 0);
}

static void traced_time_limit(void **state)
{
	(void)state;
	/* Everything is killed but the tracer, which comes to its end in order. */
	TRACED(STOPS_WELL, &seen, SHELL("sleep 1000 & setsid yes & sleep 1000") "\0timeout_ms=300");
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	assert_true(seen.ready && seen.done && seen.trace_end);
	assert_int_equal(seen.trace_bytes, 300000);
	assert_false(seen.tracer_failed);
}

/* As its child may be when the payload is killed: see process_go_on. */
static void traced_with_a_child_that_is_stopped(void **state)
{
	(void)state;
	TRACED("trap 'sh -c \"kill -STOP \\$\\$\"; echo x >$(dirname $0)/trace.pb; exit 0' INT\n"
	       "echo Running...; while :; do sleep 0.1; done",
	       &seen, SHELL("sleep 0.2; exit 1"));
	assert_true(seen.ready && seen.done && seen.trace_end);
	assert_int_equal(seen.trace_bytes, 2);
}

static void window_passes(void **state)
{
	(void)state;
	TRACED("trap '' INT; echo Running...; sleep 0.1; echo x >$(dirname $0)/trace.pb; exit 0",
	       &seen, SHELL("sleep 0.6; exit 1"));
	check_exit(KTSTR_EXIT_STATUS, 1);
	assert_true(seen.ready && seen.done && seen.trace_end);
	assert_int_equal(seen.trace_bytes, 2);
}

static void buffered_ready_line(void **state)
{
	(void)state;
	/* A C program's stdio: into a pipe its words would come at its end only. */
	TRACED("exec python3 -c \"import time,sys\ntry:\n print('Running...')\n time.sleep(999)\n"
	       "except KeyboardInterrupt: open(sys.argv[4],'w').write('t')\" \"$@\"",
	       &seen, SHELL("sleep 0.2; exit 1"));
	assert_true(seen.ready && seen.done && seen.trace_end);
}

static void check_tracer_failed(enum ktstr_exit_kind kind, uint32_t value, const char *reason)
{
	assert_true(seen.tracer_failed);
	assert_false(seen.trace_end);
	assert_int_equal(seen.failed.kind, kind);
	assert_int_equal(seen.failed.value, value);
	if (!strstr(seen.failed.reason, reason))
		fail_msg("'%s' does not say '%s'", seen.failed.reason, reason);
	/* The payload ran all the same. */
	check_exit(KTSTR_EXIT_STATUS, 7);
	assert_string_equal(seen.out, "ran\n");
}

#define PAYLOAD SHELL("sleep 0.3; echo ran; exit 7")

static void tracer_failures(void **state)
{
	(void)state;
	TRACED("echo cannot >&2; exit 22", &seen, PAYLOAD);
	check_tracer_failed(KTSTR_EXIT_STATUS, 22, "before it was ready");
	assert_string_equal(seen.text, "cannot\n");
	TRACED("exit 0", &seen, PAYLOAD);
	check_tracer_failed(KTSTR_EXIT_STATUS, 0, "before it was ready");
	TRACED("echo Running...; sleep 0.1; kill -9 $$", &seen, SHELL("sleep 3; echo ran; exit 7"));
	check_tracer_failed(KTSTR_EXIT_SIGNAL, 9, "while the payload ran");
	assert_true(seen.ready);
	TRACED("trap 'exit 5' INT; echo Running...; while :; do sleep 0.02; done", &seen, PAYLOAD);
	check_tracer_failed(KTSTR_EXIT_STATUS, 5, "stopped");
	TRACED("trap 'exit 0' INT; echo Running...; while :; do sleep 0.02; done", &seen, PAYLOAD);
	check_tracer_failed(KTSTR_EXIT_STATUS, 0, "left no trace");
	TRACED("trap '>$(dirname $0)/trace.pb; exit 0' INT; echo Running...; "
	       "while :; do sleep 0.02; done",
	       &seen, PAYLOAD);
	check_tracer_failed(KTSTR_EXIT_STATUS, 0, "is empty");
	assert_false(seen.done);
	run_case(&(struct run){ PAYLOAD "\0tracer=1", sizeof(PAYLOAD "\0tracer=1"), "#!/no/such\n",
				"-e", NULL },
		 &seen);
	check_tracer_failed(KTSTR_EXIT_EXEC, ENOENT, "cannot be started: No such file");
	assert_non_null(strstr(seen.log, "interpreter is missing"));
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "tracer", "trace.pb" };
	char path[64];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

/*
 * Each process forks the next and goes, two hundred at a time. Where the kernel lets us choose, the
 * next one has any PID: a walk through /proc goes up, and would meet a PID that is always higher.
 */
static _Noreturn void fork_without_end(void)
{
	int last_pid = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	for (unsigned int i = 0; i < 200; i++) {
		if (fork())
			continue;
		for (unsigned int seed = i;; seed = seed * 1103515245 + 12345) {
			char text[16];
			int length = snprintf(text, sizeof(text), "%u", 300 + (seed >> 8) % 30000);

			if (pwrite(last_pid, text, (size_t)length, 0) != length)
				seed++; /* then it comes as it comes */
			if (fork() > 0)
				_exit(0);
		}
	}
	for (;;)
		pause();
}

/*
 * 32 and 33 are the C library's own, and it refuses to touch them; one that our parent ignored is
 * inherited all the same. PID 1 of a guest has no such parent.
 */
static void reset_library_signals(void)
{
	/* struct kernel_sigaction: SIG_DFL, no flags, no restorer, an empty mask of 8 bytes */
	static const unsigned long defaults[4];

	for (int signal_number = 32; signal_number <= 33; signal_number++)
		syscall(SYS_rt_sigaction, signal_number, defaults, NULL, 8);
}

/* The payload's input is what the user types; its terminal has the size of his. */
static void in_a_terminal(void **state)
{
	static const char job[] = SHELL("stty size; read a; echo got $a; tty >/dev/tty; "
					"echo err >&2; exit 5") "\0tty=1";
	/* No shell: one that is just about to fork can take Ctrl-C for its own. */
	static const char waits[] = "arg=/bin/sleep\0arg=60\0tty=1";

	(void)state;
	run_typed(job, sizeof(job), "hello\r");
	check_exit(KTSTR_EXIT_STATUS, 5);
	assert_non_null(strstr(seen.out, "31 101\r\n"));
	assert_non_null(strstr(seen.out, "got hello\r\n"));
	assert_non_null(strstr(seen.out, "/dev/pts/"));
	assert_non_null(strstr(seen.out, "err\r\n"));
	assert_string_equal(seen.err, "");
	assert_int_equal(seen.logs, 0);
	/* The terminal makes a signal of Ctrl-C. */
	run_typed(waits, sizeof(waits), "\x03");
	check_exit(KTSTR_EXIT_SIGNAL, SIGINT);
	kernel_before_4_13 = true;
	run_typed(waits, sizeof(waits), "\x03");
	check_exit(KTSTR_EXIT_SIGNAL, SIGINT);
	kernel_before_4_13 = false;
}

/* A damaged inbox ends the input and nothing else; keys that nobody reads hold nothing up. */
static void inbox_and_keys_of_no_use(void **state)
{
	static const char job[] = SHELL("sleep 0.5; exit 6") "\0tty=1";
	static const char waits[] = SHELL("sleep 60") "\0tty=1\0timeout_ms=500";
	static char many[KTSTR_INBOX_FRAME_MAX];

	(void)state;
	user.damaged = true;
	run_typed(job, sizeof(job), "x");
	check_exit(KTSTR_EXIT_STATUS, 6);
	assert_int_equal(seen.logs, 1);
	assert_non_null(strstr(seen.log, "inbox"));
	/* As many as there is room for: far more than its terminal holds. */
	memset(many, '\n', sizeof(many) - 1);
	user.times = KTSTR_INBOX_SIZE / ktstr_frame_space(sizeof(many) - 1) - 1;
	run_typed(waits, sizeof(waits), many);
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
}

/* @job: the entries of a job file with stdin=1 */
static void run_fed(const char *job, size_t size, const char *bytes, size_t nr_bytes, bool ends)
{
	fed.bytes = bytes;
	fed.size = nr_bytes;
	fed.ends = ends;
	run_case(&(struct run){ .job = job, .job_size = size }, &seen);
	memset(&fed, 0, sizeof(fed));
}

#define FED(entries, bytes, nr_bytes, ends)                                                        \
	run_fed(entries "\0stdin=1", sizeof(entries "\0stdin=1"), bytes, nr_bytes, ends)
#define MANY (1u << 20)

static void standard_input(void **state)
{
	char *many = malloc(MANY);

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i < MANY; i++)
		many[i] = (char)(i * 2654435761u >> 24);
	FED(SHELL("cat; echo end; exit 4"), "123\n", 4, true);
	check_exit(KTSTR_EXIT_STATUS, 4);
	assert_string_equal(seen.out, "123\nend\n");
	FED(SHELL("cat; echo end"), "", 0, true);
	assert_string_equal(seen.out, "end\n");
	/* Many times what inbox and pipe hold, whole. */
	FED("arg=/bin/cat", many, MANY, true);
	check_exit(KTSTR_EXIT_STATUS, 0);
	assert_int_equal(seen.out_bytes, MANY);
	assert_int_equal(seen.out_crc, crc32(0, (const Bytef *)many, MANY));
	/* Slower than the host sends it. */
	FED(SHELL("sleep 0.3; head -c 100000 | wc -c; sleep 0.3; wc -c"), many, MANY, true);
	check_exit(KTSTR_EXIT_STATUS, 0);
	assert_string_equal(seen.log, "");
	assert_string_equal(seen.out, "100000\n948576\n");
	free(many);
}

/* Whoever does not read, or not all, or not for ever, holds up nobody. */
static void standard_input_unread(void **state)
{
	char *many = calloc(1, MANY);

	(void)state;
	assert_non_null(many);
	memset(many, '\n', MANY);
	FED(SHELL("exit 5"), many, MANY, true);
	check_exit(KTSTR_EXIT_STATUS, 5);
	FED(SHELL("sleep 0.5; exit 6"), many, MANY, false);
	check_exit(KTSTR_EXIT_STATUS, 6);
	FED(SHELL("read x; exec <&-; sleep 0.5; echo still here; exit 7"), many, MANY, false);
	check_exit(KTSTR_EXIT_STATUS, 7);
	assert_string_equal(seen.out, "still here\n");
	/* Without an end: the time limit's, or the payload's own. */
	FED(SHELL("cat") "\0timeout_ms=500", "x", 1, false);
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	FED(SHELL("read x; echo got $x; exit 9"), "x\n", 2, false);
	check_exit(KTSTR_EXIT_STATUS, 9);
	assert_string_equal(seen.out, "got x\n");
	/* One that outlives the payload gets an end. It has only to say so when the payload goes.
	 */
	FED(SHELL("exec 3<&0; trap 'exit 8' USR1; "
		  "(read x; kill -USR1 $$; read y; echo over) <&3 & wait; wait; exit 9"),
	    "x\n", 2, false);
	check_exit(KTSTR_EXIT_STATUS, 8);
	assert_non_null(strstr(seen.out, "over\n"));
	assert_int_equal(seen.logs, 0);
	free(many);
}

static void standard_input_of_no_use(void **state)
{
	(void)state;
	fed.damaged = true;
	FED(SHELL("cat; echo end"), "a payload that is root was here", 31, false);
	check_exit(KTSTR_EXIT_STATUS, 0);
	assert_string_equal(seen.out, "end\n");
	assert_int_equal(seen.logs, 1);
	assert_non_null(strstr(seen.log, "standard input ends here"));
	/* Keys are for terminals. */
	user.keys = "typed\n";
	FED(SHELL("cat"), "fed\n", 4, true);
	memset(&user, 0, sizeof(user));
	assert_string_equal(seen.out, "fed\n");
	/* Who is to get nothing does not. */
	fed.bytes = "fed\n";
	fed.size = 4;
	RUN(&seen, SHELL("cat"));
	memset(&fed, 0, sizeof(fed));
	assert_string_equal(seen.out, "");
}

/* What a slow user has not read yet is little, and does not keep Ctrl-C from where it goes. */
static void deaf_user(void **state)
{
	static const char job[] = "arg=/usr/bin/yes\0tty=1";

	(void)state;
	user.deaf = true;
	run_typed(job, sizeof(job), "");
	check_exit(KTSTR_EXIT_SIGNAL, SIGINT);
	assert_in_range(seen.unread, 1, 128 << 10);
}

#define MEASURED(line) SHELL(line) "\0metrics=1\0timeout_ms=1000\0env=KTSTR_METRICS=/mnt/metrics"

static void check_metrics(enum ktstr_file_state state, const char *text)
{
	assert_int_equal(seen.metrics_frames, 1);
	assert_int_equal(seen.metrics.state, state);
	assert_string_equal(seen.metrics_text, text);
}

static void metrics(void **state)
{
	(void)state;
	RUN(&seen, MEASURED("stat -c '%s %a' $KTSTR_METRICS; echo a 1 s >>$KTSTR_METRICS; exit 3"));
	check_exit(KTSTR_EXIT_STATUS, 3);
	assert_string_equal(seen.out, "0 666\n");
	check_metrics(KTSTR_FILE_READ, "a 1 s\n");
	assert_int_equal(seen.metrics.size, 6);
	/* At the time limit, and what a child wrote that has to be killed. */
	RUN(&seen, MEASURED("(while :; do echo b 2 s >$KTSTR_METRICS; done) & sleep 1000"));
	check_exit(KTSTR_EXIT_TIMEOUT, 0);
	if (seen.metrics_frames) /* the killed one may have just emptied it */
		check_metrics(KTSTR_FILE_READ, "b 2 s\n");
	/* None, and none asked for. */
	RUN(&seen, MEASURED("exit 0"));
	assert_int_equal(seen.metrics_frames, 0);
	RUN(&seen, SHELL("echo a 1 s >/mnt/metrics"));
	assert_int_equal(seen.metrics_frames, 0);
	RUN(&seen, SHELL("echo a 1 s >/mnt/metrics; echo ${KTSTR_METRICS-none}"));
	assert_string_equal(seen.out, "none\n");
}

/* Far more than the ring takes in its time: it has not to wait, and its last words come. */
static void a_scheduler_that_prints_without_measure(void **state)
{
	static const char job[] = SHELL(
		"until [ -e /mnt/done ]; do sleep 0.05; done; sleep 0.3") "\0timeout_ms=100000";
	const struct run run = { .job = job,
				 .job_size = sizeof(job),
				 .scheduler =
					 "head -c 300M /dev/zero; printf the-end.; >/mnt/done" };

	(void)state;
	run_case(&run, &seen);
	check_exit(KTSTR_EXIT_STATUS, 0);
	assert_int_equal(seen.sched_bytes + seen.sched_left_out, (300 << 20) + 8);
	assert_true(seen.sched_left_out > 150 << 20);
	assert_string_equal(seen.sched_end, "the-end.");
}

/* What is held back goes out when its time has come, also when no more is printed. */
static void a_scheduler_that_falls_silent(void **state)
{
	static const char job[] = SHELL("sleep 0.5") "\0timeout_ms=100000";
	const struct run run = { .job = job,
				 .job_size = sizeof(job),
				 .scheduler = "head -c 2M /dev/zero; printf the-end.; sleep 100" };

	(void)state;
	run_case(&run, &seen);
	assert_int_equal(seen.sched_bytes + seen.sched_left_out, (2 << 20) + 8);
	assert_string_equal(seen.sched_end, "the-end.");
}

static void words_of_ktstr_work(void **state)
{
	(void)state;
	RUN(&seen, MEASURED("stat -c '%s %a' /mnt/work; echo error x >>/mnt/work; exit 2"));
	check_exit(KTSTR_EXIT_STATUS, 2);
	assert_string_equal(seen.out, "0 666\n");
	assert_string_equal(seen.work, "error x\n");
	/* Whatever becomes of the file, it says nothing. */
	RUN(&seen, MEASURED("rm /mnt/work; ln -s /etc/passwd /mnt/work"));
	assert_string_equal(seen.work, "");
	RUN(&seen, MEASURED("rm /mnt/work"));
	assert_string_equal(seen.work, "");
	RUN(&seen, MEASURED("head -c 1M /dev/zero | tr '\\0' x >>/mnt/work; :"));
	assert_int_equal(strlen(seen.work), KTSTR_WORK_MAX);
}

static void metrics_that_are_no_file(void **state)
{
	(void)state;
	RUN(&seen, MEASURED("rm $KTSTR_METRICS"));
	check_metrics(KTSTR_FILE_GONE, "");
	RUN(&seen, MEASURED("ln -sf /etc/passwd $KTSTR_METRICS"));
	check_metrics(KTSTR_FILE_NO_FILE, "");
	RUN(&seen, MEASURED("rm $KTSTR_METRICS; mkfifo $KTSTR_METRICS"));
	check_metrics(KTSTR_FILE_NO_FILE, "");
	RUN(&seen, MEASURED("rm $KTSTR_METRICS; mkdir $KTSTR_METRICS"));
	check_metrics(KTSTR_FILE_NO_FILE, "");
	RUN(&seen, MEASURED("mount --bind /etc/passwd $KTSTR_METRICS"));
	check_metrics(KTSTR_FILE_NO_FILE, "");
	RUN(&seen, MEASURED("head -c 1G /dev/zero | tr '\\0' x >>$KTSTR_METRICS; :"));
	assert_int_equal(seen.metrics_frames, 1);
	assert_int_equal(strlen(seen.metrics_text), KTSTR_METRICS_MAX);
	assert_true(seen.metrics.size > KTSTR_METRICS_MAX);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deaf_user),
		cmocka_unit_test(metrics),
		cmocka_unit_test(metrics_that_are_no_file),
		cmocka_unit_test(words_of_ktstr_work),
		cmocka_unit_test(a_scheduler_that_prints_without_measure),
		cmocka_unit_test(a_scheduler_that_falls_silent),
		cmocka_unit_test(in_a_terminal),
		cmocka_unit_test(inbox_and_keys_of_no_use),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(standard_input_unread),
		cmocka_unit_test(standard_input_of_no_use),
		cmocka_unit_test(statuses),
		cmocka_unit_test(not_executed),
		cmocka_unit_test(surroundings),
		cmocka_unit_test(output_apart),
		cmocka_unit_test(much_output),
		cmocka_unit_test(daemons),
		cmocka_unit_test(time_limit),
		cmocka_unit_test(time_that_the_host_did_not_give),
		cmocka_unit_test(a_failure_waits_to_be_looked_at),
		cmocka_unit_test(it_says_of_itself_what_it_is_asked),
		cmocka_unit_test(forks_without_end),
		cmocka_unit_test(heartbeats),
		cmocka_unit_test(orphans_are_reaped),
		cmocka_unit_test(traced),
		cmocka_unit_test(traced_time_limit),
		cmocka_unit_test(traced_with_a_child_that_is_stopped),
		cmocka_unit_test(window_passes),
		cmocka_unit_test(buffered_ready_line),
		cmocka_unit_test(tracer_failures),
	};

	reset_library_signals();

	if (argc == 2 && !strcmp(argv[1], "fork"))
		fork_without_end();
	return cmocka_run_group_tests_name("guest session", tests, make_folder, remove_folder);
}
