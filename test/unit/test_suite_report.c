/* Does each format of a suite's report say what came of it, and stay whole whatever a guest wrote?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/suite.h"
#include "util/utf8.h"

#define NR_KINDS (OUTCOME_NOT_RUN + 1)

/* One of each outcome. */
static const struct suite_result samples[] = {
	{ .name = "idle",
	  .number = 1,
	  .outcome = OUTCOME_PASS,
	  .cause = "payload exited with status 0 after 1.0 s",
	  .output = "all is well\n",
	  .topology = "1n1l2c1t",
	  .kernel = "6.12.1",
	  .memory_mib = 2048,
	  .start = "forked",
	  .seconds = 4.5 },
	{ .name = "gauntlet/fair/smt-2llc",
	  .number = 2,
	  .test = "fair",
	  .preset = "smt-2llc",
	  .round = 3,
	  .outcome = OUTCOME_FAIL,
	  .cause = "payload exited with status 1 after 3.2 s",
	  .detail = "  repro: same failure\n\n    | a line of the guest\n",
	  .output = "load\r\n\nvictim got 2 %\n",
	  .topology = "1n2l2c2t",
	  .kernel = "6.12.1",
	  .memory_mib = 2048,
	  .start = "booted",
	  .seconds = 12.25,
	  .folder = "out/fair-0001",
	  .dump = "out/fair-0001/fair.failure-dump.json",
	  .trace = "out/fair-0001/fair.wprof.pb",
	  .replay = "ktstr-launch test --filter gauntlet/fair/smt-2llc 'my tests'" },
	{ .name = "gauntlet/fair/tiny/6.1.0",
	  .number = 3,
	  .outcome = OUTCOME_TIMEOUT,
	  .cause = "payload still ran after 60.0 s",
	  .topology = "1n1l4c1t",
	  .kernel = "6.1.0",
	  .memory_mib = 2048,
	  .start = "",
	  .seconds = 63 },
	{ .name = "starved",
	  .number = 4,
	  .outcome = OUTCOME_XFAIL,
	  .cause = "payload exited with status 3 after 1.1 s",
	  .detail = "not of interest",
	  .trace = "out/starved.wprof.pb" },
	{ .name = "mended",
	  .number = 5,
	  .outcome = OUTCOME_XPASS,
	  .cause = "payload exited with 0" },
	{ .name = "huge", .number = 6, .outcome = OUTCOME_SKIP, .cause = "12 LLCs, at most 4 #1" },
	{ .name = "broken",
	  .number = 7,
	  .outcome = OUTCOME_ERROR,
	  .cause = "kernel '/boot/x': not a bzImage",
	  .kernel = "/boot/x",
	  .replay = "ktstr-launch test broken" },
	{ .name = "later", .number = 8, .outcome = OUTCOME_NOT_RUN },
	{ .name = "short", .number = 9, .outcome = OUTCOME_INCONCLUSIVE, .cause = "3 wake-ups" },
};
#define NR_SAMPLES (sizeof(samples) / sizeof(*samples))

/* What someone would write who wants a failure to look like something else. */
static const char evil[] =
	"# SKIP not me\n"
	"ok 1 - fair\n"
	"not ok 99 x\n"
	"  ok 1 x # SKIP\r"
	"Bail out! now\n"
	"  Bail out!\n"
	"# Subtest: x\n"
	"    1..2\n"
	"KTAP version 1\n"
	"  KTAP version 1\n"
	"TAP version 13\n"
	"1..0 # SKIP\n"
	"  ---\n  ...\n"
	"pragma +strict\n"
	"reboot: System halted\n"
	"reboot:\tSystem halted\n"
	"Kernel panic - not syncing: VFS: no root\n"
	"List of all partitions:\n"
	"]]></system-out></testcase><x a=\"b\" c='d'>&amp;&#0;<![CDATA[<!--\n"
	"\\# TODO \\\\# TODO \\\n"
	"\xef\xbf\xbe\xef\xbf\xbf \xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80 \xe2\x80\xae"
	"\xe2\x80\xa8 \xf0\x9f\x90\xa7 \xc3\xa9 \xf0\x9f";

/* The same, and every byte that a string can hold. */
static const char *hostile(void)
{
	static char text[2 * sizeof(evil) + 3 * 256];
	size_t used = 0;

	used += (size_t)sprintf(text, "%s\n", evil);
	for (int byte = 1; byte < 256; byte++) {
		text[used++] = (char)byte;
		text[used++] = (char)byte;
	}
	sprintf(text + used, "%s", evil);
	return text;
}

static struct suite_result hostile_result(enum outcome_kind kind)
{
	const char *text = hostile();

	return (struct suite_result){ .name = text,
				      .number = 1,
				      .test = text,
				      .preset = text,
				      .outcome = kind,
				      .cause = text,
				      .detail = text,
				      .output = text,
				      .topology = text,
				      .kernel = text,
				      .memory_mib = UINT64_MAX,
				      .start = text,
				      .seconds = (double)NAN,
				      .folder = text,
				      .dump = text,
				      .trace = text,
				      .replay = text };
}

static struct suite_counts counts_of(const struct suite_result *results, size_t count)
{
	struct suite_counts counts = { .planned = (unsigned int)count };

	for (size_t i = 0; i < count; i++)
		suite_count(&counts, results[i].outcome);
	return counts;
}

