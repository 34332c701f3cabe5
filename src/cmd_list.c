/* ktstr-launch list: which tests are there, and what do they say of themselves? */
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "report/json_text.h"
#include "suite/load.h"
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
	       test->expect_err ? "expect_err " : "", test->ignore ? "ignored " : "",
	       test->host_only ? "host_only " : "", path);
}

/* @text: NULL is JSON's null. */
static bool add_text(struct json_object *object, const char *key, const char *text)
{
	struct json_object *value = text ? json_text(text) : NULL;

	return (value || !text) && !json_object_object_add(object, key, value);
}

static bool print_json(const struct test *test)
{
	struct json_object *object = json_object_new_object();
	char spec[TOPOLOGY_SPEC_SIZE];
	bool ok = object;

	topology_format(&test->topology, spec);
	ok = ok && add_text(object, "name", test->name);
	ok = ok && add_text(object, "path", test->path);
	ok = ok && add_text(object, "topology", spec);
	ok = ok && !json_object_object_add(object, "memory_mib",
					   json_object_new_uint64(test->memory_mib));
	ok = ok && !json_object_object_add(object, "timeout_s",
					   json_object_new_double((double)test->timeout_ms / 1000));
	ok = ok && !json_object_object_add(object, "wprof", json_object_new_boolean(test->wprof));
	ok = ok && !json_object_object_add(object, "auto_repro",
					   json_object_new_boolean(test->auto_repro));
	ok = ok && !json_object_object_add(object, "expect_err",
					   json_object_new_boolean(test->expect_err));
	ok = ok &&
	     !json_object_object_add(object, "host_only", json_object_new_boolean(test->host_only));
	ok = ok && add_text(object, "ignore", test->ignore);
	if (ok)
		puts(json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return ok;
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
