/*
 * What does the launcher do on a KVM that lacks something? Runs a program for which one request of
 * ioctl fails with EINVAL. Arguments: the request, the program, its arguments.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test/unit/deny_syscall.h"

int main(int argc, char **argv)
{
	unsigned long request;
	char *end;

	if (argc < 3)
		goto usage;
	request = strtoul(argv[1], &end, 0);
	if (*end || end == argv[1] || request > UINT32_MAX)
		goto usage;
	if (!deny_syscall(SYS_ioctl, UINT32_MAX, (uint32_t)request, EINVAL)) {
		fprintf(stderr, "deny: prctl: %s\n", strerror(errno));
		return 99;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "deny: %s: %s\n", argv[2], strerror(errno));
	return 99;
usage:
	fputs("usage: deny REQUEST PROGRAM [ARG]...\n", stderr);
	return 99;
}
