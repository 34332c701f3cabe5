/*
 * What has the guest's kernel said about itself? Readers of its log and flags, for causes and
 * reports. The log is hostile: a payload can write to it, and may have said all of it.
 */
#ifndef KTSTR_VERDICT_KERNEL_WORDS_H
#define KTSTR_VERDICT_KERNEL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/tail.h"

/* TASK_COMM_LEN is 16; a comm is escaped where the kernel prints it, so that it may be longer here.
 */
struct oom_victim {
	unsigned int pid;
	char comm[64];
	bool cgroup; /* it was a memory cgroup that ran out, not the machine */
};

/*
 * kernel_words_oom - the last task that the log says was killed for want of memory ("Out of memory:
 * Killed process 83 (tail) ..."). Returns whether there is one.
 */
bool kernel_words_oom(const struct tail *log, struct oom_victim *victim);

/*
 * kernel_words_taint - "W (warning), L (soft lockup)"; bits that we do not know by their number.
 * (Documentation/admin-guide/tainted-kernels.rst)
 */
void kernel_words_taint(uint64_t flags, char *out, size_t size);

/*
 * kernel_words_warning - the last line of the log that tells of a warning, a bug or an oops,
 * without its time, printable. Returns whether there is one.
 */
bool kernel_words_warning(const struct tail *log, char *out, size_t size);

#endif
