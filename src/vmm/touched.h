/*
 * Which pages of its memory does a fork touch until its payload starts? All forks of a base touch
 * nearly the same ones, each at the price of an exit. So the first fork notes them, and those that
 * follow are given them all at once. Only speed hangs on it.
 */
#ifndef KTSTR_VMM_TOUCHED_H
#define KTSTR_VMM_TOUCHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pages of 4 KiB, one behind the other. */
struct touched_run {
	uint32_t page;	/* the number of the first, in RAM (struct guest_memory) */
	uint32_t count; /* at least 1 */
	uint32_t written;
};

/* What does not fit is left out, and so are huge pages that were written. */
#define TOUCHED_MAX_RUNS  2700u
/* Each fork has these as its own from the start: 8 MiB. A large cargo fills many more. */
#define TOUCHED_MAX_PAGES 2048u

/* In memory that processes share which have it from one another by fork(2). */
struct touched {
	atomic_uint state; /* TOUCHED_; a process that dies while it notes leaves it unknown */
	uint32_t nr_runs;
	struct touched_run runs[TOUCHED_MAX_RUNS];
};

enum { TOUCHED_UNKNOWN, TOUCHED_BEING_NOTED, TOUCHED_KNOWN };

/* touched_new - unknown. Returns NULL where there is no memory for it. */
struct touched *touched_new(void);
void touched_free(struct touched *touched); /* NULL is fine */

/* Is something known? Of NULL nothing is. */
bool touched_is_known(const struct touched *touched);

/*
 * touched_set - to @count runs, wherever they come from, of a RAM of @ram_size bytes.
 * Returns 0; -EPROTO: they are not within it, or too many.
 */
int touched_set(struct touched *touched, const struct touched_run *runs, size_t count,
		uint64_t ram_size);

/*
 * touched_note - what this process has touched of @size bytes at @host, a private mapping: as far
 * as the host's kernel tells (PAGEMAP_SCAN, Linux 6.7), and if nobody else has noted it.
 */
void touched_note(struct touched *touched, const void *host, uint64_t size);

/* touched_populate - make the pages that will be written those of the mapping at @host. */
void touched_populate(const struct touched *touched, void *host);

#endif
