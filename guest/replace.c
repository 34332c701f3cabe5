/* Requests for another scheduler, init's side: see replace.h. Every byte here is the payload's. */
#include "replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "scheduler.h"

#define FOLDER	   "/run/ktstr"
#define LOOK_NS	   (5 * CLOCK_MS)
/* Who has connected sends its request at once. */
#define REQUEST_NS CLOCK_S

void replace_open(struct session *session)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX,
						    .sun_path = KTSTR_REPLACE_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	mkdir(FOLDER, 0700);
	unlink(KTSTR_REPLACE_SOCKET);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    chmod(KTSTR_REPLACE_SOCKET, 0600) || listen(fd, 8)) {
		guest_channel_log(session->channel,
				  "replace-scheduler cannot be used: no socket '%s': %s",
				  KTSTR_REPLACE_SOCKET, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	session->scheduler.replace = fd;
}

void replace_close(struct session *session)
{
	if (session->scheduler.replace >= 0)
		close(session->scheduler.replace);
	session->scheduler.replace = -1;
	session->scheduler.asked = false;
}

int replace_split(char *request, size_t size, char *argv[REPLACE_ARGS_MAX + 1], char **cwd)
{
	size_t argc = 0;

	if (!size || request[size - 1])
		return -1;
	*cwd = request;
	for (char *at = request + strlen(request) + 1; at < request + size; at += strlen(at) + 1) {
		if (argc == REPLACE_ARGS_MAX)
			return -1;
		argv[argc++] = at;
	}
	argv[argc] = NULL;
	return argc && **cwd == '/' && *argv[0] == '/' ? 0 : -1;
}

/* Returns its size; 0: it did not come, or is too large. */
static size_t receive(struct session *session, int fd, char request[REPLACE_REQUEST_MAX])
{
	uint64_t limit = clock_boottime_ns() + REQUEST_NS;
	ssize_t count;

	do {
		count = recv(fd, request, REPLACE_REQUEST_MAX, MSG_DONTWAIT | MSG_TRUNC);
	} while (count < 0 && errno == EAGAIN &&
		 session_turn(session, clock_boottime_ns() + LOOK_NS) < limit);
	return count > 0 && count <= REPLACE_REQUEST_MAX ? (size_t)count : 0;
}

static void serve(struct session *session, int fd, uint64_t until)
{
	static char request[REPLACE_REQUEST_MAX];
	char *argv[REPLACE_ARGS_MAX + 1], *cwd;
	size_t size = receive(session, fd, request);
	char answer[256] = "0attached";

	if (replace_split(request, size, argv, &cwd))
		snprintf(answer, sizeof(answer), "1not a request, or one of more than %u bytes",
			 REPLACE_REQUEST_MAX);
	else if (scheduler_replace(session, argv, cwd, until))
		snprintf(answer, sizeof(answer), "1never attached: %s", session->scheduler.why);
	/* Who has asked may be gone. */
	if (send(fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		guest_channel_log(session->channel, "replace-scheduler was not answered: %s",
				  strerror(errno));
}

void replace_turn(struct session *session, uint64_t until)
{
	struct scheduler *scheduler = &session->scheduler;
	int fd;

	if (!scheduler->asked)
		return;
	scheduler->asked = false;
	fd = accept4(scheduler->replace, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	scheduler->replacing = true;
	serve(session, fd, until);
	scheduler->replacing = false;
	close(fd);
}
