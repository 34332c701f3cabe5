/*
 * Which options are there, and what does each set? Inner part of options.c: to add one is to add a
 * line to the table, and a field to struct run_options.
 */
#ifndef KTSTR_RUN_OPTIONS_TABLE_H
#define KTSTR_RUN_OPTIONS_TABLE_H

#include "run/options.h"

/* One option as it was said. */
struct option_said {
	struct run_options *options;
	void *field;	   /* of @options: the one that the table names */
	const char *what;  /* how the user called it, "--memory" or "KTSTR_MEMORY" */
	const char *value; /* NULL: it takes none, or none was given */
	struct error *err;
};

struct option_definition {
	const char *name; /* without dashes */
	char letter;	  /* of its short form; 0: it has none */
	const char *value;
	unsigned int groups; /* enum option_group: the commands of any of them have it */
	const char *variable;
	size_t offset; /* of what it sets, in struct run_options */
	/* Returns 0, -EINVAL with a message, -ENOMEM. */
	int (*set)(const struct option_said *said);
	const char *help;
};

extern const struct option_definition option_definitions[];
extern const size_t nr_option_definitions;

/* May it be given again, so that the command line's values replace all of the environment's? */
bool option_is_list(const struct option_definition *definition);

/* Does it name a file that a replay must not write again? */
bool option_makes_file(const struct option_definition *definition);

#endif
