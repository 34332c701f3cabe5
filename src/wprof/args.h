/* What do the tracer's arguments ask for? Works on their text, as a user or a test's directive
 * gives it. */
#ifndef KTSTR_WPROF_ARGS_H
#define KTSTR_WPROF_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* What the tracer gets when nobody says anything else. */
#define WPROF_DEFAULT_ARGS "-d 500 -e sched --ringbuf-size=256000 --ringbuf-cnt=8"

/*
 * wprof_args_word - the next word of @text, which then points behind it; its length in @length.
 * Words are what is between white space: nothing is quoted. NULL: there is none.
 */
const char *wprof_args_word(const char **text, size_t *length);

/*
 * wprof_args_rings_mib - MiB of the ring buffers that wprof makes on a machine of @cpus CPUs:
 * min(--ringbuf-cnt, @cpus) of them, each of --ringbuf-size KB rounded up to a power of two. The
 * last of several options wins. What is not given, or is no plain number above 0, is wprof's own
 * default: 16384 KB, and max(4, CPUs / 8) of them. @args: NULL for WPROF_DEFAULT_ARGS. Rounded up;
 * UINT64_MAX when it is that or more.
 */
uint64_t wprof_args_rings_mib(const char *args, unsigned int cpus);

/*
 * wprof_args_check - would wprof v0.4 take these, and understand them as they are meant? Not for
 * the built-in tracer, which refuses by itself what it does not understand. @args: NULL for
 * WPROF_DEFAULT_ARGS. Returns 0, or -EINVAL with the option named: a second trace output (-T, -J),
 * a number with a unit or out of range (-d, --ringbuf-size, --ringbuf-cnt), a value that is missing
 * at the end, where the launcher's own -T would be taken for it.
 */
int wprof_args_check(const char *args, struct error *err);

#endif
