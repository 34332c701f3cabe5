/*
 * Is this program a version manager's shim? pyenv, rbenv, asdf, mise and the like put one of each
 * name into a folder of PATH. It looks for the version that the current folder wants and starts
 * that one, from files that it does not name: packed alone it fails in the guest.
 */
#ifndef KTSTR_INITRAMFS_SHIM_H
#define KTSTR_INITRAMFS_SHIM_H

#include "util/error.h"

/* shim_check - @path: absolute, as it was found. Returns 0, or -ENOEXEC with what to do instead. */
int shim_check(const char *path, struct error *err);

#endif
