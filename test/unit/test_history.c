/* Does a history keep each run whole, with many writers, and is nothing else touched or taken? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare/compare.h"
#include "results/history.h"

#define WRITERS 8
#define APPENDS 50

#define RUN(time, results)                                                                         \
	"{\"type\":\"history\",\"schema_version\":1,\"time\":\"" time                              \
	"\",\"planned\":1,\"results\":[" results "],\"interrupted\":false,\"seconds\":1}\n"
#define ITEM(name, round, seconds)                                                                 \
	"{\"name\":\"" name "\",\"number\":" #round ",\"round\":" #round                           \
	",\"outcome\":\"pass\",\"seconds\":" #seconds "}"

#define BAD(name, outcome)                                                                         \
	"{\"name\":\"" name "\",\"number\":1,\"outcome\":\"" outcome "\",\"seconds\":1}"
#define HOLE                                                                                       \
	RUN("t", ITEM("a", 1, 1))                                                                  \
	"\0\0\0\"results\":[]}\n{\"type\":\"his\0\0\"}\n" RUN("u", ITEM("a", 1, 1))
#define STOPPED(time, results)                                                                     \
	"{\"type\":\"history\",\"schema_version\":1,\"time\":\"" time                              \
	"\",\"planned\":9,\"results\":[" results "],\"interrupted\":true}\n"

static char path[] = "/tmp/test_history.XXXXXX";

/* An empty file for each test. */
static int set_up(void **state)
{
	int fd;

	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static void put(const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void assert_content(const char *text)
{
	char there[4096];
	FILE *in = fopen(path, "r");
	size_t size;

	assert_non_null(in);
	size = fread(there, 1, sizeof(there) - 1, in);
	fclose(in);
	there[size] = '\0';
	assert_string_equal(there, text);
}

/* From a block of exactly this size, so that ASan sees a read beyond it. */
static int parse(const char *text, unsigned int most, struct history *history, struct error *err)
{
	size_t size = strlen(text);
	char *block = malloc(size ? size : 1);
	int ret;

	assert_non_null(block);
	memcpy(block, text, size);
	*err = (struct error){ "" };
	ret = history_parse(block, size, most, history, err);
	free(block);
	return ret;
}

static void what_is_written_is_read(void **state)
{
	struct metrics_item items[] = {
		{ .name = "lat.p99", .unit = "us", .value = 12.5, .better = METRICS_LOWER },
	};
	struct metrics metrics = { .list = items, .count = 1 };
	const struct suite_result samples[] = {
		{ .name = "a\n\"b\"",
		  .number = 2,
		  .round = 3,
		  .outcome = OUTCOME_FAIL,
		  .kernel = "6.12.1",
		  .topology = "1n1l2c2t",
		  .metrics = &metrics,
		  .cause = "not kept",
		  .seconds = 1.25 },
		{ .name = "x", .number = 1, .outcome = OUTCOME_NOT_RUN },
		{ .name = "c", .number = 3, .outcome = OUTCOME_SKIP },
	};
	const struct suite_counts counts = { .planned = 3 };
	struct suite_writer writer;
	struct history history;
	const struct results_item *item;
	struct error err = { "" };

	(void)state;
	for (int run = 0; run < 2; run++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_int_equal(suite_begin(&writer, &suite_history, out, 3, &err), 0);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(suite_add(&writer, &samples[i], &err), 0);
		assert_int_equal(suite_end(&writer, &counts, 9.5, true, &err), 0);
		fclose(out);
		assert_ptr_equal(strchr(text, '\n'), text + size - 1);
		assert_int_equal(history_check(path, &err), 0);
		assert_int_equal(history_append(path, text, size, &err), 0);
		free(text);
	}
	assert_int_equal(history_read(path, 20, &history, &err), 0);
	assert_int_equal(history.runs, 1);
	assert_int_equal(history.cut_off, 0);
	assert_int_equal(history.interrupted, 1);
	assert_int_equal(history.before.count, 1); /* a skip tells nothing */
	assert_int_equal(history.newest.count, 2);
	assert_int_equal(history.newest.planned, 3);
	assert_true(history.newest.interrupted);
	item = &history.newest.list[0];
	assert_string_equal(item->name, samples[0].name);
	assert_string_equal(item->kernel, "6.12.1");
	assert_int_equal(item->number, 2);
	assert_int_equal(item->round, 3);
	assert_int_equal(item->outcome, OUTCOME_FAIL);
	assert_true(item->seconds == 1.25 && item->nr_metrics == 1);
	assert_string_equal(item->metrics[0].unit, "us");
	assert_int_equal(history.newest.list[1].outcome, OUTCOME_SKIP);
	history_destroy(&history);
}

static void time_is_that_of_the_calendar(void **state)
{
	char ours[SUITE_TIME_SIZE], theirs[SUITE_TIME_SIZE];

	(void)state;
	/* Steps of 11 days and some seconds, to the year 2500. */
	for (time_t at = 0; at < 16725225600; at += 950407) {
		struct tm utc;

		assert_non_null(gmtime_r(&at, &utc));
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &utc);
		suite_time(ours, at);
		assert_string_equal(ours, theirs);
	}
	suite_time(ours, 951782400); /* a leap year's day that only every 400th has */
	assert_string_equal(ours, "2000-02-29T00:00:00Z");
}

/* Their lines are of different lengths, and longer than a page. */
static void append_as(unsigned int writer)
{
	static char line[65536];
	struct error err = { "" };

	for (unsigned int i = 0; i < APPENDS; i++) {
		int size = snprintf(line, sizeof(line), RUN("t%u", ITEM("%0*u", 1, 2)), writer,
				    5000 + (int)(writer * 700 + i), i);

		if (history_append(path, line, (size_t)size, &err)) {
			fprintf(stderr, "%s\n", err.text);
			_exit(1);
		}
	}
	_exit(0);
}

static void many_writers_at_once(void **state)
{
	unsigned int seen[WRITERS] = { 0 }, writer, number, lines = 0;
	size_t room = 0;
	char *line = NULL;
	FILE *in;
	ssize_t length;

	(void)state;
	for (unsigned int i = 0; i < WRITERS; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (!child)
			append_as(i);
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	}
	in = fopen(path, "r");
	assert_non_null(in);
	while ((length = getline(&line, &room, in)) > 0) {
		const char *name = strstr(line, "\"name\":\"");

		assert_non_null(name);
		assert_memory_equal(line, SUITE_HISTORY_BEGIN, strlen(SUITE_HISTORY_BEGIN));
		assert_memory_equal(line + length - 2, "}\n", 2);
		assert_int_equal(sscanf(strstr(line, "\"time\""), "\"time\":\"t%u\"", &writer), 1);
		assert_int_equal(sscanf(name, "\"name\":\"%u", &number), 1);
		assert_true(writer < WRITERS);
		/* Of one writer in its order. */
		assert_int_equal(number, seen[writer]++);
		lines++;
	}
	assert_int_equal(lines, WRITERS * APPENDS);
	free(line);
	fclose(in);
}

static void a_line_that_was_cut_off(void **state)
{
	static const char run[] = RUN("t2", ITEM("a", 1, 2));
	static const char first[] = RUN("t1", ITEM("a", 1, 1));
	char text[2048];
	struct history history;
	struct error err = { "" };

	(void)state;
	/* Wherever it was cut, and with a hole behind it. */
	for (size_t cut = 1; cut < sizeof(run) - 1; cut++) {
		bool whole = cut == sizeof(run) - 2;

		snprintf(text, sizeof(text), "%s%.*s", first, (int)cut, run);
		put(text);
		assert_int_equal(history_check(path, &err), 0);
		assert_int_equal(history_append(path, run, sizeof(run) - 1, &err), 0);
		snprintf(text, sizeof(text), "%s%.*s\n%s", first, (int)cut, run, run);
		assert_content(text);
		assert_int_equal(history_read(path, 9, &history, &err), 0);
		assert_int_equal(history.cut_off, !whole);
		assert_int_equal(history.runs, 1 + whole);
		assert_string_equal(history.newest_time, "t2");
		assert_string_equal(history.first_time, "t1");
		history_destroy(&history);
		/* The first line of all. */
		snprintf(text, sizeof(text), "%.*s", (int)cut, run);
		put(text);
		assert_int_equal(history_check(path, &err), 0);
		assert_int_equal(history_append(path, run, sizeof(run) - 1, &err), 0);
		assert_int_equal(history_check(path, &err), 0);
		assert_int_equal(history_append(path, run, sizeof(run) - 1, &err), 0);
		assert_int_equal(history_read(path, 9, &history, &err), 0);
		assert_int_equal(history.runs, 1 + whole);
		history_destroy(&history);
	}
	/* A hole before, and in the midst. */
	assert_int_equal(history_parse(HOLE, sizeof(HOLE) - 1, 9, &history, &err), 0);
	assert_int_equal(history.cut_off, 2);
	assert_false(history.lacks_last);
	history_destroy(&history);
	assert_int_equal(
		history_parse(RUN("t", ITEM("a", 1, 1)) RUN("u", ITEM("a", 1, 1)) "{\0\0\0",
			      sizeof(RUN("t", ITEM("a", 1, 1)) RUN("u", ITEM("a", 1, 1)) "{\0\0"),
			      9, &history, &err),
		0);
	assert_int_equal(history.cut_off, 1);
	assert_true(history.lacks_last);
	history_destroy(&history);
}

static void put_bytes(const char *bytes, size_t size, size_t hole)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	for (size_t i = 0; i < hole; i++)
		putc('\0', out);
	fwrite(bytes, 1, size, out);
	assert_int_equal(fclose(out), 0);
}

