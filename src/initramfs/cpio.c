/*
 * What are the bytes of the archive? The "newc" layout of the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst: a header of 110 ASCII bytes, the name
 * with its NUL, the body, each padded to 4 bytes; at the end an entry named TRAILER!!!.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "initramfs/tree.h"
#include "util/cancel.h"

#define HEADER_SIZE 110
#define TRAILER	    "TRAILER!!!"

_Static_assert(INITRAMFS_TRAILER_SIZE == (HEADER_SIZE + sizeof(TRAILER) + 3) / 4 * 4,
	       "the trailer is an entry without a body");

static uint64_t pad4(uint64_t size)
{
	return (size + 3) & ~3ull;
}

static uint64_t entry_size(size_t path_size, uint64_t body_size)
{
	return pad4(HEADER_SIZE + path_size + 1) + pad4(body_size);
}

uint64_t initramfs_layout(const struct initramfs *tree)
{
	uint64_t size = entry_size(strlen(TRAILER), 0);

	for (const struct node *node = tree->first; node; node = node->next)
		size += entry_size(node->path_size, node->size);
	return size;
}

/* Owner and group are 0, so that the same files always make the same archive. */
static void put_header(uint8_t *dst, uint32_t ino, mode_t mode, uint32_t mtime, uint64_t size,
		       dev_t rdev, size_t path_size)
{
	char header[HEADER_SIZE + 1];

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, mode, 0u, 0u,
		 S_ISDIR(mode) ? 2u : 1u, mtime, (unsigned int)size, 0u, 0u, major(rdev),
		 minor(rdev), (unsigned int)path_size + 1, 0u);
	memcpy(dst, header, HEADER_SIZE);
}

static void put_path(uint8_t *dst, const struct node *node)
{
	uint8_t *p = dst + node->path_size;

	for (;;) {
		size_t length = strlen(node->name);

		p -= length;
		memcpy(p, node->name, length);
		if (p == dst)
			return;
		*--p = '/';
		node = node->parent;
	}
}

/* Straight from the host's page cache to where the archive will be read. */
static int put_host_file(const struct initramfs *tree, uint8_t *dst, const struct node *node,
			 struct error *err)
{
	struct stat st;
	uint64_t done = 0;
	int fd, ret = 0;

	fd = open(node->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set(err, -ESTALE,
				 "initramfs: '%s' cannot be opened any more (%s): it changed while "
				 "it was packed; run again",
				 node->text, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_dev != node->host_dev ||
	    st.st_ino != node->host_ino || (uint64_t)st.st_size != node->size) {
		ret = error_set(err, -ESTALE,
				"initramfs: '%s' is not the file of %llu bytes that it was: it "
				"changed while it was packed; run again",
				node->text, (unsigned long long)node->size);
		goto out;
	}
	while (done < node->size) {
		size_t want = node->size - done < CANCEL_EVERY ? node->size - done : CANCEL_EVERY;
		ssize_t got;

		ret = cancel_check(tree->cancel_fd, err);
		if (ret)
			goto out;
		got = pread(fd, dst + done, want, (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			ret = error_set(err, -errno, "initramfs: cannot read '%s': %s", node->text,
					strerror(errno));
			goto out;
		}
		if (!got) {
			ret = error_set(err, -ESTALE,
					"initramfs: '%s' ended at byte %llu of %llu: it changed "
					"while it was packed; run again",
					node->text, (unsigned long long)done,
					(unsigned long long)node->size);
			goto out;
		}
		done += (uint64_t)got;
	}
out:
	close(fd);
	return ret;
}

int initramfs_write(const struct initramfs *tree, void *dst, uint64_t size, struct error *err)
{
	uint64_t layout = initramfs_layout(tree);
	uint8_t *p = dst;

	if (size != layout)
		return error_set(err, -EINVAL,
				 "initramfs: %llu bytes of room for an archive of %llu",
				 (unsigned long long)size, (unsigned long long)layout);
	for (const struct node *node = tree->first; node; node = node->next) {
		uint64_t head = pad4(HEADER_SIZE + node->path_size + 1);
		uint64_t body = pad4(node->size);
		int ret;

		/* The padding, and the NUL of the name; what they hold before is unknown. */
		memset(p + HEADER_SIZE + node->path_size, 0, head - HEADER_SIZE - node->path_size);
		put_header(p, node->ino, node->mode, node->mtime, node->size, node->rdev,
			   node->path_size);
		put_path(p + HEADER_SIZE, node);
		p += head;
		memset(p + node->size, 0, body - node->size);
		if (node->kind == NODE_LINK) {
			memcpy(p, node->text, node->size);
		} else if (node->kind == NODE_DATA && node->size) {
			memcpy(p, node->data, node->size);
		} else if (node->kind == NODE_HOST) {
			ret = put_host_file(tree, p, node, err);
			if (ret)
				return ret;
		}
		p += body;
	}
	memset(p, 0, entry_size(strlen(TRAILER), 0));
	put_header(p, 0, 0, 0, 0, 0, strlen(TRAILER));
	memcpy(p + HEADER_SIZE, TRAILER, strlen(TRAILER));
	return 0;
}
