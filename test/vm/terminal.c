/*
 * A user at a terminal (test/vm/shell.bats): runs a command in a new pseudo terminal and does what
 * the steps say. In C, because an interpreter takes its time to start in the emulated host.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"Usage: terminal STEP... -- CMD ARGS...\n"
	"  see:REGEX     wait until the output since the last match matches (extended, of one line)\n"
	"  type:TEXT     type it; in both \\r, \\n, \\t, \\\\ and \\xHH as in C\n"
	"  size:R,C      resize the terminal (24,80 at the start)\n"
	"  kill:N        send the terminal's foreground signal N\n"
	"  modes:raw     wait until the terminal is in raw mode; modes:same, as it was at the start\n"
	"  pause:S       do nothing for S seconds\n"
	"  deaf:         from now to the end of the steps read no output\n"
	"  hangup:       the terminal goes away\n"
	"At the end it waits for the command's end, and then for modes:same.\n"
	"Prints all output, then \"status=N modes=same\" (128+N when signal N killed it; modes=gone after\n"
	"hangup). Exit status 1 when a step failed.\n";

#define LIMIT_MS 600000

struct user {
	int master, slave; /* -1: it has gone away */
	struct termios before;
	pid_t child;
	bool deaf, over;
	int status;  /* waitpid's, once over */
	char *text;  /* all output; a NUL of it is a blank */
	size_t size; /* of text */
	size_t seen; /* where the last match ended */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void nap(unsigned int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000l }, NULL);
}

/* As a terminal does by itself: where is the cursor? */
static void answer(const struct user *user, size_t from)
{
	const char *p = user->text + from;

	while ((p = strstr(p, "\033[6n"))) {
		if (write(user->master, "\033[24;5R", 7) < 0)
			return;
		p += 4;
	}
}

/* Take what is there, waiting for it so long; true when there was something. */
static bool take(struct user *user, unsigned int ms)
{
	struct pollfd ready = { .fd = user->master, .events = POLLIN };
	char bytes[65536];
	ssize_t got;

	if (user->deaf || user->master < 0) {
		nap(ms);
		return false;
	}
	if (poll(&ready, 1, (int)ms) <= 0)
		return false;
	got = read(user->master, bytes, sizeof(bytes));
	if (got <= 0)
		return false;
	fwrite(bytes, 1, (size_t)got, stdout);
	fflush(stdout);
	for (ssize_t i = 0; i < got; i++)
		if (!bytes[i])
			bytes[i] = ' ';
	user->text = realloc(user->text, user->size + (size_t)got + 1);
	if (!user->text)
		exit(1);
	memcpy(user->text + user->size, bytes, (size_t)got);
	user->size += (size_t)got;
	user->text[user->size] = '\0';
	answer(user, user->size - (size_t)got);
	return true;
}

/* All that it printed is taken then. */
static bool has_ended(struct user *user)
{
	if (!user->over && waitpid(user->child, &user->status, WNOHANG) == user->child) {
		user->over = true;
		while (take(user, 0))
			;
	}
	return user->over;
}

