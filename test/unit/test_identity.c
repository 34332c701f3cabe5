/* Does all that a base depends on make it another one, and nothing else? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/identity.h"
#include "util/file.h"

#define CPUINFO                                                                                        \
	"processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: Intel(R) Xeon(R)\n" \
	"model\t\t: 143\nstepping\t: 8\nmicrocode\t: 0x2b000461\ncpu MHz\t\t: 2000\n"

struct fixture {
	char root[64], kernel[80];
};

static void put_bytes(const struct fixture *f, const char *path, const void *bytes, size_t size)
{
	char whole[256], *slash;

	snprintf(whole, sizeof(whole), "%s%s", f->root, path);
	slash = strrchr(whole, '/');
	*slash = '\0';
	assert_int_equal(file_make_dirs(whole, NULL), 0);
	*slash = '/';
	unlink(whole);
	assert_int_equal(file_write_new(whole, bytes, size, 0600, NULL), 0);
}

static void put(const struct fixture *f, const char *path, const char *text)
{
	put_bytes(f, path, text, strlen(text));
}

static void take_away(const struct fixture *f, const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", f->root, path);
	assert_int_equal(unlink(whole), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/test_identity-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->kernel, sizeof(f->kernel), "%s/vmlinuz", f->root);
	put(f, "/vmlinuz", "a kernel");
	put(f, "/proc/self/exe", "a launcher");
	put(f, "/proc/cpuinfo", CPUINFO);
	put(f, "/proc/sys/kernel/random/boot_id", "11111111-2222\n");
	put(f, "/sys/module/kvm/srcversion", "AAAA\n");
	put_bytes(f, "/sys/module/kvm_intel/notes/.note.gnu.build-id", "GNU\0\x01\x02", 6);
	put(f, "/sys/module/loop/srcversion", "BBBB\n");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static const struct topology small = TOPOLOGY(1, 1, 2, 1), large = TOPOLOGY(2, 2, 2, 1);

static struct identity_parts parts_of(const struct fixture *f)
{
	return (struct identity_parts){ .kernel = f->kernel,
					.topology = &small,
					.memory_mib = 2048,
					.cmdline = "console=ttyS0 quiet",
					.offers = "cpuid",
					.offers_size = 5 };
}

static struct base_identity make(const struct fixture *f, const struct identity_parts *parts)
{
	struct base_identity identity;
	struct error err = { "" };

	if (identity_make(f->root, parts, &identity, &err))
		fail_msg("%s", err.text);
	return identity;
}

/* What @f and @parts give now is not @before, or is the same. */
static void assert_other(const struct fixture *f, const struct identity_parts *parts,
			 const struct base_identity *before, bool other, const char *what)
{
	struct base_identity now = make(f, parts);

	if ((memcmp(now.digest, before->digest, sizeof(now.digest)) != 0) != other)
		fail_msg("%s: %s identity", what, other ? "the same" : "another");
	assert_int_equal(strcmp(now.text, before->text) != 0, other);
	identity_free(&now);
}

static void what_is_asked_for(void **state)
{
	const struct fixture *f = *state;
	struct identity_parts parts = parts_of(f);
	struct base_identity before = make(f, &parts);

	assert_other(f, &parts, &before, false, "nothing");
	parts.topology = &large;
	assert_other(f, &parts, &before, true, "topology");
	parts = parts_of(f);
	parts.memory_mib++;
	assert_other(f, &parts, &before, true, "memory");
	parts = parts_of(f);
	parts.cmdline = "console=ttyS0 quiet ";
	assert_other(f, &parts, &before, true, "command line");
	parts = parts_of(f);
	parts.tsc_reliable = true;
	assert_other(f, &parts, &before, true, "tsc");
	parts = parts_of(f);
	parts.offers = "cpuie";
	assert_other(f, &parts, &before, true, "offers");
	parts.offers = "cpuid";
	parts.offers_size = 4;
	assert_other(f, &parts, &before, true, "less that is offered");
	identity_free(&before);
}

static void what_the_host_is(void **state)
{
	static const struct {
		const char *path, *text;
	} others[] = {
		{ "/proc/sys/kernel/random/boot_id", "11111111-2223\n" },
		{ "/sys/module/kvm/srcversion", "AAAB\n" },
		{ "/sys/module/kvm_intel/notes/.note.gnu.build-id", "GNU" },
		{ "/sys/module/kvm_intel/srcversion", "CCCC\n" },
		{ "/sys/module/kvm_pvm/srcversion", "DDDD\n" },
	};
	static const char *const lines[][2] = {
		{ "GenuineIntel", "GenuineOther" },	{ "family\t: 6", "family\t: 5" },
		{ "model\t\t: 143", "model\t\t: 144" }, { "Xeon", "Xenon" },
		{ "stepping\t: 8", "stepping\t: 9" },	{ "0x2b000461", "0x2b000462" },
	};
	const struct fixture *f = *state;
	const struct identity_parts parts = parts_of(f);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct base_identity before = make(f, &parts);

		put(f, others[i].path, others[i].text);
		assert_other(f, &parts, &before, true, others[i].path);
		identity_free(&before);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct base_identity before;
		char text[512] = "";
		const char *at = strstr(CPUINFO, lines[i][0]);

		put(f, "/proc/cpuinfo", CPUINFO);
		before = make(f, &parts);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - CPUINFO), CPUINFO, lines[i][1],
			 at + strlen(lines[i][0]));
		put(f, "/proc/cpuinfo", text);
		assert_other(f, &parts, &before, true, lines[i][1]);
		identity_free(&before);
	}
}

