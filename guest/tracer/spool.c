/* Where do encoded events wait until the recording ends? See spool.h. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int spool_open(struct spool *spool, const char *path, uint64_t bytes, struct failure *failure)
{
	struct stat st;
	int ret;

	*spool = (struct spool){ .fd = -1, .path = path };
	spool->max = bytes / SPOOL_SEGMENT_SIZE ? bytes / SPOOL_SEGMENT_SIZE : 1;
	spool->index = calloc(spool->max, sizeof(*spool->index));
	if (!spool->index)
		return failure_set(failure, -ENOMEM, "data file '%s': no memory for its index",
				   path);
	/* O_NONBLOCK: a FIFO must not hold us up before it is refused. */
	spool->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (spool->fd < 0 || fstat(spool->fd, &st)) {
		ret = failure_set(failure, -errno, "data file '%s': cannot open it: %s", path,
				  strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = failure_set(failure, -EINVAL, "data file '%s': not a regular file", path);
		goto fail;
	}
	if (ftruncate(spool->fd, 0) || unlink(path)) {
		ret = failure_set(failure, -errno, "data file '%s': cannot replace it: %s", path,
				  strerror(errno));
		goto fail;
	}
	return 0;

fail:
	spool_close(spool);
	return ret;
}

void spool_close(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->index);
	*spool = (struct spool){ .fd = -1 };
}

static int write_at(int fd, const uint8_t *body, off_t offset)
{
	size_t size = SPOOL_SEGMENT_SIZE;
	ssize_t put;

	while (size) {
		put = pwrite(fd, body, size, offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -ENOSPC;
		body += put;
		size -= (size_t)put;
		offset += put;
	}
	return 0;
}

int spool_put(struct spool *spool, const struct segment *segment, const uint8_t *body,
	      struct failure *failure)
{
	uint64_t slot = spool->written % spool->max;
	int ret;

	/* The whole slot, so that no later use of it needs another block of the file system. */
	ret = write_at(spool->fd, body, (off_t)(slot * SPOOL_SEGMENT_SIZE));
	if (ret == -ENOSPC && slot && spool->written < spool->max) {
		spool->full = true;
		spool->max = spool->written;
		slot = 0;
		/* What the failed write took is given back; should that fail, it is only lost. */
		(void)!ftruncate(spool->fd, (off_t)(spool->max * SPOOL_SEGMENT_SIZE));
		ret = write_at(spool->fd, body, 0);
	}
	if (ret)
		return failure_set(failure, ret, "data file '%s': cannot write to it: %s",
				   spool->path, strerror(-ret));
	if (spool->written >= spool->max)
		spool->dropped += spool->index[slot].events;
	spool->index[slot] = *segment;
	spool->written++;
	return 0;
}

uint64_t spool_kept(const struct spool *spool)
{
	return spool->written < spool->max ? spool->written : spool->max;
}

static uint64_t slot_of(const struct spool *spool, uint64_t n)
{
	return (spool->written - spool_kept(spool) + n) % spool->max;
}

int spool_get(const struct spool *spool, uint64_t n, struct segment *segment, uint8_t *body,
	      struct failure *failure)
{
	const uint64_t slot = slot_of(spool, n);
	off_t offset = (off_t)(slot * SPOOL_SEGMENT_SIZE);
	size_t done = 0;
	ssize_t got;

	*segment = spool->index[slot];
	while (done < segment->used) {
		got = pread(spool->fd, body + done, segment->used - done, offset + (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return failure_set(failure, got ? -errno : -EIO,
					   "data file '%s': cannot read it back: %s", spool->path,
					   got ? strerror(errno) : "it is too short");
		done += (size_t)got;
	}
	return 0;
}

void spool_release(const struct spool *spool, uint64_t n)
{
	/* Where holes cannot be punched the memory stays taken until the end, which is all. */
	(void)fallocate(spool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(off_t)(slot_of(spool, n) * SPOOL_SEGMENT_SIZE), SPOOL_SEGMENT_SIZE);
}