__attribute__((noreturn, format(printf, 2, 3))) static void fail(struct user *user,
								 const char *format, ...)
{
	va_list args;

	printf("\nterminal: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!has_ended(user))
		kill(user->child, SIGTERM);
	exit(1);
}

/* @text with its escapes as bytes; a backslash before another letter stays, for expressions. */
static size_t unescape(const char *text, char *out)
{
	static const char letters[] = "rnt\\", bytes[] = "\r\n\t\\";
	char *to = out;

	for (const char *p = text; *p; p++) {
		const char *letter = p[0] == '\\' && p[1] ? strchr(letters, p[1]) : NULL;
		unsigned int byte;

		if (letter) {
			*to++ = bytes[letter - letters];
			p++;
		} else if (p[0] == '\\' && p[1] == 'x' && sscanf(p + 2, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return (size_t)(to - out);
}

static void see(struct user *user, const char *expression)
{
	uint64_t limit = now_ms() + LIMIT_MS;
	regmatch_t match;
	regex_t regex;

	if (regcomp(&regex, expression, REG_EXTENDED | REG_NEWLINE))
		fail(user, "'%s' is no expression", expression);
	for (;;) {
		bool over = has_ended(user);

		if (user->text && !regexec(&regex, user->text + user->seen, 1, &match, 0)) {
			user->seen += (size_t)match.rm_eo;
			regfree(&regex);
			return;
		}
		if (over)
			fail(user, "ended before '%s' was seen", expression);
		if (now_ms() > limit)
			fail(user, "did not see '%s'", expression);
		take(user, 200);
	}
}

static bool modes_are(struct user *user, const char *which)
{
	uint64_t limit = now_ms() + LIMIT_MS;
	bool raw = !strcmp(which, "raw");

	do {
		struct termios now;

		if (tcgetattr(user->slave, &now))
			return false;
		if (raw && !(now.c_lflag & (ICANON | ISIG | ECHO)))
			return true;
		if (!raw && now.c_iflag == user->before.c_iflag &&
		    now.c_oflag == user->before.c_oflag && now.c_lflag == user->before.c_lflag &&
		    now.c_cflag == user->before.c_cflag &&
		    !memcmp(now.c_cc, user->before.c_cc, sizeof(now.c_cc)))
			return true;
		take(user, 50);
	} while (now_ms() <= limit);
	return false;
}

static void type(struct user *user, const char *keys, size_t size)
{
	uint64_t limit = now_ms() + LIMIT_MS;

	while (size) {
		ssize_t put = write(user->master, keys, size < 1024 ? size : 1024);

		if (put > 0) {
			keys += put;
			size -= (size_t)put;
			take(user, 0);
		} else if (now_ms() > limit) {
			fail(user, "the terminal takes no more keys");
		} else {
			take(user, 10);
		}
	}
}

static void resize(struct user *user, const char *value)
{
	struct winsize size = { 0 };

	if (sscanf(value, "%hu,%hu", &size.ws_row, &size.ws_col) != 2)
		fail(user, "size '%s'", value);
	ioctl(user->slave, TIOCSWINSZ, &size);
	kill(user->child, SIGWINCH);
}

static void step(struct user *user, const char *step)
{
	const char *value = strchr(step, ':');
	char *bytes = value ? malloc(strlen(value)) : NULL;
	size_t size;

	if (!bytes)
		fail(user, "step '%s' is none", step);
	size = unescape(++value, bytes);
	if (!strncmp(step, "see:", 4))
		see(user, bytes);
	else if (!strncmp(step, "type:", 5))
		type(user, bytes, size);
	else if (!strncmp(step, "size:", 5))
		resize(user, value);
	else if (!strncmp(step, "kill:", 5))
		kill(-tcgetpgrp(user->master), atoi(value));
	else if (!strncmp(step, "pause:", 6))
		nap((unsigned int)(atof(value) * 1000));
	else if (!strcmp(step, "modes:raw") || !strcmp(step, "modes:same")) {
		if (!modes_are(user, value))
			fail(user, "modes are not %s", value);
	} else if (!strcmp(step, "deaf:"))
		user->deaf = true;
	else if (!strcmp(step, "hangup:")) {
		close(user->master);
		close(user->slave);
		user->master = user->slave = -1;
	} else
		fail(user, "step '%s' is none", step);
	free(bytes);
}

static void start(struct user *user, char **command)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 80 };

	if (openpty(&user->master, &user->slave, NULL, NULL, &size) ||
	    fcntl(user->master, F_SETFL, O_NONBLOCK) || tcgetattr(user->slave, &user->before)) {
		perror("terminal: openpty");
		exit(1);
	}
	user->child = fork();
	if (user->child)
		return;
	setsid();
	ioctl(user->slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(user->slave, fd);
	/* Those that a shell has its background jobs ignore. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct user user = { .master = -1 };
	uint64_t limit;
	int split = 1;

	while (split < argc && strcmp(argv[split], "--"))
		split++;
	if (split + 1 >= argc) {
		fputs(usage, stderr);
		return 1;
	}
	start(&user, argv + split + 1);
	if (user.child < 0) {
		perror("terminal: fork");
		return 1;
	}
	for (int i = 1; i < split; i++)
		step(&user, argv[i]);
	user.deaf = false;
	limit = now_ms() + LIMIT_MS;
	while (!has_ended(&user)) {
		if (now_ms() > limit)
			fail(&user, "the command did not end");
		take(&user, 50);
	}
	printf("\nstatus=%d modes=%s\n",
	       WIFSIGNALED(user.status) ? 128 + WTERMSIG(user.status) : WEXITSTATUS(user.status),
	       user.slave < 0		  ? "gone"
	       : modes_are(&user, "same") ? "same"
					  : "other");
	free(user.text);
	return 0;
}
