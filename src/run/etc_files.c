/* What does the guest's /etc hold? See etc_files.h. */
#include "run/etc_files.h"

#include <errno.h>
#include <string.h>

/* Names and numbers are Debian's. The guest's host name is init's. */
static const struct {
	const char *path, *text;
} files[] = {
	{ "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			 "nobody:x:65534:65534:nobody:/:/bin/false\n" },
	{ "/etc/group", "root:x:0:\n"
			"tty:x:5:\n"
			"nogroup:x:65534:\n" },
	{ "/etc/hosts", "127.0.0.1\tlocalhost ktstr\n"
			"::1\tlocalhost\n" },
	/* The files alone: there is no network, and libc has "files" within itself or beside it. */
	{ "/etc/nsswitch.conf", "passwd: files\n"
				"group: files\n"
				"hosts: files\n" },
};

int etc_files_add(struct initramfs *tree, struct error *err)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int ret = initramfs_add_data(tree, files[i].path, files[i].text,
					     strlen(files[i].text), 0644, err);

		if (ret && ret != -EEXIST)
			return ret;
	}
	return 0;
}
