/* Where do files go that save time the next time? */
#ifndef KTSTR_UTIL_CACHE_FOLDER_H
#define KTSTR_UTIL_CACHE_FOLDER_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#include "util/error.h"

/*
 * cache_folder - $KTSTR_CACHE_DIR, else $XDG_CACHE_HOME/ktstr, else ~/.cache/ktstr. A relative
 * XDG_CACHE_HOME or HOME does not count (XDG Base Directory Specification). Nothing is made.
 * Returns 0; -ENODATA when KTSTR_CACHE_DIR is set and empty: the user wants no cache; -ENOENT when
 * none of them is set; -ENAMETOOLONG when no file name would fit behind it. @path is "" on error.
 */
int cache_folder(char path[PATH_MAX]);

/*
 * cache_folder_make - the folder, when it is missing, for its user alone whatever the umask is, and
 * those above it. Returns 0, or a negative errno with a message.
 */
int cache_folder_make(const char *path, struct error *err);

/* Something that is kept there, of any kind, as those who keep it list it. */
struct cache_entry {
	const char *release;  /* of its kernel; "": it does not tell; NULL: it is damaged */
	const char *identity; /* of a base: text, see identity_value; else NULL */
	uint64_t disk_bytes;  /* that it takes */
	time_t used;	      /* the last time */
};

typedef void cache_show_fn(void *data, const struct cache_entry *entry);

/* What was removed of one kind. */
struct cache_cleared {
	unsigned int count;
	unsigned int kept; /* as they are in use */
	uint64_t disk_bytes;
};

#endif
