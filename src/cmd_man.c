/* ktstr-launch man: the man pages, so that one file is enough. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "manual/page.h"

static const char usage[] =
	"Usage: ktstr-launch man [COMMAND]\n\n"
	"Prints the man page of the launcher, or of one of its commands, in roff. To read it:\n"
	"    ktstr-launch man run | man -l -\n\n"
	"Exit status: 0, or 125 when there is no such page or it cannot be printed.\n";

int cmd_man(int argc, char **argv)
{
	const struct command *command = NULL;
	struct error err = { "" };

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 2) {
		command_complain("man: takes one command; see ktstr-launch man --help");
		return COMMAND_CANNOT;
	}
	for (size_t i = 0; argc == 2 && (command = command_at(i)); i++)
		if (!strcmp(command->name, argv[1]))
			break;
	if (argc == 2 && !command) {
		command_complain("man: command '%s': not known; see ktstr-launch man --help",
				 argv[1]);
		return COMMAND_CANNOT;
	}
	if (page_print(stdout, command, &err)) {
		command_complain("man: %s", err.text);
		return COMMAND_CANNOT;
	}
	return 0;
}