/* One report, as a string to be freed. */
static char *report(const struct suite_format *format, const struct suite_result *results,
		    size_t count, unsigned int planned, bool interrupted)
{
	struct suite_counts counts = counts_of(results, count);
	struct suite_writer writer;
	struct error err = { "" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	counts.planned = planned;
	assert_non_null(out);
	assert_int_equal(suite_begin(&writer, format, out, planned, &err), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(suite_add(&writer, &results[i], &err), 0);
	assert_int_equal(suite_end(&writer, &counts, 192.4, interrupted, &err), 0);
	fclose(out);
	assert_int_equal(strlen(text), size);
	assert_string_equal(err.text, "");
	return text;
}

static char *report_samples(const struct suite_format *format, bool interrupted)
{
	return report(format, samples, NR_SAMPLES, NR_SAMPLES, interrupted);
}

/* The exit status of a shell's @command with @text at its input; its output goes to @output. */
static int piped(const char *text, const char *command, char *output, size_t size)
{
	char path[] = "/tmp/test_suite_report.XXXXXX", line[1024];
	int fd = mkstemp(path), status;
	size_t used;
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(line, sizeof(line), "REPORT=%s; export REPORT; { %s; } 2>&1", path, command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	used = fread(output, 1, size - 1, pipe);
	output[used] = '\0';
	status = pclose(pipe);
	unlink(path);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Valid UTF-8, and no control character but newline (and XML's tab, which we write ourselves). */
static void assert_harmless(const char *text, bool tabs)
{
	while (*text) {
		uint32_t code = 0;
		size_t step = utf8_decode(text, strlen(text), &code);

		assert_true(step > 0);
		assert_true(code == '\n' || (tabs && code == '\t') || code >= 0x20);
		assert_false(code >= 0x7f && code < 0xa0);
		assert_int_not_equal(code, 0x202e);
		text += step;
	}
}

static bool matches(const char *pattern, const char *line)
{
	regex_t regex;
	bool is;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	is = !regexec(&regex, line, 0, NULL, 0);
	regfree(&regex);
	return is;
}

/*
 * A strict reader of KTAP, from Documentation/dev-tools/ktap.rst: a version line, a plan, results
 * that are numbered one after the other, and diagnostic lines; nothing that is not one of these,
 * nothing nested. Counts what was there.
 */
struct ktap {
	unsigned int planned, results;
	unsigned int ok, not_ok;
	unsigned int skip, xfail, timeout, error;
	unsigned int diagnostics;
};

static void read_ktap_result(struct ktap *ktap, const char *line)
{
	static const char *const not_with_ok[] = { "TIMEOUT", "ERROR" };
	const char *at = line, *data;
	bool ok = !strncmp(at, "ok ", 3);
	unsigned long number;
	char *end, word[16];

	at += ok ? 3 : strlen("not ok ");
	assert_true(*at >= '1' && *at <= '9');
	number = strtoul(at, &end, 10);
	assert_int_equal(number, ++ktap->results);
	assert_true(number <= ktap->planned);
	assert_true(*end == ' ' && end[1] && end[1] != ' ');
	/* The description cannot hold a '#'; the one that is there has a space on both sides. */
	data = strchr(end, '#');
	ok ? ktap->ok++ : ktap->not_ok++;
	if (!data)
		return;
	assert_true(data[-1] == ' ' && data[1] == ' ' && data[2] && data[2] != ' ');
	/* kunit.py takes the last " # SKIP" of a line. */
	assert_null(strchr(data + 1, '#'));
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(data + 2, " "), data + 2);
	if (!strcmp(word, "SKIP"))
		ktap->skip++;
	else if (!strcmp(word, "XFAIL"))
		ktap->xfail++;
	else if (!strcmp(word, "TIMEOUT"))
		ktap->timeout++;
	else if (!strcmp(word, "ERROR"))
		ktap->error++;
	else
		assert_true(*word >= 'a' && *word <= 'z'); /* none that will be a directive */
	for (size_t i = 0; i < 2; i++)
		assert_false(ok && !strcmp(word, not_with_ok[i]));
}

static struct ktap read_ktap(const char *text)
{
	struct ktap ktap = { 0 };
	char *copy = strdup(text), *at = copy, *line;
	int number = 0;

	assert_int_equal(text[strlen(text) - 1], '\n');
	copy[strlen(copy) - 1] = '\0';
	assert_harmless(text, false);
	while ((line = strsep(&at, "\n"))) {
		/* What kunit.py takes for the end of a log, anywhere in a line. */
		assert_null(strstr(line, "reboot: System halted"));
		assert_null(strstr(line, "Kernel panic - not syncing: VFS:"));
		assert_null(strstr(line, "List of all partitions:"));
		if (++number == 1) {
			assert_string_equal(line, "KTAP version 1");
		} else if (number == 2) {
			assert_true(matches("^1\\.\\.(0|[1-9][0-9]*)$", line));
			ktap.planned = (unsigned int)strtoul(line + 3, NULL, 10);
		} else if (!strncmp(line, "# ", 2)) {
			assert_int_not_equal(strncmp(line, "# Subtest", 9), 0);
			ktap.diagnostics++;
		} else {
			assert_true(matches("^(not )?ok [1-9][0-9]* [^#]+( # .+)?$", line));
			read_ktap_result(&ktap, line);
		}
	}
	free(copy);
	return ktap;
}

static void every_outcome_is_counted(void **state)
{
	struct suite_counts counts = counts_of(samples, NR_SAMPLES);

	(void)state;
	assert_int_equal(NR_SAMPLES, NR_KINDS);
	assert_int_equal(counts.pass, 1);
	assert_int_equal(counts.fail, 1);
	assert_int_equal(counts.timeout, 1);
	assert_int_equal(counts.xfail, 1);
	assert_int_equal(counts.xpass, 1);
	assert_int_equal(counts.skip, 1);
	assert_int_equal(counts.inconclusive, 1);
	assert_int_equal(counts.error, 1);
	assert_int_equal(counts.not_run, 1);
	assert_int_equal(suite_not_run(&counts), 1);
	/* Nobody spoke of these. */
	counts.planned = 20;
	assert_int_equal(suite_not_run(&counts), 12);
	counts.planned = 3;
	assert_int_equal(suite_not_run(&counts), 1);
}

static void tap_says_each_outcome(void **state)
{
	char *text = report_samples(&suite_tap, true);

	(void)state;
	assert_string_equal(
		text,
		"TAP version 13\n"
		"1..9\n"
		"ok 1 - idle\n"
		"not ok 2 - gauntlet/fair/smt-2llc\n"
		"#   payload exited with status 1 after 3.2 s\n"
		"#   repro: same failure\n"
		"#     | a line of the guest\n"
		"#   folder        out/fair-0001\n"
		"#   failure dump  out/fair-0001/fair.failure-dump.json\n"
		"#   trace         out/fair-0001/fair.wprof.pb  (Perfetto)\n"
		"#   vm            booted\n"
		"#   replay        ktstr-launch test --filter gauntlet/fair/smt-2llc 'my tests'\n"
		"not ok 3 - gauntlet/fair/tiny/6.1.0\n"
		"#   payload still ran after 60.0 s\n"
		"not ok 4 - starved # TODO expected failure: payload exited with status 3 after "
		"1.1 s\n"
		"not ok 5 - mended\n"
		"#   unexpected pass: payload exited with 0\n"
		"ok 6 - huge # SKIP 12 LLCs, at most 4 \\#1\n"
		"not ok 7 - broken\n"
		"#   kernel '/boot/x': not a bzImage\n"
		"#   replay        ktstr-launch test broken\n"
		"not ok 8 - short\n"
		"#   3 wake-ups\n"
		"# 1 passed, 1 failed, 1 timed out, 1 unexpected pass, 1 inconclusive, 1 error, "
		"1 expected failure, 1 skipped, 1 not run (3.2 min)\n"
		"Bail out! ended early: 1 of 9 not run\n");
	free(text);
}

/* What prove's own parser sees, in numbers; a line that it has no name for is "unknown". */
static const char count_lines[] =
	"perl -MTAP::Parser -e 'my $p = TAP::Parser->new({ exec => [\"cat\", shift] });"
	" my ($u, $b) = (0, 0);"
	" while (my $r = $p->next) { $u++ if $r->is_unknown; $b++ if $r->is_bailout }"
	" printf \"tests %d failed %d skipped %d todo %d unknown %d bailouts %d errors %d\","
	" $p->tests_run, scalar $p->failed, scalar $p->skipped, scalar $p->todo, $u, $b,"
	" scalar $p->parse_errors' $REPORT";

static void prove_takes_tap_for_what_it_is(void **state)
{
	static const struct {
		enum outcome_kind kind;
		int status;
		const char *lines;
	} kinds[] = {
		{ OUTCOME_PASS, 0, "tests 2 failed 0 skipped 0 todo 0" },
		{ OUTCOME_SKIP, 0, "tests 2 failed 0 skipped 1 todo 0" },
		{ OUTCOME_XFAIL, 0, "tests 2 failed 0 skipped 0 todo 1" },
		{ OUTCOME_FAIL, 1, "tests 2 failed 1 skipped 0 todo 0" },
		{ OUTCOME_TIMEOUT, 1, "tests 2 failed 1 skipped 0 todo 0" },
		{ OUTCOME_XPASS, 1, "tests 2 failed 1 skipped 0 todo 0" },
		{ OUTCOME_INCONCLUSIVE, 1, "tests 2 failed 1 skipped 0 todo 0" },
		{ OUTCOME_ERROR, 1, "tests 2 failed 1 skipped 0 todo 0" },
		/* The plan is not fulfilled: an error of its own. */
		{ OUTCOME_NOT_RUN, 1, "tests 1 failed 0 skipped 0 todo 0" },
	};
	static char said[65536];
	char expected[128], *text;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct suite_result results[] = { hostile_result(kinds[i].kind), samples[0] };

		text = report(&suite_tap, results, 2, 2, false);
		assert_harmless(text, false);
		assert_int_equal(piped(text, count_lines, said, sizeof(said)), 0);
		snprintf(expected, sizeof(expected), "%s unknown 0 bailouts 0 errors %d",
			 kinds[i].lines, kinds[i].kind == OUTCOME_NOT_RUN);
		assert_string_equal(said, expected);
		assert_int_equal(piped(text, "prove -e cat $REPORT", said, sizeof(said)),
				 kinds[i].status);
		free(text);
	}
	text = report(&suite_tap, samples, 1, 2, true);
	assert_int_not_equal(piped(text, "prove -e cat $REPORT", said, sizeof(said)), 0);
	assert_non_null(strstr(said, "Bailout called.  Further testing stopped:  ended early: 1 of "
				     "2 not run"));
	free(text);
	text = report(&suite_tap, NULL, 0, 0, false);
	assert_int_equal(piped(text, "prove -e cat $REPORT", said, sizeof(said)), 0);
	assert_non_null(strstr(said, "skipped: nothing to run"));
	free(text);
}

static void ktap_says_each_outcome(void **state)
{
	char *text = report_samples(&suite_ktap, true);
	struct ktap ktap = read_ktap(text);

	(void)state;
	assert_string_equal(
		text,
		"KTAP version 1\n"
		"1..9\n"
		"ok 1 idle\n"
		"#   repro: same failure\n"
		"#     | a line of the guest\n"
		"#   folder        out/fair-0001\n"
		"#   failure dump  out/fair-0001/fair.failure-dump.json\n"
		"#   trace         out/fair-0001/fair.wprof.pb  (Perfetto)\n"
		"#   vm            booted\n"
		"#   replay        ktstr-launch test --filter gauntlet/fair/smt-2llc 'my tests'\n"
		"not ok 2 gauntlet/fair/smt-2llc # failed: payload exited with status 1 after 3.2 "
		"s\n"
		"not ok 3 gauntlet/fair/tiny/6.1.0 # TIMEOUT payload still ran after 60.0 s\n"
		"ok 4 starved # XFAIL expected failure: payload exited with status 3 after 1.1 s\n"
		"not ok 5 mended # unexpected pass: payload exited with 0\n"
		"ok 6 huge # SKIP 12 LLCs, at most 4 ?1\n"
		"#   replay        ktstr-launch test broken\n"
		"not ok 7 broken # ERROR kernel '/boot/x': not a bzImage\n"
		"not ok 8 short # ERROR inconclusive: 3 wake-ups\n"
		"# 1 passed, 1 failed, 1 timed out, 1 unexpected pass, 1 inconclusive, 1 error, "
		"1 expected failure, 1 skipped, 1 not run (3.2 min)\n"
		"# ended early: 1 of 9 not run\n");
	assert_int_equal(ktap.planned, 9);
	assert_int_equal(ktap.ok, 3);
	assert_int_equal(ktap.not_ok, 5);
	assert_int_equal(ktap.skip, 1);
	assert_int_equal(ktap.xfail, 1);
	assert_int_equal(ktap.timeout, 1);
	assert_int_equal(ktap.error, 2);
	free(text);
	text = report(&suite_ktap, NULL, 0, 0, false);
	assert_int_equal(read_ktap(text).planned, 0);
	free(text);
}

static void no_guest_can_break_ktap(void **state)
{
	(void)state;
	for (enum outcome_kind kind = 0; kind < NR_KINDS; kind++) {
		struct suite_result results[] = { hostile_result(kind), samples[0] };
		char *text = report(&suite_ktap, results, 2, 2, false);
		struct ktap ktap = read_ktap(text);
		bool bad = outcome_is_bad(kind);

		assert_int_equal(ktap.results, kind == OUTCOME_NOT_RUN ? 1 : 2);
		assert_int_equal(ktap.not_ok, bad);
		assert_int_equal(ktap.skip, kind == OUTCOME_SKIP);
		assert_int_equal(ktap.xfail, kind == OUTCOME_XFAIL);
		assert_int_equal(ktap.timeout, kind == OUTCOME_TIMEOUT);
		assert_int_equal(ktap.error, kind == OUTCOME_ERROR || kind == OUTCOME_INCONCLUSIVE);
		free(text);
	}
}

static void assert_valid_junit(const char *text)
{
	char said[8192];
	int status = piped(text, "xmllint --noout --relaxng test/fixtures/junit.rng $REPORT", said,
			   sizeof(said));

	if (status)
		fail_msg("xmllint: %s", said);
	assert_harmless(text, true);
}

/* What an XPath expression is of the report; the next call overwrites it. */
static const char *xpath(const char *text, const char *expression)
{
	static char said[65536];
	char command[200];

	snprintf(command, sizeof(command), "xmllint --xpath '%s' $REPORT", expression);
	assert_int_equal(piped(text, command, said, sizeof(said)), 0);
	if (*said)
		said[strlen(said) - 1] = '\0';
	return said;
}

static void junit_says_each_outcome(void **state)
{
	char *text = report_samples(&suite_junit, true);

	(void)state;
	assert_valid_junit(text);
	assert_string_equal(xpath(text, "string(/testsuite/@tests)"), "9");
	assert_string_equal(xpath(text, "string(/testsuite/@failures)"), "3");
	assert_string_equal(xpath(text, "string(/testsuite/@errors)"), "2");
	assert_string_equal(xpath(text, "string(/testsuite/@skipped)"), "2");
	assert_string_equal(xpath(text, "string(/testsuite/@time)"), "192.400");
	assert_string_equal(xpath(text, "count(//failure)"), "3");
	assert_string_equal(xpath(text, "count(//error)"), "2");
	assert_string_equal(xpath(text, "count(//skipped)"), "2");
	assert_string_equal(xpath(text, "string(//testcase[1]/@classname)"), "ktstr");
	assert_string_equal(xpath(text, "string(//testcase[1]/@name)"), "idle");
	assert_string_equal(xpath(text, "string(//testcase[2]/@classname)"), "ktstr.gauntlet.fair");
	assert_string_equal(xpath(text, "string(//testcase[2]/@name)"), "smt-2llc");
	assert_string_equal(xpath(text, "string(//testcase[2]/@time)"), "12.250");
	assert_string_equal(xpath(text, "string(//testcase[3]/@name)"), "tiny/6.1.0");
	assert_string_equal(xpath(text, "string(//testcase[2]/failure/@type)"), "fail");
	assert_string_equal(xpath(text, "string(//testcase[9]/error/@type)"), "inconclusive");
	assert_string_equal(xpath(text, "string(//testcase[2]/failure/@message)"),
			    "payload exited with status 1 after 3.2 s");
	assert_string_equal(xpath(text, "string(//testcase[2]/failure)"),
			    "repro: same failure\n"
			    "  | a line of the guest\n"
			    "folder        out/fair-0001\n"
			    "failure dump  out/fair-0001/fair.failure-dump.json\n"
			    "trace         out/fair-0001/fair.wprof.pb  (Perfetto)\n"
			    "vm            booted\n"
			    "replay        ktstr-launch test --filter gauntlet/fair/smt-2llc "
			    "'my tests'\n");
	assert_string_equal(xpath(text, "string(//testcase[2]/system-out)"),
			    "kernel 6.12.1, topology 1n2l2c2t, memory 2048 MiB, booted\n"
			    "load\n\nvictim got 2 %\n");
	assert_string_equal(xpath(text, "string(//testcase[3]/failure/@type)"), "timeout");
	assert_non_null(strstr(xpath(text, "string(//testcase[4]/system-out)"),
			       "expected failure: payload exited with status 3"));
	assert_string_equal(xpath(text, "count(//testcase[4]/*)"), "1");
	assert_string_equal(xpath(text, "string(//testcase[5]/failure/@message)"),
			    "unexpected pass: payload exited with 0");
	assert_string_equal(xpath(text, "string(//testcase[6]/skipped/@message)"),
			    "12 LLCs, at most 4 #1");
	assert_string_equal(xpath(text, "string(//testcase[7]/error/@message)"),
			    "kernel '/boot/x': not a bzImage");
	assert_string_equal(xpath(text, "string(//testcase[8]/skipped/@type)"), "not-run");
	assert_string_equal(xpath(text, "string(//testcase[8]/skipped/@message)"),
			    "not run: the suite ended before its turn");
	/* Of a machine, what is known. */
	assert_string_equal(xpath(text, "string(//testcase[7]/system-out)"), "kernel /boot/x\n");
	assert_string_equal(xpath(text, "string(//testcase[5]/system-out)"), "");
	assert_string_equal(xpath(text, "count(//property[@name=\"kernel\"])"), "3");
	assert_string_equal(xpath(text, "count(//property[@name=\"topology\"])"), "3");
	assert_string_equal(xpath(text, "string(//property[@name=\"memory\"]/@value)"), "2048 MiB");
	assert_string_equal(xpath(text, "count(//property[@name=\"start\"])"), "2");
	assert_string_equal(xpath(text, "string(//property[@name=\"start\"][1]/@value)"), "forked");
	assert_string_equal(xpath(text, "string(/testsuite/system-err)"),
			    "ended early: 1 of 9 not run");
	free(text);
}

static void no_guest_can_break_junit(void **state)
{
	struct suite_result results[NR_KINDS];
	char *text;

	(void)state;
	for (enum outcome_kind kind = 0; kind < NR_KINDS; kind++)
		results[kind] = hostile_result(kind);
	text = report(&suite_junit, results, NR_KINDS, NR_KINDS, true);
	assert_valid_junit(text);
	assert_string_equal(xpath(text, "count(/testsuite/testcase)"), "9");
	assert_string_equal(xpath(text, "count(//x)"), "0");
	assert_non_null(
		strstr(xpath(text, "string(//testcase[2]/system-out)"),
		       "\n]]></system-out></testcase><x a=\"b\" c='d'>&amp;&#0;<![CDATA[<!--"));
	free(text);
	/* No name, no cause, nothing at all. */
	for (enum outcome_kind kind = 0; kind < NR_KINDS; kind++)
		results[kind] = (struct suite_result){ .name = "x", .outcome = kind };
	text = report(&suite_junit, results, NR_KINDS, NR_KINDS, true);
	assert_valid_junit(text);
	free(text);
	text = report(&suite_junit, NULL, 0, 0, false);
	assert_valid_junit(text);
	free(text);
}

/* A suite of thousands of talkative tests neither eats the host's memory nor loses a test. */
static void junit_is_bounded(void **state)
{
	static char output[1 << 20];
	struct suite_result result = samples[1];
	struct suite_counts counts = { .planned = 1100 };
	struct suite_writer writer;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	memset(output, 'x', sizeof(output) - 1);
	for (size_t i = 99; i < sizeof(output); i += 100)
		output[i] = '\n';
	memcpy(output, "the first\n", 10);
	memcpy(output + sizeof(output) - 10, "the last\n", 10);
	result.output = output;
	assert_int_equal(suite_begin(&writer, &suite_junit, out, 1100, NULL), 0);
	for (int i = 0; i < 1100; i++)
		assert_int_equal(suite_add(&writer, &result, NULL), 0);
	assert_int_equal(suite_end(&writer, &counts, 1, false, NULL), 0);
	fclose(out);
	assert_true(size < 66 << 20);
	assert_non_null(strstr(text, " tests=\"1100\" failures=\"1100\""));
	assert_null(strstr(text, "the first"));
	assert_non_null(strstr(text, "the last\n</system-out>"));
	assert_non_null(strstr(text, "(output left out: this report is too large)"));
	free(text);
}

/* The lines of a report, each strict JSON in valid UTF-8; to be put. */
static size_t parse_lines(const char *text, struct json_object **lines, size_t most)
{
	struct json_tokener *tokener = json_tokener_new();
	size_t count = 0;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	for (; *text; text = strchr(text, '\n') + 1) {
		int length = (int)strcspn(text, "\n");

		assert_true(count < most);
		assert_int_equal(text[length], '\n');
		json_tokener_reset(tokener);
		lines[count] = json_tokener_parse_ex(tokener, text, length);
		if (!lines[count]) /* a number or word could go on; an object cannot */
			fail_msg("%.*s: %s", length, text,
				 json_tokener_error_desc(json_tokener_get_error(tokener)));
		assert_int_equal(json_tokener_get_parse_end(tokener), length);
		assert_true(json_object_is_type(lines[count], json_type_object));
		count++;
	}
	json_tokener_free(tokener);
	return count;
}

static const char *json_text(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(json, key, &value));
	return json_object_get_string(value);
}

static void json_says_each_outcome(void **state)
{
	static const char *const keys[] = {
		"metrics", "metrics_warnings", "name",	 "number", "outcome",  "bad",
		"cause",   "detail",	       "output", "kernel", "topology", "memory_mib",
		"seconds", "folder",	       "dump",	 "trace",  "replay",   "type",
		"start",   "schema_version",   "test",	 "preset", "round",    "host_took"
	};
	char *text = report_samples(&suite_json, true);
	struct json_object *lines[NR_SAMPLES + 2];
	static char said[65536];

	(void)state;
	assert_int_equal(parse_lines(text, lines, NR_SAMPLES + 2), NR_SAMPLES + 2);
	assert_string_equal(
		json_object_to_json_string_ext(lines[0], JSON_C_TO_STRING_PLAIN),
		"{\"type\":\"plan\",\"schema_version\":1,\"planned\":9,\"shard\":null}");
	for (size_t i = 0; i < NR_SAMPLES; i++) {
		struct json_object *line = lines[i + 1];

		assert_string_equal(json_text(line, "type"), "result");
		assert_string_equal(json_text(line, "name"), samples[i].name);
		assert_string_equal(json_text(line, "outcome"), outcome_name(samples[i].outcome));
		assert_string_equal(json_text(line, "bad"),
				    outcome_is_bad(samples[i].outcome) ? "true" : "false");
		/* All fields, always. */
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
			json_text(line, keys[k]);
		assert_int_equal(json_object_object_length(line), sizeof(keys) / sizeof(*keys));
	}
	assert_string_equal(json_text(lines[2], "test"), "fair");
	assert_string_equal(json_text(lines[2], "preset"), "smt-2llc");
	assert_string_equal(json_text(lines[2], "round"), "3");
	assert_null(json_text(lines[1], "preset"));
	assert_null(json_text(lines[1], "round"));
	assert_string_equal(json_text(lines[2], "detail"), samples[1].detail);
	assert_string_equal(json_text(lines[2], "replay"), samples[1].replay);
	assert_string_equal(json_text(lines[2], "trace"), samples[1].trace);
	assert_string_equal(json_text(lines[2], "seconds"), "12.250");
	assert_string_equal(json_text(lines[2], "memory_mib"), "2048");
	assert_null(json_text(lines[4], "memory_mib"));
	assert_string_equal(json_text(lines[1], "start"), "forked");
	assert_string_equal(json_text(lines[2], "start"), "booted");
	assert_null(json_text(lines[3], "start"));
	assert_null(json_text(lines[4], "start"));
	assert_null(json_text(lines[8], "cause"));
	assert_string_equal(
		json_object_to_json_string_ext(lines[NR_SAMPLES + 1], JSON_C_TO_STRING_PLAIN),
		"{\"type\":\"summary\",\"schema_version\":1,\"planned\":9,\"counts\":{\"pass\":1,"
		"\"fail\":1,\"timeout\":1,\"xfail\":1,\"xpass\":1,\"skip\":1,"
		"\"inconclusive\":1,\"error\":1,\"not-run\":1},\"failed\":true,\"interrupted\":true,\"seconds\":192.400}");
	assert_int_equal(piped(text,
			       "while IFS= read -r l; do printf \"%s\\n\" \"$l\" | "
			       "python3 -m json.tool || exit; done <$REPORT",
			       said, sizeof(said)),
			 0);
	for (size_t i = 0; i < NR_SAMPLES + 2; i++)
		json_object_put(lines[i]);
	free(text);
}

static void no_guest_can_break_json(void **state)
{
	struct suite_result results[NR_KINDS];
	struct json_object *lines[NR_KINDS + 2];
	char *text;

	(void)state;
	for (enum outcome_kind kind = 0; kind < NR_KINDS; kind++)
		results[kind] = hostile_result(kind);
	text = report(&suite_json, results, NR_KINDS, NR_KINDS, false);
	for (const char *at = text; *at; at++)
		assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
	assert_int_equal(parse_lines(text, lines, NR_KINDS + 2), NR_KINDS + 2);
	/* What is UTF-8 comes out as it went in. */
	assert_int_equal(strncmp(json_text(lines[1], "output"), evil,
				 (size_t)(strstr(evil, "\xed\xa0\x80") - evil)),
			 0);
	assert_non_null(strstr(json_text(lines[1], "output"), "\xef\xbf\xbd\xef\xbf\xbd"));
	assert_string_equal(json_text(lines[1], "seconds"), "0.000");
	for (size_t i = 0; i < NR_KINDS + 2; i++)
		json_object_put(lines[i]);
	free(text);
}

static char *text_of(const struct suite_result *result, unsigned int width, bool colour)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	suite_text_result(out, result, width, colour);
	fclose(out);
	return text;
}

#define assert_text(expected, text)                                                                \
	do {                                                                                       \
		char *is = text;                                                                   \
                                                                                                   \
		assert_string_equal(is, expected);                                                 \
		free(is);                                                                          \
	} while (0)

static void the_terminal_gets_one_line_and_what_is_bad(void **state)
{
	(void)state;
	assert_text("PASS     idle  payload exited with status 0 after 1.0 s\n",
		    text_of(&samples[0], 0, false));
	assert_text("PASS     idle      payload exited with status 0 after 1.0 s\n",
		    text_of(&samples[0], 8, false));
	assert_text("FAIL     gauntlet/fair/smt-2llc  payload exited with status 1 after 3.2 s\n"
		    "  repro: same failure\n"
		    "    | a line of the guest\n"
		    "  folder        out/fair-0001\n"
		    "  failure dump  out/fair-0001/fair.failure-dump.json\n"
		    "  trace         out/fair-0001/fair.wprof.pb  (Perfetto)\n"
		    "  vm            booted\n",
		    text_of(&samples[1], 8, false));
	assert_text("TIMEOUT  gauntlet/fair/tiny/6.1.0  payload still ran after 60.0 s\n",
		    text_of(&samples[2], 0, false));
	assert_text("XFAIL    starved  expected failure: payload exited with status 3 after 1.1 s\n"
		    "  trace         out/starved.wprof.pb  (Perfetto)\n",
		    text_of(&samples[3], 0, false));
	assert_text("XPASS    mended  unexpected pass: payload exited with 0\n",
		    text_of(&samples[4], 0, false));
	assert_text("SKIP     huge  12 LLCs, at most 4 #1\n", text_of(&samples[5], 0, false));
	assert_text("", text_of(&samples[7], 0, false));
	assert_text("\033[1;31mXPASS\033[0m    mended  unexpected pass: payload exited with 0\n",
		    text_of(&samples[4], 0, true));
	assert_text("\033[1;33mSKIP\033[0m     huge  12 LLCs, at most 4 #1\n",
		    text_of(&samples[5], 0, true));
	for (enum outcome_kind kind = 0; kind < NR_KINDS; kind++) {
		struct suite_result result = hostile_result(kind);
		char *text = text_of(&result, 0, false);

		assert_harmless(text, false);
		free(text);
	}
}

static char *end_of(const struct suite_result *results, size_t count, double seconds,
		    bool interrupted, bool colour)
{
	struct suite_counts counts = counts_of(results, count);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	suite_text_end(out, results, count, &counts, seconds, interrupted, colour);
	fclose(out);
	return text;
}

static void the_end_lists_skips_and_what_is_bad(void **state)
{
	(void)state;
	assert_text(
		"\nskipped:\n"
		"  huge  12 LLCs, at most 4 #1\n"
		"\nfailed:\n"
		"  FAIL     gauntlet/fair/smt-2llc\n"
		"    replay  ktstr-launch test --filter gauntlet/fair/smt-2llc 'my tests'\n"
		"  TIMEOUT  gauntlet/fair/tiny/6.1.0\n"
		"  XPASS    mended\n"
		"\nerrors:\n"
		"  ERROR    broken\n"
		"    replay  ktstr-launch test broken\n"
		"  INCONCLUSIVE  short\n"
		"\nended early: 1 passed, 1 failed, 1 timed out, 1 unexpected pass, 1 inconclusive, "
		"1 error, "
		"1 expected failure, 1 skipped, 1 not run (3.2 min)\n",
		end_of(samples, NR_SAMPLES, 192.4, true, false));
	assert_text("\n1 passed (59.9 s)\n", end_of(samples, 1, 59.94, false, false));
	assert_text("\n1 passed (1.0 min)\n", end_of(samples, 1, 59.96, false, false));
	assert_text("\n1 passed (1.0 h)\n", end_of(samples, 1, 3598, false, false));
	assert_text("\n\033[1;32m1 passed (1.0 s)\033[0m\n", end_of(samples, 1, 1, false, true));
	/* Skips are no passes. */
	assert_text("\nskipped:\n"
		    "  huge  12 LLCs, at most 4 #1\n"
		    "\n\033[1;33m1 skipped (1.0 s)\033[0m\n",
		    end_of(&samples[5], 1, 1, false, true));
	assert_text("\nnothing to run (0.0 s)\n", end_of(NULL, 0, (double)-INFINITY, false, false));
}

static void the_live_line(void **state)
{
	static const double unknown[] = { -1, (double)NAN, 1e300 };
	struct suite_counts counts = { .planned = 20, .pass = 11, .error = 1 };
	struct suite_progress progress = { .counts = &counts, .running = 3, .seconds_left = 40.2 };
	char text[100], small[8];

	(void)state;
	suite_live(text, sizeof(text), &progress);
	assert_string_equal(text, "[12/20] 3 running, 1 failed, about 40 s left");
	counts.error = 0;
	progress.running = 0;
	progress.seconds_left = 150;
	suite_live(text, sizeof(text), &progress);
	assert_string_equal(text, "[11/20] 0 running, about 2 min left");
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		progress.seconds_left = unknown[i];
		suite_live(text, sizeof(text), &progress);
		assert_string_equal(text, "[11/20] 0 running");
	}
	progress.longest = "gauntlet/fair/smt-2llc";
	progress.longest_s = 12.3;
	suite_live(text, sizeof(text), &progress);
	assert_string_equal(text, "[11/20] 0 running; gauntlet/fair/smt-2llc for 12 s");
	/* No wider than the terminal, and nothing that moves its cursor. */
	progress.longest = "a\033[2J\nb";
	suite_live(text, sizeof(text), &progress);
	assert_string_equal(text, "[11/20] 0 running; a?[2J?b for 12 s");
	suite_live(small, sizeof(small), &progress);
	assert_string_equal(small, "[11/...");
}

