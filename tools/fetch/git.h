/* How does the tree of one commit, with its submodules, come out of git? */
#ifndef KTSTR_FETCH_GIT_H
#define KTSTR_FETCH_GIT_H

#include "tools/fetch/run.h"

/*
 * git_source - the tree of @commit (40 digits) of the repository @url (https://, http://, file://),
 * and in it, recursively, those of its submodules at the commits that the trees name, as the new
 * folder @dir. Each has its .git in it. Only file:// when the run is offline. Our own
 * environment becomes git's.
 */
int git_source(struct run *run, const char *url, const char *commit, const char *dir,
	       struct error *err);

#endif
