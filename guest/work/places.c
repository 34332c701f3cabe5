/* Where can a task run? See places.h. */
#include "places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"

#define NODES_MAX  1024
#define CACHES_MAX 8

/* The lowest CPU that shares the cache of the highest level. */
static uint16_t llc_of(const char *sys, unsigned int cpu)
{
	uint16_t list[MACHINE_MAX_CPUS], llc = (uint16_t)cpu;
	long highest = 0;
	char line[SYSFS_LINE];

	for (unsigned int i = 0; i < CACHES_MAX; i++) {
		long level;

		if (!sysfs_line(line, "%s/devices/system/cpu/cpu%u/cache/index%u/level", sys, cpu,
				i))
			break;
		level = strtol(line, NULL, 10);
		if (level <= highest ||
		    !sysfs_line(line, "%s/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list",
				sys, cpu, i) ||
		    cpulist_parse(line, list) < 1)
			continue;
		highest = level;
		llc = list[0];
	}
	return llc;
}

int places_read(const char *sys, struct places *places, struct failure *failure)
{
	uint16_t list[MACHINE_MAX_CPUS];
	char line[SYSFS_LINE];
	int count = -ENOENT;

	*places = (struct places){ 0 };
	if (sysfs_line(line, "%s/devices/system/cpu/online", sys))
		count = cpulist_parse(line, places->cpus);
	if (count < 1)
		return failure_set(failure, -ENOENT,
				   "CPUs: '%s/devices/system/cpu/online' holds no list of CPUs "
				   "below %d; mount sysfs at /sys",
				   sys, MACHINE_MAX_CPUS);
	places->nr_cpus = (uint16_t)count;
	for (int i = 0; i < count; i++) {
		CPU_SET(places->cpus[i], &places->online);
		places->llc[places->cpus[i]] = llc_of(sys, places->cpus[i]);
	}
	count = -ENOENT;
	if (sysfs_line(line, "%s/devices/system/node/online", sys))
		count = cpulist_parse(line, list);
	places->nr_nodes = count > 0 ? (uint16_t)count : 1;
	/* Without the folder (no CONFIG_NUMA) all are of node 0. */
	for (unsigned int node = 0; node < NODES_MAX; node++) {
		if (!sysfs_line(line, "%s/devices/system/node/node%u/cpulist", sys, node))
			continue;
		count = cpulist_parse(line, list);
		for (int i = 0; i < count; i++)
			places->node[list[i]] = (uint16_t)node;
	}
	return 0;
}

static uint16_t key(const struct places *places, enum places_unit unit, uint16_t cpu)
{
	return unit == PLACES_CPU ? cpu : unit == PLACES_LLC ? places->llc[cpu] : places->node[cpu];
}

void places_unit_set(const struct places *places, enum places_unit unit, const cpu_set_t *within,
		     unsigned int index, cpu_set_t *set)
{
	uint16_t keys[PLACES_MAX_CPUS];
	unsigned int nr = 0;

	CPU_ZERO(set);
	for (unsigned int i = 0; i < places->nr_cpus; i++) {
		uint16_t k = key(places, unit, places->cpus[i]);
		unsigned int at = 0;

		if (!CPU_ISSET(places->cpus[i], within))
			continue;
		while (at < nr && keys[at] != k)
			at++;
		if (at == nr)
			keys[nr++] = k;
	}
	for (unsigned int i = 0; nr && i < places->nr_cpus; i++)
		if (CPU_ISSET(places->cpus[i], within) &&
		    key(places, unit, places->cpus[i]) == keys[index % nr])
			CPU_SET(places->cpus[i], set);
}

int places_parse(const struct places *places, const char *what, const char *text, cpu_set_t *set,
		 struct failure *failure)
{
	uint16_t list[MACHINE_MAX_CPUS];
	char online[256];
	int count = cpulist_parse(text, list);

	if (count < 1 || strchr(text, '\n'))
		return failure_set(failure, -EINVAL,
				   "%s: '%s' is not an ascending list of CPUs, for one 0-3,8", what,
				   text);
	CPU_ZERO(set);
	for (int i = 0; i < count; i++) {
		if (!CPU_ISSET(list[i], &places->online))
			return failure_set(failure, -EINVAL,
					   "%s: '%s': no CPU %u is online here; there are %s", what,
					   text, list[i],
					   places_print(&places->online, online, sizeof(online)));
		CPU_SET(list[i], set);
	}
	return 0;
}

const char *places_print(const cpu_set_t *set, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int cpu = 0; cpu < PLACES_MAX_CPUS; cpu++) {
		unsigned int first = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (cpu + 1 < PLACES_MAX_CPUS && CPU_ISSET(cpu + 1, set))
			cpu++;
		if (used + 16 > size) {
			snprintf(text + used, size - used, ",...");
			break;
		}
		used += (size_t)snprintf(text + used, size - used,
					 first == cpu ? "%s%u" : "%s%u-%u", used ? "," : "", first,
					 cpu);
	}
	return text;
}
