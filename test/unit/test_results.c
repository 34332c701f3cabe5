/* What is read of a file of `test --json`, and is everything refused that is no such file? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/suite.h"
#include "results/results.h"

#define PLAN	   "{\"type\":\"plan\",\"schema_version\":1,\"planned\":2}\n"
#define END	   "{\"type\":\"summary\",\"schema_version\":1,\"seconds\":2.5,\"interrupted\":true}\n"
#define RESULT	   "{\"type\":\"result\",\"schema_version\":1,"
#define ONE(of)	   RESULT "\"name\":\"a\",\"number\":1,\"outcome\":\"pass\",\"seconds\":1" of "}\n"
#define RATE(of)   "{\"type\":\"rate\",\"schema_version\":1," of "}\n"
#define METRIC(of) ONE(",\"metrics\":[" of "]")

/* From a block of exactly this size, so that ASan sees a read beyond it. */
static int parse(const char *text, size_t size, char **block, struct results *results,
		 struct error *err)
{
	*block = malloc(size + 1);
	assert_non_null(*block);
	*block = realloc(*block, size ? size : 1);
	assert_non_null(*block);
	memcpy(*block, text, size);
	*err = (struct error){ "" };
	return results_parse(*block, size, results, err);
}

static void what_the_launcher_writes(void **state)
{
	struct metrics_item items[] = {
		{ .name = "lat.p99", .unit = "us", .value = 12.5, .better = METRICS_LOWER },
		{ .name = "ops", .value = 3e9, .better = METRICS_HIGHER },
	};
	struct metrics metrics = { .list = items, .count = 2 };
	const struct suite_result samples[] = {
		{ .name = "gauntlet/fair/smt/6.12.1",
		  .number = 2,
		  .test = "fair",
		  .preset = "smt",
		  .round = 3,
		  .outcome = OUTCOME_PASS,
		  .kernel = "6.12.1",
		  .topology = "1n1l2c2t",
		  .metrics = &metrics,
		  .seconds = 1.25 },
		{ .name = "x", .number = 1, .outcome = OUTCOME_NOT_RUN },
	};
	struct suite_counts counts = { .planned = 2, .pass = 1, .not_run = 1 };
	struct suite_writer writer;
	struct results results;
	const struct results_item *item;
	struct json_object *line;
	struct error err = { "" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(suite_begin(&writer, &suite_json, out, 2, &err), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(suite_add(&writer, &samples[i], &err), 0);
	assert_int_equal(suite_end(&writer, &counts, 9.5, true, &err), 0);
	fclose(out);
	assert_int_equal(results_parse(text, size, &results, &err), 0);
	assert_int_equal(results.count, 2);
	assert_int_equal(results.planned, 2);
	assert_true(results.interrupted && results.seconds == 9.5);
	assert_string_equal(results.cut_off, "");
	item = &results.list[0];
	assert_string_equal(item->name, samples[0].name);
	assert_string_equal(item->test, "fair");
	assert_string_equal(item->preset, "smt");
	assert_string_equal(item->kernel, "6.12.1");
	assert_string_equal(item->topology, "1n1l2c2t");
	assert_int_equal(item->number, 2);
	assert_int_equal(item->round, 3);
	assert_int_equal(item->outcome, OUTCOME_PASS);
	assert_true(item->seconds == 1.25);
	assert_int_equal(item->nr_metrics, 2);
	assert_string_equal(item->metrics[0].name, "lat.p99");
	assert_string_equal(item->metrics[0].unit, "us");
	assert_true(item->metrics[0].value == 12.5);
	assert_int_equal(item->metrics[0].better, METRICS_LOWER);
	assert_string_equal(item->metrics[1].unit, "");
	assert_int_equal(item->metrics[1].better, METRICS_HIGHER);
	assert_int_equal(item->line_number, 2);
	/* All of the line can be had, and written again as it was. */
	assert_int_equal(results_line(item, &line, &err), 0);
	assert_string_equal(json_object_get_string(json_object_object_get(line, "topology")),
			    "1n1l2c2t");
	json_object_put(line);
	assert_ptr_equal(item->line, strchr(text, '\n') + 1);
	assert_int_equal(item->line[item->length], '\n');
	assert_int_equal(results_plan(&results, &line, &err), 0);
	assert_int_equal(json_object_get_int(json_object_object_get(line, "planned")), 2);
	json_object_put(line);
	item = &results.list[1];
	assert_null(item->test);
	assert_null(item->kernel);
	assert_int_equal(item->round, 0);
	assert_int_equal(item->nr_metrics, 0);
	results_destroy(&results);
	free(text);
}

/* Cut anywhere: what is whole is there, and that it was cut is said, but for the last newline. */
static void what_is_cut_off(void **state)
{
	static const char text[] = PLAN ONE("") END;
	size_t plan = strlen(PLAN), one = strlen(PLAN ONE(""));

	(void)state;
	for (size_t size = 0; size < sizeof(text); size++) {
		struct results results;
		struct error err;
		char *block;
		int ret = parse(text, size, &block, &results, &err);

		assert_int_equal(ret, size < plan - 1 ? -ENODATA : 0);
		if (!ret) {
			assert_int_equal(results.count, size >= one - 1);
			assert_int_equal(!*results.cut_off, size >= sizeof(text) - 2);
			if (size > plan && size < one - 1)
				assert_string_equal(results.cut_off,
						    "cut off: it has 0 of 2 results and no "
						    "summary, and its last line is not whole");
			results_destroy(&results);
		}
		free(block);
	}
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: it is taken */
	} cases[] = {
		{ PLAN ONE("") END, NULL },
		{ PLAN ONE(",\"new\":{}") "{\"type\":\"new\",\"schema_version\":1}\n" END, NULL },
		{ "text", "no plan, which" },
		{ "text\n", "line 1: no JSON" },
		{ "[]\n", "line 1: no line of `ktstr-launch test --json`" },
		{ "{\"type\":\"plan\",\"planned\":1}\n", "line 1: no line of" },
		{ "{\"type\":\"plan\",\"schema_version\":2}\n",
		  "line 1: its schema version is 2, and this launcher knows 1" },
		{ "{\"type\":\"plan\",\"schema_version\":99999999999}\n",
		  "version is 99999999999, and" },
		{ "{\"type\":\"plan\",\"schema_version\":1,\"planned\":-1}\n",
		  "its 'planned' is -1, which is not within 0 and 4294967295" },
		{ "{\"type\":\"plan\",\"schema_version\":1,\"planned\":\"2\"}\n",
		  "its 'planned' is a string, and no whole number" },
		{ ONE(""), "line 1: no plan stands before it" },
		{ PLAN PLAN, "line 2: a second plan" },
		{ PLAN ONE("") END ONE(""), "line 4: it stands behind the summary" },
		{ PLAN ONE("") END "{\"type\":", "line 4" },
		{ PLAN END END, "line 3: it stands behind the summary" },
		{ PLAN RATE("\"good\":\"x\""), "line 2: a rate without a 'name'" },
		{ PLAN RATE("\"name\":1"), "line 2: its 'name' is a int, and no text" },
		{ PLAN RATE("\"name\":\"a\",\"good\":[]"), "line 2: its 'good' is a array" },
		{ PLAN RATE("\"name\":\"a\",\"good\":null") END, NULL },
		{ PLAN ONE("") ONE(""), "result 'a', number 1, is there twice: in line 2 and 3" },
		{ PLAN "\n" END, "line 2: " },
		{ PLAN ONE("") "{\"type\"\n" END, "line 3: cut off" },
		{ PLAN ONE(",\"x\":[NaN]") END,
		  "line 2: no JSON: it has a number that is not fin" },
		{ PLAN RESULT "\"number\":1}\n", "line 2: a result without a 'name'" },
		{ PLAN RESULT "\"name\":\"a\"}\n", "result 'a': its 'number' is null" },
		{ PLAN ONE(",\"number\":0"), "its 'number' is 0, which is not within 1" },
		{ PLAN ONE(",\"round\":0"), "its 'round' is 0" },
		{ PLAN ONE(",\"seconds\":\"1\""), "its 'seconds' is a string, and no number" },
		{ PLAN ONE(",\"seconds\":-1"), "its 'seconds' is below 0" },
		{ PLAN ONE(",\"outcome\":\"good\""), "its 'outcome' is 'good', which is none" },
		{ PLAN ONE(",\"outcome\":1"), "its 'outcome' is a int, and no text" },
		{ PLAN ONE(",\"test\":1"), "its 'test' is a int, and no text" },
		{ PLAN ONE(",\"kernel\":\"a\\u0000b\""), "its 'kernel' has a NUL" },
		{ PLAN ONE(",\"metrics\":{}"), "its 'metrics' is a object, and no list" },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":NaN}"), "not finite: value of m" },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":1e999}"), "not finite: value of m" },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":18446744073709551616}"),
		  "line 2: it has a whole number that 64 bits do not hold, which would be read as "
		  "another one (as 1e20 it can be): value of m" },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":-9223372036854775809}"),
		  "do not hold, which would be read as another one (as 1e20 it can be): value of m" },
		{ PLAN METRIC("{\"name\":\"\\\"\",\"value\":184467440737095516160000000000}"),
		  "64 bits do not hold" },
		{ PLAN ONE(",\"seconds\":99999999999999999999"), "do not hold" },
		/* These they hold. */
		{ PLAN METRIC(
			  "{\"name\":\"m 18446744073709551616\",\"value\":18446744073709551615}"),
		  NULL },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":-9223372036854775808}"), NULL },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":18446744073709551616.0},"
			      "{\"name\":\"n\",\"value\":1e30}"),
		  NULL },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":\"1\"}"),
		  "metric 'm': its 'value' is a string, and no number" },
		{ PLAN METRIC("{\"name\":\"m\"}"), "metric 'm': its 'value' is null" },
		{ PLAN METRIC("{\"value\":1}"), "a metric without a 'name'" },
		{ PLAN METRIC("1"), "a metric without a 'name'" },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":1,\"unit\":\"12345678901234567\"}"),
		  "its 'unit' is no text of at most 16 bytes" },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":1,\"better\":\"more\"}"),
		  "its 'better' is neither" },
		{ PLAN METRIC("{\"name\":\"m\",\"value\":1},{\"name\":\"m\",\"value\":2}"),
		  "metric 'm' is there twice" },
		{ PLAN "{\"type\":\"summary\",\"schema_version\":1,\"interrupted\":1}\n",
		  "'interrupted' is no true or false" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct results results;
		struct error err;
		char *block;
		int ret = parse(cases[i].text, strlen(cases[i].text), &block, &results, &err);

		if (ret != (cases[i].why ? -EBADMSG : 0) ||
		    (cases[i].why && !strstr(err.text, cases[i].why)))
			fail_msg("case %zu: returns %d, says '%s'", i, ret, err.text);
		if (!ret)
			results_destroy(&results);
		free(block);
	}
}

