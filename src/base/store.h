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

#include "base/base.h"
#include "base/identity.h"
#include "util/cache_folder.h"
#include "util/error.h"

/*
 * How much of the disk all bases together take; the one not used for longest goes first. With
 * Debian's 6.12 and 7.3 a base takes 65 to 75 MiB for a guest of 512 MiB, 92 to 102 for 2 GiB, 142
 * to 148 for 4 GiB and 8 CPUs; what grows is the kernel's list of its pages. So this holds the ten
 * or so machines that somebody works with at a time, and takes two or three times what the unpacked
 * kernels do.
 */
#define STORE_MAX_MIB 1024u

/*
 * store_load - the base of this identity, whose memory is then a file to be mapped; it counts as
 * used now.
 * Returns 0, or -ENOENT: there is none, or none that is good.
 */
int store_load(const struct base_identity *identity, struct base *base);

/* store_drop - the base of this identity is of no use; fine where there is none. */
void store_drop(const struct base_identity *identity);

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

/*
 * store_list - hand each over, the one used last first.
 * Returns 0, also when there is none; -ENODATA without a message: there is no cache folder; -EPERM,
 * -ELOOP, -ENOTDIR with a message: none to be used; -ENOMEM.
 */
int store_list(cache_show_fn *show, void *data, struct error *err);

/*
 * store_clear - remove all of them, and what launchers that were killed have left.
 * Returns as store_list, and what unlink does.
 */
int store_clear(struct cache_cleared *cleared, struct error *err);

#endif
