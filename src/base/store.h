/*
 * Which bases are kept for the next launcher? One file each, in the folder `bases` of the cache
 * folder (util/cache_folder.h). Only an optimisation: where the cache cannot be read or written, or
 * is not only ours, a machine is booted, and nothing else differs.
 *
 * A base is there whole or not at all, whenever a launcher is killed. One that is found damaged is
 * removed, and so are those of an earlier boot of the host. One that is in use can be removed at
 * any time: who has opened it keeps it.
 */
#ifndef KTSTR_BASE_STORE_H
#define KTSTR_BASE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/base.h"
#include "base/identity.h"
#include "util/error.h"

/*
 * How much of the disk all bases together take; the one not used for longest goes first. A kernel
 * and init in a guest of 2 GiB leave some 150 MiB that are not zero, most of it the kernel's own
 * list of pages, which grows with the guest's memory. This holds the machines that somebody works
 * with at a time, and is twice of what the unpacked kernels take.
 */
#define STORE_MAX_MIB 1024u

/*
 * store_load - the base of this identity, whose memory is then a file to be mapped; it counts as
 * used now.
 * Returns 0, or -ENOENT: there is none, or none that is good.
 */
int store_load(const struct base_identity *identity, struct base *base);

/*
 * store_save - keep it, unless it is there already or another launcher is about to. Makes room for
 * it first.
 * @cancel_fd: as for cancel_check
 * Returns 0; -ENODATA without a message: there is no cache folder; -EFBIG: more than STORE_MAX_MIB;
 * -EPERM, -ELOOP, -ENOTDIR: the folder is none to be used; what making folders and base_file_write
 * return. With a message: nothing is left of it then.
 */
int store_save(const struct base_identity *identity, const struct base *base, int cancel_fd,
	       struct error *err);

/* What is known of a file in the store. */
struct store_entry {
	const char *text; /* of its identity, see identity_value; NULL: it is damaged */
	const char *release;
	uint64_t boot_ns;
	uint64_t disk_bytes; /* that it takes */
	time_t used;	     /* when it was saved or loaded last */
};

/*
 * store_list - hand each over, the one used last first.
 * Returns 0, also when there is none; -ENODATA: there is no cache folder; -EPERM, -ELOOP, -ENOTDIR
 * with a message: none to be used; -ENOMEM.
 */
int store_list(void (*show)(void *data, const struct store_entry *entry), void *data,
	       struct error *err);

/*
 * store_clear - remove all of them, and what launchers that were killed have left.
 * Returns as store_list, and what unlink does.
 */
int store_clear(unsigned int *count, uint64_t *disk_bytes, struct error *err);

#endif