static void a_line_has_a_bound(void **state)
{
	size_t plan = strlen(PLAN), size = plan + RESULTS_MAX_LINE + 2;
	char *text = malloc(size);
	struct results results;
	struct error err;

	(void)state;
	assert_non_null(text);
	memcpy(text, PLAN, plan);
	memset(text + plan, ' ', size - plan);
	text[size - 1] = '\n';
	assert_int_equal(results_parse(text, size, &results, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "line 2: it has 16777217 bytes, at most 16777216"));
	free(text);
}

static void files(void **state)
{
	char path[] = "/tmp/ktstr-results-XXXXXX";
	int fd = mkstemp(path);
	struct results results;
	struct error err = { "" };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, PLAN END, strlen(PLAN END)), strlen(PLAN END));
	assert_int_equal(results_read(path, &results, &err), 0);
	assert_int_equal(results.count, 0);
	results_destroy(&results);
	assert_int_equal(ftruncate(fd, (off_t)RESULTS_MAX_FILE + (1 << 20)), 0);
	assert_int_equal(results_read(path, &results, &err), -EFBIG);
	assert_non_null(strstr(err.text, "has 1025 MiB, at most 1024 are read"));
	assert_int_equal(ftruncate(fd, 5), 0);
	assert_int_equal(results_read(path, &results, &err), -ENODATA);
	assert_non_null(strstr(err.text, path));
	/* What a machine that died leaves: a hole. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, PLAN "{\"ty", strlen(PLAN) + 4, 0), strlen(PLAN) + 4);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(results_read(path, &results, &err), 0);
	assert_non_null(strstr(results.cut_off, "its last line is not whole"));
	results_destroy(&results);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(results_read(path, &results, &err), -ENODATA);
	close(fd);
	unlink(path);
	assert_int_equal(results_read(path, &results, &err), -ENOENT);
	assert_int_equal(results_read("/dev/null", &results, &err), -EINVAL);
	assert_int_equal(results_read("/tmp", &results, &err), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_launcher_writes),
		cmocka_unit_test(what_is_cut_off),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(a_line_has_a_bound),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
