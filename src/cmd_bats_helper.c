/* ktstr-launch bats-helper: the library for users' bats files, so that one file is enough. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "util/shell_quote.h"

/* Which launcher the library is to use unless KTSTR_LAUNCH says otherwise: this very file. */
static int print_self(void)
{
	char self[PATH_MAX];
	const char *words[] = { self, NULL };
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *quoted;

	self[length > 0 ? length : 0] = '\0';
	/* A file that has no name any more is found in PATH, if anywhere. */
	if (access(self, X_OK))
		self[0] = '\0';
	quoted = shell_quote(words);
	if (!quoted) {
		command_complain("bats-helper: out of memory");
		return COMMAND_CANNOT;
	}
	printf("_ktstr_printed_by=%s\n", quoted);
	free(quoted);
	return 0;
}

int cmd_bats_helper(const struct run_options *options)
{
	int status;

	if (options->operands)
		return command_misused("bats-helper", "argument '%s': not known",
				       *options->operands);
	status = print_self();
	return status ? status : command_print_blob("bats-helper", "bats_lib");
}
