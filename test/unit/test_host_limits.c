/* What memory and CPUs does a host have, and what do our cgroups leave of them? */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "deny_syscall.h"
#include "host/cgroup.h"
#include "host/cpus.h"
#include "host/memory.h"
#include "util/file.h"

static char folder[] = "/tmp/test_host_memory-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_host_memory-XXXXXX");
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

static double quota_of(const char *cgroups)
{
	char path[64], mount[64];

	put("cgroup", cgroups);
	snprintf(path, sizeof(path), "%s/cgroup", folder);
	snprintf(mount, sizeof(mount), "%s/fs", folder);
	return cgroup_cpu_limit(path, mount);
}

static void the_smallest_cpu_quota_counts(void **state)
{
	(void)state;
	assert_true(quota_of("0::/a/b\n") == 0);
	put("fs/a/b/cpu.max", "max 100000\n");
	assert_true(quota_of("0::/a/b\n") == 0);
	put("fs/a/cpu.max", "250000 100000\n");
	assert_true(quota_of("0::/a/b\n") == 2.5);
	put("fs/a/b/cpu.max", "50000 100000\n");
	assert_true(quota_of("0::/a/b\n") == 0.5);
	assert_true(quota_of("0::/a\n") == 2.5);
	assert_true(quota_of("0::/\n") == 0);
	/* In a container. */
	put("fs/cpu.max", "300000 100000\n");
	assert_true(quota_of("0::/docker/0123\n") == 3);
}

static void cpu_quotas_of_version_1_count(void **state)
{
	(void)state;
	put("fs/cpu/x/cpu.cfs_quota_us", "-1\n");
	put("fs/cpu/x/cpu.cfs_period_us", "100000\n");
	assert_true(quota_of("4:cpu,cpuacct:/x\n") == 0);
	put("fs/cpu/x/cpu.cfs_quota_us", "200000\n");
	assert_true(quota_of("4:cpu,cpuacct:/x\n") == 2);
	assert_true(quota_of("4:cpuset:/x\n3:cpuacct:/x\n") == 0);
	/* Mounted by the names of all, without a link for each. */
	put("fs/cpuacct,cpu/y/cpu.cfs_quota_us", "150000\n");
	put("fs/cpuacct,cpu/y/cpu.cfs_period_us", "50000\n");
	assert_true(quota_of("4:cpuacct,cpu:/y/z\n") == 3);
}

static void strange_cpu_quotas_are_none(void **state)
{
	static const char *const texts[] = { "",	   "\n",      "100000",	    "-1 100000",
					     "0 100000",   "1 0",     "100000 -5",  "x y",
					     "nan 100000", "inf inf", "100000 max", " 1 1" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put("fs/a/cpu.max", texts[i]);
		if (quota_of("0::/a\n") != 0)
			fail_msg("'%s' was a quota", texts[i]);
	}
	put("fs/cpu/x/cpu.cfs_quota_us", "200000\n");
	assert_true(quota_of("4:cpu:/x\n") == 0);
	put("fs/cpu/x/cpu.cfs_period_us", "soon\n");
	assert_true(quota_of("4:cpu:/x\n") == 0);
}

static void cpus_that_a_quota_leaves(void **state)
{
	struct host_cpus cpus;

	(void)state;
	host_cpus_read(folder, &cpus);
	assert_true(cpus.quota == 0 && cpus.usable == cpus.allowed && cpus.allowed >= 1);
	put("proc/self/cgroup", "0::/box\n");
	put("sys/fs/cgroup/box/cpu.max", "20000 100000\n");
	host_cpus_read(folder, &cpus);
	assert_true(cpus.quota == 0.2 && cpus.usable == 1);
	put("sys/fs/cgroup/box/cpu.max", "190000 100000\n");
	host_cpus_read(folder, &cpus);
	assert_int_equal(cpus.usable, 1);
	put("sys/fs/cgroup/box/cpu.max", "100000000 100000\n");
	host_cpus_read(folder, &cpus);
	assert_int_equal(cpus.usable, cpus.allowed);
}

