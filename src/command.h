/* What can the launcher be asked to do? The table of subcommands, and what they share. */
#ifndef KTSTR_COMMAND_H
#define KTSTR_COMMAND_H

#include <stddef.h>

#include "report/suite.h"
#include "run/options.h"

/* The launcher or its host could not do it, usage errors included: `git bisect run` skips then. */
#define COMMAND_CANNOT 125

/* What follows a command's options. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_FILES,
	OPERANDS_PAYLOAD, /* a command and its arguments, whose options are its own */
	OPERANDS_COMMAND, /* one of ours */
	OPERANDS_SHELL,	  /* one that completion_print knows */
	OPERANDS_CLEAR,	  /* that word, or none */
	OPERANDS_OWN,	  /* all words are those of a program inside, options too */
};

struct command {
	const char *name;
	const char *summary; /* one line of --help */
	unsigned int groups; /* enum option_group: the options that it takes */
	enum operands operands;
	/* Returns the exit status. What is asked of it stands in @options; --help is dealt with. */
	int (*main)(const struct run_options *options);
};

/* command_at - the table, in the order of --help; NULL behind its end. */
const struct command *command_at(size_t index);

/* Each in its cmd_<name>.c. */
int cmd_run(const struct run_options *options);
int cmd_test(const struct run_options *options);
int cmd_bisect(const struct run_options *options);
int cmd_merge(const struct run_options *options);
int cmd_shell(const struct run_options *options);
int cmd_list(const struct run_options *options);
int cmd_check(const struct run_options *options);
int cmd_probe(const struct run_options *options);
int cmd_doctor(const struct run_options *options);
int cmd_blobs(const struct run_options *options);
int cmd_cache(const struct run_options *options);
int cmd_bats_helper(const struct run_options *options);
int cmd_exec(const struct run_options *options);
int cmd_work(const struct run_options *options);
int cmd_licenses(const struct run_options *options);
int cmd_report(const struct run_options *options);
int cmd_ab(const struct run_options *options);
int cmd_compare(const struct run_options *options);
int cmd_trace(const struct run_options *options);
int cmd_schema(const struct run_options *options);
int cmd_completion(const struct run_options *options);
int cmd_man(const struct run_options *options);

/*
 * command_suite_status - the exit status of a suite that came to this; @signal_number: that ended
 * it, or 0.
 */
int command_suite_status(const struct suite_counts *counts, int signal_number);

/* command_complain - one line on standard error, "ktstr-launch: <text>". */
void command_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * command_misused - wrong usage: "ktstr-launch: <command>: <text>; see ktstr-launch <command>
 * --help". Returns COMMAND_CANNOT.
 */
int command_misused(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * command_print_blob - an embedded text to standard output, for @command, whose status it returns.
 * Whether it was written main sees.
 */
int command_print_blob(const char *command, const char *name);

#endif
