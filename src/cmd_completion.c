/* ktstr-launch completion: a script that makes a shell complete our words. */
#include <stdio.h>

#include "command.h"
#include "manual/completion.h"

int cmd_completion(const struct run_options *options)
{
	const char *const *shell = options->operands;
	struct error err = { "" };

	if (!shell || shell[1])
		return command_misused("completion", "takes the name of one shell");
	if (completion_print(stdout, *shell, &err))
		return command_misused("completion", "%s", err.text);
	return 0;
}
