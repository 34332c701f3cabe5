/* ktstr-launch bats-helper: the library for users' bats files, so that one file is enough. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "util/shell_quote.h"

static const char usage[] =
	"Usage: ktstr-launch bats-helper\n\n"
	"Prints the shell library for bats files that boot VMs. Such a file begins with\n"
	"    source <(ktstr-launch bats-helper)\n"
	"and the library's first comment says what it offers.\n\n"
	"Exit status: 0, or 125 when it cannot be printed.\n";

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

int cmd_bats_helper(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, status;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		command_complain("bats-helper: option '%s': not known; see ktstr-launch "
				 "bats-helper --help",
				 argv[optind - 1]);
		return COMMAND_CANNOT;
	}
	if (optind < argc) {
		command_complain("bats-helper: argument '%s': not known; see ktstr-launch "
				 "bats-helper --help",
				 argv[optind]);
		return COMMAND_CANNOT;
	}
	status = print_self();
	return status ? status : command_print_blob("bats-helper", "bats_lib");
}
