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
 * host_step - one name of a path: @host_name below at->host, to be @name below at->guest. On return
 * @at is where it leads. @links: how many links were followed so far, for -ELOOP
 */
int host_step(struct initramfs *tree, struct cursor *at, const char *host_name, const char *name,
	      int *links, struct error *err);

/* host_error, host_no_memory - say that of @path; return @code and -ENOMEM. */
int host_error(struct error *err, int code, const char *path);
int host_no_memory(struct error *err, const char *path);

/* host_join - "@dir/@name", owned by the caller; NULL: out of memory. */
char *host_join(const char *dir, const char *name);

/*
 * closure_add - into the tree with all that the loader maps for the program or library @node: its
 * PT_INTERP, its DT_NEEDED and theirs. A file that is no ELF needs nothing.
 * @strict: it was asked for, rather than being a part of a folder: each of these files is marked as
 * loaded
 * Errors: -ENOEXEC, -ELIBACC, and those of host_put.
 */
int closure_add(struct initramfs *tree, struct node *node, bool strict, struct error *err);

#endif
