/* Does init's parser take every good job file, and no other? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/job.h"

/* A literal with its own NUL at the end, and NULs inside. */
#define PARSE(job, text) parse(job, text, sizeof(text))

static char why[256];

/* From a block of exactly this size, so that ASan sees a read beyond it. */
static int parse(struct job *job, const char *text, size_t size)
{
	char *exact = malloc(size ? size : 1);
	int ret;

	assert_non_null(exact);
	memcpy(exact, text, size);
	why[0] = '\0';
	ret = job_parse(job, exact, size, why, sizeof(why));
	free(exact);
	return ret;
}

static void good(void **state)
{
	struct job job;

	(void)state;
	assert_int_equal(PARSE(&job,
			       "arg=/bin/sh\0env=A=1\0arg=-c\0arg=\0cwd=/tmp/x\0"
			       "timeout_ms=1500\0tracer=1\0tracer_bpf=1\0tracer_window_ms=60000\0"
			       "env=PATH=/only\0tty=1\0env=B=x=y\0arg=a=b"),
			 0);
	assert_string_equal(job.argv[0], "/bin/sh");
	assert_string_equal(job.argv[1], "-c");
	assert_string_equal(job.argv[2], "");
	assert_string_equal(job.argv[3], "a=b");
	assert_null(job.argv[4]);
	assert_string_equal(job.envp[0], "A=1");
	assert_string_equal(job.envp[1], "PATH=/only");
	assert_string_equal(job.envp[2], "B=x=y");
	assert_string_equal(job.envp[3], "HOME=/root");
	assert_string_equal(job.envp[4], "TERM=dumb");
	assert_null(job.envp[5]);
	assert_string_equal(job.cwd, "/tmp/x");
	assert_int_equal(job.timeout_ms, 1500);
	assert_true(job.tty);
	assert_true(job.tracer);
	assert_true(job.tracer_bpf);
	assert_int_equal(job.tracer_window_ms, 60000);
	job_destroy(&job);
}

static void modules(void **state)
{
	struct job job;

	(void)state;
	assert_int_equal(PARSE(&job, "module=/m/a.ko \0arg=x\0try_module=/m/b.ko c=1 d=\"2 3\"\0"
				     "module=/m/c.ko e"),
			 0);
	assert_int_equal(job.nr_modules, 3);
	assert_string_equal(job.modules[0].path, "/m/a.ko");
	assert_string_equal(job.modules[0].params, "");
	assert_false(job.modules[0].optional);
	assert_string_equal(job.modules[1].path, "/m/b.ko");
	assert_string_equal(job.modules[1].params, "c=1 d=\"2 3\"");
	assert_true(job.modules[1].optional);
	assert_string_equal(job.modules[2].params, "e");
	assert_false(job.modules[2].optional);
	job_destroy(&job);
}

static void scheduler_and_setup(void **state)
{
	struct job job;

	(void)state;
	assert_int_equal(PARSE(&job,
			       "setup=a b\0setup_ms=2500\0scheduler_arg=--x\0arg=/p\0setup=c\0"
			       "scheduler=/s\0scheduler_arg="),
			 0);
	assert_string_equal(job.setup[0], "a b");
	assert_string_equal(job.setup[1], "c");
	assert_null(job.setup[2]);
	assert_int_equal(job.setup_ms, 2500);
	assert_string_equal(job.scheduler[0], "/s");
	assert_string_equal(job.scheduler[1], "--x");
	assert_string_equal(job.scheduler[2], "");
	assert_null(job.scheduler[3]);
	job_destroy(&job);
	assert_int_equal(PARSE(&job, "arg=/p"), 0);
	assert_null(job.scheduler[0]);
	job_destroy(&job);
	assert_int_equal(PARSE(&job, "arg=/p\0scheduler=/s\0scheduler=/t"), -EINVAL);
	assert_int_equal(PARSE(&job, "arg=/p\0scheduler=s"), -EINVAL);
	assert_int_equal(PARSE(&job, "arg=/p\0scheduler_arg=s"), -EINVAL);
	assert_string_equal(why, "job: scheduler_arg without a scheduler");
}

