/* How does a process of the suite's own begin? See child.h. */
#include "suite/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"

/* More than any result; what a child could make us keep. */
#define BYTES_MAX (1u << 20)

/* Returns the descriptor that says when it is to end. */
static int begin(pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t stop;

	/* The terminal's Ctrl-C is the suite's, which passes on what it means for us. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
}

int child_start(struct child *child, const char *what, child_fn work, const void *data,
		struct error *err)
{
	pid_t parent = getpid();
	int fds[2];

	*child = (struct child){ .fd = -1, .files = { -1, -1 }, .begin_ns = now_ns() };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return error_set(err, -errno, "a socket for %s: %s", what, strerror(errno));
	child->pid = fork();
	if (child->pid < 0) {
		int ret = -errno;

		close(fds[0]);
		close(fds[1]);
		return error_set(err, ret, "a process for %s: %s", what, strerror(-ret));
	}
	if (!child->pid) {
		close(fds[0]);
		work(fds[1], begin(parent), data);
		_exit(0);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	child->fd = fds[0];
	return 0;
}

/* The byte that goes with them is no part of what the child has to say. */
void child_send_files(int fd, int first, int second)
{
	const int fds[2] = { first, second };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fds)),
					   .cmsg_level = SOL_SOCKET,
					   .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* As read, and takes files when they come, with a byte that does not count. */
static ssize_t receive(struct child *child, char *bytes, size_t size)
{
	int fds[2];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control;
	struct iovec room = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &room,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t count = recvmsg(child->fd, &message, MSG_CMSG_CLOEXEC);
	size_t nr_fds;

	if (count <= 0 || (!CMSG_FIRSTHDR(&message) && !(message.msg_flags & MSG_CTRUNC)))
		return count;
	/* Fewer came where our descriptors ran out. */
	nr_fds = CMSG_FIRSTHDR(&message) ? (control.header.cmsg_len - CMSG_LEN(0)) / sizeof(fds[0])
					 : 0;
	memcpy(fds, CMSG_DATA(&control.header), nr_fds * sizeof(fds[0]));
	if (nr_fds == 2 && child->files[0] < 0) {
		memcpy(child->files, fds, sizeof(fds));
	} else {
		while (nr_fds)
			close(fds[--nr_fds]);
	}
	/* Their byte is the last: what comes behind descriptors is received by itself (unix(7)). */
	return count > 1 ? count - 1 : receive(child, bytes, size);
}

int child_read(struct child *child)
{
	for (;;) {
		char bytes[4096];
		ssize_t count = receive(child, bytes, sizeof(bytes));
		char *grown;

		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (count <= 0)
			return 1;
		if (child->used + (size_t)count > BYTES_MAX)
			continue; /* no honest child sends so much */
		grown = realloc(child->bytes, child->used + (size_t)count + 1);
		if (!grown)
			continue; /* then its result is not whole, which is said */
		child->bytes = grown;
		memcpy(grown + child->used, bytes, (size_t)count);
		child->used += (size_t)count;
		grown[child->used] = '\0';
	}
}

int child_end(struct child *child)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(child->fd);
	for (size_t i = 0; i < 2; i++)
		if (child->files[i] >= 0)
			close(child->files[i]);
	free(child->bytes);
	*child = (struct child){ .fd = -1, .files = { -1, -1 } };
	return status;
}
