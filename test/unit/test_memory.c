/* Does guest RAM lie where it should, split over the nodes, and go back to the host? */
#include <errno.h>
#include <linux/mempolicy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/memfd.h"
#include "vmm/memory.h"
#include "vmm/x86/layout.h"

#define MIB 1048576ull

static struct topology nodes(unsigned int count)
{
	return (struct topology)TOPOLOGY(count, count, 1, 1);
}

static void create(struct guest_memory *memory, unsigned int node_count, uint64_t mib)
{
	struct topology topology = nodes(node_count);
	struct error err = { 0 };

	if (guest_memory_create(memory, &topology, mib, NULL, &err))
		fail_msg("%llu MiB over %u nodes: %s", (unsigned long long)mib, node_count,
			 err.text);
}

/* True of every split: ascending, complete, nothing in the hole, inner boundaries at 2 MiB. */
static void check_split(const struct guest_memory *memory, unsigned int node_count)
{
	uint64_t expected_gpa = 0, sum = 0, of_node[TOPOLOGY_MAX_CPUS] = { 0 };

	for (size_t i = 0; i < memory->nr_ranges; i++) {
		const struct memory_range *range = &memory->ranges[i];

		if (expected_gpa == LAYOUT_HOLE_START)
			expected_gpa = LAYOUT_HOLE_END;
		assert_true(range->size > 0);
		assert_true(range->gpa == expected_gpa);
		assert_true(range->gpa % (2 * MIB) == 0);
		assert_true(range->node < node_count);
		assert_true(i == 0 || range->node >= memory->ranges[i - 1].node);
		assert_non_null(guest_memory_at(memory, range->gpa, range->size));
		expected_gpa = range->gpa + range->size;
		sum += range->size;
		of_node[range->node] += range->size;
	}
	assert_true(sum == memory->size);
	/* Even, but for what is left over, less than 2 MiB a node. */
	for (unsigned int i = 0; i < node_count; i++) {
		uint64_t share = memory->size / node_count;

		assert_true(of_node[i] + 2 * MIB > share);
		assert_true(of_node[i] < share + 2 * MIB * node_count + MIB);
		assert_true(of_node[i] <= of_node[0] + MIB);
	}
}

static void splits_are_whole(void **state)
{
	const uint64_t sizes[] = { 32,	 33,   64,   129,  255,	 257, 1000,
				   2048, 3071, 3072, 3073, 4097, 6145 };
	struct guest_memory memory;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned int count = 1; count <= 24 && count * 32 <= sizes[i]; count++) {
			create(&memory, count, sizes[i]);
			assert_true(memory.size == sizes[i] * MIB);
			check_split(&memory, count);
			guest_memory_destroy(&memory);
		}
}

static void a_node_that_spans_the_hole_has_two_ranges(void **state)
{
	struct guest_memory memory;

	(void)state;
	create(&memory, 1, 4096);
	assert_int_equal(memory.nr_ranges, 2);
	assert_true(memory.low_size == LAYOUT_HOLE_START);
	assert_true(memory.ranges[0].gpa == 0 && memory.ranges[0].size == 3072 * MIB);
	assert_true(memory.ranges[1].gpa == LAYOUT_HOLE_END && memory.ranges[1].size == 1024 * MIB);
	assert_true(memory.ranges[1].node == 0);
	guest_memory_destroy(&memory);

	/* A boundary right at the hole needs no second range. */
	create(&memory, 2, 6144);
	assert_int_equal(memory.nr_ranges, 2);
	assert_true(memory.ranges[1].gpa == LAYOUT_HOLE_END && memory.ranges[1].node == 1);
	guest_memory_destroy(&memory);

	create(&memory, 3, 6144);
	assert_int_equal(memory.nr_ranges, 4);
	assert_true(memory.ranges[1].node == 1 && memory.ranges[2].node == 1);
	guest_memory_destroy(&memory);
}

static void the_most_nodes_fit(void **state)
{
	struct guest_memory memory;

	(void)state;
	create(&memory, TOPOLOGY_MAX_CPUS, TOPOLOGY_MAX_CPUS * 32);
	check_split(&memory, TOPOLOGY_MAX_CPUS);
	assert_int_equal(memory.nr_ranges, MEMORY_MAX_RANGES - 1);
	guest_memory_destroy(&memory);
	/* 3 GiB is no boundary here: one node more has two ranges. */
	create(&memory, TOPOLOGY_MAX_CPUS, TOPOLOGY_MAX_CPUS * 34);
	assert_int_equal(memory.nr_ranges, MEMORY_MAX_RANGES);
	guest_memory_destroy(&memory);
}

