/* What is read out of a guest's kernel log and taint flags? The log may hold anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "verdict/kernel_words.h"

static void the_victim_of_the_oom_killer(void **state)
{
	static const struct {
		const char *line;
		unsigned int pid; /* 0: none is found */
		const char *comm;
		bool cgroup;
	} cases[] = {
		{ "[    1.0] Out of memory: Killed process 83 (tail) total-vm:240kB, anon-rss:0kB\n",
		  83, "tail", false },
		{ "[ 1.0] Memory cgroup out of memory: Killed process 9 (a b) total-vm:1kB\n", 9,
		  "a b", true },
		{ "Out of memory: Killed process 7 (a) b (c) total-vm:1kB", 7, "a) b (c", false },
		{ "Killed process 12 (x\033[2J) total-vm:1kB\n", 12, "x?[2J", false },
		{ "", 0, NULL, false },
		{ "nothing\n", 0, NULL, false },
		{ "Killed process ", 0, NULL, false },
		{ "Killed process 12", 0, NULL, false },
		{ "Killed process 12 (", 0, NULL, false },
		{ "Killed process 12 (x)\n", 0, NULL, false },
		{ "Killed process 12 (x\n) total-vm:1kB\n", 12, "x?", false },
		{ "Killed process 99999999999999999999 (x) total-vm:1kB\n", 0, NULL, false },
		{ "Killed process -5 (x) total-vm:1kB\n", 0, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oom_victim victim = { 0 };

		assert_int_equal(kernel_words_oom(cases[i].line, &victim), cases[i].pid != 0);
		if (cases[i].pid) {
			assert_int_equal(victim.pid, cases[i].pid);
			assert_string_equal(victim.comm, cases[i].comm);
			assert_int_equal(victim.cgroup, cases[i].cgroup);
		}
	}
}

static void taint_flags_have_letters(void **state)
{
	static const struct {
		unsigned int bit;
		const char *words;
	} cases[] = {
		{ 0, "P (proprietary module)" }, { 9, "W (warning)" }, { 14, "L (soft lockup)" },
		{ 19, "J (fwctl debugging)" },	 { 20, "flag 20" },    { 63, "flag 63" },
	};
	char text[64], small[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel_words_taint(cases[i].bit, text, sizeof(text));
		assert_string_equal(text, cases[i].words);
	}
	kernel_words_taint(9, small, sizeof(small));
	assert_string_equal(small, "W (warn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_victim_of_the_oom_killer),
		cmocka_unit_test(taint_flags_have_letters),
	};

	return cmocka_run_group_tests_name("kernel_words", tests, NULL, NULL);
}
