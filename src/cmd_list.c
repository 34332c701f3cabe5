/* ktstr-launch list: which tests are there, and what do they say of themselves? */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "suite/load.h"
#include "util/json.h"
#include "util/utf8.h"

static void complain(const char *line)
{
	command_complain("list: %s", line);
}

static void print_text(const struct test *test)
{
	char spec[TOPOLOGY_SPEC_SIZE], path[PATH_MAX];

	topology_format(&test->topology, spec);
	utf8_printable(path, sizeof(path), test->path, strlen(test->path));
	printf("%-24s %-12s %5" PRIu64 " MiB %6.10g s  %s%s%s%s%s\n", test->name,
	       test->host_only ? "host" : spec, test->host_only ? 0 : test->memory_mib,
	       (double)test->timeout_ms / 1000, test->wprof ? "wprof " : "",
	       test->expect.kind != EXPECT_PASS ? "expect_err " : "",
	       test->ignore ? "ignored " : "", test->host_only ? "host_only " : "", path);
}

static bool print_json(const struct test *test)
{
	struct json json = json_begin();
	char spec[TOPOLOGY_SPEC_SIZE], *line;
	size_t size = 0;

	topology_format(&test->topology, spec);
	json_put_text(&json, "name", test->name);
	json_put_text(&json, "path", test->path);
	json_put_text(&json, "topology", spec);
	json_put_number(&json, "memory_mib", test->memory_mib);
	json_put_seconds(&json, "timeout_s", (double)test->timeout_ms / 1000);
	json_put_bool(&json, "wprof", test->wprof);
	json_put_bool(&json, "auto_repro", test->auto_repro);
	json_put_bool(&json, "expect_err",
		      test->expect.kind != EXPECT_PASS && test->expect.kind != EXPECT_STATUS);
	json_put_number(&json, "expect_status", test->expect.status);
	json_put_text(&json, "expect_stdout",
		      test->expect.kind == EXPECT_STDOUT ? test->expect.pattern.text : NULL);
	json_put_text(&json, "expect_stderr",
		      test->expect.kind == EXPECT_STDERR ? test->expect.pattern.text : NULL);
	json_put_bool(&json, "host_only", test->host_only);
	json_put_text(&json, "ignore", test->ignore);
	line = json_text(json_end(&json), false, &size);
	if (!line) {
		command_complain("list: out of memory");
		return false;
	}
	fwrite(line, 1, size, stdout);
	free(line);
	return true;
}

int cmd_list(const struct run_options *options)
{
	struct error err = { "" };
	struct tests tests;
	int bad;

	if (!options->operands)
		return command_misused("list", "no file given");
	bad = tests_load(options->operands, &tests, complain, &err);
	if (bad < 0) {
		command_complain("list: %s", err.text);
		return COMMAND_CANNOT;
	}
	for (size_t i = 0; i < tests.count; i++) {
		if (!options->list_json)
			print_text(&tests.list[i]);
		else if (!print_json(&tests.list[i]))
			bad++;
	}
	tests_destroy(&tests);
	return bad ? COMMAND_CANNOT : 0;
}
