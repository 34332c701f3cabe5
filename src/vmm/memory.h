/* What RAM does the guest have, where does it lie, and which NUMA node is it of? */
#ifndef KTSTR_VMM_MEMORY_H
#define KTSTR_VMM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "plan/topology.h"
#include "util/error.h"
#include "util/extents.h"

/* One stretch of guest RAM that is contiguous and of one node. */
struct memory_range {
	uint64_t gpa;
	uint64_t size;
	unsigned int node;
};

/* Each node has one range, and the one that spans the hole has two. */
#define MEMORY_MAX_RANGES (TOPOLOGY_MAX_CPUS + 1)

/* Bytes that RAM begins with, as a private view: what is written goes nowhere else. */
struct memory_source {
	int fd;		 /* of the bytes; the caller's, needed no longer than here */
	uint64_t offset; /* of RAM in it, a multiple of the page size */
	/*
	 * The parts that are taken from it, in RAM's offsets; NULL: all. What is not is zero, and
	 * costs the file nothing: a hole of a memfd that is touched would become a page of it.
	 */
	const struct extents *extents;
};

/* More than any Linux has. */
#define MEMORY_HOST_NODES 1024

struct guest_memory {
	uint8_t *host;	   /* the whole of RAM, one mapping: low part first, then the high part */
	uint64_t size;	   /* bytes */
	uint64_t low_size; /* bytes from guest-physical 0; the rest begins at high_gpa */
	uint64_t high_gpa;
	/*
	 * What it began with in a file: such a page may hold something though nobody has touched it
	 * here. Owned.
	 */
	struct extents in_file;
	size_t nr_ranges;
	struct memory_range ranges[MEMORY_MAX_RANGES]; /* ascending by gpa */
};

/*
 * guest_memory_create - reserve @mib MiB for the guest (pages come as the guest touches them).
 * @source: NULL: zeroes, in huge pages where the host has them
 * Whether the host can spare that much is for the caller to ask (src/host/memory.h).
 * Returns 0, -ENOMEM when there is no such mapping, -EINVAL when @mib is too small to split.
 */
int guest_memory_create(struct guest_memory *memory, const struct topology *topology, uint64_t mib,
			const struct memory_source *source, struct error *err);

/*
 * guest_memory_bind - @nodes: of the host, for each of the guest's (below MEMORY_HOST_NODES).
 * Before a byte of it is touched. Returns 0 or what mbind says, with a message.
 */
int guest_memory_bind(const struct guest_memory *memory, const unsigned int *nodes,
		      struct error *err);
void guest_memory_destroy(struct guest_memory *memory);

/* The host's address of [gpa, gpa + size), or NULL when that is not wholly inside one part of RAM.
 */
void *guest_memory_at(const struct guest_memory *memory, uint64_t gpa, uint64_t size);

#endif
