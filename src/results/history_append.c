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
#include "util/input.h"

#define LOCK_MS 10000
#define TURN_US 5000

/* By which a history is known. */
#define FIRST_BYTES 4096

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

/* Does a line begin as all do? @length: without the newline, and without a hole behind it. Returns
 * false in @whole where it was cut off before that could be told. */
static bool is_begun(const char *line, size_t length, bool *whole)
{
	static const char begin[] = SUITE_HISTORY_BEGIN;

	while (length && !line[length - 1])
		length--;
	*whole = length >= sizeof(begin) - 1;
	return length && !memcmp(line, begin, *whole ? sizeof(begin) - 1 : length);
}

static bool is_hole(const char *bytes, size_t size)
{
	return !size || (!*bytes && !memcmp(bytes, bytes + 1, size - 1));
}

/*
 * Behind first lines that begin with NULs, as a machine that died leaves them where bytes were to
 * be, comes the first that tells something. @all: up to there is nothing but NULs and newlines.
 */
static int skip_holes(int fd, off_t *at, bool *all)
{
	char there[FIRST_BYTES];
	bool begins = true;

	*all = true;
	for (*at = 0; *at <= (off_t)HISTORY_MAX_LINE;) {
		ssize_t size = pread(fd, there, sizeof(there), *at);
		const char *newline;
		size_t length;

		if (size < 0)
			return -errno;
		if (!size || (begins && *there))
			return 0;
		newline = memchr(there, '\n', (size_t)size);
		length = newline ? (size_t)(newline - there) : (size_t)size;
		*all &= is_hole(there, length);
		*at += (off_t)length + (newline != NULL);
		begins = newline;
	}
	return 0;
}

/*
 * Is it empty, or does it begin as a history does? Writers may have died in its first lines: behind
 * one that is that short another one must begin likewise, as "{" alone begins any JSON; and behind
 * a hole, unless that is all.
 */
static int check_content(int fd, const char *path, struct error *err)
{
	char there[FIRST_BYTES];
	const char *at = there;
	bool whole = false, begun;
	off_t from;
	int ret = skip_holes(fd, &from, &begun);
	ssize_t size = ret ? 0 : pread(fd, there, sizeof(there), from);
	size_t left = size > 0 ? (size_t)size : 0;

	if (ret || size < 0)
		return error_set(err, ret ? ret : -errno, "history '%s': %s", path,
				 strerror(ret ? -ret : errno));
	if (size)
		begun = true;
	while (size && begun && !whole) {
		const char *newline = memchr(at, '\n', left);
		size_t length = newline ? (size_t)(newline - at) : left;

		begun = is_begun(at, length, &whole);
		if (!newline)
			break;
		at += length + 1;
		left -= length + 1;
	}
	/* Only a history tells what a hole was to be. */
	if (from && size)
		begun &= whole;
	if (begun)
		return 0;
	return error_set(
		err, -EINVAL,
		"'%s' is no history: it %s, to which nothing is appended; give --history another "
		"file",
		path,
		from ? "begins with NUL bytes and has no line of a history behind them"
		     : "holds something else");
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

/* Does a line that was cut off stand at its end, and where is that? */
static int find_end(int fd, off_t *end, bool *cut)
{
	struct stat st;
	char last = '\n';

	if (fstat(fd, &st) || (st.st_size && pread(fd, &last, 1, st.st_size - 1) < 0))
		return -errno;
	*end = st.st_size;
	*cut = last != '\n';
	return 0;
}

/* Has one of its last lines the same results? They stand between two fields that no text can fake,
 * as its quotes are escaped. */
static int refuse_same(const char *path, const char *line, size_t size, struct error *err)
{
	static const char begin[] = "\"results\":[", end[] = "],\"interrupted\":";
	const char *from = memmem(line, size, begin, sizeof(begin) - 1);
	const char *to = from ? memmem(from, size - (size_t)(from - line), end, sizeof(end) - 1)
			      : NULL;
	char *text;
	size_t length;
	bool same;
	int ret;

	if (!to)
		return 0;
	ret = input_tail(path, HISTORY_MAX_LINE, &text, &length, err);
	if (ret)
		return ret;
	same = memmem(text, length, from, (size_t)(to - from) + sizeof(end) - 1);
	free(text);
	return same ? error_set(err, -EALREADY,
				"history '%s': it has a run with these very results already, which "
				"is not appended once more",
				path)
		    : 0;
}

/* All of it, or nothing. */
static int write_line(int fd, const char *path, const char *line, size_t size, struct error *err)
{
	char *text = malloc(size + 1);
	bool cut = false, back = true;
	off_t end = 0;
	int ret = text ? find_end(fd, &end, &cut) : -ENOMEM;

	if (!ret) {
		/* In one write: a reader that takes no lock sees a line or none. */
		*text = '\n';
		memcpy(text + cut, line, size);
		ret = file_write_all(fd, text, size + cut);
		back = !ret || !ftruncate(fd, end);
	}
	free(text);
	return ret ? error_set(err, ret,
			       "history '%s': the run is not kept%s: %s; make room or mend that, "
			       "the next run is appended again",
			       path, back ? ", the file is as before" : " but for a part of it",
			       strerror(-ret))
		   : 0;
}

static int append(const char *path, const char *line, size_t size, bool once, struct error *err)
{
	int fd, ret;

	if (size > HISTORY_MAX_LINE)
		return error_set(
			err, -EFBIG,
			"history '%s': the run is not kept: it has %zu MiB of results, and "
			"a line at most %zu; give it fewer variants, rounds (--repeat) or "
			"metrics, or run parts of it with a history each",
			path, size >> 20, HISTORY_MAX_LINE >> 20);
	fd = take(path, err);
	if (fd < 0)
		return fd;
	ret = once ? refuse_same(path, line, size, err) : 0;
	if (!ret)
		ret = write_line(fd, path, line, size, err);
	if (close(fd) && !ret)
		ret = error_set(err, -errno, "history '%s': %s", path, strerror(errno));
	return ret;
}

int history_append(const char *path, const char *line, size_t size, struct error *err)
{
	return append(path, line, size, false, err);
}

int history_append_once(const char *path, const char *line, size_t size, struct error *err)
{
	return append(path, line, size, true, err);
}