/* The kernel of a host with over 1024 CPUs refuses the C library's own mask, of 128 bytes. */
static void a_host_of_many_cpus_is_asked_again(void **state)
{
	struct host_cpus cpus;
	int status;

	(void)state;
	host_cpus_read("", &cpus);
	if (!fork()) {
		struct host_cpus many;

		if (!deny_syscall(SYS_sched_getaffinity, 0xffff, sizeof(cpu_set_t), EINVAL))
			_exit(77);
		host_cpus_read("", &many);
		_exit(many.allowed != cpus.allowed);
	}
	wait(&status);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void a_host_is_read(void **state)
{
	struct host_memory memory;

	(void)state;
	host_memory_read(folder, &memory);
	assert_int_equal(memory.total_mib, 0);
	assert_true(memory.limit_mib == UINT64_MAX && memory.left_mib == UINT64_MAX);
	put("proc/meminfo", "MemTotal:       8388608 kB\nMemFree: 1 kB\n"
			    "MemAvailable:    2097152 kB\nHugePages_Total:       7\n");
	put("proc/self/cgroup", "0::/box\n");
	put("sys/fs/cgroup/box/memory.max", "67108864\n"); /* 64 MiB */
	put("sys/fs/cgroup/box/memory.current", "6291456\n");
	host_memory_read(folder, &memory);
	assert_int_equal(memory.total_mib, 8192);
	assert_int_equal(memory.available_mib, 2048);
	assert_int_equal(memory.huge_pages, 7);
	assert_int_equal(memory.limit_mib, 64);
	assert_int_equal(memory.left_mib, 58);
	assert_non_null(strstr(memory.limit_path, "/sys/fs/cgroup/box/memory.max"));
}

static void stalls_for_memory_are_read(void **state)
{
	(void)state;
	assert_true(host_memory_stalled_ns(folder) == UINT64_MAX);
	put("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\n"
				    "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
	assert_true(host_memory_stalled_ns(folder) == 1234000);
	put("proc/pressure/memory", "some total=99999999999999999999999\n");
	assert_true(host_memory_stalled_ns(folder) == UINT64_MAX);
	put("proc/pressure/memory", "some total=x\n");
	assert_true(host_memory_stalled_ns(folder) == UINT64_MAX);
	put("proc/pressure/memory", "");
	assert_true(host_memory_stalled_ns(folder) == UINT64_MAX);
}

static void this_host_is_read(void **state)
{
	struct host_memory memory;
	struct sysinfo host;

	(void)state;
	host_memory_read("", &memory);
	assert_int_equal(sysinfo(&host), 0);
	assert_int_equal(memory.total_mib, (uint64_t)host.totalram * host.mem_unit >> 20);
	assert_true(memory.available_mib > 0 && memory.available_mib <= memory.total_mib);
}

static int fits(const struct host_memory *memory, uint64_t mib, unsigned int cpus,
		struct error *err)
{
	const struct host_memory_need need = { .guest_mib = mib, .cpus = cpus };

	return host_memory_fits(memory, &need, err);
}

static void more_than_there_is_is_refused(void **state)
{
	struct host_memory memory = { .total_mib = 8192,
				      .limit_mib = 2048,
				      .left_mib = 1,
				      .limit_path = "/fs/box/memory.max" };
	uint64_t most = host_memory_largest_guest(2048, 2);
	struct error err = { "" };
	char text[64];

	(void)state;
	assert_int_equal(fits(&memory, most, 2, &err), 0);
	assert_int_equal(fits(&memory, most + 1, 2, &err), -ENOMEM);
	/* As large as the limit: what else is counted for it has no room then. */
	assert_int_equal(fits(&memory, 2048, 2, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "2048 MiB, and "));
	assert_non_null(strstr(err.text, "is more than the 2048 MiB"));
	snprintf(text, sizeof(text), "give the guest at most %llu with", (unsigned long long)most);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.text, "'/fs/box/memory.max'"));
	assert_non_null(strstr(err.text, "--memory"));
	memory.limit_mib = UINT64_MAX;
	assert_int_equal(fits(&memory, 8000, 2, &err), 0);
	assert_int_equal(fits(&memory, 8192, 2, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "is more than the 8192 MiB that the host has"));
	assert_int_equal(fits(&memory, UINT64_MAX, 2, &err), -ENOMEM);
	/* A host that does not tell refuses nothing. */
	memory.total_mib = 0;
	assert_int_equal(fits(&memory, UINT64_MAX, 1024, &err), 0);
}

