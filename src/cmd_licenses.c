/* ktstr-launch licenses: under which licences is what this file holds? */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const char usage[] =
	"Usage: ktstr-launch licenses\n\n"
	"Prints the licences of all that is embedded in this file or linked into it, with the "
	"versions\n"
	"and the sources of its parts.\n\n"
	"Exit status: 0, or 125 when they cannot be printed.\n";

int cmd_licenses(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1) {
		command_complain("licenses: argument '%s': not known; see ktstr-launch licenses "
				 "--help",
				 argv[1]);
		return COMMAND_CANNOT;
	}
	return command_print_blob("licenses", "licenses");
}
