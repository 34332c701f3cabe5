/*
 * What does the launcher make of a test file that nobody meant for it? The first byte chooses
 * between a script's head and the lines beside an ELF.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "entry/directives.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One line that a terminal can show, and it begins with file and line. */
static void check_message(const struct error *err)
{
	char shown[ERROR_TEXT_SIZE];

	if (!memchr(err->text, '\0', sizeof(err->text)) || strncmp(err->text, "f:", 2) ||
	    err->text[2] < '1' || err->text[2] > '9' || !strstr(err->text, ": "))
		abort();
	utf8_printable(shown, sizeof(shown), err->text, strlen(err->text));
	if (strcmp(shown, err->text))
		abort();
}

static void check_range(unsigned int min, unsigned int max)
{
	if (min < 1 || (max && max < min) || max > TOPOLOGY_MAX_CPUS)
		abort();
}

/* What was accepted is whole and within the bounds that the rest relies on. */
static void check_test(const struct test *test)
{
	if (topology_check(&test->topology, NULL) || !test->memory_mib ||
	    test->memory_mib > 1ull << 30 || test->timeout_ms > TEST_MAX_SECONDS * 1000ull)
		abort();
	check_range(test->constraints.min_llcs, test->constraints.max_llcs);
	check_range(test->constraints.min_cpus, test->constraints.max_cpus);
	check_range(test->constraints.min_nodes, test->constraints.max_nodes);
	if ((test->ignore && !*test->ignore) || (test->append && !*test->append) ||
	    (test->expect.kind != EXPECT_PASS && test->ignore))
		abort();
	for (char **variable = test->env; *variable; variable++)
		if (!strchr(*variable, '=') || **variable == '=')
			abort();
	for (size_t i = 0; i < test->nr_includes; i++)
		if (!*test->includes[i].host ||
		    (test->includes[i].guest && *test->includes[i].guest != '/'))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { "" };
	unsigned int found = 0;
	struct test test;
	char *text;
	int ret;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text || test_init(&test))
		abort();
	memcpy(text, data + 1, size - 1);
	ret = directives_parse(&test, "f", text, size - 1, data[0] % 2, &found, &err);
	if (ret == -EINVAL)
		check_message(&err);
	else if (ret)
		abort();
	else
		check_test(&test);
	if (found > DIRECTIVES_MAX_LINES)
		abort();
	test_destroy(&test);
	free(text);
	return 0;
}
