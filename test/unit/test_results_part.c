/* What a result file says of its suite: is it checked, and are two of them told apart? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <json-c/json.h>

#include "results/part.h"
#include "results/retold.h"
#include "util/input.h"

static int take(const char *text, struct suite_part *part, struct error *err)
{
	struct json_object *line;
	int ret;

	assert_int_equal(input_json(text, strlen(text), &line, err), 0);
	ret = results_part_take(line, part, err);
	json_object_put(line);
	return ret;
}

#define PLAN(list) "{\"shard\":{\"number\":1,\"of\":2,\"plan\":[" list "]}}"
#define A	   "{\"name\":\"a\",\"shard\":1}"
#define B	   "{\"name\":\"b\",\"shard\":2}"

static void is_read(void **state)
{
	struct suite_part part;
	struct error err;

	(void)state;
	assert_int_equal(take("{\"shard\":null}", &part, &err), 0);
	assert_int_equal(part.shards, 0);
	assert_int_equal(take("{}", &part, &err), 0);
	assert_int_equal(part.shards, 0);
	assert_int_equal(take(PLAN(A "," B), &part, &err), 0);
	assert_int_equal(part.shard, 1);
	assert_int_equal(part.shards, 2);
	assert_int_equal(part.count, 2);
	assert_string_equal(part.plan[1].name, "b");
	assert_int_equal(part.plan[1].shard, 2);
	results_part_destroy(&part);
	/* Nothing to do is a plan, too. */
	assert_int_equal(take(PLAN(""), &part, &err), 0);
	assert_int_equal(part.count, 0);
	results_part_destroy(&part);
}

static void refuses(const char *text, const char *expected)
{
	struct error err = { "" };
	struct suite_part part;

	assert_int_equal(take(text, &part, &err), -EBADMSG);
	if (!strstr(err.text, expected))
		fail_msg("'%s' does not have '%s'", err.text, expected);
}

static void what_is_none_is_refused(void **state)
{
	(void)state;
	refuses("{\"shard\":1}", "no object");
	refuses("{\"shard\":{}}", "without the 'plan'");
	refuses("{\"shard\":{\"number\":1,\"of\":2,\"plan\":{}}}", "without the 'plan'");
	refuses("{\"shard\":{\"number\":3,\"of\":2,\"plan\":[]}}", "shard 3 of 2");
	refuses("{\"shard\":{\"number\":1,\"of\":0,\"plan\":[]}}", "'of' is 0");
	refuses("{\"shard\":{\"number\":-1,\"of\":2,\"plan\":[]}}", "'number' is -1");
	refuses("{\"shard\":{\"number\":\"1\",\"of\":2,\"plan\":[]}}", "'number' is a string");
	refuses(PLAN(A ",7"), "variant 2 of the plan: a variant without a 'name'");
	refuses(PLAN("null"), "variant 1 of the plan: a variant without a 'name'");
	refuses(PLAN("{\"name\":\"\",\"shard\":1}"), "without a 'name'");
	refuses(PLAN("{\"name\":\"a\\u0000b\",\"shard\":1}"), "without a 'name'");
	refuses(PLAN(A ",{\"name\":\"b\",\"shard\":3}"), "variant 2 of the plan: its 'shard' is 3");
	refuses(PLAN("{\"name\":\"b\",\"shard\":0}"), "'shard' is 0");
	refuses(PLAN("{\"name\":\"b\"}"), "'shard' is");
}

static void another_suite_is_told_apart(void **state)
{
	static const struct {
		const char *plan, *said;
	} others[] = {
		{ PLAN(A "," B), NULL },
		{ PLAN(A), "its suite has 1 variants, not 2" },
		{ PLAN(A ",{\"name\":\"c\",\"shard\":2}"), "variant 2 is 'c', not 'b'" },
		{ PLAN(A ",{\"name\":\"b\",\"shard\":1}"), "'b' in shard 1, not in shard 2" },
		{ "{\"shard\":{\"number\":1,\"of\":3,\"plan\":[]}}", "one of 3 shards, not of 2" },
	};
	struct suite_part part, other;
	struct error err = { "" };

	(void)state;
	assert_int_equal(take(PLAN(A "," B), &part, &err), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(take(others[i].plan, &other, &err), 0);
		assert_int_equal(results_part_same(&part, &other, &err),
				 others[i].said ? -EINVAL : 0);
		if (others[i].said && !strstr(err.text, others[i].said))
			fail_msg("'%s' does not have '%s'", err.text, others[i].said);
		results_part_destroy(&other);
	}
	results_part_destroy(&part);
}

static void leads(const char *path, const char *folder, const char *expected)
{
	char *found = retold_relative(path, folder);

	assert_string_equal(found, expected);
	free(found);
}

static void paths_lead_there(void **state)
{
	(void)state;
	leads("/usr/bin", "/usr", "bin");
	leads("/usr/bin", "/usr/lib", "../bin");
	leads("/usr/bin", "/usr/bi", "../bin");
	leads("/usr", "/usr/bin", "..");
	leads("/usr/bin", "/usr/bin", ".");
	leads("/usr/bin", "/usr/lib/deep/er", "../../../bin");
	/* Nothing in common: as it is. */
	leads("/usr/bin", "/etc", "/usr/bin");
	leads("not/there", "/usr", "not/there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(another_suite_is_told_apart),
		cmocka_unit_test(paths_lead_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
