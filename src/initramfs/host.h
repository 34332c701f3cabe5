/* How does a path of the host become nodes of the tree? With every link on its way kept. */
#ifndef KTSTR_INITRAMFS_HOST_H
#define KTSTR_INITRAMFS_HOST_H

#include "initramfs/tree.h"

/* One place, as both sides name it. */
struct cursor {
	char *host; /* absolute, no links in it; owned */
	struct node *guest;
};

/*
 * host_put - the one file or folder (not what is in it) at @host into the tree at @guest.
 * @end: where the path leads after all links; end->host is the caller's to free, NULL on error
 * Both paths are absolute. When they are equal every folder on the way that is a link is kept as
 * that link; else the folders above @guest are made as folders. What the tree has already stays.
 * Errors: those of the host's lstat; -ELOOP; -EINVAL for a device, socket or FIFO, and for a guest
 * path below something that the guest mounts; -EEXIST when another file is there; -EFBIG.
 */
int host_put(struct initramfs *tree, const char *host, const char *guest, struct cursor *end,
	     struct error *err);

/*
 * closure_add - into the tree with all that the loader maps for the program or library @node: its
 * PT_INTERP, its DT_NEEDED and theirs. A file that is no ELF needs nothing.
 * Errors: -ENOEXEC, -ELIBACC, and those of host_put.
 */
int closure_add(struct initramfs *tree, struct node *node, struct error *err);

#endif
