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
	const struct node *top;	    /* what was asked for */
	const char *const *without; /* patterns of names in it that are passed over; NULL: none */
	struct error *err;
};

/*
 * packer_add - initramfs_add_host, with patterns (fnmatch) of names that are passed over where they
 * stand right in the folder @host, NULL-terminated; or NULL.
 */
int packer_add(struct initramfs *tree, const char *host, const char *guest,
	       const char *const *without, struct error *err);

/* packer_enqueue - leave @at to be looked into. Takes @at over, also on error. */
int packer_enqueue(struct packer *p, struct cursor *at, bool strict);

/*
 * interpreters_add - a script's interpreter, and the interpreter of that while it is a script
 * itself. A file that is no script needs none. The interpreters are left in the queue. Errors:
 * -ENOENT (none in PATH, a relative one), -ELOOP, and those of host_put.
 */
int interpreters_add(struct packer *p, struct node *node, bool strict);

#endif
