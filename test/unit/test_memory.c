/* Does guest RAM lie where it should, split over the nodes, and go back to the host? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/file.h"
#include "vmm/cgroup.h"
#include "vmm/layout.h"
#include "vmm/memory.h"

#define MIB 1048576ull

static struct topology nodes(unsigned int count)
{
	return (struct topology){ .numa_nodes = count, .llcs = count, .cores = 1, .threads = 1 };
}

static void create(struct guest_memory *memory, unsigned int node_count, uint64_t mib)
{
	struct topology topology = nodes(node_count);
	struct error err = { 0 };

	if (guest_memory_create(memory, &topology, mib, &err))
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
	if (guest_memory_fits(TOPOLOGY_MAX_CPUS * 34, "/proc/self/cgroup", "/sys/fs/cgroup", NULL))
		skip();
	create(&memory, TOPOLOGY_MAX_CPUS, TOPOLOGY_MAX_CPUS * 32);
	check_split(&memory, TOPOLOGY_MAX_CPUS);
	assert_int_equal(memory.nr_ranges, MEMORY_MAX_RANGES - 1);
	guest_memory_destroy(&memory);
	/* 3 GiB is no boundary here: one node more has two ranges. */
	create(&memory, TOPOLOGY_MAX_CPUS, TOPOLOGY_MAX_CPUS * 34);
	assert_int_equal(memory.nr_ranges, MEMORY_MAX_RANGES);
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

	assert_int_equal(guest_memory_create(&memory, topology, mib, &err), code);
	if (!strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
	assert_null(memory.host);
	guest_memory_destroy(&memory);
}

static void wrong_sizes_are_refused(void **state)
{
	struct topology one = nodes(1), four = nodes(4), none = nodes(0), many = nodes(255);
	char number[32];
	struct sysinfo host;
	uint64_t host_mib;

	(void)state;
	refusals(&one, 0, -EINVAL, "give 32 MiB or more");
	refusals(&one, 31, -EINVAL, "31 MiB is too little for 1 NUMA node;");
	refusals(&four, 127, -EINVAL, "give 128 MiB or more, 32 a node");
	refusals(&none, 1024, -EINVAL, "0 NUMA nodes");
	refusals(&many, 65536, -EINVAL, "255 NUMA nodes");

	sysinfo(&host);
	host_mib = (uint64_t)host.totalram * host.mem_unit / MIB;
	snprintf(number, sizeof(number), "%llu MiB", (unsigned long long)host_mib);
	refusals(&one, host_mib + 1, -ENOMEM, number);
	snprintf(number, sizeof(number), "%llu MiB", (unsigned long long)host_mib + 1);
	refusals(&one, host_mib + 1, -ENOMEM, number);
	/* Would be small again, were it counted in bytes. */
	refusals(&one, (1ull << 44) + 64, -ENOMEM, "more than");
	refusals(&one, UINT64_MAX, -ENOMEM, "more than");
}

static char folder[] = "/tmp/test_memory-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_memory-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

