/* How does an argument vector look on a shell's command line? For the replay line of a report. */
#ifndef KTSTR_UTIL_SHELL_QUOTE_H
#define KTSTR_UTIL_SHELL_QUOTE_H

/*
 * shell_quote - @argv (NULL-terminated) as one line that a shell reads back as exactly these words,
 * each quoted only where it must be. Any POSIX shell reads it, except for words with control
 * characters or bytes that are not UTF-8: these are written $'...' (POSIX.1-2024, bash, zsh, ksh),
 * so that the line stays one line and survives being pasted. Returns a string that the caller
 * frees; NULL when memory is out.
 */
char *shell_quote(const char *const *argv);

#endif
