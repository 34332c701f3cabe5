/* Does a base arrive as it was sent, or the reason why there is none? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suite/maker.h"
#include "util/file.h"

static const char memory[] = "a guest's memory";
static const char machine[] = "all\0else";

/* What comes of a process that does @work. */
static int get(child_fn work, struct base *base, struct error *why)
{
	struct child child;
	struct pollfd news;

	*base = (struct base){ .ram_fd = -1 };
	assert_int_equal(child_start(&child, "a test", work, NULL, why), 0);
	news = (struct pollfd){ .fd = child.fd, .events = POLLIN };
	while (!child_read(&child))
		assert_int_equal(poll(&news, 1, 60000), 1);
	return maker_finish(&child, base, why);
}

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void send_one(int fd, int signal_fd, const void *data)
{
	struct base base = { .ram_fd = memfd_create("ram", MFD_CLOEXEC),
			     .ram_size = sizeof(memory),
			     .state = (void *)machine,
			     .state_size = sizeof(machine),
			     .facts = { .release = "6.12", .boot_ns = 4000000000 } };

	(void)signal_fd;
	(void)data;
	file_write_all(base.ram_fd, memory, sizeof(memory));
	maker_send(fd, &base);
}

static void test_a_base(void **state)
{
	struct error why = { "" };
	int before = descriptors();
	char found[sizeof(memory)];
	struct base base;

	(void)state;
	assert_int_equal(get(send_one, &base, &why), 0);
	assert_string_equal(why.text, "");
	assert_int_equal(base.ram_size, sizeof(memory));
	assert_int_equal(pread(base.ram_fd, found, sizeof(found), 0), sizeof(found));
	assert_memory_equal(found, memory, sizeof(memory));
	assert_true(fcntl(base.ram_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(base.state_size, sizeof(machine));
	assert_memory_equal(base.state, machine, sizeof(machine));
	assert_string_equal(base.facts.release, "6.12");
	assert_int_equal(base.facts.boot_ns, 4000000000);
	base_close(&base);
	assert_int_equal(descriptors(), before);
}

static void send_reason(int fd, int signal_fd, const void *data)
{
	(void)signal_fd;
	(void)data;
	maker_send_reason(fd, -ENOTSUP, "KVM here cannot");
}

static void be_killed(int fd, int signal_fd, const void *data)
{
	(void)fd;
	(void)signal_fd;
	(void)data;
	raise(SIGKILL);
}

static void be_silent(int fd, int signal_fd, const void *data)
{
	(void)fd;
	(void)signal_fd;
	(void)data;
}

/* Two files that are no base. */
static void send_others(int fd, int signal_fd, const void *data)
{
	int file = memfd_create("other", MFD_CLOEXEC);

	(void)signal_fd;
	(void)data;
	child_send_files(fd, file, file);
}

static void test_none(void **state)
{
	static const struct {
		child_fn work;
		int ret;
		const char *why;
	} cases[] = {
		{ send_reason, -ENOTSUP, "KVM here cannot" },
		{ be_killed, -EIO,
		  "the process that made it was killed by signal 9 (out of memory?)" },
		{ be_silent, -EIO, "the process that made it ended with status 0 and no result" },
		{ send_others, -EPROTO, "a base is damaged: cut off" },
	};
	int before = descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error why = { "" };
		struct base base;

		assert_int_equal(get(cases[i].work, &base, &why), cases[i].ret);
		assert_string_equal(why.text, cases[i].why);
		assert_int_equal(base.ram_fd, -1);
	}
	assert_int_equal(descriptors(), before);
}

/* With parts that are @mib MiB, of which no page is there yet: forks make each one that they touch.
 */
static struct base base_of(uint64_t mib)
{
	struct base base = { .ram_fd = memfd_create("ram", MFD_CLOEXEC), .ram_size = 1 << 30 };

	assert_true(base.ram_fd >= 0);
	assert_int_equal(extents_add(&base.extents, 4096, (mib << 20) - 4096), 0);
	return base;
}

/* A process keeps the base that it needs, and nothing of the others. */
static void test_what_is_held(void **state)
{
	int before = descriptors();
	struct made made;

	(void)state;
	assert_int_equal(made_init(&made, 3, NULL), 0);
	for (size_t i = 0; i < 3; i += 2)
		made.list[i] = base_of(i + 1);
	assert_int_equal(base_held_mib(&made.list[0]), 1);
	assert_int_equal(base_held_mib(&made.list[2]), 3);
	/* Of one that is a file, the host can take the memory back. */
	made.list[1].ram_fd = open("/proc/self/maps", O_RDONLY);
	assert_int_equal(base_held_mib(&made.list[1]), 0);
	made_drop(&made, 1);
	assert_int_equal(descriptors(), before + 2);
	assert_ptr_equal(made_keep(&made, 2), &made.list[2]);
	assert_int_equal(descriptors(), before + 1);
	assert_int_equal(base_held_mib(&made.list[2]), 3);
	assert_int_equal(made.list[0].ram_fd, -1);
	made_drop(&made, 2);
	made_drop(&made, 2);
	assert_int_equal(descriptors(), before);
	made.list[1] = base_of(1);
	assert_null(made_keep(&made, BASE_NONE));
	assert_int_equal(descriptors(), before);
	made.list[1] = base_of(1);
	made_destroy(&made);
	assert_int_equal(descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_base),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_what_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
