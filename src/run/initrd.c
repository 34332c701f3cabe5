/* What is in the guest before any test is? See initrd.h. */
#include "run/initrd.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed/embed.h"
#include "run/blobs.h"

#define BUSYBOX_PATH "/usr/bin/busybox"
/* What init is besides, under this name: guest/replace.h. */
#define REPLACE_PATH "/usr/bin/replace-scheduler"

/* A link for each applet; a file that a payload brings takes its place. */
static int add_applets(struct initrd *initrd, struct error *err)
{
	const struct blob *blob = embed_find("applets");
	int ret = 0;
	char *line, *next;

	if (!blob)
		return error_set(err, -ENOENT,
				 "this launcher carries no list of applets; rebuild it");
	ret = embed_load(blob, &initrd->applets, err);
	for (uint64_t at = 0; !ret && at < blob->size;
	     at = (uint64_t)(next - (char *)initrd->applets)) {
		char path[256];

		line = (char *)initrd->applets + at;
		next = memchr(line, '\n', blob->size - at);
		if (!next)
			break;
		snprintf(path, sizeof(path), "/%.*s", (int)(next - line), line);
		next++;
		/*
		 * The kernel calls modprobe for what it could use and does not have; no module is
		 * there but those that init loads, and while it boots each call costs as much as
		 * all of its drivers.
		 */
		if (!strcmp(path, "/sbin/modprobe"))
			continue;
		ret = initramfs_add_link(initrd->tree, path, BUSYBOX_PATH, err);
		if (ret == -EEXIST)
			ret = 0;
	}
	return ret;
}

int initrd_create(struct initrd *initrd, int cancel_fd, struct error *err)
{
	int ret;

	*initrd = (struct initrd){ .tree = initramfs_create() };
	if (!initrd->tree)
		return error_set(err, -ENOMEM, "initramfs: out of memory");
	initramfs_set_cancel(initrd->tree, cancel_fd);
	ret = blobs_add(initrd->tree, "init", "/init", &initrd->init, err);
	if (!ret)
		ret = blobs_add(initrd->tree, "busybox", BUSYBOX_PATH, &initrd->busybox, err);
	if (!ret)
		ret = blobs_add(initrd->tree, "work", "/" INITRD_WORK_PATH, &initrd->work, err);
	if (!ret)
		ret = initramfs_add_link(initrd->tree, REPLACE_PATH, "/init", err);
	return ret ? ret : add_applets(initrd, err);
}

void initrd_destroy(struct initrd *initrd)
{
	initramfs_destroy(initrd->tree);
	free(initrd->init);
	free(initrd->busybox);
	free(initrd->work);
	free(initrd->applets);
	*initrd = (struct initrd){ 0 };
	/* Decompressed blobs and the tree are large next to what a running VM needs. */
	malloc_trim(0);
}
