/* Which file of a process does an address lie in? */
#ifndef KTSTR_SYMBOLIZE_MAPS_H
#define KTSTR_SYMBOLIZE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 65530 mappings, the kernel's default bound, with paths of 1 KiB each. */
#define MAPS_MAX_BYTES (64ul << 20)
#define VDSO_MAX_BYTES (1ul << 20)

struct mapping {
	uint64_t start, end;
	uint64_t offset; /* of @start in the file */
	bool executable;
	bool deleted;	  /* @name is where the file was */
	const char *name; /* as the kernel prints it: a path, "[heap]", or "" */
};

struct process_maps {
	char proc[24]; /* "/proc/PID" */
	char *text;
	struct mapping *mappings; /* sorted by address */
	size_t count;
};

/*
 * process_maps_read - the mappings of process @pid; 0: our own.
 * Returns 0 and what process_maps_free takes; -ESRCH when the process is gone or has no memory (it
 * has ended, it is the kernel's); or what opening and reading returned.
 */
int process_maps_read(uint32_t pid, struct process_maps **out);

/* process_maps_parse - the same of @text, which it owns from then on; text[size] is a NUL. */
int process_maps_parse(char *text, size_t size, struct process_maps **out);

void process_maps_free(struct process_maps *maps);

/* process_maps_find - the mapping that has @address, or NULL. */
const struct mapping *process_maps_find(const struct process_maps *maps, uint64_t address);

/*
 * process_maps_open - the mapped file: by way of map_files, which needs privileges and knows also
 * deleted ones, else by its path in the root of the process.
 * Returns a file descriptor or -errno.
 */
int process_maps_open(const struct process_maps *maps, const struct mapping *mapping,
		      bool no_map_files);

/*
 * process_maps_vdso - the bytes of the vDSO that @mapping is, out of the memory of the process, or
 * where that is not permitted our own, which the same kernel has given us. The caller frees
 * *@image. Returns 0 or -errno.
 */
int process_maps_vdso(const struct process_maps *maps, const struct mapping *mapping, void **image,
		      size_t *size);

#endif
