/*
 * PID 1 of the guest: what happens, in order, from the kernel's exec to power-off? Everything it
 * learns goes to the host through the channel; it never returns, a kernel without init panics.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "cargo.h"
#include "channel.h"
#include "clock.h"
#include "flight.h"
#include "handover.h"
#include "job.h"
#include "limits.h"
#include "metrics.h"
#include "modules.h"
#include "mounts.h"
#include "payload.h"
#include "replace.h"
#include "scheduler.h"
#include "session.h"
#include "tracer.h"

#define WHY_SIZE 256

/* CPUs of a mask, in words: as many as x86 kernels have (NR_CPUS). */
#define MASK_WORDS (8192 / (8 * sizeof(unsigned long)))

/* To the console, which an initramfs without /dev/console has not given us. */
static void console_say(const char *line)
{
	char text[WHY_SIZE + 32];
	int length = snprintf(text, sizeof(text), "%s\n", line);
	int fd;

	if (write(STDOUT_FILENO, text, (size_t)length) == length)
		return;
	mkdir("/dev", 0755);
	mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
	fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, text, (size_t)length) == length)
		tcdrain(fd);
	close(fd);
}

static _Noreturn void power_off(void)
{
	tcdrain(STDOUT_FILENO);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static _Noreturn void power_off_without_channel(const char *why)
{
	char line[WHY_SIZE + 16];

	snprintf(line, sizeof(line), "ktstr-init: %s", why);
	console_say(line);
	power_off();
}

/* By system call: /sys is not there yet. */
static uint32_t count_nodes(void)
{
	unsigned long nodes[1024 / (8 * sizeof(long))] = { 0 }; /* as many as x86 kernels have */
	uint32_t count = 0;

	if (syscall(SYS_get_mempolicy, NULL, nodes, 8 * sizeof(nodes), NULL, MPOL_F_MEMS_ALLOWED))
		return 1;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		count += (uint32_t)__builtin_popcountl(nodes[i]);
	return count;
}

/*
 * Those that are online, whichever of them are ours: isolcpus= takes some out of PID 1's mask, by
 * which libraries count. By system call, and so that what we start gets the mask as it was.
 */
static uint32_t count_cpus(void)
{
	unsigned long ours[MASK_WORDS], cpus[MASK_WORDS];
	uint32_t count = 0;
	long ours_size, size;

	ours_size = syscall(SYS_sched_getaffinity, 0, sizeof(ours), ours);
	memset(cpus, 0xff, sizeof(cpus));
	syscall(SYS_sched_setaffinity, 0, sizeof(cpus), cpus);
	size = syscall(SYS_sched_getaffinity, 0, sizeof(cpus), cpus);
	if (ours_size > 0)
		syscall(SYS_sched_setaffinity, 0, (size_t)ours_size, ours);
	for (long i = 0; i < size / (long)sizeof(cpus[0]); i++)
		count += (uint32_t)__builtin_popcountl(cpus[i]);
	return count;
}

static void say_hello(struct guest_channel *channel)
{
	struct ktstr_hello hello = {
		.version = KTSTR_PROTOCOL_VERSION,
		.cpus_online = count_cpus(),
		.nodes_online = count_nodes(),
		.boottime_ns = clock_boottime_ns(),
	};
	struct utsname name;

	if (!uname(&name))
		memcpy(hello.release, name.release,
		       strnlen(name.release, sizeof(hello.release) - 1));
	guest_channel_send(channel, KTSTR_HELLO, &hello, sizeof(hello));
}

static void bring_up_loopback(struct guest_channel *channel)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return; /* a kernel without IPv4 */
	if (!ioctl(fd, SIOCGIFFLAGS, &request)) {
		request.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request))
			guest_channel_log(channel, "cannot bring up lo: %s", strerror(errno));
	}
	close(fd);
}

static void set_oom_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, score, strlen(score)) < 0) {
		/* then memory may run out under us, as under all others */
	}
	close(fd);
}

/*
 * What is tested here is schedulers: one that is stuck, or a payload of a real-time class, must not
 * keep us from heartbeats and time limits. Our children start in the normal class again. By system
 * call: musl's function of this name does nothing.
 */
