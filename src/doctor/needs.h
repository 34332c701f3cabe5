/*
 * What must a guest's kernel be built with, for which part, and what will not work without it? The
 * one table of it, from which the README's is taken (doctor --needs).
 */
#ifndef KTSTR_DOCTOR_NEEDS_H
#define KTSTR_DOCTOR_NEEDS_H

#include <stddef.h>
#include <stdio.h>

/* A kernel's version, to be compared. */
#define NEED_VERSION(major, minor) ((unsigned int)(major) << 8 | (minor))

enum need_part {
	NEED_RUN, /* without it no run can succeed */
	NEED_CPUS,
	NEED_NUMA,
	NEED_CONSOLE,
	NEED_PAYLOAD,
	NEED_TRACER,
	NEED_WPROF,
	NEED_SCHED_EXT,
	NEED_PARTS,
};

enum need_want {
	NEED_BUILT_IN,
	NEED_OFF,
	NEED_CPU_COUNT, /* a number, of at least the topology's CPUs */
};

struct need {
	const char *option;  /* without "CONFIG_" */
	const char *without; /* a clause: what happens when it is not as it should be */
	enum need_part part;
	enum need_want want;
	/* Kernels before this NEED_VERSION have no such option, and what it stands for always. */
	unsigned int always_before;
	unsigned int since; /* kernels before this NEED_VERSION do not have it at all */
};

extern const struct need needs[];
extern const size_t nr_needs;

/* wprof is not known to run on older kernels (guest/bpf_needs.c says the same inside). */
#define NEED_WPROF_VERSION NEED_VERSION(6, 6)

/* "any run", "NUMA nodes" and so on. */
const char *need_part_name(enum need_part part);

/* The table in Markdown. */
void needs_print(FILE *out);

#endif
