/* A pseudo terminal: see pty.h. */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FLAGS (O_RDWR | O_NOCTTY | O_CLOEXEC)

int pty_open(int *theirs)
{
	int ours = open("/dev/ptmx", FLAGS | O_NONBLOCK);
	int unlocked = 0, ret;
	unsigned int number;
	char path[32];

	*theirs = -1;
	if (ours >= 0 && !ioctl(ours, TIOCSPTLCK, &unlocked)) {
		*theirs = ioctl(ours, TIOCGPTPEER, FLAGS);
		/* Linux before 4.13: by its name. */
		if (*theirs < 0 && errno == ENOTTY && !ioctl(ours, TIOCGPTN, &number)) {
			snprintf(path, sizeof(path), "/dev/pts/%u", number);
			*theirs = open(path, FLAGS);
		}
	}
	if (*theirs >= 0)
		return ours;
	ret = -errno;
	if (ours >= 0)
		close(ours);
	return ret;
}
