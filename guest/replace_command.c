/* The command replace-scheduler: see replace.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "replace.h"

#define NAME "replace-scheduler"

bool replace_is_meant(const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;

	return name && !strcmp(slash ? slash + 1 : name, NAME);
}

/* Where @file is, as execvp would find it. Returns 0 or -1 with errno. */
static int find(const char *file, char path[PATH_MAX])
{
	const char *at = getenv("PATH");
	char candidate[PATH_MAX];

	if (strchr(file, '/'))
		return realpath(file, path) && !access(path, X_OK) ? 0 : -1;
	while (at && *at) {
		size_t length = strcspn(at, ":");

		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)length, at, file);
		if (!access(candidate, X_OK) && realpath(candidate, path))
			return 0;
		at += length + (at[length] == ':');
	}
	errno = ENOENT;
	return -1;
}

/* The next string of the request. Returns whether there was room. */
static bool put(char *request, size_t *used, const char *text)
{
	size_t size = strlen(text) + 1;

	if (size > REPLACE_REQUEST_MAX - *used)
		return false;
	memcpy(request + *used, text, size);
	*used += size;
	return true;
}

static int ask(const char *request, size_t size)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX,
						    .sun_path = KTSTR_REPLACE_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char answer[512];
	ssize_t count;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			fputs(NAME ": this test has no scheduler that could be replaced; give it "
				   "scheduler=FILE\n",
			      stderr);
		else
			fprintf(stderr, NAME ": cannot reach init at '%s': %s\n",
				KTSTR_REPLACE_SOCKET, strerror(errno));
		return 1;
	}
	count = send(fd, request, size, MSG_NOSIGNAL);
	if (count >= 0)
		count = recv(fd, answer, sizeof(answer) - 1, 0);
	if (count <= 0) {
		fprintf(stderr, NAME ": init did not answer: %s\n",
			count ? strerror(errno) : "it closed the socket");
		return 1;
	}
	answer[count] = '\0';
	fprintf(*answer == '0' ? stdout : stderr, NAME ": %s\n", answer + 1);
	return *answer == '0' ? 0 : 1;
}

int replace_main(int argc, char **argv)
{
	char request[REPLACE_REQUEST_MAX], path[PATH_MAX], cwd[PATH_MAX];
	size_t used = 0;
	bool fits;

	if (argc < 2 || *argv[1] == '-') {
		fputs("Usage: " NAME " FILE [ARG]...\n"
		      "Stops the scheduler under test and starts FILE in its place. Ends with "
		      "status 0 when FILE is\nattached, with 1 and the reason when it is not.\n",
		      stderr);
		return 2;
	}
	if (find(argv[1], path) || !getcwd(cwd, sizeof(cwd))) {
		fprintf(stderr, NAME ": '%s': %s; a program of the host's comes with include=\n",
			argv[1], strerror(errno));
		return 1;
	}
	fits = argc - 1 <= REPLACE_ARGS_MAX && put(request, &used, cwd) &&
	       put(request, &used, path);
	for (int i = 2; fits && i < argc; i++)
		fits = put(request, &used, argv[i]);
	if (!fits) {
		fprintf(stderr, NAME ": more than %u arguments or %u bytes\n", REPLACE_ARGS_MAX,
			REPLACE_REQUEST_MAX);
		return 2;
	}
	return ask(request, used);
}
