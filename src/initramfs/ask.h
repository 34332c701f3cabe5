/* What does a program of the host print? Run as the user, bounded in time and size. */
#ifndef KTSTR_INITRAMFS_ASK_H
#define KTSTR_INITRAMFS_ASK_H

#include <stddef.h>

#include "util/error.h"

#define ASK_MAX_SIZE (64 * 1024)

/*
 * ask - run argv[0], an absolute path, with nothing of our environment, nothing to read, and its
 * standard error thrown away.
 * @cancel_fd: as for cancel_check
 * @out: what it printed, @size bytes and a NUL, owned by the caller
 * Returns 0; -EINTR; -ETIME after @limit_ms, -EIO when it did not exit with 0, -EFBIG, -ENOMEM, and
 * what prevents its start, with messages.
 */
int ask(const char *const *argv, int cancel_fd, int limit_ms, char **out, size_t *size,
	struct error *err);

#endif
