/* Does a shell read a quoted line back as exactly the same words? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/shell_quote.h"

static void writes_what_a_person_would_write(void **state)
{
	static const struct {
		const char *argv[4];
		const char *expected;
	} cases[] = {
		{ { NULL }, "" },
		{ { "ls" }, "ls" },
		{ { "./a-b_c", "--x=1,2:3+4@5", "%" }, "./a-b_c --x=1,2:3+4@5 '%'" },
		{ { "a", "", "b" }, "a '' b" },
		{ { "sh", "-c", "exit 7" }, "sh -c 'exit 7'" },
		{ { "it's" }, "'it'\\''s'" },
		{ { "~", "*", "$x" }, "'~' '*' '$x'" },
		{ { "`a`", "a\\b", "!" }, "'`a`' 'a\\b' '!'" },
		{ { "A=b", "A=b", "=ls" }, "'A=b' A=b '=ls'" },
		{ { "gr\xc3\xbc\xc3\x9f" }, "'gr\xc3\xbc\xc3\x9f'" },
		{ { "a\nb", "'\\\t", "\033[1m" }, "$'a\\012b' $'\\'\\\\\\011' $'\\033[1m'" },
		{ { "\xff"
		    "7",
		    "\xc2\x9b" },
		  "$'\\3777' $'\\302\\233'" },
		{ { "'\xc3\xbc\x01" }, "$'\\'\xc3\xbc\\001'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line = shell_quote(cases[i].argv);

		assert_non_null(line);
		assert_string_equal(line, cases[i].expected);
		free(line);
	}
}

/* What @shell makes of the quoted @argv: each word and a NUL behind it. */
static void check_round_trip(const char *shell, const char *const *argv)
{
	char script[16384], expected[8192], got[8192];
	size_t expected_size = 0, got_size = 0;
	char *line = shell_quote(argv);
	int pipe_fds[2], status;
	ssize_t count;
	pid_t child;

	assert_non_null(line);
	assert_null(strchr(line, '\n'));
	assert_true(snprintf(script, sizeof(script), "printf '%%s\\0' %s", line) <
		    (int)sizeof(script));
	free(line);
	for (size_t i = 0; argv[i]; i++) {
		memcpy(expected + expected_size, argv[i], strlen(argv[i]) + 1);
		expected_size += strlen(argv[i]) + 1;
	}
	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	if (!child) {
		dup2(pipe_fds[1], 1);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		execlp(shell, shell, "-c", script, (char *)NULL);
		_exit(127);
	}
	assert_true(child > 0);
	close(pipe_fds[1]);
	while ((count = read(pipe_fds[0], got + got_size, sizeof(got) - got_size)) > 0)
		got_size += (size_t)count;
	close(pipe_fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(got_size, expected_size);
	assert_memory_equal(got, expected, expected_size);
}

static void every_byte_comes_back_in_bash(void **state)
{
	char words[255][8], pair[255][4];
	const char *argv[511];

	(void)state;
	for (int i = 0; i < 255; i++) {
		char byte = (char)(i + 1);

		snprintf(words[i], sizeof(words[i]), "a%c7%cb", byte, byte);
		snprintf(pair[i], sizeof(pair[i]), "%c", byte);
		argv[2 * i] = words[i];
		argv[2 * i + 1] = pair[i];
	}
	argv[510] = NULL;
	check_round_trip("bash", argv);
}

static void printable_words_come_back_in_any_shell(void **state)
{
	static const char *const argv[] = {
		"sh",
		"-c",
		"a && b | c > d",
		"it's",
		"''",
		"\"$HOME\"",
		"`x`",
		"$(y)",
		"\\",
		"a\\",
		"~root",
		"#no",
		"{a,b}",
		"[a-z]*",
		"!!",
		"",
		"x=y",
		"--",
		"gr\xc3\xbc\xc3\x9f",
		"a;b",
		"?",
		"^",
		"'",
		NULL,
	};

	(void)state;
	check_round_trip("sh", argv);
	check_round_trip("bash", argv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_a_person_would_write),
		cmocka_unit_test(every_byte_comes_back_in_bash),
		cmocka_unit_test(printable_words_come_back_in_any_shell),
	};

	return cmocka_run_group_tests_name("shell_quote", tests, NULL, NULL);
}
