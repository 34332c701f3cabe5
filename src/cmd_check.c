/* ktstr-launch check: are the directives of these tests right? Boots nothing. */
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
	struct error err = { "" };
	struct tests tests;
	int bad;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 2 || argv[1][0] == '-') {
		command_complain("check: %s; see ktstr-launch check --help",
				 argc < 2 ? "no file given" : "takes no options");
		return COMMAND_CANNOT;
	}
	bad = tests_load((const char *const *)argv + 1, &tests, complain, &err);
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
