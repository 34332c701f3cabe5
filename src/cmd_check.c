/* ktstr-launch check: are the directives of these tests right? Boots nothing. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "suite/load.h"
#include "util/utf8.h"

static void complain(const char *line)
{
	command_complain("check: %s", line);
}

int cmd_check(const struct run_options *options)
{
	struct error err = { "" };
	struct tests tests;
	int bad;

	if (!options->operands)
		return command_misused("check", "no file given");
	bad = tests_load(options->operands, &tests, complain, &err);
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
