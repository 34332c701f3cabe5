/*
 * What does the payload read from its standard input? What comes out of a pipe or a file of the
 * host's, in order and whole, no faster than it is read. Each VM of a run gets the same.
 */
#ifndef KTSTR_RUN_FEED_H
#define KTSTR_RUN_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"
#include "vmm/vmm.h"

/* What is kept of a pipe for the repro VM, at most. */
#define FEED_KEEP_MAX (64ull << 20)

struct feed {
	struct vmm_input input; /* for the VMM; ready is the caller's */

	/* Private. */
	int fd;		     /* -1: nothing is handed on */
	bool owned;	     /* we have opened it */
	bool placed;	     /* a file, read where we say; else a stream, read once */
	off_t start;	     /* of a file */
	int kept;	     /* what came out of a stream, for another VM; -1: nothing is kept */
	uint64_t read_bytes; /* that came out of a stream */
	uint64_t sent;	     /* to this VM */
	bool begun, ended;   /* this VM takes bytes; it has got all */
	bool over;	     /* the stream is at its end */
	bool too_much;	     /* it could not be kept */
	int error;	     /* of reading */
};

/*
 * feed_open - @file: what the user names; NULL: our own standard input, unless that is a terminal,
 * closed, not for reading, a folder or /dev/null: then nothing is handed on. A file is read from
 * where it stands, and stays there, so that a loop that reads a list from it goes on reading it.
 * Returns 0; what open says; -EINVAL for a folder or a terminal. @feed: to be closed in either case
 */
int feed_open(struct feed *feed, const char *file, struct error *err);
void feed_close(struct feed *feed);

/* Is something handed on, be it nothing but an end? */
bool feed_is_open(const struct feed *feed);

/* There may be a second VM: keep what comes out of a stream. Returns 0 or a negative errno. */
int feed_keep(struct feed *feed, struct error *err);

/* Can another VM get the same? */
bool feed_can_repeat(const struct feed *feed);

/* The payload of a VM has started: it gets all from the beginning. */
void feed_begin(struct feed *feed);

/* Send what there is. @readable: the VMM says so of input.fd, and that there is room */
void feed_turn(struct feed *feed, struct vmm *vmm, bool readable);

/* The payload has ended. */
void feed_end(struct feed *feed);

#endif
