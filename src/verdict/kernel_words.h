/*
 * What has the guest's kernel said about itself? Readers of lines of its log and of its flags, for
 * causes and reports. A line may hold anything.
 */
#ifndef KTSTR_VERDICT_KERNEL_WORDS_H
#define KTSTR_VERDICT_KERNEL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TASK_COMM_LEN is 16; a comm is escaped where the kernel prints it, so that it may be longer here.
 */
struct oom_victim {
	unsigned int pid;
	char comm[64];
	bool cgroup; /* it was a memory cgroup that ran out, not the machine */
};

/*
 * kernel_words_oom - does this line of the log say that a task was killed for want of memory ("Out
 * of memory: Killed process 83 (tail) total-vm:...")?
 */
bool kernel_words_oom(const char *line, struct oom_victim *victim);

/*
 * kernel_words_taint - "W (warning)"; "flag 40" where we do not know it.
 * (Documentation/admin-guide/tainted-kernels.rst)
 */
void kernel_words_taint(unsigned int bit, char *out, size_t size);

#endif
