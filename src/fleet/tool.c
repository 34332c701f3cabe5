/* What does another program say? See tool.h. */
#include "fleet/tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bisect/process.h"

/* All of it, with a NUL behind; NULL: out of memory. */
static char *read_all(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t most = size < 0 ? 0 : (size_t)size < TOOL_MOST ? (size_t)size : TOOL_MOST;
	char *text = malloc(most + 1);
	ssize_t count = text ? pread(fd, text, most, 0) : 0;

	if (text)
		text[count > 0 ? count : 0] = '\0';
	return text;
}

int tool_run(const char *const *argv, int cancel_fd, struct tool_said *said, struct error *err)
{
	/* Slurm cuts lists of array tasks short otherwise. */
	static const char *const variables[] = { "SLURM_BITSTR_LEN=0", NULL };
	struct process process = { .argv = argv,
				   .folder = ".",
				   .out_fd = memfd_create("out", MFD_CLOEXEC),
				   .err_fd = memfd_create("errors", MFD_CLOEXEC),
				   .cancel_fd = cancel_fd,
				   .variables = variables };
	int ret = 0, status = 0;

	*said = (struct tool_said){ 0 };
	if (process.out_fd < 0 || process.err_fd < 0)
		ret = error_set(err, -errno, "%s: memfd_create: %s", argv[0], strerror(errno));
	if (!ret)
		ret = process_run(&process, &status, err);
	if (!ret) {
		said->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		said->out = read_all(process.out_fd);
		said->errors = read_all(process.err_fd);
		if (!said->out || !said->errors)
			ret = error_set(err, -ENOMEM, "out of memory");
	}
	if (process.out_fd >= 0)
		close(process.out_fd);
	if (process.err_fd >= 0)
		close(process.err_fd);
	return ret;
}

void tool_said_destroy(struct tool_said *said)
{
	free(said->out);
	free(said->errors);
	*said = (struct tool_said){ 0 };
}
