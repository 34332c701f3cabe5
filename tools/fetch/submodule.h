/* Which submodules does a tree name, and are their paths and URLs ones that we may follow? */
#ifndef KTSTR_FETCH_SUBMODULE_H
#define KTSTR_FETCH_SUBMODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct submodule {
	char *path;
	char *url; /* NULL: .gitmodules has none for this path */
	char id[41];
};

struct submodules {
	struct submodule *all;
	size_t count;
	bool has_settings; /* the tree has a .gitmodules */
};

/* submodules_read_tree - from what `git ls-tree -r -z` prints. -EPERM for a path that is refused.
 */
int submodules_read_tree(struct submodules *list, const char *text, size_t size, struct error *err);

/*
 * submodules_read_settings - the URLs, from what `git config -z --get-regexp` prints of
 * .gitmodules.
 * @text: may be NULL. -ENOENT when a submodule has no URL there.
 */
int submodules_read_settings(struct submodules *list, const char *text, size_t size,
			     struct error *err);

void submodules_free(struct submodules *list);

/*
 * submodule_url - where it comes from, when the tree that names it came from @parent. Relative URLs
 * (./x, ../x) go from there, as git has it. *@out is the caller's to free. -EPERM for a scheme
 * other than https, or than http or file of a parent of that same scheme.
 */
int submodule_url(const struct submodule *one, const char *parent, char **out, struct error *err);

/* submodule_check_folder - @path below @dir is reached through folders only. */
int submodule_check_folder(const char *dir, const char *path, struct error *err);

#endif
