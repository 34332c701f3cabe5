/* How does the tree of one commit, with its submodules, come out of git? */
#ifndef KTSTR_FETCH_GIT_H
#define KTSTR_FETCH_GIT_H

#include "tools/fetch/fetch.h"

/* Submodules in submodules no deeper than this, and no more of them in all. */
#define GIT_MAX_DEPTH	   10
#define GIT_MAX_SUBMODULES 200

/*
 * git_source - the tree of @commit (40 digits) of the repository @url (https://, http://, file://),
 * and in it, recursively, those of its submodules at the commits that the trees name, into the
 * empty folder @dir. No .git is left in it.
 */
int git_source(struct fetch *fetch, const char *url, const char *commit, const char *dir,
	       struct error *err);

#endif
