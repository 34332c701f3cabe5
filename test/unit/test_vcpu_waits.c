/* Is it the vCPU that waited most whose wait counts, and do all come to their turn? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/vcpu_waits.h"

#define MANY 300

static char folder[] = "/tmp/test_vcpu_waits-XXXXXX";
static struct vmm *vmm;

static int make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_vcpu_waits-XXXXXX");
	vmm = calloc(1, sizeof(*vmm));
	if (!vmm || !mkdtemp(folder))
		return -1;
	vmm->vcpus = calloc(MANY, sizeof(*vmm->vcpus));
	return vmm->vcpus ? 0 : -1;
}

static int destroy(void **state)
{
	char command[64];

	(void)state;
	free(vmm->vcpus);
	free(vmm);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

/* vCPU @index has a thread, whose schedstat is this. */
static void put(unsigned int index, const char *schedstat)
{
	char path[128];
	FILE *file;

	vmm->vcpus[index].tid = 1000 + (int)index;
	snprintf(path, sizeof(path), "%s/%u", folder, 1000 + index);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%u/schedstat", folder, 1000 + index);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(schedstat, file);
	fclose(file);
}

static void the_one_that_waited_most_counts(void **state)
{
	(void)state;
	vmm->nr_vcpus = 4;
	assert_int_equal(vcpu_waits_sample(vmm, folder), 0);
	put(0, "900 10 3\n");
	put(3, "100 7000000000 5\n");
	assert_true(vcpu_waits_sample(vmm, folder) == 7000000000);
	put(0, "900 8000000000 3\n");
	assert_true(vcpu_waits_sample(vmm, folder) == 8000000000);
	/* Not their sum, and never less than before. */
	put(0, "");
	put(1, "nonsense\n");
	put(3, "100 7500000000 5\n");
	assert_true(vcpu_waits_sample(vmm, folder) == 8000000000);
}

static void all_come_to_their_turn(void **state)
{
	unsigned int calls = (MANY + VCPU_WAITS_EACH_TIME - 1) / VCPU_WAITS_EACH_TIME;

	(void)state;
	vmm->nr_vcpus = MANY;
	for (unsigned int at = 0; at < MANY; at += 37) {
		char text[64];

		snprintf(text, sizeof(text), "1 %u 1\n", at + 1);
		put(at, text);
		for (unsigned int i = 0; i < calls; i++)
			vcpu_waits_sample(vmm, folder);
		assert_int_equal(vmm->most_waited_ns, at + 1);
	}
}

static void all_of_them_together(void **state)
{
	struct vmm_cpu_times times;

	(void)state;
	vmm->nr_vcpus = MANY;
	/* None has a thread. */
	assert_int_equal(vcpu_waits_all(vmm, folder, &times), -ENODATA);
	put(0, "0 0 0\n");
	assert_int_equal(vcpu_waits_all(vmm, folder, &times), -ENODATA);
	put(0, "900 10 3\n");
	put(MANY - 1, "100 7000000000 5\n");
	assert_int_equal(vcpu_waits_all(vmm, folder, &times), 0);
	assert_true(times.ran_ns == 1000 && times.waited_ns == 7000000010);
	assert_true(times.most_ns == 7000000000 && times.nr == MANY);
	/* What is gone, or makes no sense, stays as it was. */
	put(0, "nonsense\n");
	vmm->vcpus[MANY - 1].tid = 999;
	assert_int_equal(vcpu_waits_all(vmm, folder, &times), 0);
	assert_true(times.ran_ns == 1000 && times.waited_ns == 7000000010);
}

static void this_kernel_is_understood(void **state)
{
	uint64_t before;

	(void)state;
	if (access("/proc/self/schedstat", R_OK))
		skip();
	vmm->nr_vcpus = 1;
	vmm->vcpus[0].tid = (int)syscall(SYS_gettid);
	before = vcpu_waits_sample(vmm, "/proc/self/task");
	assert_true(vcpu_waits_sample(vmm, "/proc/self/task") >= before);
	assert_true(before < 3600 * 1000000000ull);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_one_that_waited_most_counts),
		TEST(all_come_to_their_turn),
		TEST(all_of_them_together),
		TEST(this_kernel_is_understood),
	};

	return cmocka_run_group_tests_name("vcpu_waits", tests, NULL, NULL);
}