static void a_report_that_cannot_be_written_is_said(void **state)
{
	static const struct suite_format *const formats[] = { &suite_tap, &suite_ktap,
							      &suite_json };
	struct suite_counts counts = { .planned = 1, .pass = 1 };
	struct suite_writer writer;
	struct error err;
	FILE *full;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		full = fopen("/dev/full", "w");
		assert_non_null(full);
		err.text[0] = '\0';
		assert_int_equal(suite_begin(&writer, formats[i], full, 1, &err), -ENOSPC);
		assert_non_null(strstr(err.text, "cannot write the "));
		assert_non_null(strstr(err.text, " report: No space left on device"));
		suite_abandon(&writer);
		fclose(full);
	}
	full = fopen("/dev/full", "w");
	assert_int_equal(suite_begin(&writer, &suite_junit, full, 1, &err), 0);
	assert_int_equal(suite_add(&writer, &samples[1], &err), 0);
	assert_int_equal(suite_end(&writer, &counts, 1, false, &err), -ENOSPC);
	assert_string_equal(err.text, "cannot write the JUnit report: No space left on device");
	/* Left without an end, and once more. */
	assert_int_equal(suite_begin(&writer, &suite_junit, stdout, 1, &err), 0);
	assert_int_equal(suite_add(&writer, &samples[1], &err), 0);
	suite_abandon(&writer);
	suite_abandon(&writer);
	fclose(full);
}

