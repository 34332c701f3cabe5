/*
 * What was a kernel built with? Its configuration, from inside its image or from a file beside it.
 * Both are hostile: every size is bounded, and nothing in them is believed to be text.
 */
#ifndef KTSTR_DOCTOR_KERNEL_CONFIG_H
#define KTSTR_DOCTOR_KERNEL_CONFIG_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* More than any: stock ones have 300 KiB. */
#define KERNEL_CONFIG_MAX (8u << 20)

/* Longest value that is kept, with its NUL; a longer one is cut. */
#define KERNEL_CONFIG_VALUE_SIZE 64

struct kernel_config {
	char *text; /* owned, kernel_config_free */
	size_t size;
	char source[PATH_MAX + 128]; /* its path, or "" for the image itself */
};

/*
 * kernel_config_embedded - the one that CONFIG_IKCONFIG=y puts into a kernel (kernel/configs.c:
 * gzip between "IKCFG_ST" and "IKCFG_ED").
 * @vmlinux: the uncompressed kernel
 * Returns 0; -ENOENT when there is none; -EBADMSG when it is damaged; -ENOMEM.
 */
int kernel_config_embedded(const uint8_t *vmlinux, size_t size, struct kernel_config *out,
			   struct error *err);

/*
 * kernel_config_beside - the first of: config, config-<release>, .config in the image's folder, the
 * .config of the build tree that the image lies in, /boot/config-<release>, and config and
 * build/.config in /lib/modules/<release>.
 * @release: "" when it is not known, then those that need it are left out
 * @root: before "/boot" and "/lib"; "" but for tests
 * Returns 0; -ENOENT when there is none, or what is wrong with the first that is of no use.
 */
int kernel_config_beside(const char *image, const char *release, const char *root,
			 struct kernel_config *out, struct error *err);

/* kernel_config_check - -EBADMSG with a clause when @text is no configuration of a kernel. */
int kernel_config_check(const char *text, size_t size, struct error *err);

/*
 * kernel_config_value - what @option (without "CONFIG_") is set to: "y", "m", a number, a string
 * with its quotes; "n" where the text says that it is not set; "" where it says nothing. The last
 * one counts, as it does for make.
 */
void kernel_config_value(const struct kernel_config *config, const char *option,
			 char value[KERNEL_CONFIG_VALUE_SIZE]);

/* The "6.12.117" of its first lines, for which kernel it is; "" when they do not say. */
void kernel_config_version(const struct kernel_config *config,
			   char version[KERNEL_CONFIG_VALUE_SIZE]);

void kernel_config_free(struct kernel_config *config);

#endif
