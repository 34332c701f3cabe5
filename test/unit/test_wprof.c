/* Is the tracer's configuration what its users know, and is what cannot pass refused? */
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

#include "wprof/wprof.h"

static const char *self = "/proc/self/exe";

static int configure(struct wprof_config *config, const char *args, struct error *err)
{
	assert_int_equal(setenv("KTSTR_WPROF_PATH", self, 1), 0);
	return wprof_config_from_env(config, false, args, err);
}

static void the_floor_is_pure(void **state)
{
	(void)state;
	assert_int_equal(WPROF_MIN_MEMORY_MIB, 2048);
	assert_int_equal(apply_wprof_memory_floor(0, true), 2048);
	assert_int_equal(apply_wprof_memory_floor(2047, true), 2048);
	assert_int_equal(apply_wprof_memory_floor(2048, true), 2048);
	assert_int_equal(apply_wprof_memory_floor(2049, true), 2049);
	assert_int_equal(apply_wprof_memory_floor(0, false), 0);
	assert_int_equal(apply_wprof_memory_floor(256, false), 256);
	assert_true(apply_wprof_memory_floor(UINT64_MAX, true) == UINT64_MAX);
}

static void defaults(void **state)
{
	static const char rendered[] = "KTSTR_WPROF_ARGS=-d\037500\037-e\037sched\037"
				       "--ringbuf-size=256000\037--ringbuf-cnt=8";
	struct wprof_config config;
	char out[sizeof(rendered)];

	(void)state;
	assert_int_equal(configure(&config, NULL, NULL), 0);
	assert_string_equal(config.path, self);
	assert_true(config.default_args);
	assert_int_equal(config.nr_args, 6);
	assert_int_equal(wprof_render_args(&config, out, sizeof(out), NULL), 0);
	assert_string_equal(out, rendered);
	wprof_config_destroy(&config);
	assert_null(config.path);
	assert_int_equal(config.nr_args, 0);
}

/* Another process's descriptor is reached once: later, with fewer rights, it could not be. */
static void a_descriptor_of_another_process_is_held(void **state)
{
	struct wprof_config config;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)getpid());
	assert_int_equal(setenv("KTSTR_WPROF_PATH", path, 1), 0);
	assert_int_equal(wprof_config_from_env(&config, false, NULL, NULL), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", config.fd);
	assert_string_equal(config.path, path);
	assert_int_equal(access(path, R_OK), 0);
	wprof_config_destroy(&config);
	assert_int_equal(access(path, R_OK), -1);
}

static void own_args_replace_all(void **state)
{
	struct wprof_config config;
	char out[64];

	(void)state;
	assert_int_equal(configure(&config, " \t-d  1000\n-f\vno-ipi\r\f--x=\\a,b ", NULL), 0);
	assert_false(config.default_args);
	assert_int_equal(config.nr_args, 5);
	assert_int_equal(wprof_render_args(&config, out, sizeof(out), NULL), 0);
	assert_string_equal(out, "KTSTR_WPROF_ARGS=-d\0371000\037-f\037no-ipi\037--x=\\a,b");
	wprof_config_destroy(&config);

	/* None at all is a choice as well. */
	assert_int_equal(configure(&config, " ", NULL), 0);
	assert_false(config.default_args);
	assert_int_equal(wprof_render_args(&config, out, sizeof(out), NULL), 0);
	assert_string_equal(out, "KTSTR_WPROF_ARGS=");
	wprof_config_destroy(&config);

	/* Words outside ASCII arrive as they are. */
	assert_int_equal(configure(&config, "--name=\xc3\xbc", NULL), 0);
	assert_string_equal(config.args[0], "--name=\xc3\xbc");
	wprof_config_destroy(&config);
}

static void what_cannot_pass_is_refused(void **state)
{
	static const char *const bad[] = { "-d 5\0376", "-x \"a", "-x 'a",    "a\x01",
					   "a\x1b[0m",	"\x7f",	  "a\xc3\xa0" };
	static const char *const says[] = {
		"0x1f", "0x22", "0x27", "0x01", "0x1b", "0x7f", "0xa0"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wprof_config config;
		struct error err = { "" };

		assert_int_equal(configure(&config, bad[i], &err), -EINVAL);
		if (!strstr(err.text, says[i]))
			fail_msg("no '%s' in: %s", says[i], err.text);
		assert_null(config.path);
		assert_int_equal(config.nr_args, 0);
	}
}

