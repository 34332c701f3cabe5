/* How is git run? Inner part of git*.c. */
#ifndef KTSTR_BISECT_GIT_RUN_H
#define KTSTR_BISECT_GIT_RUN_H

#include "bisect/git.h"

/*
 * git_run - git in @folder with these words, and a NULL behind them. @out: what it printed, owned
 * by the caller; or NULL.
 * Returns its exit status, or a negative errno with a message.
 * git_ask - the same, where any status but 0 is an error
 */
int git_run(const struct git *git, const char *folder, const char *const *words, char **out,
	    struct error *err);
int git_ask(const struct git *git, const char *folder, const char *const *words, char **out,
	    struct error *err);

/* git_take_line - the one line that git is to have printed; frees @text. Returns 0 or -EPROTO. */
int git_take_line(char *text, char *line, size_t size, struct error *err);

#endif
