/* What is in the trace of a file? See load.h. */
#include "trace/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int load(struct trace_events *events, int fd, size_t max_events, struct failure *failure)
{
	void *data = NULL;
	struct stat st;
	int ret;

	if (fd < 0 || fstat(fd, &st) < 0)
		return failure_set(failure, -errno, "trace: cannot be opened: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return failure_set(failure, -EINVAL, "trace: it is no regular file");
	if (st.st_size)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return failure_set(failure, -errno, "trace: cannot be read: %s", strerror(errno));
	ret = trace_events_read_most(events, data, (size_t)st.st_size, max_events, failure);
	if (data)
		munmap(data, (size_t)st.st_size);
	return ret;
}

int trace_load(struct trace_events *events, const char *path, size_t max_events, bool *is_cut_off,
	       struct failure *failure)
{
	/* A FIFO is to be told of, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;

	memset(events, 0, sizeof(*events));
	ret = load(events, fd, max_events, failure);
	if (fd >= 0)
		close(fd);
	*is_cut_off = ret == -ENODATA && events->nr_events;
	return *is_cut_off ? 0 : ret;
}
