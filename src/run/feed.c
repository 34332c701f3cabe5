/* What does the payload read from its standard input? See feed.h. */
#include "run/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../guest/protocol.h"
#include "util/file.h"
#include "util/memfd.h"

/* Most frames of one turn: all that the inbox holds. */
#define FRAMES_AT_ONCE (KTSTR_INBOX_SIZE / KTSTR_INBOX_FRAME_MAX)

/* Is there nothing to be had from our own standard input? */
static bool is_empty(int fd, const struct stat *st)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || (flags & (O_ACCMODE | O_PATH)) == O_WRONLY || flags & O_PATH ||
	       S_ISDIR(st->st_mode) || isatty(fd);
}

/* Documentation/admin-guide/devices.txt */
static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Opened before signals wait in a descriptor: a FIFO without a writer waits for one. */
static int open_file(struct feed *feed, const char *file, struct stat *st, struct error *err)
{
	feed->fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	feed->owned = true;
	if (feed->fd < 0 || fstat(feed->fd, st))
		return error_set(err, -errno, "--stdin '%s': %s", file, strerror(errno));
	if (S_ISDIR(st->st_mode))
		return error_set(err, -EINVAL, "--stdin '%s': a folder; give a file", file);
	if (isatty(feed->fd))
		return error_set(err, -EINVAL,
				 "--stdin '%s': a terminal; `ktstr-launch shell` gives the guest "
				 "one, here give a file or a pipe",
				 file);
	return 0;
}

int feed_open(struct feed *feed, const char *file, struct error *err)
{
	struct stat st;
	int ret;

	*feed = (struct feed){ .input = { .fd = -1, .waits = true }, .fd = -1, .kept = -1 };
	if (file) {
		ret = open_file(feed, file, &st, err);
		if (ret)
			return ret;
	} else {
		if (fstat(STDIN_FILENO, &st) || is_empty(STDIN_FILENO, &st))
			return 0;
		feed->fd = STDIN_FILENO;
	}
	if (is_null(&st)) {
		feed_close(feed);
		return 0;
	}
	feed->placed = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	feed->start = feed->placed ? lseek(feed->fd, 0, SEEK_CUR) : 0;
	if (feed->start < 0)
		return error_set(err, -errno, "standard input: where it stands: %s",
				 strerror(errno));
	return 0;
}

void feed_close(struct feed *feed)
{
	if (feed->owned && feed->fd >= 0)
		close(feed->fd);
	if (feed->kept >= 0)
		close(feed->kept);
	feed->fd = feed->kept = feed->input.fd = -1;
}

bool feed_is_open(const struct feed *feed)
{
	return feed->fd >= 0;
}

int feed_keep(struct feed *feed, struct error *err)
{
	if (feed->fd < 0 || feed->placed)
		return 0;
	feed->kept = memfd_new("ktstr-stdin", MFD_CLOEXEC, NULL);
	if (feed->kept < 0)
		return error_set(err, feed->kept,
				 "standard input: memory to keep it for the repro VM: %s",
				 strerror(-feed->kept));
	return 0;
}

bool feed_can_repeat(const struct feed *feed)
{
	return feed->placed || (feed->kept >= 0 && !feed->too_much) || !feed->read_bytes;
}

/* Where this VM's next byte comes from. */
static int source(const struct feed *feed)
{
	if (!feed->begun || feed->ended)
		return -1;
	return !feed->placed && feed->sent < feed->read_bytes ? feed->kept : feed->fd;
}

/* For the second VM; what is too much, or cannot be kept, is not kept at all. */
static void keep(struct feed *feed, const uint8_t *bytes, size_t count)
{
	if (feed->kept >= 0 && !feed->too_much &&
	    (feed->read_bytes + count > FEED_KEEP_MAX ||
	     file_write_all(feed->kept, bytes, count))) {
		feed->too_much = true;
		if (ftruncate(feed->kept, 0)) {
			/* Then its memory is given back at the end. */
		}
	}
	feed->read_bytes += count;
}

/* The next bytes; 0 at the end, or -EAGAIN. */
static ssize_t next_bytes(struct feed *feed, uint8_t *bytes, size_t size)
{
	uint64_t left = feed->read_bytes - feed->sent;
	ssize_t count;

	if (feed->placed) {
		count = pread(feed->fd, bytes, size, feed->start + (off_t)feed->sent);
	} else if (left) {
		count = pread(feed->kept, bytes, left < size ? (size_t)left : size,
			      (off_t)feed->sent);
	} else if (feed->over) {
		return 0;
	} else {
		count = read(feed->fd, bytes, size);
		if (count > 0)
			keep(feed, bytes, (size_t)count);
		feed->over = count == 0;
	}
	if (count >= 0 || errno == EAGAIN || errno == EINTR)
		return count < 0 ? -EAGAIN : count;
	/* What came before it is not taken back. */
	feed->error = errno;
	feed->over = true;
	return 0;
}

void feed_begin(struct feed *feed)
{
	feed->begun = true;
	feed->ended = false;
	feed->sent = 0;
	feed->input.fd = source(feed);
}

void feed_turn(struct feed *feed, struct vmm *vmm, bool readable)
{
	uint8_t bytes[KTSTR_INBOX_FRAME_MAX];

	for (unsigned int i = 0; readable && i < FRAMES_AT_ONCE && source(feed) >= 0; i++) {
		/* A stream that has more says so again; to ask it twice could mean to wait. */
		bool asked = !feed->placed && feed->sent == feed->read_bytes;
		ssize_t count;

		if (!vmm_has_room(vmm))
			break;
		count = next_bytes(feed, bytes, sizeof(bytes));
		if (count < 0 || vmm_send(vmm, KTSTR_STDIN, bytes, (uint32_t)count))
			break;
		feed->sent += (uint64_t)count;
		feed->ended = !count;
		if (asked)
			break;
	}
	feed->input.fd = source(feed);
}

void feed_end(struct feed *feed)
{
	feed->begun = false;
	feed->input.fd = -1;
}
