/* How does a run get into a history, beside other writers? See history.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results/history.h"
#include "util/clock.h"
#include "util/file.h"

#define LOCK_MS 10000
#define TURN_US 5000

int history_lock(int fd, int kind, const char *path, struct error *err)
{
	int64_t end = now_ms() + LOCK_MS;

	while (flock(fd, kind | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, -errno, "history '%s': no lock: %s", path,
					 strerror(errno));
		if (now_ms() > end)
			return error_set(err, -ETIMEDOUT,
					 "history '%s': another program has held its lock for %d "
					 "s; `lslocks` tells which",
					 path, LOCK_MS / 1000);
		usleep(TURN_US);
	}
	return 0;
}

/* Is it empty, or does it begin as a history does? A first writer may have died in its first line.
 */
static int check_content(int fd, const char *path, struct error *err)
{
	static const char begin[] = SUITE_HISTORY_BEGIN;
	char there[sizeof(begin) - 1];
	ssize_t size = pread(fd, there, sizeof(there), 0);

	if (size < 0)
		return error_set(err, -errno, "history '%s': %s", path, strerror(errno));
	if (!memcmp(there, begin, (size_t)size))
		return 0;
	return error_set(
		err, -EINVAL,
		"'%s' is no history: it holds something else, to which nothing is appended; "
		"give --history another file",
		path);
}

/* Opened and locked. Returns a descriptor, or a negative errno. */
static int take(const char *path, struct error *err)
{
	struct stat st;
	int fd = -1, ret = 0;

	/* To open a device or a FIFO may do something. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return error_set(err, -EINVAL, "history '%s': no regular file", path);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (fd < 0)
		return error_set(err, -errno, "history '%s': %s", path, strerror(errno));
	ret = history_lock(fd, LOCK_EX, path, err);
	if (!ret)
		ret = check_content(fd, path, err);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int history_check(const char *path, struct error *err)
{
	int fd = take(path, err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Does a line that was cut off stand at its end? */
static int is_cut_off(int fd, bool *cut)
{
	struct stat st;
	char last = '\n';

	if (fstat(fd, &st) || (st.st_size && pread(fd, &last, 1, st.st_size - 1) < 0))
		return -errno;
	*cut = last != '\n';
	return 0;
}

int history_append(const char *path, const char *line, size_t size, struct error *err)
{
	char *text;
	bool cut = false;
	int fd, ret;

	if (size > HISTORY_MAX_LINE)
		return error_set(err, -EFBIG,
				 "history '%s': the run has %zu MiB of results, and a line at most "
				 "%zu",
				 path, size >> 20, HISTORY_MAX_LINE >> 20);
	fd = take(path, err);
	if (fd < 0)
		return fd;
	text = malloc(size + 1);
	ret = text ? is_cut_off(fd, &cut) : -ENOMEM;
	if (!ret) {
		/* In one write: a reader that takes no lock sees a line or none. */
		*text = '\n';
		memcpy(text + cut, line, size);
		ret = file_write_all(fd, text, size + cut);
	}
	if (!ret && close(fd))
		ret = -errno;
	else if (ret)
		close(fd);
	free(text);
	return ret ? error_set(err, ret, "history '%s': %s", path, strerror(-ret)) : 0;
}
