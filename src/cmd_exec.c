/* ktstr-launch exec: run a command of this machine with the tracer's path in its environment. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "embed/embed.h"
#include "wprof/wprof.h"

static const char usage[] =
	"Usage: ktstr-launch exec [--] CMD [ARGS]...\n\n"
	"Runs CMD in place of itself, with " WPROF_PATH_VARIABLE
	" naming the embedded tracer, for CMD\n"
	"and for all that it starts. Where the variable is set already, it stays as it is.\n\n"
	"Exit status: CMD's own; 125 when the tracer cannot be exported, 126 when CMD cannot be\n"
	"executed, 127 when it is not found.\n";

int cmd_exec(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct error err = { "" };
	int option, used_own, code;

	/* '+': what follows CMD is CMD's; ':': the message is ours. */
	while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		command_complain("exec: option '%s': not known; see ktstr-launch exec --help",
				 argv[optind - 1]);
		return COMMAND_CANNOT;
	}
	if (optind == argc) {
		command_complain("exec: no command given; see ktstr-launch exec --help");
		return COMMAND_CANNOT;
	}

	if (embed_export_wprof(&used_own, &err)) {
		command_complain("exec: %s", err.text);
		return COMMAND_CANNOT;
	}
	if (used_own)
		command_complain("exec: using your own tracer, " WPROF_PATH_VARIABLE "='%s'",
				 getenv(WPROF_PATH_VARIABLE));

	execvp(argv[optind], argv + optind);
	code = errno;
	command_complain("exec: cannot execute '%s': %s", argv[optind], strerror(code));
	return code == ENOENT ? 127 : 126;
}
