/*
 * What did the kernel say? All of its printk ring, also what no console ever showed. The ring's
 * layout is in VMCOREINFO, and in BTF (the ring: kernel/printk/printk_ringbuffer.c of the kernel).
 */
#ifndef KTSTR_INSPECT_PRINTK_H
#define KTSTR_INSPECT_PRINTK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/btf.h"
#include "inspect/inspect.h"

#define PRINTK_LEVEL_UNKNOWN 8u
#define PRINTK_PREFIX_SIZE   64

struct printk_record {
	uint64_t seq;	    /* counts from 0 at boot */
	uint64_t ts_ns;	    /* the guest's local_clock */
	uint32_t caller;    /* a thread's id */
	bool caller_is_cpu; /* caller is a CPU: said from an interrupt */
	unsigned int level; /* 0 (KERN_EMERG) to 7, or PRINTK_LEVEL_UNKNOWN */
	const char *text; /* of printk_log; the guest's bytes, several lines perhaps; ends in NUL */
	size_t size;	  /* without the NUL */
};

/* A record that is not here is counted in one of the last three. */
struct printk_log {
	struct printk_record *records; /* oldest first */
	size_t nr;
	char **texts; /* owned: what the records point into */
	size_t nr_texts;
	uint64_t older;	     /* left out, for want of room or time */
	uint64_t unfinished; /* whose writer had not come to its end */
	uint64_t broken;     /* that contradict themselves */
};

/*
 * printk_read - the newest records, as many as have @max_text bytes of text (each counts as 16
 * more)
 * @btf: the kernel's; NULL: none. Before the kernel has written VMCOREINFO, late in its boot, the
 *       layout is BTF's alone.
 * Returns 0; -ENOENT: no ring, or nothing says how it is laid out; -EINVAL: it is broken as a
 * whole; -ENOMEM; with a message. When the time is over, what was read so far is there.
 */
int printk_read(struct inspect *inspect, const struct btf *btf, size_t max_text,
		struct printk_log *log, struct error *err);
void printk_free(struct printk_log *log); /* a zeroed one is fine */

/* printk_prefix - "[   12.345678] [T123] ", with C for a CPU; @dst has PRINTK_PREFIX_SIZE bytes. */
void printk_prefix(const struct printk_record *record, char *dst);

#endif
