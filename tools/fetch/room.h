/* Where is unfinished work kept, by one process at a time, so that nothing of it stays for long? */
#ifndef KTSTR_FETCH_ROOM_H
#define KTSTR_FETCH_ROOM_H

#include <limits.h>

#include "tools/fetch/run.h"

/*
 * A folder of a name that all agree on, with a lock in it. It is there while its holder works: what
 * a killed one has left is removed by who comes next.
 */
struct room {
	char path[PATH_MAX]; /* "" while there is none */
	char work[PATH_MAX]; /* in it: an empty folder, for the holder's use */
	int lock;
};

/*
 * room_enter - make the folder @path, whose parent is there, and wait until it is ours. Says that
 * it waits. The room is the caller's to leave, after an error as well.
 */
int room_enter(struct run *run, struct room *room, const char *path, struct error *err);

/* room_leave - remove it and let the next one in. Does nothing where there is none. */
void room_leave(struct room *room);

/* room_path - of the file @name in the holder's folder. */
int room_path(const struct room *room, const char *name, char out[PATH_MAX], struct error *err);

#endif
