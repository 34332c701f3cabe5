/* Where do the payload's output and the guest's console go? See watch_output.h. */
#include "run/watch_output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../guest/protocol.h"
#include "util/clock.h"

static void sink_init(struct sink *sink, int fd)
{
	struct stat st = { 0 }, err = { 0 };

	sink->fd = fd;
	sink->chunk = KTSTR_FRAME_MAX;
	sink->may_block = fstat(fd, &st) < 0 || !S_ISREG(st.st_mode);
	sink->is_stderr = st.st_ino && fstat(STDERR_FILENO, &err) == 0 && st.st_dev == err.st_dev &&
			  st.st_ino == err.st_ino;
	/* What poll promises room for: PIPE_BUF in a pipe; terminals and others promise less. */
	if (sink->may_block)
		sink->chunk = S_ISFIFO(st.st_mode) ? PIPE_BUF : 256;
}

void watch_output_init(struct watch_output *output, int out_fd, int err_fd, int console_fd)
{
	*output = (struct watch_output){ 0 };
	sink_init(&output->out, out_fd);
	sink_init(&output->err, err_fd);
	sink_init(&output->console, console_fd);
}

/*
 * Does the sink take more? A pipe or terminal whose reader is slow must not keep us from the user's
 * signals and keys, and its open file description is not ours to make non-blocking. The time is the
 * host's, not the guest's.
 */
static bool has_room(struct watch_output *output, const struct sink *sink)
{
	struct pollfd fd = { .fd = sink->fd, .events = POLLOUT };
	uint64_t begin;

	if (poll(&fd, 1, 0))
		return true;
	begin = now_ns();
	poll(&fd, 1, WATCH_OUTPUT_WAIT_MS);
	output->blocked_ns += now_ns() - begin;
	return false;
}

ssize_t watch_output_step(struct watch_output *output, struct sink *sink, const uint8_t *bytes,
			  size_t count)
{
	ssize_t written;

	if (sink->may_block && !has_room(output, sink))
		return 0;
	written = write(sink->fd, bytes, count < sink->chunk ? count : sink->chunk);
	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (written < 0) {
		int error = errno;

		/* A reader that went away did so on purpose. */
		if (error != EPIPE && !output->error)
			output->error = error;
		sink->fd = -1;
		return -error;
	}
	if (sink->is_stderr && written)
		output->last_on_stderr = (char)bytes[written - 1];
	return written;
}

bool watch_output_ends_line(const struct watch_output *output)
{
	return output->last_on_stderr && output->last_on_stderr != '\n';
}
