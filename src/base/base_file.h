/*
 * How does a base lie in a file? First what it is and all but its memory, under one SHA-256; then,
 * from a multiple of 2 MiB on, its memory, where each page has its own place, so that the file can
 * be mapped as it is. What of the memory is zero is a hole in the file.
 */
#ifndef KTSTR_BASE_BASE_FILE_H
#define KTSTR_BASE_BASE_FILE_H

#include <stdint.h>

#include "base/base.h"
#include "base/identity.h"
#include "util/error.h"

/*
 * base_file_write - into @fd, a new file that is open for reading and writing.
 * @cancel_fd: as for cancel_check
 * Only pages that are not zero take room in it, and a few between them. It is not synced to the
 * disk: a base is of no use in the host's next boot.
 * Returns 0; -ENOSPC and what else writing returns; -EFBIG: over RLIMIT_FSIZE; -EOPNOTSUPP: the
 * file system would write the holes out; -EINTR. With a message.
 */
int base_file_write(int fd, const struct base_identity *identity, const struct base *base,
		    int cancel_fd, struct error *err);

/*
 * base_file_room - the most that base_file_write takes of the disk for this base, bytes, but for
 * what the file system needs for itself, and for long gaps that extents_add closes when there are
 * very many stretches.
 */
uint64_t base_file_room(const struct base *base);

/*
 * base_file_read - a base out of a file, whatever is in it.
 * @digest: of the identity that it must have; NULL: any
 * @text: of its identity, owned by the caller (free); NULL: not wanted
 * All but the pages is checked by the digest. Of the pages it is known that none of them got lost
 * as a hole, and a random few are compared with their checksums: damage to one byte of RAM is
 * hardly seen by that, as that would take reading it all, but the damage of a bad disk is.
 * @fd is the base's from here on, also on error, where it is closed.
 * Returns 0; -EBADMSG: damaged, or not of this identity; -ENOMEM; -EIO. With a message.
 */
int base_file_read(int fd, const uint8_t *digest, struct base *base, char **text,
		   struct error *err);

#endif
