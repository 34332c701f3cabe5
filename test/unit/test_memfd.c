/* Is a memfd made under each kernel's policy on executable ones? Kernels are played with seccomp.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "deny_syscall.h"
#include "util/memfd.h"

#define NOEXEC_SEAL 0x08u
#define EXEC	    0x10u

/* A kernel, by what it refuses; 0: nothing. */
struct kernel {
	const char *name;
	uint32_t exec, noexec, neither; /* errno of a memfd_create with that flag */
	int data, program;		/* expected: 0 or errno; -1: not executable */
};

static const struct kernel kernels[] = {
	{ "before 6.3", EINVAL, EINVAL, 0, 0, 0 },
	{ "6.3 and later", 0, 0, 0, 0, 0 },
	{ "6.3 to 6.5, vm.memfd_noexec=2", 0, 0, EINVAL, 0, 0 },
	{ "6.3 to 6.5 that refuse MFD_EXEC, too", EINVAL, 0, EINVAL, 0, -1 },
	{ "6.6 and later, vm.memfd_noexec=2", EACCES, 0, 0, 0, -1 },
	{ "no memfds", EPERM, EPERM, EPERM, EPERM, EPERM },
};

static bool deny(uint32_t error, uint32_t flags)
{
	return !error || deny_syscall(SYS_memfd_create, EXEC | NOEXEC_SEAL, flags, error);
}

/* In a process of its own: what is denied stays so. Returns what went wrong, 0 for nothing. */
static int play(const struct kernel *kernel)
{
	bool executable = false;
	int fd;

	if (!deny(kernel->exec, EXEC) || !deny(kernel->noexec, NOEXEC_SEAL) ||
	    !deny(kernel->neither, 0))
		return 1;
	fd = memfd_new("data", MFD_CLOEXEC, NULL);
	if (fd < 0 ? fd != -kernel->data : kernel->data)
		return 2;
	close(fd);
	fd = memfd_new("data", MFD_CLOEXEC, &executable);
	if (fd < 0 ? fd != -kernel->data : kernel->data || executable)
		return 3;
	close(fd);
	executable = true;
	fd = memfd_new("program", MFD_ALLOW_SEALING, &executable);
	if (fd < 0)
		return fd == -kernel->program ? 0 : 4;
	if (kernel->program > 0 || executable != !kernel->program)
		return 5;
	/* It is as it was said to be, and as it was asked for. */
	if (fchmod(fd, 0555) < 0 ? executable : !executable)
		return 6;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) || fcntl(fd, F_GETFD))
		return 7;
	return 0;
}

static void each_kernel_gives_one(void **state)
{
	(void)state;
	/* This one must know the flags itself, to play those that do. */
	if (memfd_create("probe", MFD_CLOEXEC | NOEXEC_SEAL) < 0)
		skip();
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (!pid)
			_exit(play(&kernels[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status)
			fail_msg("%s: step %d", kernels[i].name, WEXITSTATUS(status));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kernel_gives_one),
	};

	return cmocka_run_group_tests_name("memfd", tests, NULL, NULL);
}