/* A machine that died in the first append, or lost its first blocks: nothing is taken away. */
static void a_hole_before_all_is_appended_to(void **state)
{
	static const char run[] = RUN("t1", ITEM("a", 1, 1));
	static const char *const behind[] = { "", "\n", "\n" RUN("t0", ITEM("a", 1, 1)),
					      "1,1]}\n" RUN("t0", ITEM("a", 1, 1)) };
	static const size_t holes[] = { 1, 4095, 4096, 4097, 10000 };

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		const char *more = behind[i / 5];
		size_t hole = holes[i % 5], runs = 1 + (strstr(more, "t0") != NULL);
		struct history history;
		struct error err = { "" };
		struct stat st;

		put_bytes(more, strlen(more), hole);
		assert_int_equal(history_check(path, &err), 0);
		assert_int_equal(history_append(path, run, sizeof(run) - 1, &err), 0);
		assert_int_equal(history_append(path, run, sizeof(run) - 1, &err), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, hole + strlen(more) + 2 * (sizeof(run) - 1) + !*more);
		assert_int_equal(history_read(path, 9, &history, &err), 0);
		assert_int_equal(history.runs, runs);
		assert_int_equal(history.cut_off, 1);
		history_destroy(&history);
	}
}

/* A disk's image begins so, too. */
static void a_hole_before_something_else_is_not(void **state)
{
	static const char *const behind[] = {
		"x", "\nx", "\n{", "x\n", "\n{\"type\":\"plan\"}\n", "x\n" SUITE_HISTORY_BEGIN
	};

	(void)state;
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		struct error err = { "" };
		bool is_one = strstr(behind[i], SUITE_HISTORY_BEGIN);

		put_bytes(behind[i], strlen(behind[i]), 5000);
		assert_int_equal(history_check(path, &err), is_one ? 0 : -EINVAL);
		if (!is_one)
			assert_non_null(strstr(err.text, "is no history: it begins with NUL bytes "
							 "and has no line of a history behind "
							 "them, to which nothing is appended; "
							 "give --history another file"));
	}
}

