/* How does something that is embedded get into an archive for the guest? */
#ifndef KTSTR_RUN_BLOBS_H
#define KTSTR_RUN_BLOBS_H

#include <stdint.h>

#include "initramfs/initramfs.h"
#include "util/error.h"

/*
 * blobs_add - the embedded file @name as the program @path. @data: its bytes, owned by the caller,
 * to be freed when the archive was written. A file that is there already stays.
 */
int blobs_add(struct initramfs *tree, const char *name, const char *path, uint8_t **data,
	      struct error *err);

#endif
