/* Are the tracer's arguments read as wprof reads them, and is what it would misread refused? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wprof/args.h"

static void words(void **state)
{
	const char *text = " \t-d  500\n\v-x\r\f";
	size_t length;

	(void)state;
	assert_memory_equal(wprof_args_word(&text, &length), "-d", 2);
	assert_int_equal(length, 2);
	assert_memory_equal(wprof_args_word(&text, &length), "500", 3);
	assert_memory_equal(wprof_args_word(&text, &length), "-x", 2);
	assert_null(wprof_args_word(&text, &length));
	assert_null(wprof_args_word(&text, &length));
}

static void rings(void **state)
{
	static const struct {
		const char *args;
		unsigned int cpus;
		uint64_t mib;
	} cases[] = {
		{ NULL, 1, 256 },
		{ NULL, 7, 7 * 256 },
		{ NULL, 8, 2048 },
		{ NULL, 254, 2048 },
		/* wprof's own defaults. */
		{ "", 1, 16 },
		{ "", 3, 48 },
		{ "-d 500 -e sched", 8, 64 },
		{ "", 32, 64 },
		{ "", 33, 5 * 16 },
		{ "", 254, 32 * 16 },
		/* Each form, and the last one wins. */
		{ "--ringbuf-size=1025 --ringbuf-cnt=2", 4, 4 },
		{ "--ringbuf-size 1024 --ringbuf-cnt 3", 4, 3 },
		{ "--ringbuf-size 1024 --ringbuf-cnt 1 --ringbuf-size=2048 --ringbuf-cnt 2", 4, 4 },
		{ "--ringbuf-s 1024 --ringbuf-c=1", 4, 1 },
		{ "-d 500 --ringbuf-cnt\t1\n-e sched --ringbuf-size 3000", 4, 4 },
		{ "--ringbuf-size=1 --ringbuf-cnt=1", 4, 1 },
		{ "--ringbuf-cnt 100 --ringbuf-size 1024", 6, 6 },
		/* Values of other options are none of ours. */
		{ "-D --ringbuf-size=1048576", 1, 16 },
		{ "-vD --ringbuf-size=1048576", 1, 16 },
		{ "-Dx --ringbuf-size=1024", 1, 1 },
		{ "-S --ringbuf-size=1024", 1, 1 },
		{ "-v --ringbuf-size=1024", 1, 1 },
		{ "-- --ringbuf-size=1048576", 1, 16 },
		{ "- --ringbuf-size=1024", 1, 1 },
		{ "--ringbuf-size=1024 --no-ringbuf-size=1 --ringbuf-sizes 2 --ringbuf 4", 1, 1 },
		/* What is no number above 0 is as if it were not there. */
		{ "--ringbuf-size --ringbuf-cnt", 8, 64 },
		{ "--ringbuf-size= --ringbuf-cnt=", 8, 64 },
		{ "--ringbuf-size=0 --ringbuf-cnt=0", 8, 64 },
		{ "--ringbuf-size=-1 --ringbuf-cnt=x", 8, 64 },
		{ "--ringbuf-cnt 2 --ringbuf-size", 8, 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t mib = wprof_args_rings_mib(cases[i].args, cases[i].cpus);

		if (mib != cases[i].mib)
			fail_msg("'%s' on %u CPUs: %llu", cases[i].args, cases[i].cpus,
				 (unsigned long long)mib);
	}
}

static void what_is_right_passes(void **state)
{
	static const char *const good[] = {
		NULL,
		"",
		"-d 500 -e sched --ringbuf-size=256000 --ringbuf-cnt=8",
		"-d500 -d 9223372036854 -vd 500 --dur-ms=500 --dur-ms 500 --dur 500",
		"-f no-ipi -Soffcpu -S -F10s,1gb -v --stats",
		"--ringbuf-size 2097152 --ringbuf-cnt 1",
		"-D T -e J", /* values, no options */
		"--json-schema --thread-name T --timer-freq 100 --task-state-size 5",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (wprof_args_check(good[i], &err))
			fail_msg("'%s': %s", good[i], err.text);
}

static void what_wprof_would_misread_is_refused_by_name(void **state)
{
	static const struct {
		const char *args, *named, *says;
	} bad[] = {
		{ "-T x.pb", "'-T x.pb'", "the launcher says where" },
		{ "-d 500 -Tx.pb", "'-Tx.pb'", "the launcher says where" },
		{ "-T", "'-T'", "the launcher says where" },
		{ "-vT -", "'-vT -'", "the launcher says where" },
		{ "--trace x", "'--trace x'", "the launcher says where" },
		{ "--trace=x", "'--trace=x'", "the launcher says where" },
		{ "--tr=x", "'--tr=x'", "the launcher says where" },
		{ "-J x", "'-J x'", "the launcher says where" },
		{ "--json-trace=x", "'--json-trace=x'", "the launcher says where" },
		{ "-d 5s", "'-d 5s'", "5 ms" },
		{ "-d 5s -d 5000", "'-d 5s'", "milliseconds" },
		{ "-d500ms", "'-d500ms'", "milliseconds" },
		{ "-d 0", "'-d 0'", "milliseconds" },
		{ "-d 010", "'-d 010'", "milliseconds" }, /* octal to wprof */
		{ "-d 0x10", "'-d 0x10'", "milliseconds" },
		{ "-d -5", "'-d -5'", "milliseconds" },
		{ "-d 1.5", "'-d 1.5'", "milliseconds" },
		{ "-d 9223372036855", "'-d 9223372036855'", "milliseconds" },
		{ "--dur-ms=5s", "'--dur-ms=5s'", "milliseconds" },
		{ "--dur 5s", "'--dur 5s'", "milliseconds" },
		{ "--dur-ms=", "'--dur-ms='", "milliseconds" },
		{ "--ringbuf-size 64mb", "'--ringbuf-size 64mb'", "KB" },
		{ "--ringbuf-size=2097153", "'--ringbuf-size=2097153'", "2097152" },
		{ "--ringbuf-size=0", "'--ringbuf-size=0'", "KB" },
		{ "--ringbuf-cnt 0", "'--ringbuf-cnt 0'", "1 or more" },
		{ "-d", "'-d'", "needs a value" },
		{ "-v -e", "'-e'", "needs a value" },
		{ "--ringbuf-cnt", "'--ringbuf-cnt'", "needs a value" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { "" };

		if (wprof_args_check(bad[i].args, &err) != -EINVAL)
			fail_msg("'%s' passes", bad[i].args);
		if (!strstr(err.text, bad[i].named) || !strstr(err.text, bad[i].says))
			fail_msg("'%s': %s", bad[i].args, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(rings),
		cmocka_unit_test(what_is_right_passes),
		cmocka_unit_test(what_wprof_would_misread_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("wprof args", tests, NULL, NULL);
}