static void smallest(void **state)
{
	struct job job;

	(void)state;
	assert_int_equal(PARSE(&job, "arg=x"), 0);
	assert_string_equal(job.argv[0], "x");
	assert_null(job.argv[1]);
	assert_string_equal(job.envp[0],
			    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	assert_null(job.envp[3]);
	assert_null(job.cwd);
	assert_int_equal(job.timeout_ms, 0);
	assert_false(job.tracer);
	job_destroy(&job);
}

static void later_env_counts(void **state)
{
	struct job job;

	(void)state;
	assert_int_equal(PARSE(&job, "arg=x\0env=AB=1\0env=A=2\0env=AB=3\0env=AB="), 0);
	assert_string_equal(job.envp[0], "AB=");
	assert_string_equal(job.envp[1], "A=2");
	assert_string_equal(job.envp[2], job_default_env[0]);
	job_destroy(&job);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *word; /* what the message must name */
	} cases[] = {
#define CASE(text, word) { text, sizeof(text), word }
		{ "", 0, "empty" },
		{ "arg=x", 5, "NUL" },
		CASE("", "key=value"),
		CASE("arg=x\0\0env=A=1", "key=value"),
		CASE("env=A=1", "no arg"),
		CASE("arg=", "empty"),
		CASE("arg=x\0color=blue", "'color'"),
		CASE("arg=x\0args=y", "'args'"),
		CASE("arg=x\0=y", "unknown key"),
		CASE("arg", "key=value"),
		CASE("arg=x\0env=A", "NAME=VALUE"),
		CASE("arg=x\0env==1", "NAME=VALUE"),
		CASE("arg=x\0env=", "NAME=VALUE"),
		CASE("arg=x\0cwd=tmp", "cwd"),
		CASE("arg=x\0cwd=", "cwd"),
		CASE("arg=x\0cwd=/a\0cwd=/b", "cwd"),
		CASE("arg=x\0timeout_ms=", "timeout_ms"),
		CASE("arg=x\0timeout_ms=-1", "timeout_ms"),
		CASE("arg=x\0timeout_ms= 1", "timeout_ms"),
		CASE("arg=x\0timeout_ms=1s", "timeout_ms"),
		CASE("arg=x\0timeout_ms=31536000001", "timeout_ms"),
		CASE("arg=x\0timeout_ms=99999999999999999999999999", "timeout_ms"),
		CASE("arg=x\0timeout_ms=1\0timeout_ms=2", "twice"),
		CASE("arg=x\0module=", "module"),
		CASE("arg=x\0module=/a.ko", "module"),
		CASE("arg=x\0try_module=a.ko x=1", "module"),
		CASE("arg=x\0tracer=0", "tracer"),
		CASE("arg=x\0tracer=", "tracer"),
		CASE("arg=x\0tty=0", "tty"),
		CASE("arg=x\0stdin=yes", "stdin"),
		CASE("arg=x\0stdin=1\0tty=1", "both want the inbox"),
		CASE("arg=x\0tracer=1\0tracer=1", "tracer"),
		CASE("arg=x\0tracer_bpf=yes", "tracer_bpf"),
		CASE("arg=x\0tracer_bpf=1\0tracer_bpf=1", "tracer_bpf"),
		CASE("arg=x\0tracer_window_ms=0", "tracer_window_ms"),
		CASE("arg=x\0tracer_window_ms=5\0tracer_window_ms=6", "twice"),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job;

		assert_int_equal(parse(&job, cases[i].text, cases[i].size), -EINVAL);
		if (!strstr(why, cases[i].word))
			fail_msg("case %zu: '%s' does not name '%s'", i, why, cases[i].word);
		assert_null(job.text);
		assert_null(job.argv);
		assert_null(job.envp);
	}
}

