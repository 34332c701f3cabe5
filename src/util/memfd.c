/* How is a memfd made where the host has a policy on executable ones? See memfd.h. */
#include "util/memfd.h"

#include <errno.h>
#include <sys/mman.h>

/* Since Linux 6.3; the C library of Debian 12 does not know them yet. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

/*
 * Kernels before 6.3 know neither flag (EINVAL) and make all memfds executable. With
 * vm.memfd_noexec=2, 6.3 to 6.5 refuse those that have neither (EINVAL), and later ones those with
 * MFD_EXEC (EACCES), while they take neither for MFD_NOEXEC_SEAL.
 */
int memfd_new(const char *name, unsigned int flags, bool *executable)
{
	int fd;

	if (executable && *executable) {
		fd = memfd_create(name, flags | MFD_EXEC);
		if (fd < 0 && errno == EINVAL)
			fd = memfd_create(name, flags);
		if (fd >= 0)
			return fd;
		if (errno != EACCES && errno != EINVAL)
			return -errno;
		*executable = false;
	}
	fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}