/* Of what these tell, each format has all; the text for people the first ones. */
/* All that a format says of a rate. Owned by the caller. */
static char *report_rate(const struct suite_format *format, const struct suite_rate *rate)
{
	const struct suite_counts counts = { .planned = 20, .pass = 17, .fail = 3 };
	struct suite_writer writer;
	struct error err = { "" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(suite_begin(&writer, format, out, 500, &err), 0);
	assert_int_equal(suite_add_rate(&writer, rate, &err), 0);
	assert_int_equal(suite_end(&writer, &counts, 1, false, &err), 0);
	fclose(out);
	return text;
}

static void each_format_has_the_rates(void **state)
{
	const struct suite_rate rate = { .name = "fair<&\033\n#",
					 .passed = 17,
					 .failed = 3,
					 .neither = 2,
					 .passes = { 0.64, 0.948 },
					 .method = "Wilson",
					 .confidence = 0.95,
					 .limit = 0.9,
					 .end = SUITE_RATE_BELOW,
					 .good = "out/fair-0001" };
	static const char words[] = "passed 17 of 20: 85.0 %, between 64.0 and 94.8 "
				    "(Wilson, 95 %); passes less than 90 %; 2 more told nothing";
	const struct suite_format *const formats[] = { &suite_tap, &suite_tap_open, &suite_ktap,
						       &suite_junit };
	struct json_object *line;
	char *text, *rates;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		text = report_rate(formats[i], &rate);
		assert_non_null(strstr(text, words));
		assert_non_null(strstr(text, "FLAKY 3/20"));
		assert_null(strchr(text, '\033'));
		if (formats[i] == &suite_junit)
			assert_valid_junit(text);
		else if (formats[i] == &suite_tap_open)
			assert_non_null(strstr(text, "\n1..0 "));
		else
			assert_non_null(strstr(text, "\n1..500\n"));
		free(text);
	}
	text = report_rate(&suite_json, &rate);
	rates = strstr(text, "{\"type\":\"rate\"");
	assert_non_null(rates);
	line = json_tokener_parse(rates);
	assert_non_null(line);
	assert_string_equal(json_object_get_string(json_object_object_get(line, "verdict")),
			    "flaky");
	assert_string_equal(json_object_get_string(json_object_object_get(line, "decision")),
			    "below");
	assert_int_equal(json_object_get_int(json_object_object_get(line, "failed")), 3);
	assert_true(json_object_get_double(json_object_object_get(line, "high")) == 0.948);
	assert_null(json_object_object_get(line, "width"));
	json_object_put(line);
	free(text);
}

