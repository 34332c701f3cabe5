/* When does a trace file get its name? See trace_file.h. */
#include "trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(void *data, const void *bytes, size_t size, struct failure *failure)
{
	struct trace *trace = data;
	const uint8_t *at = bytes;
	ssize_t put;
	int error;

	while (size) {
		put = write(trace->fd, at, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			error = put ? errno : ENOSPC;
			return failure_set(failure, -error, "trace '%s': cannot write to it: %s",
					   trace->temporary, strerror(error));
		}
		at += put;
		size -= (size_t)put;
		trace->size += (uint64_t)put;
	}
	return 0;
}

int trace_open(struct trace *trace, const char *path, struct failure *failure)
{
	static const char suffix[] = ".tmp";
	const size_t length = strlen(path);
	struct stat st;

	*trace = (struct trace){ .sink = { trace, write_all }, .fd = -1, .path = path };
	/* rename() would put a file in the place of a device, and /dev/null is soon named here. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return failure_set(failure, -EINVAL, "trace '%s': not a regular file", path);
	trace->temporary = malloc(length + sizeof(suffix));
	if (!trace->temporary)
		return failure_set(failure, -ENOMEM, "trace '%s': no memory for its name", path);
	memcpy(trace->temporary, path, length);
	memcpy(trace->temporary + length, suffix, sizeof(suffix));
	trace->fd = open(trace->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (trace->fd < 0) {
		int ret = failure_set(failure, -errno, "trace '%s': cannot make it: %s",
				      trace->temporary, strerror(errno));

		free(trace->temporary);
		trace->temporary = NULL;
		return ret;
	}
	return 0;
}

int trace_reserve(struct trace *trace, uint64_t size, struct failure *failure)
{
	if (!fallocate(trace->fd, FALLOC_FL_KEEP_SIZE, (off_t)trace->size, (off_t)size) ||
	    errno == EOPNOTSUPP)
		return 0;
	return failure_set(failure, -errno, "trace '%s': cannot set %llu KB aside for it: %s",
			   trace->temporary, (unsigned long long)(size >> 10), strerror(errno));
}

int trace_finish(struct trace *trace, struct failure *failure)
{
	int fd = trace->fd, ret;

	/* Also frees what was reserved behind the end. */
	ret = ftruncate(fd, (off_t)trace->size) ? -errno : 0;
	trace->fd = -1;
	if (close(fd) && !ret)
		ret = -errno;
	if (ret)
		return failure_set(failure, ret, "trace '%s': cannot write to it: %s",
				   trace->temporary, strerror(-ret));
	if (rename(trace->temporary, trace->path))
		return failure_set(failure, -errno, "trace '%s': cannot give it its name '%s': %s",
				   trace->temporary, trace->path, strerror(errno));
	free(trace->temporary);
	trace->temporary = NULL;
	return 0;
}

void trace_close(struct trace *trace)
{
	if (trace->fd >= 0)
		close(trace->fd);
	if (trace->temporary)
		unlink(trace->temporary);
	free(trace->temporary);
	*trace = (struct trace){ .fd = -1 };
}
