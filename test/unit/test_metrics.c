/* Which lines are metrics, and is all that is none told of? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/payload_file.h"
#include "report/metrics.h"
#include "verdict/metrics.h"

static struct metrics metrics;

static int tear_down(void **state)
{
	(void)state;
	metrics_destroy(&metrics);
	return 0;
}

/* From a block of exactly this size, so that ASan sees a read beyond it. */
static void take_frame(struct ktstr_file head, const char *text, size_t size)
{
	char *frame = malloc(sizeof(head) + size);

	assert_non_null(frame);
	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), text, size);
	metrics_destroy(&metrics);
	metrics_take(&metrics, frame, sizeof(head) + size);
	free(frame);
}

static void take_bytes(const char *text, size_t size)
{
	take_frame((struct ktstr_file){ .size = size }, text, size);
}

static void take(const char *text)
{
	take_bytes(text, strlen(text));
}

static void check(size_t at, const char *name, double value, const char *unit,
		  enum metrics_better better)
{
	assert_true(at < metrics.count);
	assert_string_equal(metrics.list[at].name, name);
	assert_true(metrics.list[at].value == value);
	assert_string_equal(metrics.list[at].unit, unit);
	assert_int_equal(metrics.list[at].better, better);
}

static void good_lines(void **state)
{
	(void)state;
	take("hog.share_spread 12.5 % lower\n\n \t \n"
	     "\tA-z_0:/x\t-3e-2  -\thigher \n"
	     "n +.5E+1 ns\n"
	     "zero -0. ops/s\n");
	assert_int_equal(metrics.nr_warnings, 0);
	assert_int_equal(metrics.count, 4);
	check(0, "hog.share_spread", 12.5, "%", METRICS_LOWER);
	check(1, "A-z_0:/x", -0.03, "", METRICS_HIGHER);
	check(2, "n", 5, "ns", METRICS_NEITHER);
	check(3, "zero", 0, "ops/s", METRICS_NEITHER);
	take("");
	assert_int_equal(metrics.count + metrics.nr_warnings, 0);
}

/* One such line between two good ones. */
static void bad_line(const char *line, size_t length, const char *warning)
{
	char text[512];
	size_t used = (size_t)sprintf(text, "a 1 s\n");

	memcpy(text + used, line, length);
	used += length;
	used += (size_t)sprintf(text + used, "\nz 2 s\n");
	take_bytes(text, used);
	assert_int_equal(metrics.nr_warnings, 1);
	assert_string_equal(metrics.warnings[0], warning);
	assert_int_equal(metrics.count, 2);
	check(1, "z", 2, "s", METRICS_NEITHER);
}
#define BAD(line, why) bad_line(line, sizeof(line) - 1, "line 2 '" line "': " why)

#define S16 "0123456789abcdef"
#define S64 S16 S16 S16 S16

static void bad_lines(void **state)
{
	static const char form[] =
		"a line is NAME VALUE UNIT [lower|higher], the unit '-' for none";
	char warning[256];

	(void)state;
	for (const char *const *line = (const char *const[]){ "b", "b 1", "# words", NULL }; *line;
	     line++) {
		snprintf(warning, sizeof(warning), "line 2 '%s': %s", *line, form);
		bad_line(*line, strlen(*line), warning);
	}
	BAD("b,c 1 s", "a name has letters, digits and _ . : / - only");
	BAD("# 1 s", "a name has letters, digits and _ . : / - only");
	BAD("!x 1 s", "a name has letters, digits and _ . : / - only");
	bad_line("b\0 1 s", 6, "line 2 'b? 1 s': a name has letters, digits and _ . : / - only");
	BAD(S64 "0 1 s", "the name is longer than 64 characters");
	BAD("b 1 " S16 "0", "the unit is longer than 16 characters");
	bad_line("b 1 \xc2\xb5s", 7,
		 "line 2 'b 1 \xc2\xb5s': a unit has printable ASCII characters only");
	bad_line("b 1 s\r", 6, "line 2 'b 1 s?': a unit has printable ASCII characters only");
	BAD("b 1 s up", "behind the unit there may be 'lower' or 'higher'");
	BAD("b 1 s low", "behind the unit there may be 'lower' or 'higher'");
	BAD("b 1 s lower lower", "behind 'lower' or 'higher' the line is at its end");
	BAD("a 1 s", "its name was there before, and the first one counts");
	for (const char *const *value =
		     (const char *const[]){ "nan", "inf", "-inf", "0x1p3", "1e", "1e+", ".", "-",
					    "+-1", "1,5", "1.2.3", "1s", "e5", NULL };
	     *value; value++) {
		char line[64];

		snprintf(line, sizeof(line), "b %s s", *value);
		snprintf(warning, sizeof(warning), "line 2 '%s': the value is no decimal number",
			 line);
		bad_line(line, strlen(line), warning);
	}
	bad_line("b 1\0 s", 6, "line 2 'b 1? s': the value is no decimal number");
	BAD("b 1e999 s", "the value is too large");
	BAD("b -1e999 s", "the value is too large");
	/* Longest ones. */
	take(S64 " 1 " S16 "\n");
	assert_int_equal(metrics.nr_warnings, 0);
	check(0, S64, 1, S16, METRICS_NEITHER);
}

