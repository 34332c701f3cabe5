/*
 * Where do encoded events wait until the recording ends? In a file of bounded size, in segments:
 * one is a run of one CPU's events, and becomes one packet of the trace. When the bound is reached
 * the oldest segment is overwritten, so that what is kept always ends at the end.
 */
#ifndef KTSTR_TRACER_SPOOL_H
#define KTSTR_TRACER_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"

#define SPOOL_SEGMENT_SIZE 32768

struct segment {
	uint16_t cpu;
	bool lost; /* events are missing in it or right before it */
	uint32_t used;
	uint32_t events;
};

struct spool {
	int fd;
	const char *path;      /* for messages; the file has no name any more */
	struct segment *index; /* owned, max of them */
	uint64_t max;	       /* segments that fit */
	uint64_t written;      /* segments ever put in */
	uint64_t dropped;      /* events overwritten */
	bool full;	       /* the file system was full before the bound was reached */
};

/*
 * spool_open - make the file at @path, bounded to @bytes (at least one segment).
 * It loses its name at once: whatever becomes of us, nothing is left. @path that is there and no
 * regular file is refused. @path must outlive the spool.
 */
int spool_open(struct spool *spool, const char *path, uint64_t bytes, struct failure *failure);
void spool_close(struct spool *spool);

/*
 * spool_put - append @segment and its body, a buffer of SPOOL_SEGMENT_SIZE bytes. When the file
 * system is full the bound becomes what was written so far, and that is no failure unless it is
 * nothing.
 */
int spool_put(struct spool *spool, const struct segment *segment, const uint8_t *body,
	      struct failure *failure);

/* How many segments are kept, and the @n-th oldest of them: its body goes to SPOOL_SEGMENT_SIZE
 * @body. */
uint64_t spool_kept(const struct spool *spool);
int spool_get(const struct spool *spool, uint64_t n, struct segment *segment, uint8_t *body,
	      struct failure *failure);

/* Give the n-th oldest segment's memory back (where the file system can): it was copied out. */
void spool_release(const struct spool *spool, uint64_t n);

#endif
