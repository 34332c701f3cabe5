/* Does the file of a machine's memory hold just what the memory does, and no page more? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/machine.h"

#define MIB	   (1ull << 20)
#define MEMORY_MIB 256u
#define PAGE	   EXTENTS_PAGE

static struct vmm *machine(void)
{
	static struct vmm vmm;
	struct topology topology = TOPOLOGY(1, 1, 1, 1);
	struct error err = { "" };

	assert_int_equal(guest_memory_create(&vmm.memory, &topology, MEMORY_MIB, NULL, &err), 0);
	return &vmm;
}

static uint64_t blocks_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, MEMORY_MIB * MIB);
	return (uint64_t)st.st_blocks * 512;
}

static void it_holds_what_the_memory_does(void **state)
{
	/* The last page of all, two beside each other, one in a huge page of its own, the first. */
	static const uint64_t pages[] = { 0, 700, 701, 9000, MEMORY_MIB * MIB / PAGE - 1 };
	struct vmm *vmm = machine();
	struct extents extents = { 0 };
	struct error err = { "" };
	uint64_t count = sizeof(pages) / sizeof(pages[0]);
	uint8_t *saved;
	int fd;

	(void)state;
	for (uint64_t i = 0; i < count; i++)
		vmm->memory.host[pages[i] * PAGE + i] = (uint8_t)(i + 1);
	/* Touched, and zero. */
	vmm->memory.host[20000 * PAGE] = 1;
	vmm->memory.host[20000 * PAGE] = 0;
	fd = vmm_save_memory(vmm, &extents, &err);
	assert_true(fd >= 0);
	assert_int_equal(vmm_memory_size(vmm), MEMORY_MIB * MIB);
	assert_int_equal(blocks_of(fd), count * PAGE);
	assert_true(extents_are_sound(&extents, MEMORY_MIB * MIB));
	assert_int_equal(extents.count, 4);
	assert_int_equal(extents_total(&extents), count * PAGE);
	saved = mmap(NULL, MEMORY_MIB * MIB, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(saved != MAP_FAILED);
	assert_memory_equal(saved, vmm->memory.host, MEMORY_MIB * MIB);
	munmap(saved, MEMORY_MIB * MIB);

	/* Nobody writes to it any more, also not the machine, which goes on. */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	vmm->memory.host[0] = 99;
	saved = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_int_equal(saved[0], 1);
	munmap(saved, PAGE);
	close(fd);
	extents_free(&extents);
	guest_memory_destroy(&vmm->memory);
}

static void of_untouched_memory_there_is_nothing(void **state)
{
	struct vmm *vmm = machine();
	struct extents extents = { 0 };
	struct error err = { "" };
	int fd = vmm_save_memory(vmm, &extents, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(blocks_of(fd), 0);
	assert_int_equal(extents.count, 0);
	close(fd);
	guest_memory_destroy(&vmm->memory);
}

static void a_limit_for_files_is_no_signal(void **state)
{
	struct rlimit limit, small;
	struct vmm *vmm = machine();
	struct extents extents = { 0 };
	struct error err = { "" };

	(void)state;
	vmm->memory.host[0] = 1;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = MIB;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(vmm_save_memory(vmm, &extents, &err), -EFBIG);
	assert_string_equal(err.text,
			    "saving the memory of a machine: a memfd of 256 MiB is over the limit "
			    "for files of 1 MiB; raise that (ulimit -f)");
	assert_null(extents.list);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	guest_memory_destroy(&vmm->memory);
}

/* Parts of it that lie beyond this machine's RAM are not mapped there, over what is not its own. */
static void of_another_size_it_is_refused(void **state)
{
	const struct vmm_config config = {
		.topology = TOPOLOGY(1, 1, 1, 1),
		.memory_mib = MEMORY_MIB,
	};
	static const uint64_t sizes[] = { 0, (MEMORY_MIB - 1) * MIB, MEMORY_MIB * MIB + PAGE,
					  (MEMORY_MIB + 1) * MIB, MEMORY_MIB * MIB << 32 };
	struct extent beyond = { MEMORY_MIB * MIB, PAGE };
	const struct extents extents = { &beyond, 1 };
	struct error err = { "" };
	struct vmm *vmm;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct vmm_saved saved = { .ram_fd = -1,
						 .ram_size = sizes[i],
						 .extents = &extents };

		assert_int_equal(vmm_fork(&config, &saved, &vmm, &err), -ESTALE);
		assert_non_null(strstr(err.text, "this machine has 256 MiB"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_what_the_memory_does),
		cmocka_unit_test(of_untouched_memory_there_is_nothing),
		cmocka_unit_test(a_limit_for_files_is_no_signal),
		cmocka_unit_test(of_another_size_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
