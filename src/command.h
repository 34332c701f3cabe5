/* What can the launcher be asked to do? The table of subcommands, and what they share. */
#ifndef KTSTR_COMMAND_H
#define KTSTR_COMMAND_H

#include <stddef.h>

/* The launcher or its host could not do it, usage errors included: `git bisect run` skips then. */
#define COMMAND_CANNOT 125

struct command {
	const char *name;
	const char *summary; /* one line of --help */
	/*
	 * Returns the exit status. argv[0] is the command's name; getopt's state is fresh.
	 * With "--help" alone it prints its usage to standard output and returns 0.
	 */
	int (*main)(int argc, char **argv);
};

/* command_at - the table, in the order of --help; NULL behind its end. */
const struct command *command_at(size_t index);

/* Each in its cmd_<name>.c. */
int cmd_run(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_shell(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_blobs(int argc, char **argv);
int cmd_bats_helper(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_licenses(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_man(int argc, char **argv);

/* command_complain - one line on standard error, "ktstr-launch: <text>". */
void command_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * command_print_blob - an embedded text to standard output, for @command, whose status it returns.
 * Whether it was written main sees.
 */
int command_print_blob(const char *command, const char *name);

#endif
