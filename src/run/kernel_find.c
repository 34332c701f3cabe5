/* Which kernel did the user mean? See kernel_find.h. */
#include "run/kernel_find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/kernel_package.h"

/* Where a built tree has its image, and where a folder of one kernel has it. */
static const char *const image_names[] = { "arch/x86/boot/bzImage", "vmlinuz", "vmlinux" };
#define IMAGE_NAMES "arch/x86/boot/bzImage, vmlinuz or vmlinux"

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int ret;

	va_start(ap, fmt);
	ret = vasprintf(&text, fmt, ap);
	va_end(ap);
	return ret < 0 ? NULL : text;
}

static int out_of_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory");
}

/*
 * An image that is there. Distributions that keep addresses from users keep the images from them,
 * too: this is not seen before one wants to boot them.
 */
static int check_readable(const char *path, struct error *err)
{
	int ret;

	if (!access(path, R_OK))
		return 0;
	ret = -errno;
	if (ret != -EACCES)
		return error_set(err, ret, "kernel '%s': %s", path, strerror(-ret));
	return error_set(err, ret,
			 "kernel '%s': %s; some systems (Ubuntu) let only root read their kernels: "
			 "'sudo chmod +r %s', or copy it to where you can read it, or run this as "
			 "root",
			 path, strerror(-ret), path);
}

/* The image of a folder. @image: NULL when it has none. */
static int find_in_folder(const char *folder, char **image, struct error *err)
{
	for (size_t i = 0; i < sizeof(image_names) / sizeof(image_names[0]); i++) {
		struct stat st;

		*image = strcmp(folder, ".") ? format("%s/%s", folder, image_names[i])
					     : strdup(image_names[i]);
		if (!*image)
			return out_of_memory(err);
		if (!stat(*image, &st) && S_ISREG(st.st_mode))
			return 0;
		free(*image);
	}
	*image = NULL;
	return 0;
}

static bool is_kernel_tree(void)
{
	return !access("Kbuild", F_OK) && !access("arch/x86", F_OK);
}

static int find_default(const struct kernel_source *source, char **image, struct error *err)
{
	char line[256];
	int ret;

	if (!is_kernel_tree())
		return error_set(err, -EINVAL,
				 "no kernel given; give --kernel IMG or set KTSTR_KERNEL, or start "
				 "in a built kernel tree");
	ret = find_in_folder(".", image, err);
	if (ret)
		return ret;
	if (!*image)
		return error_set(
			err, -EINVAL,
			"no kernel given, and the kernel tree here has none of " IMAGE_NAMES
			": build it, give --kernel IMG or set KTSTR_KERNEL");
	snprintf(line, sizeof(line), "no kernel given: taking %s of the kernel tree here", *image);
	if (source->say)
		source->say(source->say_data, line);
	return 0;
}

/* A name that is no file's: of a release that is installed? */
static int find_release(const struct kernel_source *source, const char *release, char **image,
			struct error *err)
{
	*image = format("%s/boot/vmlinuz-%s", source->root, release);
	if (*image && access(*image, F_OK)) {
		free(*image);
		*image = format("%s/lib/modules/%s/vmlinuz", source->root, release);
	}
	if (!*image)
		return out_of_memory(err);
	if (!access(*image, F_OK))
		return 0;
	return error_set(err, -ENOENT,
			 "kernel '%s': %s; nor is it a release in /boot: there is no "
			 "%s/boot/vmlinuz-%s",
			 release, strerror(ENOENT), source->root, release);
}

static int find_named(const struct kernel_source *source, const char *named, char **image,
		      struct error *err)
{
	struct stat st;
	int ret;

	if (stat(named, &st)) {
		ret = -errno;
		if (ret == -ENOENT && *named && !strchr(named, '/'))
			return find_release(source, named, image, err);
		return error_set(err, ret, "kernel '%s': %s", named, strerror(-ret));
	}
	if (!S_ISDIR(st.st_mode)) {
		*image = strdup(named);
		return *image ? 0 : out_of_memory(err);
	}
	ret = find_in_folder(named, image, err);
	if (!ret && !*image)
		ret = error_set(err, -ENOENT,
				"kernel '%s': a folder with none of " IMAGE_NAMES
				" in it; build the kernel there, or give an image",
				named);
	return ret;
}

int kernel_find(const struct kernel_source *source, const char *named, char **image,
		struct error *err)
{
	int ret;

	*image = NULL;
	ret = named ? find_named(source, named, image, err) : find_default(source, image, err);
	if (!ret)
		ret = check_readable(*image, err);
	if (!ret && kernel_is_package(*image)) {
		char *package = *image;

		*image = NULL;
		ret = kernel_package_unpack(source, package, image, err);
		free(package);
	}
	if (ret) {
		free(*image);
		*image = NULL;
	}
	return ret;
}
