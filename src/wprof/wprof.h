/* How is the tracer configured, and what does it cost in memory? Knows no KVM and no files. */
#ifndef KTSTR_WPROF_WPROF_H
#define KTSTR_WPROF_WPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Least guest memory with the tracer on, MiB, whatever its arguments and the machine are. */
#define WPROF_MIN_MEMORY_MIB   2048
/*
 * What a guest needs beside wprof's ring buffers, MiB: kernel, initramfs, payload, and the events
 * on their way to the trace. The kernel allocates all of a BPF ring buffer at once, and where that
 * fails wprof does not start.
 */
#define WPROF_BESIDE_RINGS_MIB 512

/* The variable that names the tracer's binary, for us and for every program that we start. */
#define WPROF_PATH_VARIABLE "KTSTR_WPROF_PATH"

#define WPROF_MAX_ARGS 64

struct wprof_config {
	char *path; /* the user's binary on the host; owned. NULL: the embedded one */
	/*
	 * Open where the user named /proc/PID/fd/N, which @path then names as our own: others'
	 * descriptors cannot be reached any more once rights are given up (src/run/rights.h).
	 */
	int fd;
	char *args[WPROF_MAX_ARGS]; /* owned */
	size_t nr_args;
	bool bpf; /* it is not the built-in tracer, so it is taken to need BPF; the caller's */
	bool default_args; /* nobody chose them: the guest may widen the window (-d) */
};

/*
 * wprof_config_from_env - path from KTSTR_WPROF_PATH (@embedded: what it names is the embedded
 * tracer, which then need not be read through it: there may be no /proc), arguments from @args_text
 * split at white space, or WPROF_DEFAULT_ARGS when it is NULL. Errors: -ENOENT when the variable is
 * unset or empty, -EACCES and the like when its file is not readable, -EISDIR and -EINVAL when it
 * is no file; -EINVAL for an argument that cannot pass the kernel command line (control characters,
 * quotes, byte 0xa0) and for more than WPROF_MAX_ARGS.
 */
int wprof_config_from_env(struct wprof_config *config, bool embedded, const char *args_text,
			  struct error *err);
void wprof_config_destroy(struct wprof_config *config);

/*
 * wprof_render_args - "KTSTR_WPROF_ARGS=<a>\x1f<b>..." into @out.
 * Returns 0; -E2BIG with limit and length when it does not fit into @size bytes with its NUL.
 */
int wprof_render_args(const struct wprof_config *config, char *out, size_t size, struct error *err);

/* Max of @raw_mib and the floor when @wprof is on; @raw_mib when it is off. No side effect. */
uint64_t apply_wprof_memory_floor(uint64_t raw_mib, bool wprof);

#endif
