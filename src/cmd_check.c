/* ktstr-launch check: are the directives of these tests right? Boots nothing. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "suite/load.h"
#include "util/utf8.h"

static const char usage[] =
	"Usage: ktstr-launch check FILE|FOLDER...\n\n"
	"Reads the directives of the tests and says what is wrong with them, with file and line.\n"
	"Nothing is booted.\n\n"
	"Exit status: 0 all are right, 1 some are not, 125 wrong usage or no test there.\n";

static void complain(const char *line)
{
	command_complain("check: %s", line);
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct error err = { "" };
	struct tests tests;
	int option, bad;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		command_complain("check: option '%s': not known; see ktstr-launch check --help",
				 argv[optind - 1]);
		return COMMAND_CANNOT;
	}
	if (optind == argc) {
		command_complain("check: no file given; see ktstr-launch check --help");
		return COMMAND_CANNOT;
	}
	bad = tests_load((const char *const *)argv + optind, &tests, complain, &err);
	if (bad < 0) {
		command_complain("check: %s", err.text);
		return COMMAND_CANNOT;
	}
	for (size_t i = 0; i < tests.count; i++) {
		const struct test *test = &tests.list[i];
		char path[PATH_MAX];

		utf8_printable(path, sizeof(path), test->path, strlen(test->path));
		printf("ok  %-24s %s\n", test->name, path);
	}
	tests_destroy(&tests);
	return bad ? 1 : 0;
}
