/* The user's terminal, attached to a guest: see attach.h. */
#include "run/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../guest/protocol.h"

_Static_assert(ATTACH_READ_SIZE + 1 <= KTSTR_INBOX_FRAME_MAX, "one read is one frame");

bool attach_escape(enum escape_state *state, const uint8_t *typed, size_t count, uint8_t *out,
		   size_t *used)
{
	*used = 0;
	for (size_t i = 0; i < count; i++) {
		uint8_t key = typed[i];

		if (*state == ESCAPE_LINE_START && key == '~') {
			*state = ESCAPE_TILDE;
			continue;
		}
		if (*state == ESCAPE_TILDE) {
			if (key == '.')
				return true;
			out[(*used)++] = '~';
			*state = ESCAPE_IN_LINE;
			if (key == '~')
				continue;
		}
		out[(*used)++] = key;
		if (*state == ESCAPE_LINE_START && key == 0x1b) {
			*state = ESCAPE_ESC;
			continue;
		}
		if (*state == ESCAPE_ESC && key == '[') {
			*state = ESCAPE_REPORT;
			continue;
		}
		if (*state == ESCAPE_REPORT) {
			/* Cursor position, device attributes, status, focus. */
			if (key && strchr("RcnIO", key))
				*state = ESCAPE_LINE_START;
			else if (!key || !strchr("?>;0123456789", key))
				*state = ESCAPE_IN_LINE;
			if (*state != ESCAPE_IN_LINE)
				continue;
		}
		*state = key == '\r' || key == '\n' ? ESCAPE_LINE_START : ESCAPE_IN_LINE;
	}
	return false;
}

/* Has nobody set other modes meanwhile? The shell that we were started by sets its own. */
static bool is_raw(int fd, const struct termios *raw)
{
	struct termios now;

	return !tcgetattr(fd, &now) && now.c_iflag == raw->c_iflag && now.c_oflag == raw->c_oflag &&
	       now.c_lflag == raw->c_lflag;
}

static void close_from(int first)
{
	long count = sysconf(_SC_OPEN_MAX);

	if (!close_range((unsigned int)first, ~0u, 0))
		return;
	/* Linux before 5.9, or a seccomp filter. Where there is no limit, what we may have opened.
	 */
	for (int fd = first; fd < (count > 0 && count < 65536 ? count : 65536); fd++)
		close(fd);
}

/*
 * The process that lives as long as the launcher, at the other end of a socket. A byte says that
 * all is well; an end without one, that the launcher was killed, or has crashed. In a session of
 * its own, so that what is sent to the launcher's process group or terminal does not end it as
 * well; from there the kernel lets anyone who has the terminal open set its modes.
 */
static _Noreturn void restore_after_death(const struct attach *attach, const int fds[2])
{
	sigset_t all;
	ssize_t count;
	char byte;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "ktstr-restore");
	/* Nothing is held open that others wait for the end of, first of all the other end. */
	close(fds[1]);
	dup2(attach->fd, STDIN_FILENO);
	dup2(fds[0], STDOUT_FILENO);
	close_from(STDERR_FILENO);
	if (write(STDOUT_FILENO, "", 1) < 0)
		_exit(0); /* nobody is there any more, and has not got to raw mode */
	do {
		count = read(STDOUT_FILENO, &byte, 1);
	} while (count < 0 && errno == EINTR);
	if (count == 0 && is_raw(STDIN_FILENO, &attach->raw))
		tcsetattr(STDIN_FILENO, TCSANOW, &attach->saved);
	_exit(0);
}

/* True also of a terminal that controls no session, or another: no shell shares it with us. */
static bool in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}

/*
 * In the background the modes are those of the shell's own line editor, say: not what is to be
 * given back. So we stop there like any program that reads its terminal. Where nothing would stop
 * us (no shell is left that could bring us to the foreground) we go on.
 */
static void wait_for_foreground(int fd)
{
	for (int i = 0; i < 1000 && !in_foreground(fd); i++)
		kill(0, SIGTTIN);
}

static int cannot(struct error *err, int ret, const char *what)
{
	return error_set(err, ret,
			 "attaching your terminal: %s: %s; give --exec 'CMD' to run a command "
			 "without one",
			 what, strerror(-ret));
}

