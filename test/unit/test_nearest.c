/* Is the name found that a user meant, and none where none was? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/nearest.h"

static const char *name(const void *data, size_t i)
{
	static const char *const names[] = {
		"run",
		"test",
		"list",
		"blobs",
		"doctor",
		"memory_mib",
		"a-name-too-long-for-any-word-ever",
		"licenses",
	};

	(void)data;
	return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

static void expect(const char *word, const char *meant)
{
	const char *found = nearest_name(word, strlen(word), name, NULL);

	if (meant ? !found || strcmp(found, meant) : found != NULL)
		fail_msg("'%s' was taken for '%s'", word, found ? found : "nothing");
}

static void slips_are_found(void **state)
{
	(void)state;
	expect("bolbs", "blobs");
	expect("blob", "blobs");
	expect("blobss", "blobs");
	expect("docter", "doctor");
	expect("licences", "licenses");
	expect("tets", "test");
	expect("rnu", "run");
	expect("rin", "run");
	expect("memory", "memory_mib");
	expect("mib", "memory_mib");
	/* Only the word's own bytes count. */
	assert_string_equal(nearest_name("blobs=1", 5, name, NULL), "blobs");
}

static void what_is_far_is_not(void **state)
{
	static const char long_word[] = "memory_memory_memory_memory_mib_";

	(void)state;
	expect("", NULL);
	expect("r", NULL);
	/* Half of a word is no slip. */
	expect("ru", NULL);
	expect("frobnicate", NULL);
	expect(long_word, NULL);
	expect("a-name-too-long-for-any-word", "a-name-too-long-for-any-word-ever");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_are_found),
		cmocka_unit_test(what_is_far_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
