/* Does each kind of option set what it is to set, in each form in which it can be said? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/options.h"
#include "run/options_table.h"

#define MAX_WORDS 20

/* The options of a line of words that are split at blanks. Its result is to be destroyed. */
static int parse(struct run_options *options, unsigned int groups, bool mixed, const char *line,
		 struct error *err)
{
	static char text[512];
	static char *argv[MAX_WORDS + 1];
	int argc = 0;

	snprintf(text, sizeof(text), "command %s", line);
	for (char *word = strtok(text, " "); word && argc < MAX_WORDS; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(options, groups, mixed, argc, argv, err);
}

static void takes(struct run_options *options, unsigned int groups, const char *line)
{
	struct error err = { "" };

	if (parse(options, groups, groups == OPTIONS_OF_TEST, line, &err))
		fail_msg("'%s': %s", line, err.text);
}

static void refuses(unsigned int groups, const char *line, const char *message)
{
	struct run_options options;
	struct error err = { "" };

	assert_int_equal(parse(&options, groups, true, line, &err), -EINVAL);
	if (!strstr(err.text, message))
		fail_msg("'%s' says '%s', not '%s'", line, err.text, message);
	options_destroy(&options);
}

static void test_each_type(void **state)
{
	struct run_options options;

	(void)state;
	takes(&options, OPTIONS_OF_TEST,
	      "--kernel a --topology 1n2l4c2t --memory 4G --append x=1 --kaslr --boot-timeout 1.5 "
	      "--wprof=always --fresh --pin --distance 0-1=15 --distance 1-2=40 a");
	assert_int_equal(options.kernels.count, 1);
	assert_string_equal(options.kernel, "a");
	assert_true(options.override.has_topology);
	assert_int_equal(options.override.topology.parts[0].llcs, 2);
	assert_int_equal(options.override.distances.count, 2);
	assert_int_equal(options.override.distances.list[1].distance, 40);
	assert_int_equal(options.override.memory_mib, 4096);
	assert_string_equal(options.append, "x=1");
	assert_true(options.kaslr);
	assert_true(options.fresh && options.pin);
	assert_int_equal(options.boot_timeout_ms, 1500);
	assert_int_equal(options.wprof, WPROF_ALWAYS);
	assert_string_equal(options.operands[0], "a");
	assert_null(options.operands[1]);
	options_destroy(&options);
	takes(&options, OPTIONS_OF_TEST,
	      "--jobs 3 --repeat 2 --shard 2/5 --seed 0 --filter a --filter b --tap");
	assert_int_equal(options.jobs, 3);
	assert_int_equal(options.repeat, 2);
	assert_int_equal(options.shard, 2);
	assert_int_equal(options.shards, 5);
	assert_true(options.has_seed);
	assert_int_equal(options.filters.count, 2);
	assert_string_equal(options.filters.items[1], "b");
	assert_null(options.filters.items[2]);
	assert_true(options.tap);
	assert_false(options.ktap);
	assert_null(options.operands);
	options_destroy(&options);
	takes(&options, OPTIONS_OF_RUN,
	      "--env A=1 --timeout-scale 2.5 --include /x:/y --with perl --timeout 0 --stderr f "
	      "--host-noise 0 x");
	assert_true(options.has_host_noise && !options.host_noise);
	assert_string_equal(options.env.items[0], "A=1");
	assert_string_equal(options.includes[0].guest, "/y");
	assert_false(options.includes[0].with);
	assert_string_equal(options.includes[1].host, "perl");
	assert_true(options.includes[1].with);
	assert_true(options.has_timeout);
	assert_int_equal(options.timeout_ms, 0);
	assert_true(options.timeout_scale == 2.5);
	assert_string_equal(options.stderr_file, "f");
	assert_false(options.record.said);
	options_destroy(&options);
	/* The last one counts. */
	takes(&options, OPTIONS_OF_RUN, "--no-record --record-mib 8 x");
	assert_true(options.record.said);
	assert_int_equal(options.record.mib, 8);
	assert_true(options.record_here);
	options_destroy(&options);
	takes(&options, OPTIONS_OF_RUN, "--record-mib 8 --no-record x");
	assert_true(options.record.said);
	assert_int_equal(options.record.mib, 0);
	assert_false(options.record_here);
	options_destroy(&options);
}

static void test_letters(void **state)
{
	struct run_options options;

	(void)state;
	takes(&options, OPTIONS_OF_TEST, "-k a -kb -j4 -qv");
	assert_int_equal(options.kernels.count, 2);
	assert_string_equal(options.kernel, "b");
	assert_int_equal(options.jobs, 4);
	assert_true(options.quiet);
	assert_true(options.verbose);
	options_destroy(&options);
	takes(&options, 0, "-h");
	assert_true(options.help);
	options_destroy(&options);
}

/* Behind the first word that is no option all is the payload's. */
static void test_a_payload_keeps_its_own(void **state)
{
	struct run_options options;

	(void)state;
	takes(&options, OPTIONS_OF_RUN, "-q prog -k x --quiet --nonsense -- y");
	assert_true(options.quiet);
	assert_null(options.kernel);
	assert_string_equal(options.operands[0], "prog");
	assert_string_equal(options.operands[1], "-k");
	assert_string_equal(options.operands[5], "--");
	options_destroy(&options);
	takes(&options, OPTIONS_OF_RUN, "-- -q");
	assert_false(options.quiet);
	assert_string_equal(options.operands[0], "-q");
	options_destroy(&options);
}

/* What the replay line is made of: long forms, and nothing that makes a file for a second time. */
static void test_what_is_remembered(void **state)
{
	static const char *const words[] = { "--quiet",	       "--kernel", "a", "--wprof",
					     "--wprof=always", "--memory", "4G" };
	struct run_options options;

	(void)state;
	takes(&options, OPTIONS_OF_RUN, "-qka --wprof --stderr f --wprof=always --memory=4G x");
	assert_int_equal(options.nr_said, sizeof(words) / sizeof(words[0]));
	for (size_t i = 0; i < options.nr_said; i++)
		assert_string_equal(options.said[i].text, words[i]);
	options_destroy(&options);
}

static void test_the_environment(void **state)
{
	struct run_options options;

	(void)state;
	setenv("KTSTR_KERNEL", "env", 1);
	setenv("KTSTR_MEMORY", "1G", 1);
	setenv("KTSTR_JOBS", "", 1);
	takes(&options, OPTIONS_OF_TEST, "");
	assert_string_equal(options.kernel, "env");
	assert_int_equal(options.override.memory_mib, 1024);
	assert_int_equal(options.jobs, 0);
	assert_string_equal(options.from_environment[0].text, "KTSTR_KERNEL=env");
	assert_int_equal(options.nr_said, 0);
	options_destroy(&options);
	/* The command line's kernels are all that there are. */
	takes(&options, OPTIONS_OF_TEST, "-k a -k b --memory 512M");
	assert_int_equal(options.kernels.count, 2);
	assert_string_equal(options.kernels.items[0], "a");
	assert_int_equal(options.override.memory_mib, 512);
	options_destroy(&options);
	/* A command that does not take them does not look. */
	setenv("KTSTR_MEMORY", "much", 1);
	takes(&options, OPTIONS_LIST, "--json");
	assert_true(options.list_json);
	options_destroy(&options);
	refuses(OPTIONS_OF_RUN, "", "KTSTR_MEMORY 'much': not a size");
	unsetenv("KTSTR_KERNEL");
	unsetenv("KTSTR_MEMORY");
	/* A switch says which way. */
	for (int on = 0; on < 2; on++) {
		setenv("KTSTR_FRESH", on ? "1" : "0", 1);
		takes(&options, OPTIONS_OF_SHELL, "");
		assert_int_equal(options.fresh, on);
		assert_int_equal(options.from_environment[0].groups, OPTIONS_PAYLOAD);
		options_destroy(&options);
	}
	setenv("KTSTR_FRESH", "often", 1);
	refuses(OPTIONS_OF_TEST, "", "KTSTR_FRESH 'often': takes true, yes or 1");
	unsetenv("KTSTR_FRESH");
	unsetenv("KTSTR_JOBS");
}

static void test_what_is_refused(void **state)
{
	static const char *const sizes[] = { "0",
					     "-1",
					     "+1",
					     "4K",
					     "G",
					     "4GB",
					     "0G",
					     "1.5G",
					     "0x10",
					     "99999999999G",
					     "18446744073709551615" };
	static const char *const shards[] = {
		"0/2", "3/2", "1", "1/", "/2", "a/b", "1/2x", "-1/2"
	};
	struct run_options options;
	struct error err = { "" };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "--memory %s", sizes[i]);
		refuses(OPTIONS_OF_RUN, line, "not a size above 0");
	}
	for (size_t i = 0; i < sizeof(shards) / sizeof(shards[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "--shard %s", shards[i]);
		refuses(OPTIONS_OF_TEST, line, "takes I/N");
	}
	refuses(OPTIONS_OF_RUN, "--colour", "option '--colour': not known");
	refuses(OPTIONS_OF_RUN, "--topolgy",
		"option '--topolgy': not known (did you mean '--topology'?)");
	refuses(OPTIONS_OF_RUN, "--memroy=4G", "not known (did you mean '--memory'?)");
	/* Of another command's options none is meant. */
	assert_int_equal(parse(&options, OPTIONS_OF_RUN, true, "--junti x", &err), -EINVAL);
	assert_string_equal(err.text, "option '--junti': not known");
	options_destroy(&options);
	refuses(OPTIONS_OF_RUN, "--tim 5",
		"option '--tim': it may be --timeout or --timeout-scale; give more of it");
	refuses(OPTIONS_OF_RUN, "--=x", "option '--=x': not known");
	refuses(OPTIONS_OF_RUN, "-x", "option '-x': not known");
	refuses(OPTIONS_OF_RUN, "-qx", "option '-x': not known");
	refuses(OPTIONS_OF_RUN, "-j 3", "option '-j': not known");
	refuses(OPTIONS_OF_TEST, "-j", "option '-j' needs a value");
	refuses(OPTIONS_OF_TEST, "-j many", "--jobs 'many': not a whole number");
	refuses(OPTIONS_OF_TEST, "--jobs 0", "--jobs '0': not a whole number from 1");
	refuses(OPTIONS_OF_RUN, "--kernel", "option '--kernel' needs a value");
	refuses(OPTIONS_OF_RUN, "--quiet=1", "option '--quiet=1': takes no value");
	refuses(OPTIONS_OF_RUN, "--env A", "--env 'A': takes NAME=VALUE");
	refuses(OPTIONS_OF_RUN, "--timeout soon", "--timeout 'soon': not a number of seconds");
	refuses(OPTIONS_OF_TEST, "--host-noise 101", "--host-noise '101'");
	refuses(OPTIONS_OF_TEST, "--host-noise -1", "--host-noise '-1'");
	refuses(OPTIONS_OF_TEST, "--timeout-scale 0", "--timeout-scale '0': not a number above 0");
	refuses(OPTIONS_OF_TEST, "--timeout-scale -1", "not a number above 0");
	refuses(OPTIONS_OF_TEST, "--timeout-scale 1001", "not a number above 0, up to 1000");
	refuses(OPTIONS_OF_TEST, "--timeout-scale nan", "not a number above 0");
	refuses(OPTIONS_OF_RUN, "--topology x", "--topology");
	refuses(OPTIONS_OF_RUN, "--wprof=x", "--wprof 'x': takes 'always'");
}

/* What is wrong with a table would show only with those words. */
static void test_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_option_definitions; i++) {
		const struct option_definition *a = &option_definitions[i];

		assert_non_null(a->set);
		for (const char *line = a->help; *line;
		     line += strcspn(line, "\n") + !!strchr(line, '\n'))
			if (strcspn(line, "\n") > 70)
				fail_msg("--%s: a line of its help is too long", a->name);
		for (size_t j = 0; j < i; j++) {
			const struct option_definition *b = &option_definitions[j];

			/* One word, one meaning for each command. */
			if ((a->groups & b->groups || (a->groups | b->groups) & OPTIONS_COMMON) &&
			    (!strcmp(a->name, b->name) || (a->letter && a->letter == b->letter)))
				fail_msg("--%s is there twice", a->name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_type),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_a_payload_keeps_its_own),
		cmocka_unit_test(test_what_is_remembered),
		cmocka_unit_test(test_the_environment),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_the_table),
	};

	/* What the caller's shell has set is not to be seen. */
	for (size_t i = 0; i < nr_option_definitions; i++)
		if (option_definitions[i].variable)
			unsetenv(option_definitions[i].variable);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