static void what_is_not_whole(void **state)
{
	(void)state;
	take("a 1 s\nb 12");
	assert_int_equal(metrics.count, 1);
	assert_int_equal(metrics.nr_warnings, 1);
	assert_string_equal(
		metrics.warnings[0],
		"line 2 'b 12': it has no newline at its end, and was perhaps written in part");
	take_frame((struct ktstr_file){ .size = 70000 }, "a 1 s\nb 2 s", 11);
	assert_int_equal(metrics.count, 1);
	assert_int_equal(metrics.nr_warnings, 1);
	assert_string_equal(metrics.warnings[0],
			    "the file of $KTSTR_METRICS has 70000 bytes; what is behind the first "
			    "11 is left out");
}

static void what_became_of_the_file(void **state)
{
	(void)state;
	take_frame((struct ktstr_file){ .state = KTSTR_FILE_GONE }, "", 0);
	assert_string_equal(metrics.warnings[0], "the file of $KTSTR_METRICS was removed");
	take_frame((struct ktstr_file){ .state = KTSTR_FILE_NO_FILE }, "", 0);
	assert_non_null(strstr(metrics.warnings[0], "was replaced by what is no plain file"));
	take_frame((struct ktstr_file){ .state = KTSTR_FILE_UNREAD, .error = EIO }, "", 0);
	assert_string_equal(metrics.warnings[0],
			    "the file of $KTSTR_METRICS cannot be read: Input/output error");
	take_frame((struct ktstr_file){ .state = KTSTR_FILE_UNREAD, .error = UINT32_MAX }, "", 0);
	assert_int_equal(metrics.nr_warnings, 1);
}

static void too_many(void **state)
{
	char *text = NULL, line[160];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (int i = 0; i < METRICS_MAX; i++)
		fprintf(out, "m%d %d s\n", i, i);
	fprintf(out, "more 1 s\n");
	fclose(out);
	take(text);
	free(text);
	assert_int_equal(metrics.count, METRICS_MAX);
	check(METRICS_MAX - 1, "m511", 511, "s", METRICS_NEITHER);
	assert_int_equal(metrics.nr_warnings, 1);
	assert_string_equal(metrics.warnings[0],
			    "line 513 'more 1 s': there are more than 512 metrics");
	/* Warnings have an end as well, and are counted. */
	memset(line, '\n', sizeof(line));
	for (size_t i = 0; i < sizeof(line); i += 2)
		line[i] = 'x';
	take_bytes(line, sizeof(line));
	assert_int_equal(metrics.nr_warnings, METRICS_WARNINGS);
	assert_string_equal(metrics.warnings[METRICS_WARNINGS - 1], "72 more warnings like these");
}

static void same_value(double value, const char *text)
{
	char shown[METRICS_VALUE_SIZE];

	metrics_value(value, shown);
	assert_string_equal(shown, text);
	assert_true(strtod(shown, NULL) == value);
}

static void values_are_short_and_exact(void **state)
{
	(void)state;
	same_value(0.1, "0.1");
	same_value(12, "12");
	same_value(-1e300, "-1e+300");
	same_value(1.0 / 3, "0.3333333333333333");
	same_value(0.1 + 0.2, "0.30000000000000004");
	same_value(-1.7976931348623157e308, "-1.7976931348623157e+308");
}

