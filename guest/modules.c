/* Kernel modules are loaded: see modules.h. */
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More records than a module writes before it fails. */
#define KMSG_OF_ONE 4096

/* finit_module(2). Returns 0 or a negative errno. */
static int load(const struct job_module *module)
{
	int fd = open(module->path, O_RDONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, module->params, 0))
		ret = -errno;
	close(fd);
	return ret;
}

/* What the errno's own text does not tell. */
static const char *hint(int error)
{
	switch (error) {
	case ENOSYS:
		return " (the guest kernel needs CONFIG_MODULES=y)";
	case EKEYREJECTED:
	case ENOKEY:
	case EBADMSG:
	case EPERM:
		return " (it takes signed modules only: module.sig_enforce, or lockdown)";
	default:
		return "";
	}
}

/*
 * The kernel only warns of a parameter that the module does not have, and a test would run with
 * another module than it wants.
 */
static int check_params(struct session *session, const char *name, uint64_t before, char *said,
			size_t size)
{
	char words[96];

	snprintf(words, sizeof(words), "%s: unknown parameter", name);
	kmsg_last_line(session->kmsg, before, words, said, size);
	return strstr(said, words) ? -EINVAL : 0;
}

int modules_load(struct session *session, char *why, size_t why_size)
{
	for (size_t i = 0; i < session->job->nr_modules; i++) {
		const struct job_module *module = &session->job->modules[i];
		const char *base = strrchr(module->path, '/') + 1;
		char name[64], said[128];
		uint64_t before;
		int ret;

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
		kmsg_read(session->kmsg, KMSG_OF_ONE);
		before = session->kmsg->total;
		ret = load(module);
		/* It is in the kernel now, and was memory twice. */
		unlink(module->path);
		kmsg_read(session->kmsg, KMSG_OF_ONE);
		if (!ret && *module->params) {
			ret = check_params(session, name, before, said, sizeof(said));
			if (ret)
				snprintf(why, why_size, "module %s", said);
		} else if (ret && !module->optional) {
			kmsg_last_line(session->kmsg, before, name, said, sizeof(said));
			snprintf(why, why_size, "module %s: %s%s%s%s", name, strerror(-ret),
				 hint(-ret), *said ? "; kernel: " : "", said);
		}
		if (ret && !module->optional)
			return ret;
	}
	return 0;
}
