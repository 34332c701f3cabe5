/*
 * Which options and operands does each command take? For all who describe the commands: one view of
 * the table of options and of the commands that have their own.
 */
#ifndef KTSTR_MANUAL_INTERFACE_H
#define KTSTR_MANUAL_INTERFACE_H

#include "run/options.h"

enum operands {
	OPERANDS_NONE,
	OPERANDS_FILES,
	OPERANDS_PAYLOAD, /* a command and its arguments */
	OPERANDS_COMMAND, /* one of ours */
	OPERANDS_SHELL,	  /* one that completion_print knows */
};

struct interface {
	const char *command;
	enum operands operands;
	unsigned int groups;	   /* of the table of options; 0: none */
	struct option_info own[8]; /* beside those and --help; ends with an empty name */
};

/* What an option's value is, as its name in the usage text tells. */
enum value_kind {
	VALUE_NONE, /* it takes none */
	VALUE_FILE,
	VALUE_FOLDER,
	VALUE_TOPOLOGY,
	VALUE_OPTIONAL, /* one word, which may be left out */
	VALUE_OTHER,
};

/* Never NULL: a command that is not known here has --help and takes files. */
const struct interface *interface_of(const char *command);

/* As options_next, over all of a command's options, its own included. */
bool interface_next(const struct interface *interface, size_t *position, struct option_info *out);

enum value_kind interface_value_kind(const struct option_info *option);

#endif
