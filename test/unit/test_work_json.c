/* ktstr-work: is JSON read as it is written, and what is none refused with its line? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/work/json.h"

static struct failure failure;

static int read_text(const char *text, struct json *json)
{
	failure.text[0] = '\0';
	return json_read("file", text, strlen(text), json, &failure);
}

static void bad(const char *part, const char *text)
{
	struct json json;

	assert_int_equal(read_text(text, &json), -EINVAL);
	json_free(&json);
	if (!strstr(failure.text, part))
		fail_msg("'%s' does not say '%s'", failure.text, part);
}

static void values(void **state)
{
	const struct json_node *at;
	struct json json;

	(void)state;
	assert_int_equal(
		read_text(
			"{ \"a\" : [ 1, -2.5e1, true, False, null, \"x\\\"\\\\\\n\", ], /* c\n */\n"
			"// d\n \"a\":{}, \"b\" : 0 }",
			&json),
		0);
	at = json_child(&json, json_member(&json, json.nodes, "a"));
	assert_true(at->type == JSON_NUMBER && at->number == 1);
	at = json_next(&json, at);
	assert_true(at->type == JSON_NUMBER && at->number == -25);
	at = json_next(&json, at);
	assert_true(at->type == JSON_BOOL && at->number == 1);
	at = json_next(&json, at);
	assert_true(at->type == JSON_BOOL && at->number == 0);
	at = json_next(&json, at);
	assert_true(at->type == JSON_NULL);
	at = json_next(&json, at);
	assert_true(at->type == JSON_STRING);
	assert_string_equal(at->text, "x\"\\\n");
	assert_null(json_next(&json, at));
	/* The second of the same name is there, too. */
	at = json_next(&json, json_member(&json, json.nodes, "a"));
	assert_string_equal(at->name, "a");
	assert_int_equal(at->line, 4);
	assert_int_equal(json_member(&json, json.nodes, "b")->type, JSON_NUMBER);
	assert_null(json_member(&json, json.nodes, "c"));
	json_free(&json);
}

static void wrong(void **state)
{
	char deep[64] = "";
	struct json json;

	(void)state;
	bad("line 1: no value", "");
	bad("line 2: no value", "{ \"a\" :\n }");
	bad("behind a name comes a colon", "{ \"a\" 1 }");
	bad("behind a member comes", "{ \"a\" : 1 \"b\" : 2 }");
	bad("behind an element comes", "[ 1 2 ]");
	bad("in double quotes", "{ a : 1 }");
	bad("a string without an end", "[ \"a\n\" ]");
	bad("a string without an end", "\"a");
	bad("a backslash before", "\"\\u0041\"");
	bad("a backslash before", "\"\\");
	bad("a comment without an end", "/* {}");
	bad("more text behind", "{} {}");
	bad("no value", "[ nan ]");
	bad("no value", "0x10");
	bad("no value", "-");
	bad("without bounds", "1e999");
	memset(deep, '[', 40);
	bad("nested deeper than 16", deep);
	assert_int_equal(json_read("file", "1\0", 2, &json, &failure), -EINVAL);
	json_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
