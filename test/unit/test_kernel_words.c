/* What is read out of a guest's kernel log and taint flags? The log may hold anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "verdict/kernel_words.h"

static struct tail log_of(const char *text)
{
	struct tail tail;

	assert_int_equal(tail_init(&tail, 4096), 0);
	tail_add(&tail, text, strlen(text));
	return tail;
}

static void the_last_victim_of_the_oom_killer(void **state)
{
	static const struct {
		const char *log;
		unsigned int pid; /* 0: none is found */
		const char *comm;
		bool cgroup;
	} cases[] = {
		{ "[    1.0] Out of memory: Killed process 83 (tail) total-vm:240kB, anon-rss:0kB\n",
		  83, "tail", false },
		{ "[ 1.0] Memory cgroup out of memory: Killed process 9 (a b) total-vm:1kB\n", 9,
		  "a b", true },
		{ "[ 1.0] Out of memory: Killed process 1 (one) total-vm:1kB\n"
		  "[ 2.0] Out of memory: Killed process 2 (two) total-vm:1kB\n[ 3.0] end\n",
		  2, "two", false },
		{ "Out of memory: Killed process 7 (a) b (c) total-vm:1kB", 7, "a) b (c", false },
		{ "Killed process 12 (x\033[2J) total-vm:1kB\n", 12, "x?[2J", false },
		{ "", 0, NULL, false },
		{ "nothing\n", 0, NULL, false },
		{ "Killed process ", 0, NULL, false },
		{ "Killed process 12", 0, NULL, false },
		{ "Killed process 12 (", 0, NULL, false },
		{ "Killed process 12 (x)\n", 0, NULL, false },
		{ "Killed process 12 (x\n) total-vm:1kB\n", 0, NULL, false },
		{ "Killed process 99999999999999999999 (x) total-vm:1kB\n", 0, NULL, false },
		{ "Killed process -5 (x) total-vm:1kB\n", 0, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tail log = log_of(cases[i].log);
		struct oom_victim victim = { 0 };

		assert_int_equal(kernel_words_oom(&log, &victim), cases[i].pid != 0);
		if (cases[i].pid) {
			assert_int_equal(victim.pid, cases[i].pid);
			assert_string_equal(victim.comm, cases[i].comm);
			assert_int_equal(victim.cgroup, cases[i].cgroup);
		}
		tail_destroy(&log);
	}
}

static void taint_flags_have_letters(void **state)
{
	char text[512], small[16];

	(void)state;
	kernel_words_taint(0, text, sizeof(text));
	assert_string_equal(text, "");
	kernel_words_taint(512 | 1 << 14, text, sizeof(text));
	assert_string_equal(text, "W (warning), L (soft lockup)");
	kernel_words_taint(1ull << 63 | 1, text, sizeof(text));
	assert_string_equal(text, "P (proprietary module), flag 63");
	kernel_words_taint(UINT64_MAX, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

static void the_last_warning(void **state)
{
	static const struct {
		const char *log, *line;
	} cases[] = {
		{ "[ 1.0] WARNING: CPU: 0 PID: 1 at a.c:1\n[ 2.0] x\n",
		  "WARNING: CPU: 0 PID: 1 at a.c:1" },
		{ "[ 1.0] WARNING: a\n[ 2.0] BUG: b\n[ 3.0] Modules linked in:\n", "BUG: b" },
		{ "[ 1.0] BUG: b\n[ 2.0] WARNING: a\001", "WARNING: a?" },
		{ "warning: none\n", NULL },
		{ "", NULL },
	};
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tail log = log_of(cases[i].log);

		assert_int_equal(kernel_words_warning(&log, line, sizeof(line)),
				 cases[i].line != NULL);
		if (cases[i].line)
			assert_string_equal(line, cases[i].line);
		tail_destroy(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_victim_of_the_oom_killer),
		cmocka_unit_test(taint_flags_have_letters),
		cmocka_unit_test(the_last_warning),
	};

	return cmocka_run_group_tests_name("kernel_words", tests, NULL, NULL);
}