static void at_most_64_args(void **state)
{
	char text[2 * (WPROF_MAX_ARGS + 1) + 1] = "";
	struct wprof_config config;
	struct error err = { "" };

	(void)state;
	for (int i = 0; i < WPROF_MAX_ARGS; i++)
		strcat(text, "a ");
	assert_int_equal(configure(&config, text, NULL), 0);
	assert_int_equal(config.nr_args, WPROF_MAX_ARGS);
	wprof_config_destroy(&config);
	strcat(text, "a");
	assert_int_equal(configure(&config, text, &err), -EINVAL);
	assert_non_null(strstr(err.text, "64"));
}

static void render_names_limit_and_length(void **state)
{
	struct wprof_config config;
	struct error err = { "" };
	char out[32];

	(void)state;
	assert_int_equal(configure(&config, "0123456789abcd", NULL), 0); /* 17 + 14 = 31 bytes */
	assert_int_equal(wprof_render_args(&config, out, 32, NULL), 0);
	assert_int_equal(strlen(out), 31);
	memset(out, 'x', sizeof(out));
	assert_int_equal(wprof_render_args(&config, out, 31, &err), -E2BIG);
	assert_non_null(strstr(err.text, "31 bytes"));
	assert_non_null(strstr(err.text, "30 are left"));
	assert_int_equal(out[0], 'x');
	assert_int_equal(wprof_render_args(&config, out, 0, NULL), -E2BIG);
	wprof_config_destroy(&config);
}

static void expect_path_error(const char *path, int code, const char *says)
{
	struct wprof_config config;
	struct error err = { "" };

	if (path)
		assert_int_equal(setenv("KTSTR_WPROF_PATH", path, 1), 0);
	else
		assert_int_equal(unsetenv("KTSTR_WPROF_PATH"), 0);
	assert_int_equal(wprof_config_from_env(&config, false, NULL, &err), code);
	assert_non_null(strstr(err.text, "KTSTR_WPROF_PATH"));
	if (path)
		assert_non_null(strstr(err.text, path));
	if (!strstr(err.text, says))
		fail_msg("no '%s' in: %s", says, err.text);
	wprof_config_destroy(&config); /* harmless after a failure */
}

static void the_path_must_be_readable(void **state)
{
	char fifo[] = "/tmp/test_wprof.XXXXXX";

	(void)state;
	expect_path_error(NULL, -ENOENT, "is not set");
	expect_path_error("", -ENOENT, "is empty");
	expect_path_error("/nonexistent/wprof", -ENOENT, "No such file");
	expect_path_error("/", -EISDIR, "a directory");
	expect_path_error("/dev/null", -EINVAL, "not a regular file");
	/* One that would block for ever. */
	assert_non_null(mkdtemp(fifo));
	assert_int_equal(rmdir(fifo), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	expect_path_error(fifo, -EINVAL, "not a regular file");
	unlink(fifo);
}

static void an_unreadable_file_is_named(void **state)
{
	char path[] = "/tmp/test_wprof.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	chmod(path, 0);
	if (geteuid() == 0) { /* root reads everything: be someone else for a moment */
		assert_int_equal(seteuid(65534), 0);
		expect_path_error(path, -EACCES, "Permission denied");
		assert_int_equal(seteuid(0), 0);
	} else {
		expect_path_error(path, -EACCES, "Permission denied");
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_floor_is_pure),
		cmocka_unit_test(defaults),
		cmocka_unit_test(a_descriptor_of_another_process_is_held),
		cmocka_unit_test(own_args_replace_all),
		cmocka_unit_test(what_cannot_pass_is_refused),
		cmocka_unit_test(at_most_64_args),
		cmocka_unit_test(render_names_limit_and_length),
		cmocka_unit_test(the_path_must_be_readable),
		cmocka_unit_test(an_unreadable_file_is_named),
	};

	return cmocka_run_group_tests_name("wprof", tests, NULL, NULL);
}
