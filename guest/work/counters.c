/* What does the kernel itself count of a task? See counters.h. */
#include "counters.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of the files of one task: each is some 1 to 3 KiB. */
#define FILE_MAX 8192

/*
 * The whole of one file of the task, at once: a look at many tasks is most of what the measuring
 * costs, and the kernel makes such a file anew for each part that is read. False where there is
 * none.
 */
static bool read_of(pid_t pid, pid_t tid, const char *name, char text[FILE_MAX])
{
	char path[96];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/%s", (long)pid, (long)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, FILE_MAX - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* The number behind the line's @name and a colon. */
static bool number_of(const char *text, const char *name, uint64_t *number)
{
	const char *line = strstr(text, name), *colon;

	/* Names end in others' names: it begins its line. */
	while (line && line != text && line[-1] != '\n')
		line = strstr(line + 1, name);
	colon = line ? strchr(line, ':') : NULL;
	if (!colon)
		return false;
	*number = strtoull(colon + 1, NULL, 10);
	return true;
}

/* The clock of a process: CPUCLOCK_SCHED of linux/posix-timers.h; exact, where files are late. */
static void read_clock(pid_t pid, struct counters *counters)
{
	struct timespec used;

	if (clock_gettime((clockid_t)((~(unsigned int)pid << 3) | 2), &used))
		return;
	counters->run_ns = (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
	counters->has_run = true;
}

/* "run delay timeslices" (Documentation/scheduler/sched-stats.rst) */
static void read_schedstat(const char *text, struct counters *counters)
{
	uint64_t run, delay;

	if (sscanf(text, "%" SCNu64 " %" SCNu64, &run, &delay) != 2)
		return;
	if (!counters->has_run)
		counters->run_ns = run;
	counters->delay_ns = delay;
	counters->has_run = counters->has_delay = true;
}

/* kernel/sched/debug.c, proc_sched_show_task: the switches as well, so that one file does. */
static void read_sched(const char *text, struct counters *counters)
{
	counters->has_migrations = number_of(text, "se.nr_migrations ", &counters->migrations);
	counters->has_switches = number_of(text, "nr_voluntary_switches ", &counters->voluntary) &&
				 number_of(text, "nr_involuntary_switches ", &counters->forced);
}

static void read_status(const char *text, struct counters *counters)
{
	counters->has_switches =
		number_of(text, "voluntary_ctxt_switches:", &counters->voluntary) &&
		number_of(text, "nonvoluntary_ctxt_switches:", &counters->forced);
}

void counters_read(pid_t pid, pid_t tid, struct counters *counters)
{
	char text[FILE_MAX];

	*counters = (struct counters){ 0 };
	if (pid == tid)
		read_clock(pid, counters);
	if (read_of(pid, tid, "schedstat", text))
		read_schedstat(text, counters);
	if (read_of(pid, tid, "sched", text))
		read_sched(text, counters);
	if (!counters->has_switches && read_of(pid, tid, "status", text))
		read_status(text, counters);
}

uint64_t counters_stolen(int cpu)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long ticks, found = 0;
	char line[1024], name[16] = "cpu";

	if (cpu >= 0)
		snprintf(name, sizeof(name), "cpu%d", cpu);
	/* "cpu user nice system idle iowait irq softirq steal" (proc(5)) */
	while (file && fgets(line, sizeof(line), file) && !strncmp(line, "cpu", 3))
		if (!strncmp(line, name, strcspn(line, " ")) &&
		    strlen(name) == strcspn(line, " ") &&
		    sscanf(line, "%*s %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) == 1)
			found = ticks;
	if (file)
		fclose(file);
	return found * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

struct counters counters_since(const struct counters *now, const struct counters *before)
{
	return (struct counters){
		.run_ns = since(now->run_ns, before->run_ns),
		.delay_ns = since(now->delay_ns, before->delay_ns),
		.voluntary = since(now->voluntary, before->voluntary),
		.forced = since(now->forced, before->forced),
		.migrations = since(now->migrations, before->migrations),
		.has_run = now->has_run && before->has_run,
		.has_delay = now->has_delay && before->has_delay,
		.has_switches = now->has_switches && before->has_switches,
		.has_migrations = now->has_migrations && before->has_migrations,
	};
}
