/*
 * What does the launcher carry inside itself? The blob table, made at build time (embed.mk), and
 * the sealed memfd by which a blob becomes a file that any program can open.
 */
#ifndef KTSTR_EMBED_EMBED_H
#define KTSTR_EMBED_EMBED_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct blob {
	const char *name;     /* "init", "wprof", "busybox" */
	const char *provider; /* "builtin", "prebuilt", "source", "debian": where it comes from */
	const char *version;  /* as its provider states it */
	const char *sha256;   /* 64 hex digits of the blob as it is used, that is, not compressed */
	uint64_t size;	      /* bytes, not compressed */
	const uint8_t *stored; /* as embedded */
	uint64_t stored_size;  /* == size: stored as it is; else gzip (RFC 1952) */
};

/* The table; ends with an entry whose name is NULL. */
extern const struct blob embed_blobs[];

/* NULL when there is none of that name. */
const struct blob *embed_find(const char *name);

/*
 * embed_load - the blob's bytes, decompressed if need be and checked against size.
 * @data: owned by the caller, free(). Returns 0, -ENOMEM, or -EIO when the stored bytes are
 * damaged.
 */
int embed_load(const struct blob *blob, uint8_t **data, struct error *err);

/* embed_verify - recompute the SHA-256; -EBADMSG with both digests when it differs. */
int embed_verify(const struct blob *blob, struct error *err);

/*
 * embed_memfd - the blob as a sealed memfd (write, shrink, grow, seal), executable unless the
 * host's vm.memfd_noexec forbids it, with times of 0, inherited across exec (no CLOEXEC), owned by
 * the caller.
 * Returns the descriptor or a negative errno.
 */
int embed_memfd(const struct blob *blob, struct error *err);

/*
 * embed_export_wprof - make KTSTR_WPROF_PATH name a readable tracer: the user's own when the
 * variable is set and names a readable ELF file, else the blob's memfd as /proc/<pid>/fd/<n>, with
 * an <n> that programs do not take for themselves.
 * @used_own: set to 1 when the user's own was kept, which the caller reports; may be NULL
 * Returns 0; -EINVAL with a message when the variable is set and names nothing, a folder, something
 * unreadable or no ELF file: a set variable is never passed over.
 */
int embed_export_wprof(int *used_own, struct error *err);

#endif