int attach_open(struct attach *attach, int fd, struct error *err)
{
	static const char restorer[] = "the process that restores it";
	int fds[2], ret;
	char ready;

	*attach = (struct attach){ .input.fd = -1, .fd = fd, .restorer_fd = -1 };
	wait_for_foreground(fd);
	if (tcgetattr(fd, &attach->saved))
		return cannot(err, -errno, "its modes");
	attach->raw = attach->saved;
	cfmakeraw(&attach->raw);
	/* A read never waits: somebody else may have taken what poll has seen. */
	attach->raw.c_cc[VMIN] = 0;
	attach->raw.c_cc[VTIME] = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return cannot(err, -errno, "a socket pair");
	attach->restorer = fork();
	if (attach->restorer == 0)
		restore_after_death(attach, fds);
	ret = -errno;
	close(fds[0]);
	if (attach->restorer < 0) {
		close(fds[1]);
		return cannot(err, ret, restorer);
	}
	attach->restorer_fd = fds[1];
	/* In the background we give the modes back all the same, and are not stopped for it. */
	signal(SIGTTOU, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	/* What ends our process group now does not end it any more. */
	if (read(fds[1], &ready, 1) != 1) {
		attach_close(attach);
		return cannot(err, -ESRCH, restorer);
	}
	return 0;
}

/*
 * While we were stopped or in the background the modes were the shell's to set, and keys are not
 * ours there.
 */
static void take_terminal(struct attach *attach)
{
	bool ours = attach->begun && in_foreground(attach->fd);

	attach->input.fd = ours ? attach->fd : -1;
	if (ours && !is_raw(attach->fd, &attach->raw))
		tcsetattr(attach->fd, TCSANOW, &attach->raw);
}

void attach_begin(struct attach *attach)
{
	attach->begun = true;
	take_terminal(attach);
}

static void tell_size(struct attach *attach, struct vmm *vmm)
{
	struct ktstr_resize resize;
	struct winsize size;

	if (ioctl(attach->fd, TIOCGWINSZ, &size) ||
	    (size.ws_row == attach->rows && size.ws_col == attach->columns))
		return;
	resize.rows = size.ws_row;
	resize.columns = size.ws_col;
	if (vmm_send(vmm, KTSTR_RESIZE, &resize, sizeof(resize)))
		return; /* no room: at the next turn */
	attach->rows = size.ws_row;
	attach->columns = size.ws_col;
}

/* A guest that takes none for so long that we are called all the same loses what comes. */
static void pass_on(struct attach *attach, struct vmm *vmm, const uint8_t *keys, size_t count)
{
	static const char words[] =
		"\r\nktstr-launch: the guest takes no keys; those typed now are lost, but for "
		"Enter ~ .\r\n";
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (!attach->nr_keys && !vmm_send(vmm, KTSTR_KEYS, keys, (uint32_t)count))
		return;
	if (!attach->nr_keys) {
		memcpy(attach->keys, keys, count);
		attach->nr_keys = count;
	} else if (!attach->lost && poll(&fd, 1, 0) > 0) {
		/* Else at the next key: nobody who does not read must keep us from Enter ~ . */
		attach->lost = write(STDERR_FILENO, words, sizeof(words) - 1) > 0;
	}
}

int attach_turn(struct attach *attach, struct vmm *vmm, bool readable)
{
	uint8_t typed[ATTACH_READ_SIZE], keys[ATTACH_READ_SIZE + 1];
	struct termios modes;
	size_t used;
	ssize_t count;
	bool leave;

	take_terminal(attach);
	tell_size(attach, vmm);
	if (attach->nr_keys && !vmm_send(vmm, KTSTR_KEYS, attach->keys, (uint32_t)attach->nr_keys))
		attach->nr_keys = 0;
	if (!readable || attach->input.fd < 0)
		return 0;
	count = read(attach->fd, typed, sizeof(typed));
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	/* 0: there was nothing, or the terminal is gone, and then it has no modes either. */
	if (count <= 0)
		return tcgetattr(attach->fd, &modes) ? SIGHUP : 0;
	leave = attach_escape(&attach->escape, typed, (size_t)count, keys, &used);
	if (used)
		pass_on(attach, vmm, keys, used);
	return leave ? SIGINT : 0;
}

void attach_end(struct attach *attach)
{
	if (!attach->begun)
		return;
	attach->begun = false;
	attach->input.fd = -1;
	/* At once: what is still on its way to the terminal is not worth waiting for a reader. */
	if (is_raw(attach->fd, &attach->raw))
		tcsetattr(attach->fd, TCSANOW, &attach->saved);
}

void attach_close(struct attach *attach)
{
	attach_end(attach);
	if (attach->restorer <= 0)
		return;
	if (send(attach->restorer_fd, "", 1, MSG_NOSIGNAL) < 0) {
		/* Then it is gone already. */
	}
	close(attach->restorer_fd);
	while (waitpid(attach->restorer, NULL, 0) < 0 && errno == EINTR)
		;
	attach->restorer = 0;
}