/* It is whole, and so not passed over as one that was cut off. */
static void a_number_that_would_be_another_is_told(void **state)
{
	struct history history;
	struct error err;

	(void)state;
	assert_int_equal(parse(RUN("t", ITEM("a", 1, 1))
				       RUN("u", ITEM("a", 1, 99999999999999999999)),
			       9, &history, &err),
			 -ERANGE);
	assert_non_null(strstr(err.text, "line 1 from its end: it has a whole number that 64 bits "
					 "do not hold"));
}

/* A disk that is full looks like this limit: a part is written, and then nothing more. */
static void what_does_not_fit_leaves_no_part(void **state)
{
	static const char run[] = RUN("t1", ITEM("a", 1, 1));
	struct rlimit old, limit;
	struct error err = { "" };

	(void)state;
	put(run);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = sizeof(run) + 20;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(history_append(path, run, sizeof(run) - 1, &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(err.text, "the run is not kept, the file is as before: File too"));
	assert_content(run);
}

static void a_run_that_is_retold_is_appended_once(void **state)
{
	static const char run[] = RUN("t1", ITEM("a", 1, 1));
	static const char later[] = RUN("t2", ITEM("a", 1, 1));
	static const char other[] = RUN("t2", ITEM("a", 1, 1) "," ITEM("b", 1, 1));
	char text[2048];
	struct error err = { "" };

	(void)state;
	assert_int_equal(history_append_once(path, run, sizeof(run) - 1, &err), 0);
	assert_int_equal(history_append_once(path, later, sizeof(later) - 1, &err), -EALREADY);
	assert_non_null(strstr(err.text, "with these very results already"));
	assert_content(run);
	assert_int_equal(history_append_once(path, other, sizeof(other) - 1, &err), 0);
	assert_int_equal(history_append_once(path, run, sizeof(run) - 1, &err), -EALREADY);
	/* One that ran here is another one, whatever it measured. */
	assert_int_equal(history_append(path, later, sizeof(later) - 1, &err), 0);
	snprintf(text, sizeof(text), "%s%s%s", run, other, later);
	assert_content(text);
}

static void nothing_else_is_touched(void **state)
{
	static const char *const others[] = { "\n",
					      "{\n",
					      "{\n\"type\":\"history\"}\n",
					      "{\n\n",
					      "results\n",
					      "{\"type\":\"plan\"}\n",
					      "{ }",
					      "{\"type\":\"history\",\"schema\":1}\n" };
	char gone[sizeof(path) + 8];
	struct error err = { "" };
	struct stat st;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		put(others[i]);
		assert_int_equal(history_check(path, &err), -EINVAL);
		assert_non_null(strstr(err.text, "is no history"));
		assert_int_equal(history_append(path, "x\n", 2, &err), -EINVAL);
		assert_content(others[i]);
	}
	put("");
	snprintf(gone, sizeof(gone), "%s/x", path);
	assert_int_equal(history_check(gone, &err), -ENOTDIR);
	assert_int_equal(history_check("/tmp", &err), -EINVAL);
	assert_int_equal(history_check("/dev/null", &err), -EINVAL);
	snprintf(gone, sizeof(gone), "%s.new", path);
	assert_int_equal(mkfifo(gone, 0600), 0);
	assert_int_equal(history_check(gone, &err), -EINVAL);
	unlink(gone);
	assert_int_equal(history_check(gone, &err), 0);
	assert_int_equal(stat(gone, &st), 0);
	assert_int_equal(st.st_size, 0);
	unlink(gone);
	assert_int_equal(history_append(path, "", HISTORY_MAX_LINE + 1, &err), -EFBIG);
	assert_content("");
	/* Somebody keeps the lock, for reading. */
	fd = open(path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	assert_int_equal(history_check(path, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "lslocks"));
	close(fd);
}

static void the_last_runs_of_each_variant(void **state)
{
	static const char text[] = RUN("t1",
				       ITEM("a", 1, 1) "," ITEM("a", 2, 1) "," ITEM("b", 3, 1))
		RUN("t2", ITEM("a", 1, 2) "," ITEM("a", 2, 2)) RUN("t3", ITEM("other", 1, 3))
			RUN("t4", "") RUN("t5", ITEM("a", 1, 5)) RUN(
				"t6", ITEM("b", 1, 6) "," ITEM("a", 2, 6) "," ITEM("new", 3, 6));
	struct history history;
	struct error err;

	(void)state;
	assert_int_equal(parse(text, 2, &history, &err), 0);
	assert_string_equal(history.newest_time, "t6");
	assert_string_equal(history.last_time, "t5");
	assert_string_equal(history.first_time, "t1");
	assert_int_equal(history.runs, 3);
	/* Of a those of t5 and t2, and for b, which was left out since, that of t1. */
	assert_int_equal(history.before.count, 4);
	assert_true(history.before.list[0].seconds == 5 && history.before.list[1].seconds == 2);
	assert_true(history.before.list[2].seconds == 2);
	assert_string_equal(history.before.list[3].name, "b");
	history_destroy(&history);
	assert_int_equal(parse(text, 1, &history, &err), 0);
	assert_int_equal(history.before.count, 2);
	history_destroy(&history);
}

static void what_tells_nothing_is_no_run(void **state)
{
	/* The last runs of a have errors only, the oldest ends. */
	static const char text[] = RUN("t1", ITEM("a", 1, 1)) RUN("t2", BAD("a", "error"))
		RUN("t3", BAD("a", "inconclusive")) RUN("t4", ITEM("a", 1, 4) "," BAD("a", "skip"))
			RUN("t5", BAD("a", "skip")) RUN("t6", ITEM("a", 1, 6));
	struct history history;
	struct error err;

	(void)state;
	assert_int_equal(parse(text, 2, &history, &err), 0);
	assert_int_equal(history.runs, 2);
	assert_int_equal(history.before.count, 2);
	assert_string_equal(history.first_time, "t1");
	assert_string_equal(history.last_time, "t4");
	history_destroy(&history);
	assert_int_equal(
		parse(RUN("t1", ITEM("a", 1, 1)) RUN("t2", BAD("a", "error")), 2, &history, &err),
		-ENODATA);
	assert_non_null(strstr(err.text, "the newest run, of t2, tells nothing: its 1 results"));
	assert_int_equal(
		parse(RUN("t1", BAD("a", "error")) RUN("t2", ITEM("a", 1, 1)), 2, &history, &err),
		-ENODATA);
	assert_non_null(strstr(err.text, "too few runs"));
}

static void what_has_vanished_is_seen(void **state)
{
	/* Of t2 all are taken: t3 shares no variant with the newest, and t4 was interrupted. */
	static const char text[] = RUN("t1", ITEM("a", 1, 1) "," ITEM("older", 2, 1))
		RUN("t2", ITEM("a", 1, 2) "," ITEM("gone", 2, 2)) RUN("t3", ITEM("other", 1, 3))
			STOPPED("t4", ITEM("a", 1, 4)) RUN("t0", ITEM("a", 1, 5));
	struct history history;
	struct error err;

	(void)state;
	for (unsigned int most = 1; most < 4; most++) {
		assert_int_equal(parse(text, most, &history, &err), 0);
		assert_int_equal(history.runs, most);
		assert_int_equal(history.interrupted, 1);
		assert_int_equal(history.before.count, 1 + most);
		assert_string_equal(history.before.list[most > 1 ? 2 : 1].name, "gone");
		assert_false(history.newest.interrupted);
		assert_string_equal(history.last_time, "t4");
		history_destroy(&history);
	}
	/* They stand in the order of their ends: the times are the first and the last of all. */
	assert_int_equal(parse(RUN("t2", ITEM("a", 1, 1)) RUN("t1", ITEM("a", 1, 1))
				       STOPPED("t3", ITEM("a", 1, 1)),
			       9, &history, &err),
			 0);
	assert_string_equal(history.first_time, "t1");
	assert_string_equal(history.last_time, "t2");
	assert_true(history.newest.interrupted && !history.lacks_last);
	history_destroy(&history);
}

static void what_is_no_history_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
		int error;
	} wrong[] = {
		{ "", "it has no run yet", -ENODATA },
		{ RUN("t", ""), "it has no run yet", -ENODATA },
		{ RUN("t", ITEM("a", 1, 1)), "too few runs: none before the newest, of t,",
		  -ENODATA },
		{ RUN("t", ITEM("b", 1, 1)) RUN("t", ITEM("a", 1, 1)), "too few runs", -ENODATA },
		{ "x\n", "line 1 from its end: no run of", -EBADMSG },
		{ "x\n" RUN("t", ITEM("a", 1, 1)), "line 2 from its end: no run of", -EBADMSG },
		{ SUITE_HISTORY_BEGIN "2,\"time\":\"t\",\"results\":[]}\n",
		  "its schema version is 2", -EBADMSG },
		{ SUITE_HISTORY_BEGIN "\"1\"}\n", "'schema_version' is a string", -EBADMSG },
		{ SUITE_HISTORY_BEGIN "1,\"time\":\"t\"}\n", "without its list 'results'",
		  -EBADMSG },
		{ SUITE_HISTORY_BEGIN "1,\"time\":\"t\",\"results\":{}}\n", "without its list",
		  -EBADMSG },
		{ SUITE_HISTORY_BEGIN "1,\"time\":1,\"results\":[]}\n", "without its 'time'",
		  -EBADMSG },
		{ RUN("0123456789012345678901234567890123456789", ""), "without its 'time'",
		  -EBADMSG },
		{ RUN("t", "1"), "result 1 is no object", -EBADMSG },
		{ SUITE_HISTORY_BEGIN "1,\"time\":\"t\",\"results\":[],\"interrupted\":0}\n",
		  "its 'interrupted' is neither", -EBADMSG },
		{ SUITE_HISTORY_BEGIN "1,\"time\":\"t\",\"results\":[],\"planned\":-1}\n",
		  "'planned'", -EBADMSG },
		{ RUN("t", ITEM("a", 1, -1)), "result 'a': its 'seconds' is below 0", -EBADMSG },
		{ RUN("t", ITEM("", 1, 1)), "a result without a 'name'", -EBADMSG },
		{ RUN("t", ITEM("a", 0, 1)), "'number' is 0", -EBADMSG },
		{ RUN("t", ITEM("a", 1, -1)) RUN("t", ITEM("a", 1, 1)),
		  "line 2 from its end: result", -EBADMSG },
	};
	struct history history;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(wrong[i].text, 20, &history, &err), wrong[i].error);
		if (!strstr(err.text, wrong[i].why))
			fail_msg("%zu: %s", i, err.text);
		assert_null(history.newest.list);
	}
	assert_int_equal(history_read("/tmp/no such file", 2, &history, &err), -ENOENT);
}

