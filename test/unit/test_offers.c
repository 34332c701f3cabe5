/*
 * Does all that a saved machine depends on of KVM make what it offers another thing? The modules
 * are included, with a KVM of our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/kvm.h>

#define KVM_FD 77

static struct {
	int khz;		  /* KVM_GET_TSC_KHZ returns this, or fails with -khz */
	unsigned int lacking;	  /* the capability that is answered in another way */
	int answer;		  /* namely so */
	int vcpu_error;		  /* errno of KVM_CREATE_VCPU, or 0 */
	uint32_t feature;	  /* CPUID's leaf 7, EBX */
	int vm_fd, vcpu_fd;	  /* or -1 */
	unsigned int interrupted; /* so many KVM_CREATE_VM are */
} fake;

static int fail_with(int error)
{
	errno = error;
	return -1;
}

static int fake_cpuid(struct kvm_cpuid2 *cpuid)
{
	assert_true(cpuid->nent >= 2);
	cpuid->nent = 2;
	memset(cpuid->entries, 0, 2 * sizeof(cpuid->entries[0]));
	cpuid->entries[0].eax = 0xd;
	cpuid->entries[1].function = 7;
	cpuid->entries[1].ebx = fake.feature;
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	switch (request) {
	case KVM_GET_SUPPORTED_CPUID:
		assert_int_equal(fd, KVM_FD);
		return fake_cpuid(arg);
	case KVM_CHECK_EXTENSION:
		assert_int_equal(fd, KVM_FD);
		return (uintptr_t)arg == fake.lacking ? fake.answer : 1;
	case KVM_CREATE_VM:
		assert_int_equal(fd, KVM_FD);
		if (fake.interrupted && fake.interrupted--)
			return fail_with(EINTR);
		return fake.vm_fd = open("/dev/null", O_RDONLY);
	case KVM_CREATE_VCPU:
		assert_int_equal(fd, fake.vm_fd);
		if (fake.vcpu_error)
			return fail_with(fake.vcpu_error);
		return fake.vcpu_fd = open("/dev/null", O_RDONLY);
	case KVM_GET_TSC_KHZ:
		assert_int_equal(fd, fake.vcpu_fd);
		return fake.khz < 0 ? fail_with(-fake.khz) : fake.khz;
	default:
		fail_msg("ioctl %#lx", request);
		return -1;
	}
}

#define ioctl fake_ioctl
#include "../../src/vmm/kvm.c"
#include "../../src/vmm/x86/arch.c"
#include "../../src/vmm/x86/state.c"
#undef ioctl

static const struct topology topology = TOPOLOGY(1, 1, 2, 1);

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.khz = 2500000;
	fake.vm_fd = fake.vcpu_fd = -1;
	return 0;
}

static bool is_open(int fd)
{
	return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

struct offers {
	void *bytes;
	size_t size;
};

static struct offers ask(void)
{
	struct offers offers;
	struct error err = { "" };

	if (arch_offers(KVM_FD, &topology, true, &offers.bytes, &offers.size, &err))
		fail_msg("%s", err.text);
	assert_false(is_open(fake.vm_fd) || is_open(fake.vcpu_fd));
	return offers;
}

/* What is offered now is not @before, or is the same. */
static void assert_other(const struct offers *before, bool other, const char *what)
{
	struct offers now = ask();

	assert_int_equal(now.size, before->size);
	if ((memcmp(now.bytes, before->bytes, now.size) != 0) != other)
		fail_msg("%s: %s", what, other ? "the same" : "another");
	free(now.bytes);
}

static void what_a_saved_machine_depends_on(void **state)
{
	struct offers before = ask();

	assert_other(&before, false, "nothing");
	fake.interrupted = 3;
	assert_other(&before, false, "signals");
	fake.khz++;
	assert_other(&before, true, "TSC");
	fake.khz = -EIO;
	assert_other(&before, true, "unstable TSC");
	set_up(state);
	fake.feature = 1;
	assert_other(&before, true, "CPUID");
	set_up(state);
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		fake.lacking = (unsigned int)needs[i].capability;
		assert_other(&before, true, needs[i].name);
	}
	fake.lacking = KVM_CAP_XCRS;
	assert_other(&before, true, "XCRS");
	fake.lacking = KVM_CAP_ONE_REG;
	assert_other(&before, true, "ONE_REG");
	fake.lacking = KVM_CAP_XSAVE2;
	fake.answer = 11008;
	assert_other(&before, true, "size of the XSAVE area");
	free(before.bytes);
}

static void no_vcpu(void **state)
{
	struct offers offers;
	struct error err;

	(void)state;
	fake.vcpu_error = ENOMEM;
	assert_int_equal(arch_offers(KVM_FD, &topology, true, &offers.bytes, &offers.size, &err),
			 -ENOMEM);
	assert_null(offers.bytes);
	assert_false(is_open(fake.vm_fd));
	assert_string_equal(err.text, "KVM_CREATE_VCPU: Cannot allocate memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_a_saved_machine_depends_on, set_up),
		cmocka_unit_test_setup(no_vcpu, set_up),
	};

	return cmocka_run_group_tests_name("offers", tests, NULL, NULL);
}