static void nodes_are_bound(void **state)
{
	const unsigned int here[2] = { 0, 0 }, nowhere[2] = { 0, MEMORY_HOST_NODES - 1 },
			   none[2] = { MEMORY_HOST_NODES, 0 };
	struct guest_memory memory;
	struct error err = { "" };
	int mode = -1, ret;

	(void)state;
	create(&memory, 2, 128);
	assert_int_equal(guest_memory_bind(&memory, none, &err), -EINVAL);
	ret = guest_memory_bind(&memory, here, &err);
	if (ret == -ENOSYS || ret == -EPERM)
		skip();
	assert_int_equal(ret, 0);
	assert_int_equal(
		syscall(SYS_get_mempolicy, &mode, NULL, 0, memory.host + 127 * MIB, MPOL_F_ADDR),
		0);
	assert_int_equal(mode, MPOL_BIND);
	assert_int_equal(guest_memory_bind(&memory, nowhere, &err), -EINVAL);
	assert_non_null(strstr(err.text, "binding node 1's to the host's node 1023: Invalid "
					 "argument (it has no memory, or a cpuset"));
	guest_memory_destroy(&memory);
}

static void addresses_translate(void **state)
{
	struct guest_memory memory;
	uint8_t *byte;

	(void)state;
	create(&memory, 1, 3073);
	assert_ptr_equal(guest_memory_at(&memory, 0, 1), memory.host);
	assert_ptr_equal(guest_memory_at(&memory, LAYOUT_HOLE_END, MIB), memory.host + 3072 * MIB);
	assert_ptr_equal(guest_memory_at(&memory, LAYOUT_HOLE_END + MIB - 1, 1),
			 memory.host + 3073 * MIB - 1);
	/* RAM is fresh, zero, and there. */
	byte = guest_memory_at(&memory, LAYOUT_HOLE_START - 1, 1);
	assert_int_equal(*byte, 0);
	*byte = 1;

	assert_null(guest_memory_at(&memory, LAYOUT_HOLE_START - 1, 2));
	assert_null(guest_memory_at(&memory, LAYOUT_HOLE_START, 1));
	assert_null(guest_memory_at(&memory, LAYOUT_HOLE_END - 1, 1));
	assert_null(guest_memory_at(&memory, LAYOUT_HOLE_END - 1, 2));
	assert_null(guest_memory_at(&memory, LAYOUT_HOLE_END, MIB + 1));
	assert_null(guest_memory_at(&memory, LAYOUT_HOLE_END + MIB, 1));
	assert_null(guest_memory_at(&memory, 1, UINT64_MAX));
	assert_null(guest_memory_at(&memory, UINT64_MAX, 1));
	assert_null(guest_memory_at(&memory, UINT64_MAX, UINT64_MAX));
	guest_memory_destroy(&memory);
	assert_null(memory.host);
	assert_null(guest_memory_at(&memory, 0, 1));
}

static void huge_pages_fall_together(void **state)
{
	struct guest_memory memory;

	(void)state;
	create(&memory, 1, 35);
	assert_int_equal((uintptr_t)memory.host % (2 * MIB), 0);
	memory.host[memory.size - 1] = 1;
	guest_memory_destroy(&memory);
}

