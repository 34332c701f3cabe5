/* ktstr-launch completion: a script that makes a shell complete our words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "manual/completion.h"

static const char usage[] =
	"Usage: ktstr-launch completion bash|zsh|fish\n\n"
	"Prints a script that makes the shell complete commands, options and their values. For "
	"this\n"
	"session:\n"
	"    bash  source <(ktstr-launch completion bash)\n"
	"    zsh   source <(ktstr-launch completion zsh), after compinit\n"
	"    fish  ktstr-launch completion fish | source\n"
	"For all of yours, put what it prints into\n"
	"    bash  ~/.local/share/bash-completion/completions/ktstr-launch\n"
	"    zsh   _ktstr-launch in a folder of $fpath\n"
	"    fish  ~/.config/fish/completions/ktstr-launch.fish\n\n"
	"Exit status: 0, or 125 when it cannot be printed.\n";

int cmd_completion(int argc, char **argv)
{
	struct error err = { "" };

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc != 2) {
		command_complain("completion: takes the name of one shell; see ktstr-launch "
				 "completion --help");
		return COMMAND_CANNOT;
	}
	if (completion_print(stdout, argv[1], &err)) {
		command_complain("completion: %s; see ktstr-launch completion --help", err.text);
		return COMMAND_CANNOT;
	}
	return 0;
}
