/* What does this machine have, and how much of it do we take? See machine.h. */
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RING_MIN  (64ull << 10)
#define RING_MAX  (8ull << 20)
#define SPOOL_MIN (1ull << 20)

static const char meminfo_path[] = "/proc/meminfo";

/* A CPU number at *@text, which moves behind it. */
static int cpu_number(const char **text)
{
	int value = 0;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	while (**text >= '0' && **text <= '9') {
		value = value * 10 + (*(*text)++ - '0');
		if (value >= MACHINE_MAX_CPUS)
			return -EINVAL;
	}
	return value;
}

int cpulist_parse(const char *text, uint16_t cpus[MACHINE_MAX_CPUS])
{
	int count = 0, first, last, previous = -1;

	do {
		first = last = cpu_number(&text);
		if (first >= 0 && *text == '-') {
			text++;
			last = cpu_number(&text);
		}
		/* Ascending, so that there are never more of them than numbers. */
		if (first <= previous || last < first)
			return -EINVAL;
		for (previous = last; first <= last; first++)
			cpus[count++] = (uint16_t)first;
	} while (*text++ == ',');
	text--;
	return !strcmp(text, "\n") || !*text ? count : -EINVAL;
}

static int read_cpus(const char *path, uint16_t cpus[MACHINE_MAX_CPUS], struct failure *failure)
{
	char text[4096];
	FILE *file = fopen(path, "re");
	int count;

	if (!file)
		return failure_set(failure, -errno,
				   "CPUs: cannot open '%s': %s; mount sysfs at /sys", path,
				   strerror(errno));
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	count = cpulist_parse(text, cpus);
	if (count < 0)
		return failure_set(failure, count, "CPUs: '%s' is not a list of CPUs below %d",
				   path, MACHINE_MAX_CPUS);
	return count;
}

int machine_possible_cpus(uint16_t cpus[MACHINE_MAX_CPUS], struct failure *failure)
{
	return read_cpus("/sys/devices/system/cpu/possible", cpus, failure);
}

int machine_present_cpus(uint16_t cpus[MACHINE_MAX_CPUS], struct failure *failure)
{
	return read_cpus("/sys/devices/system/cpu/present", cpus, failure);
}

int machine_available_memory(uint64_t *bytes, struct failure *failure)
{
	FILE *file = fopen(meminfo_path, "re");
	unsigned long long kb = 0;
	char line[128];

	if (!file)
		return failure_set(failure, -errno,
				   "memory: cannot open '%s': %s; mount proc at /proc",
				   meminfo_path, strerror(errno));
	while (!kb && fgets(line, sizeof(line), file))
		if (!strncmp(line, "MemAvailable:", 13))
			kb = strtoull(line + 13, NULL, 10);
	fclose(file);
	if (!kb || kb > UINT64_MAX >> 10)
		return failure_set(failure, -EINVAL, "memory: '%s' gives no MemAvailable",
				   meminfo_path);
	*bytes = kb << 10;
	return 0;
}

uint64_t machine_clock_ns(int clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t machine_boottime_offset(void)
{
	uint64_t tightest = UINT64_MAX, offset = 0;
	int i;

	/* The closest of a few tries: an interrupt may hit between two readings. */
	for (i = 0; i < 32; i++) {
		uint64_t before = machine_clock_ns(CLOCK_MONOTONIC);
		uint64_t boot = machine_clock_ns(CLOCK_BOOTTIME);
		uint64_t after = machine_clock_ns(CLOCK_MONOTONIC);

		if (after - before >= tightest)
			continue;
		tightest = after - before;
		/* Equal within the precision of looking: a machine that never slept. */
		offset = boot <= after ? 0 : boot - before - tightest / 2;
	}
	return offset;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct sizes sizes_plan(uint64_t asked, uint64_t available, uint64_t disk, unsigned int cpus)
{
	struct sizes sizes = { .ring = RING_MAX };
	uint64_t share = min(asked, available / 16) / cpus;

	while (sizes.ring > share && sizes.ring > RING_MIN)
		sizes.ring >>= 1;
	sizes.spool = min(min(asked, available / 4), disk / 2);
	if (sizes.spool < SPOOL_MIN)
		sizes.spool = SPOOL_MIN;
	return sizes;
}
