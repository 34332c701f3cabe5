/* ktstr-launch work: the load generator that guests have, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "embed/embed.h"

/* argv for the program inside: its name, then our words. */
static const char **words_for(const char *const *operands)
{
	const char **argv;
	size_t count = 0;

	while (operands[count])
		count++;
	argv = calloc(count + 2, sizeof(*argv));
	if (!argv)
		return NULL;
	argv[0] = "ktstr-work";
	memcpy(argv + 1, operands, count * sizeof(*argv));
	return argv;
}

int cmd_work(const struct run_options *options)
{
	const struct blob *blob = embed_find("work");
	const char **argv = words_for(options->operands);
	struct error err = { "" };
	int fd, code;

	if (!blob || !argv) {
		command_complain("work: %s", blob ? "out of memory"
						  : "this launcher carries no blob 'work'; rebuild "
						    "it");
		free(argv);
		return COMMAND_CANNOT;
	}
	fd = embed_memfd(blob, &err);
	if (fd < 0) {
		command_complain("work: %s", err.text);
		free(argv);
		return COMMAND_CANNOT;
	}
	/* Its own, and not inherited by the loads: it is a program, and no script, which would need
	 * it. */
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	execveat(fd, "", (char *const *)argv, environ, AT_EMPTY_PATH);
	code = errno;
	command_complain("work: cannot execute the program inside: %s%s", strerror(code),
			 code == EACCES ? " (does vm.memfd_noexec forbid it? `ktstr-launch blobs "
					  "--extract DIR` gives it as a file)"
					: "");
	close(fd);
	free(argv);
	return COMMAND_CANNOT;
}
