/* Are a vCPU's MSRs what a PC's firmware leaves? The module is included, with a KVM of our own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include <linux/kvm.h>

/* What the KVM of a test knows of an MSR. */
static struct {
	uint32_t index;
	uint64_t value;
	int known;    /* KVM_GET_MSRS and KVM_SET_MSRS return this */
	int writable; /* 0: KVM_SET_MSRS returns 0 */
} msrs[2];

static int fake_ioctl(int fd, unsigned long request, ...)
{
	struct kvm_msrs *list;
	va_list args;

	va_start(args, request);
	list = va_arg(args, struct kvm_msrs *);
	va_end(args);
	assert_int_equal(fd, 77);
	assert_true(request == KVM_GET_MSRS || request == KVM_SET_MSRS);
	assert_int_equal(list->nmsrs, 1);
	for (size_t i = 0; i < 2; i++) {
		if (msrs[i].index != list->entries[0].index)
			continue;
		if (!msrs[i].known || (request == KVM_SET_MSRS && !msrs[i].writable))
			return 0;
		if (request == KVM_SET_MSRS)
			msrs[i].value = list->entries[0].data;
		else
			list->entries[0].data = msrs[i].value;
		return 1;
	}
	fail_msg("MSR %#x", list->entries[0].index);
	return -1;
}

#define ioctl fake_ioctl
#include "../../src/vmm/vcpu.c"
#undef ioctl

static struct vcpu vcpu = { .index = 3, .fd = 77 };

static int set_up(void **state)
{
	(void)state;
	/* As KVM has them at first: no branch trace store, no PEBS (bits 11 and 12). */
	msrs[0].index = 0x1a0;
	msrs[0].value = 0x1800;
	msrs[1].index = 0x2ff;
	msrs[1].value = 0;
	for (size_t i = 0; i < 2; i++)
		msrs[i].known = msrs[i].writable = 1;
	return 0;
}

static void fast_strings_are_on_and_nothing_else_changes(void **state)
{
	struct error err = { "" };

	(void)state;
	assert_int_equal(set_msrs(&vcpu, &err), 0);
	assert_int_equal(msrs[0].value, 0x1801);
}

static void a_processor_without_the_msr_is_fine(void **state)
{
	struct error err = { "" };

	(void)state;
	msrs[0].known = 0;
	assert_int_equal(set_msrs(&vcpu, &err), 0);
	assert_int_equal(msrs[0].value, 0x1800);
	msrs[0].known = 1;
	msrs[0].writable = 0;
	assert_int_equal(set_msrs(&vcpu, &err), 0);
	assert_string_equal(err.text, "");
}

/* On (bit 11), all of memory write-back (6), and no fixed ranges (bit 10), which would be zero. */
static void memory_is_write_back_from_0_on(void **state)
{
	struct error err = { "" };

	(void)state;
	assert_int_equal(set_msrs(&vcpu, &err), 0);
	assert_int_equal(msrs[1].value, 0x806);
	msrs[1].known = 0;
	assert_int_equal(set_msrs(&vcpu, &err), -EIO);
	assert_non_null(strstr(err.text, "vCPU 3: KVM_SET_MSRS for MTRRdefType"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fast_strings_are_on_and_nothing_else_changes, set_up),
		cmocka_unit_test_setup(a_processor_without_the_msr_is_fine, set_up),
		cmocka_unit_test_setup(memory_is_write_back_from_0_on, set_up),
	};

	return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}
