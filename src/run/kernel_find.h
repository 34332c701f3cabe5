/*
 * Which kernel did the user mean? An image, a kernel build tree, a package, a release in /boot, or
 * nothing, in a tree: from all of them to the path of an image. Where a kernel's modules are known
 * they lie beside the image, as lib/modules/RELEASE, or for one in /boot in /lib/modules.
 */
#ifndef KTSTR_RUN_KERNEL_FIND_H
#define KTSTR_RUN_KERNEL_FIND_H

#include "util/error.h"

struct kernel_source {
	const char *root; /* what stands before /boot and /lib/modules: "" but in tests */
	/* One line for the user: what was taken without being named, what takes its time. */
	void (*say)(void *data, const char *line); /* or NULL */
	void *say_data;
};

/*
 * kernel_find - the image of the kernel that is called @named:
 *   a file: itself; or, a .deb or .rpm, the image in it (kernel_package.h)
 *   a folder: its arch/x86/boot/bzImage, vmlinuz or vmlinux, whichever is there first
 *   a release, "6.12.9-amd64": /boot/vmlinuz-RELEASE, else /lib/modules/RELEASE/vmlinuz
 *   NULL: the image of the kernel tree that the working folder is
 * Whether it is a kernel that can be booted is not looked at. @image: owned by the caller.
 * Returns 0; -ENOENT with what was looked for; -EACCES with what helps; -EINVAL: nothing is named
 * and this is no kernel tree; kernel_package_unpack's errors.
 */
int kernel_find(const struct kernel_source *source, const char *named, char **image,
		struct error *err);

#endif
