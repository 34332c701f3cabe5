/*
 * How does a test have its scheduler replaced while it runs? By the command `replace-scheduler FILE
 * [ARG]...`, which is init's own program under another name: it asks init at a socket that only
 * root can reach, and waits for the answer.
 */
#ifndef KTSTR_GUEST_REPLACE_H
#define KTSTR_GUEST_REPLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

/*
 * A request is one message of strings, each with its NUL: working folder, path of the program, its
 * arguments. The answer is one message, '0' (attached) or '1' (not), and a line of text.
 */
#define REPLACE_REQUEST_MAX 16384
#define REPLACE_ARGS_MAX    256

/* Init's side. Without the socket, which is said in init's log, the command fails. */
void replace_open(struct session *session);
void replace_close(struct session *session);

/* replace_turn - serve one request, if there is one; until @until at most */
void replace_turn(struct session *session, uint64_t until);

/*
 * replace_split - a request as argv, which points into it, and the working folder. Returns 0, or -1
 * for what is no request.
 */
int replace_split(char *request, size_t size, char *argv[REPLACE_ARGS_MAX + 1], char **cwd);

/* The command. Returns its exit status: 0 attached, 1 not, 2 for a bad command line. */
bool replace_is_meant(const char *name);
int replace_main(int argc, char **argv);

#endif