static void each_format_has_the_metrics(void **state)
{
	struct metrics metrics = { 0 };
	struct suite_result result = samples[0];
	struct json_object *lines[3];
	char *text;

	(void)state;
	metrics_read(&metrics, "wake.p99 0.1 ms lower\nops 5e3 #/s higher\nn:1 12 -\n"
			       "!line 4 ']]> # SKIP': no\n");
	result.metrics = &metrics;

	text = report(&suite_tap, &result, 1, 1, false);
	assert_non_null(strstr(text, "\nok 1 - idle\n#   metric: wake.p99 0.1 ms lower\n"
				     "#   metric: ops 5000 #/s higher\n#   metric: n:1 12 -\n"
				     "#   metrics: warning: line 4 ']]> # SKIP': no\n"));
	free(text);
	text = report(&suite_ktap, &result, 1, 1, false);
	assert_non_null(strstr(text, "\n#   metric: wake.p99 0.1 ms lower\n"
				     "#   metric: ops 5000 ?/s higher\n#   metric: n:1 12 -\n"
				     "#   metrics: warning: line 4 ']]> ? SKIP': no\nok 1 idle\n"));
	free(text);

	text = report(&suite_junit, &result, 1, 1, false);
	assert_valid_junit(text);
	assert_string_equal(
		xpath(text, "string(//property[@name=\"metric idle wake.p99\"]/@value)"),
		"0.1 ms lower");
	assert_string_equal(xpath(text, "string(//property[@name=\"metric idle n:1\"]/@value)"),
			    "12");
	assert_non_null(strstr(xpath(text, "string(//testcase/system-out)"),
			       "forked\nmetric: wake.p99 0.1 ms lower\n"));
	free(text);

	text = report(&suite_json, &result, 1, 1, false);
	assert_int_equal(parse_lines(text, lines, 3), 3);
	assert_string_equal(json_text(lines[1], "metrics"),
			    "[ { \"name\": \"wake.p99\", \"value\": 0.1, \"unit\": \"ms\", "
			    "\"better\": \"lower\" }, { \"name\": \"ops\", \"value\": 5000, "
			    "\"unit\": \"#\\/s\", \"better\": \"higher\" }, { \"name\": \"n:1\", "
			    "\"value\": 12, \"unit\": null, \"better\": null } ]");
	assert_string_equal(json_text(lines[1], "metrics_warnings"),
			    "[ \"line 4 ']]> # SKIP': no\" ]");
	for (size_t i = 0; i < 3; i++)
		json_object_put(lines[i]);
	free(text);

	text = text_of(&result, 0, false);
	assert_string_equal(text, "PASS     idle  payload exited with status 0 after 1.0 s\n"
				  "  metrics: wake.p99 0.1 ms, ops 5000 #/s, n:1 12\n"
				  "  metrics: warning: line 4 ']]> # SKIP': no\n");
	free(text);
	metrics_destroy(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_has_the_rates),
		cmocka_unit_test(each_format_has_the_metrics),
		cmocka_unit_test(every_outcome_is_counted),
		cmocka_unit_test(tap_says_each_outcome),
		cmocka_unit_test(prove_takes_tap_for_what_it_is),
		cmocka_unit_test(ktap_says_each_outcome),
		cmocka_unit_test(no_guest_can_break_ktap),
		cmocka_unit_test(junit_says_each_outcome),
		cmocka_unit_test(no_guest_can_break_junit),
		cmocka_unit_test(junit_is_bounded),
		cmocka_unit_test(json_says_each_outcome),
		cmocka_unit_test(no_guest_can_break_json),
		cmocka_unit_test(the_terminal_gets_one_line_and_what_is_bad),
		cmocka_unit_test(the_end_lists_skips_and_what_is_bad),
		cmocka_unit_test(the_live_line),
		cmocka_unit_test(a_report_that_cannot_be_written_is_said),
	};

	return cmocka_run_group_tests_name("suite_report", tests, NULL, NULL);
}
