/* Where do files go that save time the next time? See cache_folder.h. */
#include "util/cache_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/file.h"

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

int cache_folder_make(const char *path, struct error *err)
{
	size_t length = strlen(path);
	char above[PATH_MAX];

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length && path[length - 1] != '/')
		length--;
	if (length > 1 && length < sizeof(above)) {
		int ret;

		memcpy(above, path, length);
		above[length] = '\0';
		ret = file_make_dirs(above, err);
		if (ret)
			return ret;
	}
	/* What is there already, and may be no folder, is told by file_make_dirs. */
	return mkdir(path, 0700) == 0 ? 0 : file_make_dirs(path, err);
}
