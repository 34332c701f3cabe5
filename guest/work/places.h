/* Where can a task run? The CPUs that are online, with their LLC and their NUMA node, from sysfs.
 */
#ifndef KTSTR_WORK_PLACES_H
#define KTSTR_WORK_PLACES_H

#include <sched.h>
#include <stdint.h>

#include "../tracer/machine.h"
#include "trace/failure.h"

/* As many as a cpu_set_t has bits. */
#define PLACES_MAX_CPUS	 MACHINE_MAX_CPUS
/* Of which a task notes its time. Higher ones are no more than other nodes. */
#define PLACES_MAX_NODES 64

struct places {
	uint16_t nr_cpus; /* online */
	uint16_t cpus[PLACES_MAX_CPUS];
	/* By number of the CPU: the lowest CPU of its LLC (itself, where sysfs tells of no cache);
	 * its node. */
	uint16_t llc[PLACES_MAX_CPUS];
	uint16_t node[PLACES_MAX_CPUS];
	cpu_set_t online;
	uint16_t
		nr_nodes; /* NUMA nodes, those with memory alone too; 1 where the kernel has none */
};

/* @sys: "/sys", or another tree of that form. */
int places_read(const char *sys, struct places *places, struct failure *failure);

/* What is a unit of affinity: the CPUs of @places whose key is the same. */
enum places_unit { PLACES_CPU, PLACES_LLC, PLACES_NODE };

/* places_unit_set - unit number @index (modulo how many there are) of those with a CPU in @within.
 */
void places_unit_set(const struct places *places, enum places_unit unit, const cpu_set_t *within,
		     unsigned int index, cpu_set_t *set);

/*
 * places_parse - a list of CPUs ("0-3,8") of which each is online. @what begins the sentence.
 */
int places_parse(const struct places *places, const char *what, const char *text, cpu_set_t *set,
		 struct failure *failure);

/* places_print - a set as a list; returns @text. */
const char *places_print(const cpu_set_t *set, char *text, size_t size);

#endif
