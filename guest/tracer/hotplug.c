/* Which CPUs go offline, and which come online? See hotplug.h. */
#include "hotplug.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine.h"

/* The multicast group of the kernel's own uevents; udev's are in another. */
#define KERNEL_GROUP 1
/* Longer than the kernel makes them (UEVENT_BUFFER_SIZE, 2048, and the head). */
#define MESSAGE_SIZE 4096

int hotplug_open(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int ret;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

bool hotplug_parse(const char *message, size_t size, struct hotplug_event *event)
{
	static const char online[] = "online@", offline[] = "offline@";
	static const char device[] = "/devices/system/cpu/cpu";
	const char *end = memchr(message, '\0', size), *at = message;
	unsigned int cpu = 0;

	if (!end)
		return false;
	event->online = !strncmp(at, online, sizeof(online) - 1);
	if (!event->online && strncmp(at, offline, sizeof(offline) - 1))
		return false;
	at = strchr(at, '@') + 1;
	if (strncmp(at, device, sizeof(device) - 1))
		return false;
	at += sizeof(device) - 1;
	if (at == end)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		cpu = cpu * 10 + (unsigned int)(*at - '0');
		if (cpu >= MACHINE_MAX_CPUS)
			return false;
	}
	event->cpu = (uint16_t)cpu;
	return true;
}

int hotplug_next(int fd, struct hotplug_event *event)
{
	char message[MESSAGE_SIZE];

	for (;;) {
		struct sockaddr_nl from = { .nl_family = AF_NETLINK };
		socklen_t size = sizeof(from);
		ssize_t count =
			recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&from, &size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno == EAGAIN ? 0 : -errno;
		/* Anybody with the right to may send us a message; those of port 0 are the
		 * kernel's.
		 */
		if (!from.nl_pid && hotplug_parse(message, (size_t)count, event))
			return 1;
	}
}
