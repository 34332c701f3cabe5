/* Where do files go that save time the next time? See cache_folder.h. */
#include "util/cache_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int cache_folder(char path[PATH_MAX])
{
	const char *own = getenv("KTSTR_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int length;

	path[0] = '\0';
	if (own && !*own)
		return -ENODATA;
	if (own)
		length = snprintf(path, PATH_MAX, "%s", own);
	else if (xdg && *xdg == '/')
		length = snprintf(path, PATH_MAX, "%s/ktstr", xdg);
	else if (home && *home == '/')
		length = snprintf(path, PATH_MAX, "%s/.cache/ktstr", home);
	else
		return -ENOENT;
	if (length < PATH_MAX - NAME_MAX)
		return 0;
	path[0] = '\0';
	return -ENAMETOOLONG;
}