/* A file below the folder of this test, with its folders; @text NULL: none of that name. */
static void put(const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!text) {
		unlink(path);
		return;
	}
	*strrchr(path, '/') = '\0';
	assert_int_equal(file_make_dirs(path, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool look(const char *cgroups, struct cgroup_limit *limit)
{
	char path[64], mount[64];

	put("cgroup", cgroups);
	snprintf(path, sizeof(path), "%s/cgroup", folder);
	snprintf(mount, sizeof(mount), "%s/fs", folder);
	if (!cgroup_memory_limit(path, mount, limit))
		return false;
	assert_memory_equal(limit->path, mount, strlen(mount));
	assert_int_equal(access(limit->path, R_OK), 0);
	return true;
}

/* 0 for no limit. */
static uint64_t limit_of(const char *cgroups)
{
	struct cgroup_limit limit;

	return look(cgroups, &limit) ? limit.bytes : 0;
}

static uint64_t left_of(const char *cgroups)
{
	struct cgroup_limit limit;

	assert_true(look(cgroups, &limit));
	return limit.left;
}

static void the_smallest_cgroup_limit_counts(void **state)
{
	(void)state;
	assert_int_equal(limit_of("0::/a/b/c\n"), 0);
	put("fs/a/b/c/memory.max", "max\n");
	assert_int_equal(limit_of("0::/a/b/c\n"), 0);
	put("fs/a/b/memory.max", "2000\n");
	assert_int_equal(limit_of("0::/a/b/c\n"), 2000);
	/* A name that begins alike is another cgroup. */
	assert_int_equal(limit_of("0::/a/bc\n"), 0);
	put("fs/a/memory.max", "3000\n");
	assert_int_equal(limit_of("0::/a/b/c\n"), 2000);
	put("fs/a/b/c/memory.max", "1000\n");
	assert_int_equal(limit_of("0::/a/b/c\n"), 1000);
	assert_int_equal(limit_of("0::/a/b\n"), 2000);
	assert_int_equal(limit_of("0::/a/b/\n"), 2000);
	assert_int_equal(limit_of("0::/a\n"), 3000);
	assert_int_equal(limit_of("0::/\n"), 0);
	/* In a container the mount's root has a limit, and folders of the host are not there. */
	put("fs/memory.max", "500");
	assert_int_equal(limit_of("0::/\n"), 500);
	assert_int_equal(limit_of("0::/docker/0123\n"), 500);
	put("memory.max", "100");
	assert_int_equal(limit_of("0::/../../elsewhere\n"), 500);
	put("fs/memory.max", "0\n");
	assert_true(limit_of("0::/a\n") == 0);
}

static void cgroups_of_version_1_count(void **state)
{
	(void)state;
	put("fs/memory/x/memory.limit_in_bytes", "4096\n");
	put("fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(limit_of("5:cpu,cpuacct:/y\n4:memory:/x\n1:name=systemd:/x\n0::/x\n"),
			 4096);
	assert_int_equal(limit_of("4:hugetlb,memory:/x"), 4096);
	assert_int_equal(limit_of("4:memory2:/x\n3:mem:/x\n"), 0);
	assert_true(limit_of("4:memory:/z\n") == 9223372036854771712ull);
	/* systemd's hybrid: version 2 beside it. */
	put("fs/unified/x/memory.max", "2048\n");
	assert_int_equal(limit_of("4:memory:/x\n0::/x\n"), 2048);
}

static void what_is_left_is_the_least_of_all_limits(void **state)
{
	(void)state;
	put("fs/a/b/memory.max", "8000\n");
	assert_int_equal(left_of("0::/a/b\n"), 8000);
	put("fs/a/b/memory.current", "1000\n");
	assert_int_equal(left_of("0::/a/b\n"), 7000);
	/* A larger limit above, of which siblings use the most. */
	put("fs/a/memory.max", "16000\n");
	put("fs/a/memory.current", "15000\n");
	assert_int_equal(limit_of("0::/a/b\n"), 8000);
	assert_int_equal(left_of("0::/a/b\n"), 1000);
	/* What the page cache would give back. */
	put("fs/a/memory.stat", "anon 14000\ninactive_file 500\nactive_file 100\n");
	assert_int_equal(left_of("0::/a/b\n"), 1500);
	put("fs/a/memory.stat", "inactive_file 20000\n");
	assert_int_equal(left_of("0::/a/b\n"), 7000);
	put("fs/a/memory.stat", "inactive_file\ninactive_file -5\ninactive_file max\n");
	assert_int_equal(left_of("0::/a/b\n"), 1000);
	put("fs/a/memory.current", "17000\n");
	assert_int_equal(left_of("0::/a/b\n"), 0);
	put("fs/memory/x/memory.limit_in_bytes", "4096\n");
	put("fs/memory/x/memory.usage_in_bytes", "1096\n");
	put("fs/memory/x/memory.stat", "inactive_file 7\ntotal_inactive_file 96\n");
	assert_int_equal(left_of("4:memory:/x\n"), 3096);
}

static void strange_cgroups_are_no_limit(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"maximum\n",
		"-1\n",
		"12x\n",
		" 12\n",
		"0x10\n",
		"1e9\n",
		"99999999999999999999\n",
		"123456789012345678901234567890123456\n",
	};
	static const char *const lines[] = { "",   "\n",     "0",	"0:",	  "0::",
					     "::", "0::a\n", "1::/a\n", "0:/a\n", "garbage" };
	struct cgroup_limit limit;
	char path[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put("fs/a/memory.max", texts[i]);
		if (limit_of("0::/a\n"))
			fail_msg("'%s' was a limit", texts[i]);
	}
	put("fs/a/memory.max", "7");
	assert_int_equal(limit_of("0::/a\n"), 7);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (limit_of(lines[i]))
			fail_msg("'%s' had a limit", lines[i]);
	assert_false(cgroup_memory_limit("/no/such/file", "/sys/fs/cgroup", &limit));
	assert_false(cgroup_memory_limit("/", "/sys/fs/cgroup", &limit));
	/* A path that is too long, but not on its way up. */
	memset(path, 'p', sizeof(path));
	memcpy(path, "0::/a/", 6);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(limit_of(path), 7);
}

static void more_than_the_cgroup_has_is_refused(void **state)
{
	char path[64], mount[64];
	struct error err = { "" };

	(void)state;
	put("cgroup", "0::/box\n");
	put("fs/box/memory.max", "67108864\n"); /* 64 MiB */
	snprintf(path, sizeof(path), "%s/cgroup", folder);
	snprintf(mount, sizeof(mount), "%s/fs", folder);
	assert_int_equal(guest_memory_fits(64, path, mount, &err), 0);
	assert_int_equal(guest_memory_fits(65, path, mount, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "65 MiB is more than the 64 MiB"));
	assert_non_null(strstr(err.text, "fs/box/memory.max'"));
	assert_non_null(strstr(err.text, "--memory"));
	put("fs/box/memory.max", "max\n");
	assert_int_equal(guest_memory_fits(65, path, mount, &err), 0);
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
	assert_true(resident() < before + 8 * MIB);
}

#define CGROUP_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_are_whole),
		cmocka_unit_test(a_node_that_spans_the_hole_has_two_ranges),
		cmocka_unit_test(the_most_nodes_fit),
		cmocka_unit_test(addresses_translate),
		cmocka_unit_test(huge_pages_fall_together),
		cmocka_unit_test(wrong_sizes_are_refused),
		CGROUP_TEST(the_smallest_cgroup_limit_counts),
		CGROUP_TEST(what_is_left_is_the_least_of_all_limits),
		CGROUP_TEST(cgroups_of_version_1_count),
		CGROUP_TEST(strange_cgroups_are_no_limit),
		CGROUP_TEST(more_than_the_cgroup_has_is_refused),
		cmocka_unit_test(memory_comes_by_touch_and_goes_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
