/*
 * Where does the loader find a library? The search of ld-linux-x86-64.so.2 (glibc, elf/dl-load.c)
 * and of musl's loader, carried out on the host on behalf of the guest.
 *
 * glibc, for a name without a slash: DT_RPATH of the object and of its loaders up to the program,
 * each unless that one has a DT_RUNPATH, and none of them when the object itself has one;
 * DT_RUNPATH of the object only; the folders of ld.so.conf; the built-in folders. A file of another
 * class or machine is passed over and the search goes on. LD_LIBRARY_PATH is ignored, because the
 * guest does not have the caller's environment.
 *
 * The loader itself knows the folders of ld.so.conf only through /etc/ld.so.cache. So a library
 * there counts only when the cache names it too, and the cache then goes into the guest.
 *
 * Not seen here: what a program opens at run time with dlopen (gconv modules, plugins; but see
 * closure.c for libc's own), and the variants below glibc-hwcaps/, which the loader does without.
 * Include them by hand.
 */
#ifndef KTSTR_INITRAMFS_LDSO_H
#define KTSTR_INITRAMFS_LDSO_H

#include <stdbool.h>

#include "initramfs/elf_deps.h"
#include "initramfs/tree.h"

/* A program, library or loader that would be mapped. */
struct object {
	const struct object *loader; /* who asked for it first; NULL for the program */
	struct node *node;
	const struct elf_deps *elf;
	bool optional;	    /* nobody asked for it: what it needs may be missing */
	char *name;	    /* by which it was asked for; owned */
	char *host_origin;  /* $ORIGIN on the host; owned */
	char *guest_origin; /* and in the guest: they differ when the program is put elsewhere;
			       owned */
};

/* Where a library is on the host, and where the guest's loader will look for it. */
struct place {
	char *host, *guest; /* owned by the caller (place_destroy) */
	bool cached;	    /* only /etc/ld.so.cache leads the guest's loader there */
};

void place_destroy(struct place *place);

/* What the host's configuration says, read once for a tree. NULL when memory is out. */
struct ldso *ldso_create(const struct host_paths *paths);
void ldso_destroy(struct ldso *ldso); /* NULL is fine */

/* Does this PT_INTERP name musl's loader? */
bool ldso_is_musl(const char *interp);

/* Is this one of the names that musl's loader answers itself ("libc.so", "libm.so.6")? */
bool ldso_musl_has(const char *name);

/*
 * ldso_find - the library @name that @object needs.
 * Returns 0; -ELIBACC, with the object, the name and each folder looked in; -ENOEXEC when the
 * loader would give up at a file that is no ELF; -ENOMEM.
 */
int ldso_find(struct ldso *ldso, const struct object *object, const char *name, bool musl,
	      struct place *place, struct error *err);

#endif