static void from_process_to_process(void **state)
{
	char *text, *again;

	(void)state;
	take("a 0.1 % lower\nb 2e40 -\nc 3 s higher\nbad \xff\x1b line\nworse\n");
	text = metrics_text(&metrics);
	assert_string_equal(text, "a 0.1 % lower\nb 2e+40 - \nc 3 s higher\n"
				  "!line 4 'bad ?? line': the value is no decimal number\n"
				  "!line 5 'worse': a line is NAME VALUE UNIT [lower|higher], the "
				  "unit '-' for none\n");
	metrics_destroy(&metrics);
	metrics_read(&metrics, text);
	assert_int_equal(metrics.count, 3);
	assert_int_equal(metrics.nr_warnings, 2);
	again = metrics_text(&metrics);
	assert_string_equal(again, text);
	free(text);
	free(again);
	/* As many as there can be. */
	metrics_destroy(&metrics);
	metrics_read(&metrics, "!1\n!2\n!3\n!4\n!5\n!6\n!7\n!8\n!9 more\n!10\n!");
	assert_int_equal(metrics.nr_warnings, METRICS_WARNINGS);
	assert_string_equal(metrics.warnings[METRICS_WARNINGS - 1], "9 more");
}

static char *shown(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_metrics_text(out, "  ", &metrics);
	fclose(out);
	return text;
}

static void in_one_line(void **state)
{
	char lines[4096] = "", *text;

	(void)state;
	take("a 1 ms lower\nb 2 -\nx\n");
	text = shown();
	assert_string_equal(text, "  metrics: a 1 ms, b 2\n"
				  "  metrics: warning: line 3 'x': a line is NAME VALUE UNIT "
				  "[lower|higher], the unit '-' for none\n");
	free(text);
	for (int i = 0; i < 100; i++)
		sprintf(lines + strlen(lines), "metric_%d %d ms\n", i, i);
	take(lines);
	text = shown();
	assert_string_equal(text,
			    "  metrics: metric_0 0 ms, metric_1 1 ms, metric_2 2 ms, metric_3 "
			    "3 ms, metric_4 4 ms, and 95 more\n");
	assert_true(strlen(text) <= 101);
	free(text);
	take("");
	text = shown();
	assert_string_equal(text, "");
	free(text);
}

/* The file, whatever stands in its place. */
static char path[64], bytes[KTSTR_METRICS_MAX];
static struct ktstr_file head;
static dev_t device;

static size_t read_it(void)
{
	return payload_file_read(path, device, &head, bytes, sizeof(bytes));
}

static void the_file(void **state)
{
	char folder[] = "/tmp/test_metrics.XXXXXX", other[64];
	mode_t mask = umask(077);
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/metrics", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(payload_file_make(path, &device), 0);
	umask(mask);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0666);
	assert_int_equal(read_it(), 0);
	assert_int_equal(head.state, KTSTR_FILE_READ);

	/* Replaced by another plain one is fine; so is one without end. */
	assert_int_equal(unlink(path), 0);
	close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(truncate(path, 1ll << 40), 0);
	assert_int_equal(read_it(), KTSTR_METRICS_MAX);
	assert_int_equal(head.state, KTSTR_FILE_READ);
	assert_int_equal(head.size, 1ull << 40);

	assert_int_equal(rename(path, other), 0);
	assert_int_equal(read_it(), 0);
	assert_int_equal(head.state, KTSTR_FILE_GONE);

	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(read_it(), 0);
	assert_int_equal(head.state, KTSTR_FILE_NO_FILE);
	unlink(path);
	assert_int_equal(mkfifo(path, 0666), 0);
	assert_int_equal(read_it(), 0);
	assert_int_equal(head.state, KTSTR_FILE_NO_FILE);
	unlink(path);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(read_it(), 0);
	assert_int_equal(head.state, KTSTR_FILE_NO_FILE);
	assert_int_equal(payload_file_make(path, &device), -EEXIST);
	rmdir(path);
	/* A file system of its own. */
	close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	device++;
	assert_int_equal(read_it(), 0);
	assert_int_equal(head.state, KTSTR_FILE_NO_FILE);
	unlink(path);
	unlink(other);
	rmdir(folder);
	assert_int_equal(payload_file_make(path, &device), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(good_lines, tear_down),
		cmocka_unit_test_teardown(bad_lines, tear_down),
		cmocka_unit_test_teardown(what_is_not_whole, tear_down),
		cmocka_unit_test_teardown(what_became_of_the_file, tear_down),
		cmocka_unit_test_teardown(too_many, tear_down),
		cmocka_unit_test(values_are_short_and_exact),
		cmocka_unit_test_teardown(from_process_to_process, tear_down),
		cmocka_unit_test_teardown(in_one_line, tear_down),
		cmocka_unit_test(the_file),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
