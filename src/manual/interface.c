/* Which options and operands does each command take? See interface.h. */
#include "manual/interface.h"

#include <string.h>

/* What options_next's positions never reach. */
#define OWN_POSITION 10000

static const struct option_info help = { "help", NULL, NULL, "this text" };

/* The commands with options of their own say them here again, as in their getopt and usage. */
static const struct interface interfaces[] = {
	{ "run", OPERANDS_PAYLOAD, OPTIONS_OF_RUN, { { 0 } } },
	{ "test", OPERANDS_FILES, OPTIONS_OF_TEST, { { 0 } } },
	{ "shell", OPERANDS_NONE, OPTIONS_OF_SHELL, { { 0 } } },
	{ "list", OPERANDS_FILES, 0, { { "json", NULL, NULL, "a JSON object a line" } } },
	{ "check", OPERANDS_FILES, 0, { { 0 } } },
	{ "probe", OPERANDS_NONE, OPTIONS_OF_PROBE, { { 0 } } },
	{ "doctor",
	  OPERANDS_NONE,
	  0,
	  { { "kernel", "IMG", "KTSTR_KERNEL", "a kernel to look at; again for more" },
	    { "boot", NULL, NULL, "boot each of them as well: only that proves KVM" },
	    { "out", "DIR", "KTSTR_OUT", "where artefacts are to go (default ktstr-out)" },
	    { "needs", NULL, NULL,
	      "print what a guest's kernel needs, as a table in Markdown" } } },
	{ "exec", OPERANDS_PAYLOAD, 0, { { 0 } } },
	{ "blobs",
	  OPERANDS_NONE,
	  0,
	  { { "verify", NULL, NULL, "recompute each SHA-256, compare it with that of build time" },
	    { "extract", "DIR", NULL,
	      "write each into DIR, which is made when missing; nothing is overwritten" } } },
	{ "bats-helper", OPERANDS_NONE, 0, { { 0 } } },
	{ "licenses", OPERANDS_NONE, 0, { { 0 } } },
	{ "completion", OPERANDS_SHELL, 0, { { 0 } } },
	{ "man", OPERANDS_COMMAND, 0, { { 0 } } },
};

const struct interface *interface_of(const char *command)
{
	static const struct interface unknown = { .operands = OPERANDS_FILES };

	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++)
		if (!strcmp(interfaces[i].command, command))
			return &interfaces[i];
	return &unknown;
}

bool interface_next(const struct interface *interface, size_t *position, struct option_info *out)
{
	size_t index;

	if (*position < OWN_POSITION && interface->groups &&
	    options_next(interface->groups, position, out))
		return true;
	if (*position < OWN_POSITION)
		*position = OWN_POSITION;
	index = (*position)++ - OWN_POSITION;
	if (index < sizeof(interface->own) / sizeof(interface->own[0]) &&
	    interface->own[index].name) {
		*out = interface->own[index];
		return true;
	}
	/* --help is in the table; the others have it last. */
	if (interface->groups || (index && !interface->own[index - 1].name))
		return false;
	*out = help;
	return true;
}

enum value_kind interface_value_kind(const struct option_info *option)
{
	static const struct {
		const char *value;
		enum value_kind kind;
	} kinds[] = {
		{ "IMG", VALUE_FILE },	     { "FILE", VALUE_FILE },
		{ "FILE|NAME", VALUE_FILE }, { "HOST[:GUEST]", VALUE_FILE },
		{ "DIR", VALUE_FOLDER },     { "NnNlNcNt", VALUE_TOPOLOGY },
	};

	if (!option->value)
		return VALUE_NONE;
	if (*option->value == '[')
		return VALUE_OPTIONAL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(option->value, kinds[i].value))
			return kinds[i].kind;
	return VALUE_OTHER;
}
