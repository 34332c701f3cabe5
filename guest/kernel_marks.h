/*
 * What has the kernel done that a payload's exit status does not tell? Its taint flags, which a
 * warning sets, its count of processes that it killed for want of memory, the CPUs that it has, and
 * the time that was stolen from them.
 */
#ifndef KTSTR_GUEST_KERNEL_MARKS_H
#define KTSTR_GUEST_KERNEL_MARKS_H

#include <stdint.h>

#include "protocol.h"

/* As many CPUs as the host's topology has at most. */
#define KERNEL_MARKS_CPUS 1024

struct kernel_marks {
	int taint_fd, vmstat_fd, online_fd, stat_fd; /* -1: this kernel does not tell */
	/* At the opening. */
	uint64_t tainted, oom_kills;
	uint64_t stolen_ns; /* or KTSTR_NOT_TOLD */
	uint64_t online[KERNEL_MARKS_CPUS / 64];
};

/*
 * kernel_marks_open - remember what is there now. The files stay open: a payload may unmount /proc.
 * @proc, @sys: descriptors of /proc and /sys, or -1
 */
void kernel_marks_open(struct kernel_marks *marks, int proc, int sys);
void kernel_marks_close(struct kernel_marks *marks);

/* What has come since into @exited; 0, or KTSTR_NOT_TOLD, where the kernel does not tell. */
void kernel_marks_read(const struct kernel_marks *marks, struct ktstr_exited *exited);

/* The number behind "@name " at the start of a line of @text; 0 when there is none. */
uint64_t kernel_marks_find(const char *text, const char *name);

/* kernel_marks_stolen - steal time of all CPUs by the text of /proc/stat, ns; or KTSTR_NOT_TOLD */
uint64_t kernel_marks_stolen(const char *text);

/* kernel_marks_cpus - "0-3,8" as a set of bits; what is no list of CPUs, or too high, is left out.
 */
void kernel_marks_cpus(const char *text, uint64_t set[KERNEL_MARKS_CPUS / 64]);

#endif
