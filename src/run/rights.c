/* What does a launcher give up that runs a guest? See rights.h. */
#include "run/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The C library has no wrappers, and Debian 12's headers end at ABI 2. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ull << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14)
#endif

#define ABI_WITH_REFER	  2 /* Linux 5.19; before, nothing moves from folder to folder */
#define ABI_WITH_TRUNCATE 3 /* Linux 6.2 */

/* All that changes files, and nothing that reads them. */
#define WRITES                                                                                     \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                           \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

void rights_no_new_privileges(void)
{
	/* Known since Linux 3.5, and never refused. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static uint64_t writes_of(long abi)
{
	uint64_t writes = WRITES;

	if (abi >= ABI_WITH_REFER)
		writes |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= ABI_WITH_TRUNCATE)
		writes |= LANDLOCK_ACCESS_FS_TRUNCATE;
	return writes;
}

/*
 * Allow @rights at @path and below; nothing where it cannot be opened. @flags: O_DIRECTORY for a
 * folder, whose rights the kernel refuses for a file. Returns 0 or -errno.
 */
static int allow(int ruleset, const char *path, int flags, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = rights,
		.parent_fd = open(path, O_PATH | O_CLOEXEC | flags),
	};
	int ret = 0;

	if (beneath.parent_fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0))
		ret = -errno;
	close(beneath.parent_fd);
	return ret;
}

int rights_keep_writes(const char *out, const char *cache, const char *renames, struct error *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = { .handled_access_fs = writes_of(abi) };
	char beside[PATH_MAX];
	int ruleset, ret = 0;

	rights_no_new_privileges();
	/* ENOSYS: a kernel without; EOPNOTSUPP: not among the lsm= of its command line. */
	if (abi < 0)
		return -EOPNOTSUPP;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return error_set(err, -errno, "Landlock: making a ruleset: %s", strerror(errno));
	if (out && snprintf(beside, sizeof(beside), "%s/..", out) < (int)sizeof(beside)) {
		ret = allow(ruleset, out, O_DIRECTORY, attr.handled_access_fs);
		if (!ret)
			ret = allow(ruleset, beside, O_DIRECTORY, LANDLOCK_ACCESS_FS_REMOVE_DIR);
	}
	if (!ret && cache)
		ret = allow(ruleset, cache, O_DIRECTORY, attr.handled_access_fs);
	if (!ret && renames)
		ret = allow(ruleset, renames, O_DIRECTORY,
			    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE);
	if (!ret)
		ret = allow(ruleset, "/dev/kvm", 0, LANDLOCK_ACCESS_FS_WRITE_FILE);
	if (ret)
		error_set(err, ret, "Landlock: allowing a folder: %s", strerror(-ret));
	else if (syscall(SYS_landlock_restrict_self, ruleset, 0)) {
		/* E2BIG: whoever started us has used up the 16 layers. */
		ret = errno == E2BIG ? -EOPNOTSUPP
				     : error_set(err, -errno, "Landlock: restricting writes: %s",
						 strerror(errno));
	}
	close(ruleset);
	return ret;
}

int rights_try(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		int ret = rights_keep_writes(NULL, NULL, NULL, NULL);

		/* It must not be possible to open a file for writing that anybody may write to. */
		if (!ret && (open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0 || errno != EACCES))
			ret = -EPERM;
		_exit(-ret);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}
