/* On which NUMA node does most of a process's own memory lie? */
#ifndef KTSTR_WORK_NODE_MEMORY_H
#define KTSTR_WORK_NODE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct node_memory {
	bool known;    /* the file was there */
	uint16_t node; /* the one with the most of it, the lowest of equals */
	uint64_t kib;  /* on all nodes */
};

/*
 * node_memory_read - @path: /proc/PID/numa_maps (needs CONFIG_NUMA and CONFIG_PROC_PAGE_MONITOR).
 * Counted are anonymous pages of mappings that no other process shares: what is left of the parent
 * that it was forked from, and what all tasks write their notes to, is not its own.
 */
void node_memory_read(const char *path, struct node_memory *memory);

#endif
