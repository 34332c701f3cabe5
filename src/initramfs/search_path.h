/* Where does env(1) find a program: on the host when a script is packed, and then in the guest? */
#ifndef KTSTR_INITRAMFS_SEARCH_PATH_H
#define KTSTR_INITRAMFS_SEARCH_PATH_H

#include "initramfs/tree.h"

/*
 * search_path_find - as execvp: the first executable file of that name in a folder of the host's
 * PATH; a name with a slash is its own answer.
 * Returns 0, with the path owned by the caller; -ENOENT without a message; -ENOMEM.
 */
int search_path_find(const struct initramfs *tree, const char *program, char **path,
		     struct error *err);

/* search_path_note - a program at @path will be looked for by its name. Returns 0 or -ENOMEM. */
int search_path_note(struct initramfs *tree, const char *path, struct error *err);

#endif
