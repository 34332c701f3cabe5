/*
 * What has the kernel done that a payload's exit status does not tell? Its taint flags, which a
 * warning sets, and its count of processes that it killed for want of memory.
 */
#ifndef KTSTR_GUEST_KERNEL_MARKS_H
#define KTSTR_GUEST_KERNEL_MARKS_H

#include <stdint.h>

struct kernel_marks {
	int taint_fd, vmstat_fd;     /* -1: this kernel does not tell */
	uint64_t tainted, oom_kills; /* at the opening */
};

/*
 * kernel_marks_open - remember what is there now. The files stay open: a payload may unmount /proc.
 * @proc: a descriptor of /proc, or -1
 */
void kernel_marks_open(struct kernel_marks *marks, int proc);
void kernel_marks_close(struct kernel_marks *marks);

/* What has been added since; 0 where the kernel does not tell. */
void kernel_marks_read(const struct kernel_marks *marks, uint64_t *tainted, uint64_t *oom_kills);

/* The number behind "@name " at the start of a line of @text; 0 when there is none. */
uint64_t kernel_marks_find(const char *text, const char *name);

#endif