static void huge(void **state)
{
	char *text = malloc(JOB_MAX_SIZE + 1);
	struct job job;
	size_t size = 0;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', JOB_MAX_SIZE + 1);
	memcpy(text, "arg=", 4);
	text[JOB_MAX_SIZE] = '\0';
	assert_int_equal(job_parse(&job, text, JOB_MAX_SIZE + 1, why, sizeof(why)), -E2BIG);
	text[JOB_MAX_SIZE - 1] = '\0';
	assert_int_equal(job_parse(&job, text, JOB_MAX_SIZE, why, sizeof(why)), 0);
	assert_int_equal(strlen(job.argv[0]), JOB_MAX_SIZE - 5);
	job_destroy(&job);

	/* The most variables that there can be, and one more. */
	size = 6;
	memcpy(text, "arg=x", 6);
	for (int i = 0; i < JOB_MAX_ENV; i++)
		size += (size_t)sprintf(text + size, "env=V%d=1", i) + 1;
	assert_int_equal(job_parse(&job, text, size, why, sizeof(why)), 0);
	assert_string_equal(job.envp[JOB_MAX_ENV - 1], "V1023=1");
	assert_string_equal(job.envp[JOB_MAX_ENV + 2], "TERM=dumb");
	assert_null(job.envp[JOB_MAX_ENV + 3]);
	job_destroy(&job);
	size += (size_t)sprintf(text + size, "env=W=1") + 1;
	assert_int_equal(job_parse(&job, text, size, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "1024"));
	free(text);
}

static void from_file(void **state)
{
	char path[] = "/tmp/ktstr-job-XXXXXX";
	int fd = mkstemp(path);
	struct job job;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "arg=/x", 7), 7);
	assert_int_equal(job_load(&job, path, why, sizeof(why)), 0);
	assert_string_equal(job.argv[0], "/x");
	job_destroy(&job);

	assert_int_equal(ftruncate(fd, JOB_MAX_SIZE + 1), 0);
	assert_int_equal(job_load(&job, path, why, sizeof(why)), -E2BIG);
	close(fd);
	unlink(path);
	assert_int_equal(job_load(&job, path, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, path));
	assert_int_equal(job_load(&job, "/tmp", why, sizeof(why)), -E2BIG);
}

static void the_file_of_metrics_is_named(void **state)
{
	struct job job;

	(void)state;
	assert_int_equal(PARSE(&job, "arg=a\0metrics=1"), 0);
	assert_true(job.metrics);
	assert_string_equal(job.envp[3], "KTSTR_METRICS=/ktstr/metrics");
	assert_string_equal(job.envp[4], "KTSTR_WORK_SAYS=/ktstr/work");
	assert_null(job.envp[5]);
	job_destroy(&job);
	/* Who names another file is on his own. */
	assert_int_equal(PARSE(&job, "arg=a\0metrics=1\0env=KTSTR_METRICS="), 0);
	assert_string_equal(job.envp[0], "KTSTR_METRICS=");
	assert_string_equal(job.envp[4], "KTSTR_WORK_SAYS=/ktstr/work");
	assert_null(job.envp[5]);
	job_destroy(&job);
	assert_int_equal(PARSE(&job, "arg=a"), 0);
	assert_false(job.metrics);
	assert_null(job.envp[3]);
	job_destroy(&job);
	assert_int_equal(PARSE(&job, "arg=a\0metrics=/x"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(modules),
		cmocka_unit_test(smallest),
		cmocka_unit_test(later_env_counts),
		cmocka_unit_test(refused),
		cmocka_unit_test(huge),
		cmocka_unit_test(from_file),
		cmocka_unit_test(scheduler_and_setup),
		cmocka_unit_test(the_file_of_metrics_is_named),
	};

	return cmocka_run_group_tests_name("guest job", tests, NULL, NULL);
}
