/*
 * What does each pinned variant take of this host, and can it have that now? Its CPUs are taken
 * before its process begins, so that none sits there and waits for another of the same suite.
 */
#ifndef KTSTR_SUITE_PINS_H
#define KTSTR_SUITE_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "pin/pin.h"
#include "suite/variants.h"
#include "util/error.h"

struct pins {
	const struct variants *variants;
	struct pin_host host;
	/* By variant: CPUs of the host, whole cores as they are planned where all are free. 0: it
	 * is not pinned, or can never be here, waits for nothing, and says so itself. */
	unsigned int *cpus;
	struct pin taken; /* for the next process; lock_fd -1: nothing */
};

/*
 * pins_init - @options: the suite's; a variant's own go before. The host is read where one is
 * pinned; what cannot be read is told by each that is. Returns 0 or -ENOMEM. To be destroyed in
 * either case.
 */
int pins_init(struct pins *pins, const struct variants *variants, const struct run_options *options,
	      struct error *err);
void pins_destroy(struct pins *pins);

/*
 * pins_take - the variant's CPUs, into @taken. Returns false where others have too much now; true
 * where they are taken, and where it has to find out by itself what is wrong.
 */
bool pins_take(struct pins *pins, size_t variant);

/* pins_give_back - once the process has begun that they are for, or did not come about. */
void pins_give_back(struct pins *pins);

#endif