static void what_is_none_of_it(void **state)
{
	const struct fixture *f = *state;
	const struct identity_parts parts = parts_of(f);
	struct base_identity before = make(f, &parts);

	put(f, "/sys/module/loop/srcversion", "CCCC\n");
	assert_other(f, &parts, &before, false, "another module");
	put(f, "/proc/cpuinfo", CPUINFO "cpu MHz\t\t: 3000\n\nprocessor\t: 1\nvendor_id\t: x\n");
	assert_other(f, &parts, &before, false, "speed, another CPU");
	identity_free(&before);
}

static void files_that_are_replaced(void **state)
{
	const struct fixture *f = *state;
	const struct identity_parts parts = parts_of(f);
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct base_identity before = make(f, &parts);

	/* As long, as old, and even under the same inode: but its ctime. */
	assert_int_equal(utimensat(AT_FDCWD, f->kernel, times, 0), 0);
	assert_other(f, &parts, &before, true, "kernel");
	identity_free(&before);
	before = make(f, &parts);
	put(f, "/proc/self/exe", "another launcher");
	assert_other(f, &parts, &before, true, "launcher");
	identity_free(&before);
}

static void what_must_be_known(void **state)
{
	const struct fixture *f = *state;
	struct identity_parts parts = parts_of(f);
	struct base_identity identity;
	struct error err;

	take_away(f, "/proc/sys/kernel/random/boot_id");
	assert_int_equal(identity_make(f->root, &parts, &identity, &err), -ENODATA);
	assert_null(identity.text);
	put(f, "/proc/sys/kernel/random/boot_id", "\n");
	assert_int_equal(identity_make(f->root, &parts, &identity, &err), -ENODATA);
	put(f, "/proc/sys/kernel/random/boot_id", "x\n");
	take_away(f, "/proc/self/exe");
	assert_int_equal(identity_make(f->root, &parts, &identity, &err), -ENOENT);
	put(f, "/proc/self/exe", "x");
	parts.kernel = "/no/such/kernel";
	assert_int_equal(identity_make(f->root, &parts, &identity, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/kernel"));
	assert_null(identity.text);
}

/* A host that tells nothing of its CPU or modules is one, too. */
static void what_may_be_unknown(void **state)
{
	const struct fixture *f = *state;
	const struct identity_parts parts = parts_of(f);
	struct base_identity before = make(f, &parts);

	take_away(f, "/proc/cpuinfo");
	take_away(f, "/sys/module/kvm/srcversion");
	take_away(f, "/sys/module/kvm_intel/notes/.note.gnu.build-id");
	assert_other(f, &parts, &before, true, "nothing known");
	identity_free(&before);
}

static void the_text_can_be_read(void **state)
{
	const struct fixture *f = *state;
	struct identity_parts parts = parts_of(f);
	struct base_identity identity;
	uint8_t digest[IDENTITY_DIGEST_SIZE];
	char value[64], boot[64];

	/* No line that is not ours. */
	parts.cmdline = "a\nmemory: 1 MiB\\x0a\x7f";
	identity = make(f, &parts);
	assert_true(identity_value(identity.text, "topology", value, sizeof(value)));
	assert_string_equal(value, "1n1l2c1t");
	assert_true(identity_value(identity.text, "memory", value, sizeof(value)));
	assert_string_equal(value, "2048 MiB");
	assert_true(identity_value(identity.text, "command line", value, sizeof(value)));
	assert_string_equal(value, "a\\x0amemory: 1 MiB\\x5cx0a\\x7f");
	assert_true(identity_value(identity.text, IDENTITY_BOOT, value, sizeof(value)));
	assert_true(identity_boot(f->root, boot, sizeof(boot)));
	assert_string_equal(value, boot);
	assert_true(identity_value(identity.text, "cpu model", value, sizeof(value)));
	assert_string_equal(value, "143");
	assert_true(identity_value(identity.text, "memory", value, 5));
	assert_string_equal(value, "2048");
	assert_false(identity_value(identity.text, "mem", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(identity_value("", "memory", value, sizeof(value)));
	identity_digest(identity.text, digest);
	assert_memory_equal(digest, identity.digest, sizeof(digest));
	identity_free(&identity);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_asked_for),       TEST(what_the_host_is),	 TEST(what_is_none_of_it),
		TEST(files_that_are_replaced), TEST(what_must_be_known), TEST(what_may_be_unknown),
		TEST(the_text_can_be_read),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
