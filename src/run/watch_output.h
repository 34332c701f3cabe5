/*
 * Where do the payload's output and the guest's console go? To descriptors of the user's, whose
 * readers may be slow, or gone: the test goes on without them.
 */
#ifndef KTSTR_RUN_WATCH_OUTPUT_H
#define KTSTR_RUN_WATCH_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest wait for a slow reader, ms: so often the user's signals and keys are looked for. */
#define WATCH_OUTPUT_WAIT_MS 100

struct sink {
	int fd;	      /* -1: it takes nothing any more; the caller's */
	size_t chunk; /* most bytes of one write */
	bool may_block;
	bool is_stderr; /* the same terminal, pipe or file: our own words go there, too */
};

struct watch_output {
	struct sink out, err, console;
	uint64_t blocked_ns; /* spent waiting for slow readers, of all of them */
	int error; /* the first errno of a write, 0: none; a reader that is gone is none */
	char last_on_stderr; /* the last byte of these; 0: none */
};

/* -1: nowhere. */
void watch_output_init(struct watch_output *output, int out_fd, int err_fd, int console_fd);

/*
 * watch_output_step - write some of @count bytes to a sink of @output that has a descriptor.
 * Returns how many it took; 0: none as yet, its reader is slow; or a negative errno: from now on it
 * has no descriptor.
 */
ssize_t watch_output_step(struct watch_output *output, struct sink *sink, const uint8_t *bytes,
			  size_t count);

/* Did the guest's output leave a line without an end where standard error goes? */
bool watch_output_ends_line(const struct watch_output *output);

#endif