static void what_is_held_beside_the_guest_counts(void **state)
{
	const struct host_memory memory = { .total_mib = 8192, .limit_mib = 2048 };
	const struct host_memory host = { .total_mib = 2048, .limit_mib = UINT64_MAX };
	uint64_t most = host_memory_largest_guest(2048 - 30 - 70, 2);
	struct host_memory_need need = { most, 2, .cargo_mib = 30, .base_mib = 70 };
	struct error err = { "" };
	char text[64];

	(void)state;
	assert_int_equal(host_memory_fits(&memory, &need, &err), 0);
	need.cargo_mib++;
	assert_int_equal(host_memory_fits(&memory, &need, &err), -ENOMEM);
	assert_non_null(strstr(err.text,
			       ", 31 for what it is to unpack, 70 for the machine that it "
			       "is forked from, is more than the 2048 MiB that this"));
	need.cargo_mib--;
	need.base_mib++;
	assert_int_equal(host_memory_fits(&host, &need, &err), -ENOMEM);
	snprintf(text, sizeof(text), "give the guest at most %llu", (unsigned long long)most - 1);
	assert_non_null(strstr(err.text, text));
	need.guest_mib = most - 1;
	assert_int_equal(host_memory_fits(&host, &need, &err), 0);
	/* More than all there is, without a guest. */
	need.base_mib = 3000;
	assert_int_equal(host_memory_fits(&host, &need, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "give the guest at most 0"));
}

/* The tables of each page, KVM's of each vCPU, the channel, the launcher. */
static void a_guest_takes_more_than_its_memory(void **state)
{
	const uint64_t least = host_memory_of_guest(0, 0);
	static const uint64_t sizes[] = { 0,	1,     511,   512,   513,     2048,
					  4096, 65536, 65537, 99999, 16777216 };

	(void)state;
	assert_true(least > 16 && least < 32);
	assert_int_equal(host_memory_of_guest(512, 0), 512 + 3 + least);
	assert_int_equal(host_memory_of_guest(513, 0), 513 + 4 + least);
	assert_int_equal(host_memory_of_guest(0, 1024), least + 512);
	assert_true(host_memory_of_guest(UINT64_MAX, 1) == UINT64_MAX);
	assert_true(host_memory_of_guest(UINT64_MAX - 1, UINT32_MAX) == UINT64_MAX);
	assert_int_equal(host_memory_largest_guest(least, 0), 0);
	assert_int_equal(host_memory_largest_guest(0, 1024), 0);
	/* Backwards it is the largest, and fits. */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned int cpus = 1; cpus <= 1024; cpus *= 4) {
			uint64_t all = host_memory_of_guest(sizes[i], cpus);
			uint64_t most = host_memory_largest_guest(all, cpus);

			assert_true(most >= sizes[i] && most <= sizes[i] + 1);
			assert_true(host_memory_of_guest(most, cpus) <= all);
		}
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(the_smallest_cgroup_limit_counts),
		FOLDER_TEST(what_is_left_is_the_least_of_all_limits),
		FOLDER_TEST(cgroups_of_version_1_count),
		FOLDER_TEST(strange_cgroups_are_no_limit),
		FOLDER_TEST(the_smallest_cpu_quota_counts),
		FOLDER_TEST(cpu_quotas_of_version_1_count),
		FOLDER_TEST(strange_cpu_quotas_are_none),
		FOLDER_TEST(cpus_that_a_quota_leaves),
		cmocka_unit_test(a_host_of_many_cpus_is_asked_again),
		FOLDER_TEST(a_host_is_read),
		cmocka_unit_test(stalls_for_memory_are_read),
		cmocka_unit_test(this_host_is_read),
		cmocka_unit_test(more_than_there_is_is_refused),
		cmocka_unit_test(what_is_held_beside_the_guest_counts),
		cmocka_unit_test(a_guest_takes_more_than_its_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
