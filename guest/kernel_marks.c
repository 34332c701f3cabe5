/* What has the kernel done that a payload's exit status does not tell? See kernel_marks.h. */
#include "kernel_marks.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* /proc/vmstat has some 200 lines of less than 50 bytes. */
#define TEXT_SIZE 32768

uint64_t kernel_marks_find(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	}
	return 0;
}

uint64_t kernel_marks_stolen(const char *text)
{
	uint64_t ticks;

	/* "cpu user nice system idle iowait irq softirq steal ..." (proc(5)) */
	if (sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &ticks) != 1)
		return KTSTR_NOT_TOLD;
	return ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* From the start of the file, whose contents are made anew for each such read. */
static void read_all(int fd, char text[TEXT_SIZE])
{
	size_t used = 0;
	ssize_t count;

	while (fd >= 0 && used < TEXT_SIZE - 1 &&
	       (count = pread(fd, text + used, TEXT_SIZE - 1 - used, (off_t)used)) > 0)
		used += (size_t)count;
	text[used] = '\0';
}

void kernel_marks_cpus(const char *text, uint64_t set[KERNEL_MARKS_CPUS / 64])
{
	memset(set, 0, KERNEL_MARKS_CPUS / 8);
	while (*text >= '0' && *text <= '9') {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = first; cpu <= last && cpu < KERNEL_MARKS_CPUS; cpu++)
			set[cpu / 64] |= 1ull << cpu % 64;
		text = end + (*end == ',');
	}
}

static void read_now(const struct kernel_marks *marks, uint64_t *tainted, uint64_t *oom_kills,
		     uint64_t *stolen_ns, uint64_t online[KERNEL_MARKS_CPUS / 64])
{
	char text[TEXT_SIZE];

	read_all(marks->taint_fd, text);
	*tainted = strtoull(text, NULL, 10);
	read_all(marks->vmstat_fd, text);
	*oom_kills = kernel_marks_find(text, "oom_kill");
	read_all(marks->stat_fd, text);
	*stolen_ns = kernel_marks_stolen(text);
	read_all(marks->online_fd, text);
	kernel_marks_cpus(text, online);
}

void kernel_marks_open(struct kernel_marks *marks, int proc, int sys)
{
	marks->taint_fd = openat(proc, "sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	marks->vmstat_fd = openat(proc, "vmstat", O_RDONLY | O_CLOEXEC);
	marks->online_fd = openat(sys, "devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
	marks->stat_fd = openat(proc, "stat", O_RDONLY | O_CLOEXEC);
	read_now(marks, &marks->tainted, &marks->oom_kills, &marks->stolen_ns, marks->online);
}

void kernel_marks_close(struct kernel_marks *marks)
{
	if (marks->taint_fd >= 0)
		close(marks->taint_fd);
	if (marks->vmstat_fd >= 0)
		close(marks->vmstat_fd);
	if (marks->online_fd >= 0)
		close(marks->online_fd);
	if (marks->stat_fd >= 0)
		close(marks->stat_fd);
}

void kernel_marks_read(const struct kernel_marks *marks, struct ktstr_exited *exited)
{
	uint64_t tainted, kills, stolen_ns, online[KERNEL_MARKS_CPUS / 64];
	bool tells = false;

	read_now(marks, &tainted, &kills, &stolen_ns, online);
	/* We run on one of them. */
	for (size_t i = 0; i < KERNEL_MARKS_CPUS / 64; i++)
		tells |= online[i] != 0;
	exited->tainted = tainted & ~marks->tainted;
	exited->oom_kills = kills > marks->oom_kills ? kills - marks->oom_kills : 0;
	exited->stolen_ns = KTSTR_NOT_TOLD;
	if (marks->stolen_ns != KTSTR_NOT_TOLD && stolen_ns != KTSTR_NOT_TOLD)
		exited->stolen_ns = stolen_ns > marks->stolen_ns ? stolen_ns - marks->stolen_ns : 0;
	exited->cpus_lost = exited->cpu_lost = 0;
	for (unsigned int cpu = 0; tells && cpu < KERNEL_MARKS_CPUS; cpu++)
		if ((marks->online[cpu / 64] & ~online[cpu / 64]) >> cpu % 64 & 1 &&
		    !exited->cpus_lost++)
			exited->cpu_lost = cpu;
}
