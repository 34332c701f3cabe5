/* ktstr-launch exec: run a command of this machine with the tracer's path in its environment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "embed/embed.h"
#include "wprof/wprof.h"

int cmd_exec(const struct run_options *options)
{
	char *const *argv = (char *const *)options->operands;
	struct error err = { "" };
	int used_own, code;

	if (!argv)
		return command_misused("exec", "no command given");
	if (embed_export_wprof(&used_own, &err)) {
		command_complain("exec: %s", err.text);
		return COMMAND_CANNOT;
	}
	if (used_own)
		command_complain("exec: using your own tracer, " WPROF_PATH_VARIABLE "='%s'",
				 getenv(WPROF_PATH_VARIABLE));

	execvp(argv[0], argv);
	code = errno;
	command_complain("exec: cannot execute '%s': %s", argv[0], strerror(code));
	return code == ENOENT ? 127 : 126;
}
