/* What does a test's author say about it? See test.h. */
#include "entry/test.h"

#include <errno.h>
#include <stdlib.h>

int test_init(struct test *test)
{
	*test = (struct test){
		.topology = TOPOLOGY(1, 1, 2, 1),
		.memory_mib = TEST_DEFAULT_MEMORY_MIB,
		.timeout_ms = TEST_DEFAULT_TIMEOUT_MS,
		.auto_repro = true,
		.kaslr = true,
		.constraints = constraints_default,
	};
	test->env = calloc(1, sizeof(*test->env));
	return test->env ? 0 : -ENOMEM;
}

void test_destroy(struct test *test)
{
	free(test->name);
	free(test->path);
	free(test->wprof_args);
	free(test->lacks_tool);
	free(test->ignore);
	free(test->append);
	expect_free(&test->expect);
	pattern_free(&test->expect_scx);
	entry_scheduler_free(&test->scheduler);
	patterns_free(&test->allow_splat);
	entry_includes_free(test->includes, test->nr_includes);
	entry_modules_free(test->modules, test->nr_modules);
	for (char **variable = test->env; variable && *variable; variable++)
		free(*variable);
	free(test->env);
	*test = (struct test){ 0 };
}
