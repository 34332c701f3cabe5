/*
 * Which kernel modules are loaded in a guest, and in which order? What the user names, with all
 * that it needs, found and unpacked on the host.
 */
#ifndef KTSTR_MODULES_MODULES_H
#define KTSTR_MODULES_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry/entry.h"
#include "modules/folder.h"
#include "util/error.h"

struct module {
	char name[MODULE_NAME_SIZE]; /* with '_' for '-' */
	char *path;		     /* on the host; owned */
	char *params;		     /* "PARAM=V ..."; owned */
	uint8_t *data;		     /* not compressed; owned */
	size_t size;
	bool optional; /* what only a softdep names: the guest may do without it */
};

struct modules {
	struct module *list; /* in the order of loading; owned */
	size_t count;
};

/*
 * modules_resolve - find what @wanted asks for, and what that needs (modules.dep; modules.softdep,
 * as far as it is there), and read it. What is built into the kernel needs no loading.
 * @dir, @kernel, @release: as for modules_folder_open
 * Returns 0; -ENOENT for a module that is not there; -EINVAL for one of another kernel, and for a
 * parameter that it does not have; -ENOEXEC for a file that is none; and what reading says. All
 * with a message. @modules: to be freed in either case
 */
int modules_resolve(const struct entry_module *wanted, size_t nr_wanted, const char *dir,
		    const char *kernel, const char *release, struct modules *modules,
		    struct error *err);
void modules_free(struct modules *modules);

#endif
