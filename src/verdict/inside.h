/*
 * What did a guest show of itself when its test failed, read from outside while it stood still? All
 * of it may be absent, with why; all names in it are the guest's.
 */
#ifndef KTSTR_VERDICT_INSIDE_H
#define KTSTR_VERDICT_INSIDE_H

#include <stdint.h>

#include "inspect/machine.h"
#include "inspect/printk.h"
#include "util/error.h"

struct inside {
	struct inspect_machine *machine; /* owned; NULL: see why */
	char why[ERROR_TEXT_SIZE];	 /* "" as well where nobody looked */
	struct printk_log log;		 /* all that the kernel has said; none: see why_log */
	char why_log[ERROR_TEXT_SIZE];
	uint64_t at_ns;	  /* when it was looked at, host's CLOCK_MONOTONIC; 0: it was not */
	uint64_t took_ns; /* for how long it stood still for that */
};

/* Fine for a zeroed one, which it is afterwards. */
void inside_clear(struct inside *inside);

#endif
