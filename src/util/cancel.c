/* Does the user want out? See cancel.h. */
#include "util/cancel.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

int cancel_check(int fd, struct error *err)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	if (fd < 0 || poll(&wanted, 1, 0) <= 0)
		return 0;
	return error_set(err, -EINTR, "interrupted");
}

int cancel_take(int fd)
{
	struct signalfd_siginfo info;

	if (!cancel_check(fd, NULL) || read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}
