/* Which folders does the host's loader configuration name? ld.so.conf, as ldconfig(8) reads it. */
#ifndef KTSTR_INITRAMFS_LDCONF_H
#define KTSTR_INITRAMFS_LDCONF_H

#include <stddef.h>

struct dir_list {
	char **dirs; /* owned, and each of them: absolute, no slash at the end */
	size_t count;
};

/*
 * ldconf_read - append the folders that @path and what it includes name, in order, each once.
 * Include globs are relative to the including file; a file that is included again, by itself or by
 * others, is read once. A missing file names no folders, as for ldconfig. Returns 0 or -ENOMEM.
 */
int ldconf_read(const char *path, struct dir_list *list);

/* dir_list_add - a copy of @dir unless it is there already. Returns 0 or -ENOMEM. */
int dir_list_add(struct dir_list *list, const char *dir, size_t length);
void dir_list_destroy(struct dir_list *list);

#endif
