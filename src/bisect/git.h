/* What does the user's repository hold, and how does a commit of it get into a folder? By git. */
#ifndef KTSTR_BISECT_GIT_H
#define KTSTR_BISECT_GIT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

/* A commit's name in hexadecimal, SHA-1 or SHA-256, and a NUL. */
#define GIT_NAME_SIZE 65

/* As many digits as are shown. */
#define GIT_SHORT 12

struct git {
	const char *folder;    /* of the repository, or one in it */
	char common[PATH_MAX]; /* its .git, that of the main working tree */
	int cancel_fd;	       /* see process.h */
};

struct git_commit {
	char name[GIT_NAME_SIZE];
	size_t *parents; /* indices of those that are in the history too; owned */
	size_t nr_parents;
};

/* Each commit after its parents. */
struct git_history {
	struct git_commit *list; /* owned */
	size_t count;
};

/* All return 0, or a negative errno with git's own words in the message; -EINTR as process_run. */

int git_open(struct git *git, const char *folder, int cancel_fd, struct error *err);

/* git_resolve - what the user calls a commit, into its full name. */
int git_resolve(const struct git *git, const char *revision, char name[GIT_NAME_SIZE],
		struct error *err);

/*
 * git_history_read - all that @bad contains and @good does not, which is to be an ancestor of it.
 * @first_parent: of a merge, its first parent alone
 * -ENODATA: there are none; -E2BIG: more than @most.
 */
int git_history_read(const struct git *git, const char *good, const char *bad, bool first_parent,
		     size_t most, struct git_history *history, struct error *err);
void git_history_free(struct git_history *history);

/* git_subject - of a commit, "" where git does not tell. */
void git_subject(const struct git *git, const char *name, char *subject, size_t size);

/*
 * git_checkout - @tree is made into a working tree of its own, with our mark, when it is missing,
 * and becomes what @name is; files that git does not know stay. No hook of the user's runs. The
 * caller sees to it that nobody else uses @tree: a lock that git has there is one that was left.
 * -EEXIST: there is something without our mark, which is left alone.
 */
int git_checkout(const struct git *git, const char *tree, const char *name, struct error *err);

#endif
