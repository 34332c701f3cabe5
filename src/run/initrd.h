/*
 * What is in the guest before any test is? Its initramfs: init, busybox and its applets, and
 * ktstr-work. The same for all tests, so that one boot serves many.
 */
#ifndef KTSTR_RUN_INITRD_H
#define KTSTR_RUN_INITRD_H

#include <stdint.h>

#include "initramfs/initramfs.h"
#include "util/error.h"

/* Where the load generator is, as busybox lists its applets. */
#define INITRD_WORK_PATH "usr/bin/ktstr-work"

struct initrd {
	struct initramfs *tree;
	uint8_t *init, *busybox, *work, *applets;
};

/* initrd_create - @cancel_fd: as for cancel_check. @initrd: to be destroyed in either case */
int initrd_create(struct initrd *initrd, int cancel_fd, struct error *err);
void initrd_destroy(struct initrd *initrd);

#endif