static void run_before_all(struct guest_channel *channel)
{
	struct sched_param first = { .sched_priority = 99 };

	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first))
		guest_channel_log(channel, "init keeps the normal scheduling class: %s",
				  strerror(errno));
}

/* All is there that is the same for every job: wait for ours, and unpack it. */
static int take_job(struct guest_channel *channel, struct job *job, char *why, size_t why_size)
{
	const struct ktstr_ready ready = { .boottime_ns = clock_boottime_ns() };
	const struct ktstr_handover *handover = &channel->header->handover;
	int ret;

	guest_channel_send(channel, KTSTR_READY, &ready, sizeof(ready));
	guest_channel_wait_for_job(channel);
	ret = handover_take(channel, why, why_size);
	if (ret)
		return ret;
	ret = cargo_take(handover->cargo_gpa, handover->cargo_size, why, why_size);
	if (ret)
		return ret;
	mounts_unless_filled(channel);
	return job_load(job, KTSTR_JOB_PATH, why, why_size);
}

/* Job and tracer, and the kernel log behind them. What stops us here goes to the host as a line. */
static void run(struct guest_channel *channel, struct kmsg *kmsg, struct flight_recorder *flight)
{
	char why[WHY_SIZE];
	struct session session;
	struct job job;

	if (take_job(channel, &job, why, sizeof(why))) {
		guest_channel_log(channel, "%s", why);
		return;
	}
	if (flight)
		flight_say(flight, channel);
	if (session_open(&session, channel, &job, kmsg, why, sizeof(why))) {
		guest_channel_log(channel, "%s", why);
		goto out;
	}
	session.flight = flight;
	if (modules_load(&session, why, sizeof(why))) {
		kmsg_read(kmsg, KMSG_AT_END);
		kmsg_send(kmsg, channel);
		guest_channel_log(channel, "%s", why);
		goto close;
	}
	if (job.tracer) {
		session.tracer.args = job.tracer_args;
		tracer_start(&session);
	}
	metrics_begin(&session);
	if (scheduler_setup(&session) || scheduler_start(&session))
		tracer_interrupt(&session);
	else
		payload_run(&session);
	tracer_finish(&session);
	kmsg_read(kmsg, KMSG_AT_END);
	kmsg_send(kmsg, channel);
close:
	session_close(&session);
out:
	job_destroy(&job);
}

int main(int argc, char **argv)
{
	static struct guest_channel channel;
	static struct kmsg kmsg;
	static struct flight_recorder flight;
	const char *record = getenv(KTSTR_RECORD_PARAM);
	char why[WHY_SIZE];
	void *region;

	/* Before the next question: a container's PID 1 may want a scheduler replaced as well. */
	if (replace_is_meant(argv[0]))
		return replace_main(argc, argv);
	if (getpid() != 1) {
		/* It would kill every process that it sees. */
		fprintf(stderr, "ktstr-init: runs only as PID 1 of a guest\n");
		return 1;
	}
	if (getenv(KTSTR_HELLO_PARAM))
		console_say(KTSTR_HELLO_LINE);

	umask(022);
	setsid(); /* session 0 is then the kernel's alone: process_kill_all tells by it */
	mounts_dev();
	if (guest_channel_map(&region, why, sizeof(why)) ||
	    guest_channel_init(&channel, region, guest_channel_doorbell, why, sizeof(why)))
		power_off_without_channel(why);
	say_hello(&channel);

	mounts_all(&channel);
	if (record)
		flight_open(&flight, record);
	limits_set(&channel);
	set_oom_score("-1000");
	run_before_all(&channel);
	bring_up_loopback(&channel);
	if (sethostname("ktstr", 5))
		guest_channel_log(&channel, "cannot set the hostname: %s", strerror(errno));
	if (kmsg_open(&kmsg, open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC))) {
		guest_channel_log(&channel, "no memory for the kernel log");
	} else {
		/* What the boot has said is read once, and not by each copy of this machine. */
		kmsg_read(&kmsg, KMSG_AT_END);
		run(&channel, &kmsg, record ? &flight : NULL);
		kmsg_close(&kmsg);
	}

	/* The host may end the machine at this frame. */
	guest_channel_send(&channel, KTSTR_BYE, NULL, 0);
	power_off();
}
