/* What does another program say? See tool.h. */
#include "util/tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/memfd.h"
#include "util/process.h"

/* With a NUL behind; NULL: not read, or no memory. */
static char *read_all(int fd, size_t most)
{
	struct stat stat;
	size_t size;
	char *text;

	if (fstat(fd, &stat))
		return NULL;
	size = (size_t)stat.st_size < most ? (size_t)stat.st_size : most;
	text = calloc(1, size + 1);
	if (text && pread(fd, text, size, 0) != (ssize_t)size) {
		free(text);
		text = NULL;
	}
	return text;
}

int tool_run(const struct tool *tool, struct tool_said *said, struct error *err)
{
	struct process process = { .argv = tool->argv,
				   .folder = tool->folder,
				   .out_fd = memfd_new("out", MFD_CLOEXEC, NULL),
				   .err_fd = memfd_new("errors", MFD_CLOEXEC, NULL),
				   .cancel_fd = tool->cancel_fd,
				   .variables = tool->variables };
	int ret = process.out_fd < 0 ? process.out_fd : process.err_fd, status = 0;

	*said = (struct tool_said){ 0 };
	if (ret < 0)
		error_set(err, ret, "a memfd for what %s says: %s", tool->argv[0], strerror(-ret));
	else
		ret = process_run(&process, &status, err);
	if (!ret) {
		said->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		said->out = read_all(process.out_fd, tool->most);
		said->errors = read_all(process.err_fd, tool->most);
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
