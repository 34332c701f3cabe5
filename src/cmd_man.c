/* ktstr-launch man: the man pages, so that one file is enough. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "manual/page.h"

int cmd_man(const struct run_options *options)
{
	const char *name = options->operands ? options->operands[0] : NULL;
	const struct command *command = NULL;
	struct error err = { "" };

	if (name && options->operands[1])
		return command_misused("man", "takes one command");
	for (size_t i = 0; name && (command = command_at(i)); i++)
		if (!strcmp(command->name, name))
			break;
	if (name && !command)
		return command_misused("man", "command '%s': not known", name);
	if (page_print(stdout, command, &err)) {
		command_complain("man: %s", err.text);
		return COMMAND_CANNOT;
	}
	return 0;
}
