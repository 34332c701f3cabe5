/* The guest's file systems: see mounts.h. */
#include "mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

#define NR_OF(array) (sizeof(array) / sizeof((array)[0]))

struct mount_point {
	const char *type, *path, *options;
	unsigned long flags;
};

static const struct mount_point mount_points[] = {
	{ "proc", "/proc", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "devpts", "/dev/pts", "gid=5,mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC },
	{ "cgroup2", CGROUP_ROOT, NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "tracefs", "/sys/kernel/tracing", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "bpf", "/sys/fs/bpf", "mode=0700", MS_NOSUID | MS_NOEXEC | MS_NODEV },
};

/* A payload may live there: root is memory as well, leave it in sight. */
static const struct mount_point unless_filled[] = {
	{ "tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV },
};

/* For a kernel without CONFIG_DEVTMPFS (Documentation/admin-guide/devices.txt). */
static const struct {
	const char *path;
	mode_t mode;
	unsigned int major, minor;
} device_nodes[] = {
	{ "/dev/console", 0600, 5, 1 }, { "/dev/mem", 0600, 1, 1 },
	{ "/dev/null", 0666, 1, 3 },	{ "/dev/zero", 0666, 1, 5 },
	{ "/dev/full", 0666, 1, 7 },	{ "/dev/random", 0666, 1, 8 },
	{ "/dev/urandom", 0666, 1, 9 }, { "/dev/kmsg", 0600, 1, 11 },
	{ "/dev/tty", 0666, 5, 0 },	{ "/dev/ptmx", 0666, 5, 2 },
	{ "/dev/ttyS0", 0600, 4, 64 },
};

static const struct {
	const char *path, *target;
} dev_links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

void mounts_dev(void)
{
	int fd;

	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755") &&
	    errno != EBUSY) {
		for (size_t i = 0; i < NR_OF(device_nodes); i++) {
			mknod(device_nodes[i].path, S_IFCHR | device_nodes[i].mode,
			      makedev(device_nodes[i].major, device_nodes[i].minor));
			chmod(device_nodes[i].path, device_nodes[i].mode);
		}
	}
	for (size_t i = 0; i < NR_OF(dev_links); i++)
		if (symlink(dev_links[i].target, dev_links[i].path))
			continue; /* there already, or seen as missing by who wants it */

	/* An initramfs without /dev/console leaves us without descriptors 0 to 2. */
	do {
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
		if (fd < 0)
			fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static bool is_filled(const char *path)
{
	DIR *dir = opendir(path);
	bool filled = false;
	struct dirent *entry;

	if (!dir)
		return false;
	while (!filled && (entry = readdir(dir)))
		filled = strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(dir);
	return filled;
}

/*
 * What systemd does as well: children of the root cgroup have all controllers that the kernel has.
 * One by one, so that one that cannot be had leaves the others.
 */
static void enable_controllers(struct guest_channel *channel)
{
	char names[1024], word[64];
	int from = open(CGROUP_ROOT "/cgroup.controllers", O_RDONLY | O_CLOEXEC);
	int to = open(CGROUP_ROOT "/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	ssize_t count = from >= 0 && to >= 0 ? read(from, names, sizeof(names) - 1) : 0;
	char *rest;

	names[count > 0 ? count : 0] = '\0';
	for (char *name = strtok_r(names, " \n", &rest); name;
	     name = strtok_r(NULL, " \n", &rest)) {
		int length = snprintf(word, sizeof(word), "+%s", name);

		if (write(to, word, (size_t)length) < 0)
			guest_channel_log(channel, "cannot enable the cgroup controller %s: %s",
					  name, strerror(errno));
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
}

static void mount_at(struct guest_channel *channel, const struct mount_point *point)
{
	if (!mount(point->type, point->path, point->type, point->flags, point->options))
		return;
	/* ENODEV: no such file system; ENOENT: not even its folder in /sys. */
	if (errno != ENODEV && errno != ENOENT && errno != EBUSY)
		guest_channel_log(channel, "cannot mount %s on %s: %s", point->type, point->path,
				  strerror(errno));
}

void mounts_all(struct guest_channel *channel)
{
	for (size_t i = 0; i < NR_OF(mount_points); i++) {
		mkdir(mount_points[i].path, 0755);
		mount_at(channel, &mount_points[i]);
	}
	enable_controllers(channel);
}

void mounts_unless_filled(struct guest_channel *channel)
{
	for (size_t i = 0; i < NR_OF(unless_filled); i++) {
		const char *path = unless_filled[i].path;

		if (mkdir(path, 0755) && errno == EEXIST && is_filled(path)) {
			if (!strcmp(path, "/tmp"))
				chmod(path, 01777);
			continue;
		}
		mount_at(channel, &unless_filled[i]);
	}
}
