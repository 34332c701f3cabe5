/* Where is unfinished work kept, so that nothing of it outlives its owner for long? */
#ifndef KTSTR_FETCH_WORKSPACE_H
#define KTSTR_FETCH_WORKSPACE_H

#include <limits.h>

#include "util/error.h"

/* A folder of our own. Its owner holds a lock on it: what is not locked is nobody's any more. */
struct workspace {
	char path[PATH_MAX]; /* "" while there is none */
	int fd;
};

/*
 * workspace_make - a new folder PARENT/PREFIX<random>, for this process alone. What dead owners
 * have left in @parent under this prefix is removed first.
 */
int workspace_make(struct workspace *room, const char *parent, const char *prefix,
		   struct error *err);

/* workspace_remove - and all that is in it. Does nothing where there is none. */
void workspace_remove(struct workspace *room);

/* folder_lock - of the folder @path itself; close the descriptor to unlock. Or -errno. */
int folder_lock(const char *path, struct error *err);

#endif
