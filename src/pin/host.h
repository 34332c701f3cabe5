/* What CPUs, caches and nodes does this host have, of those that we may use? */
#ifndef KTSTR_PIN_HOST_H
#define KTSTR_PIN_HOST_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* The most that Linux is built for on x86 (NR_CPUS, NODES_SHIFT 10). */
#define PIN_MAX_CPUS  8192
#define PIN_MAX_NODES 1024

/* Each group is named by its lowest CPU, which may be one that we cannot use. */
struct pin_cpu {
	unsigned int id;
	unsigned int node;
	unsigned int llc;  /* the CPUs behind one cache of the highest level */
	unsigned int core; /* the threads of one core */
};

struct pin_node {
	unsigned int id;
	uint64_t mib;	 /* of memory, free or not; 0: the host does not tell */
	bool has_memory; /* that a cpuset leaves us */
	bool has_cpus;	 /* that are online, ours or not */
};

struct pin_host {
	struct pin_cpu *cpus; /* online and allowed; by node, LLC, core and id; owned */
	size_t nr_cpus;
	struct pin_node *nodes; /* those that are online, with CPUs of ours or not; by id; owned */
	size_t nr_nodes;
};

/*
 * pin_host_read - from /sys/devices/system and /proc/self below @root, "" but for tests. Where
 * there is no cache to be read, as in many a virtual machine, a package counts as an LLC; where
 * there are no nodes, all is node 0.
 * @allowed: the CPUs that we may use, @count bits
 * Returns 0; -ENOENT: a file that is needed is not there; -EPROTO: one does not say what it should;
 * -ENOMEM; with a message. @host is to be freed in either case.
 */
int pin_host_read(const char *root, const cpu_set_t *allowed, int count, struct pin_host *host,
		  struct error *err);
void pin_host_free(struct pin_host *host);

#endif
