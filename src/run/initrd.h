/*
 * What is in the guest before any test is? Its initramfs: init, busybox and its applets. The same
 * for all tests, so that one boot serves many.
 */
#ifndef KTSTR_RUN_INITRD_H
#define KTSTR_RUN_INITRD_H

#include <stdint.h>

#include "initramfs/initramfs.h"
#include "util/error.h"

struct initrd {
	struct initramfs *tree;
	uint8_t *init, *busybox, *applets;
};

/* initrd_create - @cancel_fd: as for cancel_check. @initrd: to be destroyed in either case */
int initrd_create(struct initrd *initrd, int cancel_fd, struct error *err);
void initrd_destroy(struct initrd *initrd);

#endif
