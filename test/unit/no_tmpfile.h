/* A file system without files that have no name, for a module whose open or openat comes here. */
#ifndef KTSTR_TEST_NO_TMPFILE_H
#define KTSTR_TEST_NO_TMPFILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>

static bool no_tmpfile; /* it is one */

static int watched_openat(int at, const char *path, int flags, ...)
{
	bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = flags & O_CREAT || unnamed ? va_arg(ap, int) : 0;
	va_end(ap);
	if (no_tmpfile && unnamed) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return openat(at, path, flags, mode);
}

#endif
