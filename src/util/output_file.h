/*
 * How is a file written that the user named, a report for example? As a shell's `> FILE` would end,
 * but never half: what was there stays until the new one is whole.
 */
#ifndef KTSTR_UTIL_OUTPUT_FILE_H
#define KTSTR_UTIL_OUTPUT_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "util/error.h"

struct output_file {
	int fd;			  /* to write to; -1: none open */
	char target[PATH_MAX];	  /* the file that is replaced; "": @fd is written to as it is */
	char temporary[PATH_MAX]; /* beside it */
	char name[PATH_MAX];	  /* as the user called it */
};

/*
 * output_file_open - "-" is standard output, /dev/fd/N (/dev/stdout, /proc/self/fd/N) our own
 * descriptor N; a pipe, terminal or other device is written to; any other name, through symbolic
 * links, is a file that output_file_commit replaces or makes.
 * A FIFO waits for its reader. Errors name @path: -EISDIR, -EACCES for a file that is read-only,
 * and what open returns.
 */
int output_file_open(struct output_file *file, const char *path, struct error *err);

/* output_file_folder - where commit gives it its name, into @folder; false where it does not. */
bool output_file_folder(const struct output_file *file, char folder[PATH_MAX]);

/* output_file_commit - all was written: give it its name. On error the old file is still there. */
int output_file_commit(struct output_file *file, struct error *err);

/* output_file_abandon - what was written is dropped, where it is a file; fine when none is open. */
void output_file_abandon(struct output_file *file);

#endif
