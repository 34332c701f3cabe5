/*
 * How does a kernel come to fail so? By the first argument:
 *   lock       a task holds a file's lock for ever, and another one waits for it
 *   kill-init  the guest's init dies
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

struct file {
	int fd;
	const void *page; /* that nobody ever brings */
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "staged: %s: %s\n", what, strerror(errno));
	exit(99);
}

/* write() holds the file's lock while it reads what is to be written. */
static void *hold(void *data)
{
	const struct file *file = data;

	prctl(PR_SET_NAME, "lock-holder");
	if (write(file->fd, file->page, PAGE) < 0)
		give_up("write");
	return NULL;
}

static void lock(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct file file = { .fd = open("/tmp/file", O_RDWR | O_CREAT, 0600) };
	/* A descriptor has a lock of its own. */
	int own = open("/tmp/file", O_RDWR);
	struct uffd_msg message;
	pthread_t holder;

	file.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || file.fd < 0 || own < 0 || file.page == MAP_FAILED)
		give_up("userfaultfd");
	area.range.start = (uintptr_t)file.page;
	area.range.len = PAGE;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &area))
		give_up("userfaultfd");
	if (pthread_create(&holder, NULL, hold, &file))
		give_up("pthread_create");
	/* It holds the lock once it waits for its page. */
	if (read(fd, &message, sizeof(message)) != sizeof(message))
		give_up("reading of the missing page");
	prctl(PR_SET_NAME, "lock-waiter");
	if (write(own, "x", 1) < 0)
		give_up("write");
}

static void kill_init(void)
{
	int status;

	if (ptrace(PTRACE_ATTACH, 1, NULL, NULL) || waitpid(1, &status, __WALL) != 1)
		give_up("attaching to init");
	if (ptrace(PTRACE_POKEUSER, 1, (void *)offsetof(struct user_regs_struct, rip), NULL) ||
	    ptrace(PTRACE_DETACH, 1, NULL, NULL))
		give_up("sending init to address 0");
	pause();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "lock"))
		lock();
	else if (argc == 2 && !strcmp(argv[1], "kill-init"))
		kill_init();
	else
		fputs("usage: staged lock|kill-init\n", stderr);
	return 99;
}
