/* What does the kernel itself count of a task? See counters.h. */
#include "counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static FILE *open_of(pid_t pid, pid_t tid, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/%s", (long)pid, (long)tid, name);
	return fopen(path, "re");
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
static void read_schedstat(FILE *file, struct counters *counters)
{
	uint64_t run, delay;

	if (fscanf(file, "%" SCNu64 " %" SCNu64, &run, &delay) != 2)
		return;
	if (!counters->has_run)
		counters->run_ns = run;
	counters->delay_ns = delay;
	counters->has_run = counters->has_delay = true;
}

static void read_status(FILE *file, struct counters *counters)
{
	char line[256];
	unsigned int found = 0;

	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "voluntary_ctxt_switches:", 24)) {
			counters->voluntary = strtoull(line + 24, NULL, 10);
			found |= 1;
		} else if (!strncmp(line, "nonvoluntary_ctxt_switches:", 27)) {
			counters->forced = strtoull(line + 27, NULL, 10);
			found |= 2;
		}
	}
	counters->has_switches = found == 3;
}

static void read_sched(FILE *file, struct counters *counters)
{
	char line[256];

	while (!counters->has_migrations && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "se.nr_migrations", 16) || !colon)
			continue;
		counters->migrations = strtoull(colon + 1, NULL, 10);
		counters->has_migrations = true;
	}
}

void counters_read(pid_t pid, pid_t tid, struct counters *counters)
{
	static const struct {
		const char *name;
		void (*read)(FILE *file, struct counters *counters);
	} files[] = { { "schedstat", read_schedstat },
		      { "status", read_status },
		      { "sched", read_sched } };

	*counters = (struct counters){ 0 };
	if (pid == tid)
		read_clock(pid, counters);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *file = open_of(pid, tid, files[i].name);

		if (!file)
			continue;
		files[i].read(file, counters);
		fclose(file);
	}
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
