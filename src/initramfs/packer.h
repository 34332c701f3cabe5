/* What has been put into the tree and is still to be looked into? A queue, so that nothing
 * recurses. */
#ifndef KTSTR_INITRAMFS_PACKER_H
#define KTSTR_INITRAMFS_PACKER_H

#include <stdbool.h>

#include "initramfs/host.h"

struct packer_item {
	struct packer_item *next;
	struct cursor at;
	bool strict; /* the user named it: what it needs must be there */
};

struct packer {
	struct initramfs *tree;
	struct packer_item *first, **last;
	struct error *err;
};

/* packer_enqueue - leave @at to be looked into. Takes @at over, also on error. */
int packer_enqueue(struct packer *p, struct cursor *at, bool strict);

/*
 * interpreters_add - a script's interpreter, and the interpreter of that while it is a script
 * itself. A file that is no script needs none. The interpreters are left in the queue. Errors:
 * -ENOENT (none in PATH, a relative one), -ELOOP, and those of host_put.
 */
int interpreters_add(struct packer *p, struct node *node, bool strict);

#endif