/* Sebastiano Vigna's splitmix64. */
static double uniform(uint64_t *at)
{
	uint64_t z = *at += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* Is a variant called worse? Of four, in 20 runs of 5 rounds and one more, of which the first is
 * slower by @slower, and fails as often as @fails says. Each run as a whole is off by a number of
 * the same distribution as its rounds' times @shift. */
static bool is_worse(uint64_t *seed, double slower, double fails, double shift)
{
	const struct compare_settings settings = { .method = COMPARE_PERMUTATION, .alpha = 0.05 };
	struct compare_table table;
	struct history history;
	struct error err = { "" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool worse;

	for (unsigned int run = 0; run <= 20; run++) {
		double off = shift > 0 ? shift * (uniform(seed) + uniform(seed) - 1) : 0;

		fprintf(out, SUITE_HISTORY_BEGIN "1,\"time\":\"t%u\",\"results\":[", run);
		for (unsigned int i = 0; i < 20; i++) {
			bool other = run == 20 && i % 4 == 0;
			double seconds =
				10 + off + uniform(seed) + uniform(seed) + (other ? slower : 0);

			fprintf(out,
				"%s{\"name\":\"v%u\",\"number\":%u,\"outcome\":\"%s\",\"seconds\":"
				"%.6f}",
				i ? "," : "", i % 4, i + 1,
				uniform(seed) < (other ? fails : 0.05) ? "fail" : "pass", seconds);
		}
		fputs("]}\n", out);
	}
	fclose(out);
	assert_int_equal(history_parse(text, size, 20, &history, &err), 0);
	free(text);
	assert_int_equal(history.before.count, 400);
	assert_int_equal(compare_make(&history.before, &history.newest, &settings, &table, &err),
			 0);
	worse = table.verdicts[COMPARE_WORSE] || table.verdicts[COMPARE_BETTER];
	compare_destroy(&table);
	history_destroy(&history);
	return worse;
}

static void equal_runs_raise_no_alarm(void **state)
{
	unsigned int alarms = 0, slower = 0, flakier = 0;
	uint64_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 400; i++)
		alarms += is_worse(&seed, 0, 0.05, 0);
	for (unsigned int i = 0; i < 40; i++) {
		slower += is_worse(&seed, 1, 0.05, 0);
		flakier += is_worse(&seed, 0, 0.8, 0);
	}
	print_message(
		"of 400 equal runs %u raised an alarm; of 40, slower by two and a half of the "
		"spread, %u; of 40 that failed in 80 %% in place of 5 %%, %u\n",
		alarms, slower, flakier);
	/* By Holm's correction 5 % at most: 20 are expected, and 36 or more have a probability of
	 * 4e-4. */
	assert_true(alarms <= 35);
	assert_true(slower >= 36);
	assert_true(flakier >= 30);
}

/* What the footer and the manual warn of: rounds of a run are no independent ones. */
static void a_shift_of_whole_runs_is_a_difference(void **state)
{
	unsigned int half = 0, as_large = 0;
	uint64_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		half += is_worse(&seed, 0, 0.05, 0.5);
		as_large += is_worse(&seed, 0, 0.05, 1);
	}
	print_message("of 100 equal runs, each off as a whole by half the spread of its rounds, %u "
		      "raised an alarm; by all of it, %u\n",
		      half, as_large);
	assert_true(half >= 6 && as_large >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
		cmocka_unit_test(time_is_that_of_the_calendar),
		cmocka_unit_test_setup_teardown(many_writers_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_line_that_was_cut_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_does_not_fit_leaves_no_part, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_run_that_is_retold_is_appended_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nothing_else_is_touched, set_up, tear_down),
		cmocka_unit_test(the_last_runs_of_each_variant),
		cmocka_unit_test(what_tells_nothing_is_no_run),
		cmocka_unit_test(what_has_vanished_is_seen),
		cmocka_unit_test(what_is_no_history_is_refused),
		cmocka_unit_test(equal_runs_raise_no_alarm),
		cmocka_unit_test(a_hole_before_all_is_appended_to),
		cmocka_unit_test(a_hole_before_something_else_is_not),
		cmocka_unit_test(a_number_that_would_be_another_is_told),
		cmocka_unit_test(a_shift_of_whole_runs_is_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
