/*
 * Which modules does a kernel have? The folder that depmod has made its lists in
 * (lib/modules/RELEASE; modules.dep(5)), and look-ups in them. Everywhere '-' and '_' are the same
 * in a name.
 */
#ifndef KTSTR_MODULES_FOLDER_H
#define KTSTR_MODULES_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

/* With its NUL; the kernel's own limit is 56 (MODULE_NAME_LEN). */
#define MODULE_NAME_SIZE 128

struct modules_folder {
	char *path; /* owned; NULL: there is none */
	/* The lists' text, owned; "" where there is no such file. */
	char *dep, *builtin, *softdep, *alias;
	char looked[512]; /* where it was looked for: "'A' and 'B'" */
};

/*
 * modules_folder_open - of the kernel image @kernel, whose release is @release ("": not known).
 * @dir: the user's: the folder itself, or one that has RELEASE or lib/modules/RELEASE in it; or
 * NULL: lib/modules/RELEASE beside the image; the image's own folder; /lib/modules/RELEASE for an
 * image in /boot.
 * Returns 0, also without a folder when @dir is NULL; -ENOENT when @dir holds none; what reading
 * the lists says; -ENOMEM. @folder: to be closed in either case
 */
int modules_folder_open(struct modules_folder *folder, const char *dir, const char *kernel,
			const char *release, struct error *err);
void modules_folder_close(struct modules_folder *folder);

/* A module's name from its file's: "a/dm-mod.ko.xz" is dm_mod; false when that is none. */
bool module_name_of_path(const char *path, size_t length, char name[MODULE_NAME_SIZE]);
/* The same from a name. */
bool module_name_normalize(const char *text, size_t length, char name[MODULE_NAME_SIZE]);

/*
 * The line of modules.dep about the module @name: its path, relative to the folder, a colon, and
 * the paths of what must be loaded before it, the first of it last. NULL: there is none. @length:
 * without the newline
 */
const char *modules_folder_dep(const struct modules_folder *folder, const char *name,
			       size_t *length);
bool modules_folder_builtin(const struct modules_folder *folder, const char *name);

/*
 * The next word of modules.softdep for the module @name, which is to be loaded before it (@post: or
 * after it). *@at: where to go on; NULL at first. Returns NULL at the end.
 */
const char *modules_folder_softdep(const struct modules_folder *folder, const char *name, bool post,
				   const char **at, size_t *length);

/* The next module that has the alias @name; *@at as above. */
const char *modules_folder_alias(const struct modules_folder *folder, const char *name,
				 const char **at, size_t *length);

#endif
