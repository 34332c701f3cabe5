/* How is a file opened and read that another program may have put there? */
#ifndef KTSTR_SYMBOLIZE_READ_FILE_H
#define KTSTR_SYMBOLIZE_READ_FILE_H

#include <stddef.h>

/*
 * regular_open - open @path for reading, when it is a regular file. Whatever else it is stays
 * unopened: that alone can block (a FIFO) or do something (a device).
 * Returns the file descriptor, or -errno; -EINVAL for another kind of file.
 */
int regular_open(const char *path);

/* regular_open_in - the same of an absolute @path below @root, also where a part is a link. */
int regular_open_in(const char *root, const char *path);

/*
 * read_whole - all that @fd has from its start, with a NUL behind. The caller frees *@text.
 * Returns 0 or -errno; -EFBIG when it has more than @max bytes.
 */
int read_whole(int fd, size_t max, char **text, size_t *size);

#endif
