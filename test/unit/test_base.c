/* Does a base come out of its bytes as it went in, and nothing out of others? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "util/memfd.h"

#define RAM (64ull << 20)

static struct base example(void)
{
	static const struct touched_run runs[] = { { 0, 1, 1 }, { 5, RAM / EXTENTS_PAGE - 5, 0 } };
	static const char log[] = "a line\n", console[] = "[ 0.1 ] a word\0 and more\n";
	struct base base = { .ram_fd = memfd_new("ram", MFD_CLOEXEC, NULL),
			     .ram_size = RAM,
			     .state = strdup("the state of a machine"),
			     .state_size = 22,
			     .facts = { .release = "6.12.0-test",
					.cpus_online = 8,
					.nodes_online = 2,
					.boot_ns = 123456789012 } };

	assert_true(base.ram_fd >= 0);
	assert_int_equal(ftruncate(base.ram_fd, RAM), 0);
	assert_int_equal(extents_add(&base.extents, 0, EXTENTS_PAGE), 0);
	assert_int_equal(extents_add(&base.extents, RAM - EXTENTS_PAGE, EXTENTS_PAGE), 0);
	base.touched = touched_new();
	assert_int_equal(touched_set(base.touched, runs, 2, RAM), 0);
	base.facts.init_log = (struct base_text){ strdup(log), sizeof(log) - 1 };
	base.facts.console = (struct base_text){ malloc(sizeof(console)), sizeof(console) };
	memcpy(base.facts.console.bytes, console, sizeof(console));
	return base;
}

static void assert_same_text(const struct base_text *a, const struct base_text *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->bytes, b->bytes, a->size);
}

static void assert_same(const struct base *a, const struct base *b)
{
	assert_int_equal(a->ram_size, b->ram_size);
	assert_int_equal(a->extents.count, b->extents.count);
	assert_memory_equal(a->extents.list, b->extents.list,
			    a->extents.count * sizeof(struct extent));
	assert_int_equal(touched_is_known(a->touched), touched_is_known(b->touched));
	if (touched_is_known(a->touched)) {
		assert_int_equal(a->touched->nr_runs, b->touched->nr_runs);
		assert_memory_equal(a->touched->runs, b->touched->runs,
				    a->touched->nr_runs * sizeof(struct touched_run));
	}
	assert_int_equal(a->state_size, b->state_size);
	assert_memory_equal(a->state, b->state, a->state_size);
	assert_string_equal(a->facts.release, b->facts.release);
	assert_int_equal(a->facts.cpus_online, b->facts.cpus_online);
	assert_int_equal(a->facts.nodes_online, b->facts.nodes_online);
	assert_int_equal(a->facts.boot_ns, b->facts.boot_ns);
	assert_same_text(&a->facts.init_log, &b->facts.init_log);
	assert_same_text(&a->facts.console, &b->facts.console);
}

static void to_another_process_and_back(void **state)
{
	struct base base = example(), same;
	struct error err;
	int fd;

	(void)state;
	assert_int_equal(base_pack(&base, &fd, &err), 0);
	assert_int_equal(base_unpack(base.ram_fd, fd, &same, &err), 0);
	assert_same(&base, &same);
	assert_true(same.ram_fd >= 0 && same.ram_fd != base.ram_fd);
	assert_int_equal(same.ram_offset, 0);
	close(fd);
	base_close(&same);
	assert_int_equal(same.ram_fd, -1);
	base_close(&base);
}

/* The least that there is: no text, no memory that is not zero. */
static void an_empty_one(void **state)
{
	struct base base = { .ram_fd = memfd_new("ram", MFD_CLOEXEC, NULL) }, same;
	struct error err;
	int fd;

	(void)state;
	assert_int_equal(base_pack(&base, &fd, &err), 0);
	assert_int_equal(base_unpack(base.ram_fd, fd, &same, &err), 0);
	assert_same(&base, &same);
	close(fd);
	base_close(&same);
	base_close(&base);
}

static void a_memory_that_is_too_small(void **state)
{
	struct base base = example(), same;
	struct error err;
	int fd;

	(void)state;
	assert_int_equal(base_pack(&base, &fd, &err), 0);
	assert_int_equal(ftruncate(base.ram_fd, RAM - 1), 0);
	assert_int_equal(base_unpack(base.ram_fd, fd, &same, &err), -EPROTO);
	assert_int_equal(same.ram_fd, -1);
	close(fd);
	base_close(&base);
}

static void what_is_cut_off_or_too_long(void **state)
{
	struct base base = example(), other;
	struct error err;
	uint8_t *bytes, *longer;
	size_t size;

	(void)state;
	assert_int_equal(base_to_bytes(&base, (void **)&bytes, &size, &err), 0);
	for (size_t i = 0; i < size; i++) {
		/* Of its own size, so that a read behind the end is seen. */
		uint8_t *part = malloc(i + !i);

		memcpy(part, bytes, i);
		assert_int_equal(base_from_bytes(-1, 0, part, i, &other, &err), -EPROTO);
		assert_null(other.state);
		free(part);
	}
	longer = calloc(1, size + 1);
	memcpy(longer, bytes, size);
	assert_int_equal(base_from_bytes(-1, 0, longer, size + 1, &other, &err), -EPROTO);
	free(longer);
	free(bytes);
	base_close(&base);
}

/* Returns whether it is refused; if not, what comes out is within the limits. */
static bool is_refused(const uint8_t *bytes, size_t size)
{
	struct base base;
	struct error err;

	if (base_from_bytes(-1, 0, bytes, size, &base, &err)) {
		assert_int_equal(base.ram_fd, -1);
		assert_null(base.state);
		return true;
	}
	assert_true(extents_are_sound(&base.extents, base.ram_size));
	assert_true(strlen(base.facts.release) < sizeof(base.facts.release));
	base_close(&base);
	return false;
}

static void what_is_damaged(void **state)
{
	struct base base = example();
	unsigned int refused = 0;
	struct error err;
	uint8_t *bytes;
	size_t size;

	(void)state;
	assert_int_equal(base_to_bytes(&base, (void **)&bytes, &size, &err), 0);
	assert_false(is_refused(bytes, size));
	for (size_t i = 0; i < size; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			refused += is_refused(bytes, size);
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	/* The magic and five sizes, and some of the extents. */
	assert_true(refused >= 8 * 6 * 8 + 2 * 24);
	free(bytes);
	base_close(&base);
}

static void more_than_the_limits(void **state)
{
	struct base base = example();
	struct error err;
	void *bytes;
	size_t size;

	(void)state;
	base.state_size = BASE_MAX_STATE + 1;
	assert_int_equal(base_to_bytes(&base, &bytes, &size, &err), -EFBIG);
	base_close(&base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_another_process_and_back),
		cmocka_unit_test(an_empty_one),
		cmocka_unit_test(a_memory_that_is_too_small),
		cmocka_unit_test(what_is_cut_off_or_too_long),
		cmocka_unit_test(what_is_damaged),
		cmocka_unit_test(more_than_the_limits),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