static void refusals(const struct topology *topology, uint64_t mib, int code, const char *text)
{
	struct guest_memory memory;
	struct error err = { 0 };

	assert_int_equal(guest_memory_create(&memory, topology, mib, NULL, &err), code);
	if (!strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
	assert_null(memory.host);
	guest_memory_destroy(&memory);
}

static void wrong_sizes_are_refused(void **state)
{
	struct topology one = nodes(1), four = nodes(4), none = nodes(0), many = nodes(1025);

	(void)state;
	refusals(&one, 0, -EINVAL, "give 32 MiB or more");
	refusals(&one, 31, -EINVAL, "31 MiB is too little for 1 NUMA node;");
	refusals(&four, 127, -EINVAL, "give 128 MiB or more, 32 a node");
	refusals(&none, 1024, -EINVAL, "0 NUMA nodes");
	refusals(&many, 65536, -EINVAL, "1025 NUMA nodes");
	/* Would be small again, were it counted in bytes. */
	refusals(&one, (1ull << 44) + 64, -ENOMEM, "mapping 17592186044480 MiB");
	refusals(&one, UINT64_MAX, -ENOMEM, "mapping");
}

/* Bytes of our address space that are in memory. */
static uint64_t resident(void)
{
	unsigned long long size, pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%llu %llu", &size, &pages), 2);
	fclose(statm);
	return pages * 4096;
}

static void memory_comes_by_touch_and_goes_whole(void **state)
{
	struct guest_memory memory;
	uint64_t before = resident();

	(void)state;
	create(&memory, 1, 2048);
	assert_true(resident() < before + 8 * MIB);
	memset(memory.host, 1, 64 * MIB);
	assert_true(resident() > before + 60 * MIB);
	guest_memory_destroy(&memory);
	/* A sanitizer's shadow of it, an eighth, stays where the host's kernel has no zero page. */
	assert_true(resident() < before + 16 * MIB);
}

/* A file of 64 MiB with a word at its 63rd. */
static int written_file(void)
{
	int fd = memfd_new("ram", MFD_CLOEXEC, NULL);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 * MIB), 0);
	assert_int_equal(pwrite(fd, "written", 8, 63 * MIB), 8);
	return fd;
}

/* What one machine leaves, many begin with, and none sees what another writes. */
static void copies_begin_alike_and_part(void **state)
{
	struct topology topology = nodes(1);
	struct memory_source copy = { .fd = written_file() };
	struct guest_memory copies[2];
	struct error err = { "" };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(guest_memory_create(&copies[i], &topology, 64, &copy, &err), 0);
	strcpy(guest_memory_at(&copies[0], 63 * MIB, 8), "other");
	assert_string_equal(guest_memory_at(&copies[0], 63 * MIB, 8), "other");
	assert_string_equal(guest_memory_at(&copies[1], 63 * MIB, 8), "written");
	/* The mapping needs the descriptor no more. */
	close(copy.fd);
	assert_string_equal(guest_memory_at(&copies[1], 63 * MIB, 8), "written");
	guest_memory_destroy(&copies[0]);
	guest_memory_destroy(&copies[1]);
	copy.fd = -1;
	assert_int_equal(guest_memory_create(&copies[0], &topology, 64, &copy, &err), -EBADF);
}

/* A page of the file that nobody has touched stays none, whatever a copy does there. */
static void only_what_holds_something_is_taken(void **state)
{
	struct topology topology = nodes(1);
	struct extents extents = { 0 };
	struct memory_source copy = { .fd = written_file(), .extents = &extents };
	struct guest_memory fork;
	struct stat before, after;
	struct error err = { "" };
	char word[8];

	(void)state;
	assert_int_equal(extents_add(&extents, 63 * MIB, 4096), 0);
	assert_int_equal(guest_memory_create(&fork, &topology, 64, &copy, &err), 0);
	assert_int_equal(fstat(copy.fd, &before), 0);
	assert_string_equal(guest_memory_at(&fork, 63 * MIB, 8), "written");
	for (uint64_t at = 0; at < 64 * MIB; at += 4096)
		*(volatile char *)guest_memory_at(&fork, at, 1) += 1;
	assert_int_equal(fstat(copy.fd, &after), 0);
	assert_int_equal(after.st_blocks, before.st_blocks);
	assert_int_equal(pread(copy.fd, word, 8, 63 * MIB), 8);
	assert_string_equal(word, "written");
	guest_memory_destroy(&fork);
	extents_free(&extents);
	close(copy.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_are_whole),
		cmocka_unit_test(a_node_that_spans_the_hole_has_two_ranges),
		cmocka_unit_test(the_most_nodes_fit),
		cmocka_unit_test(nodes_are_bound),
		cmocka_unit_test(addresses_translate),
		cmocka_unit_test(huge_pages_fall_together),
		cmocka_unit_test(wrong_sizes_are_refused),
		cmocka_unit_test(memory_comes_by_touch_and_goes_whole),
		cmocka_unit_test(copies_begin_alike_and_part),
		cmocka_unit_test(only_what_holds_something_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
