/*
 * Are a vCPU's MSRs what a PC's firmware leaves, and does it end the machine with KVM's own words?
 * The module is included, with a KVM of our own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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

/* errno of a KVM_RUN, or 0. */
static int run_error;

static int fake_ioctl(int fd, unsigned long request, ...)
{
	struct kvm_msrs *list;
	va_list args;

	va_start(args, request);
	list = va_arg(args, struct kvm_msrs *);
	va_end(args);
	assert_int_equal(fd, 77);
	if (request == KVM_RUN) {
		errno = run_error;
		return run_error ? -1 : 0;
	}
	if (request == KVM_GET_REGS) {
		((struct kvm_regs *)list)->rip = 0x1000;
		return 0;
	}
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
#include "../../src/vmm/x86/exit.c"
#include "../../src/vmm/x86/msr.c"
#include "../../src/vmm/x86/vcpu_reset.c"
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

/* One turn of the vCPU's thread, whose exit ends the machine. @pausing: while it is to park */
static void ends_when(bool pausing, struct kvm_run *run, int error, const char *expected)
{
	struct vmm *vmm = calloc(1, sizeof(*vmm));
	struct vcpu runs = { .vmm = vmm, .index = 3, .fd = 77, .run = run };

	assert_non_null(vmm);
	vmm->wake_fd = -1;
	vmm->pausing = pausing;
	pthread_mutex_init(&vmm->lock, NULL);
	run_error = error;
	vcpu_thread(&runs);
	assert_true(vmm->ended);
	assert_int_equal(vmm->result.end, VMM_END_KVM_ERROR);
	if (!strstr(vmm->result.detail, expected))
		fail_msg("'%s' is not in '%s'", expected, vmm->result.detail);
	assert_int_equal(run->immediate_exit, 0);
	free(vmm);
}

static void ends_with(struct kvm_run *run, int error, const char *expected)
{
	ends_when(false, run, error, expected);
	ends_when(true, run, error, expected);
}

static void the_machine_ends_with_the_words_of_kvm(void **state)
{
	struct kvm_run run = { .exit_reason = KVM_EXIT_FAIL_ENTRY };

	(void)state;
	run.fail_entry.hardware_entry_failure_reason = 7;
	ends_with(&run, 0, "vCPU 3 at RIP 0x1000: the processor (CPU 0 of the host) refused");
	memset(&run, 0, sizeof(run));
	ends_with(&run, 0, "vCPU 3 at RIP 0x1000: KVM does not know the processor's exit reason");
	run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run.internal.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV;
	run.internal.ndata = 1;
	run.internal.data[0] = 0xabc;
	ends_with(&run, 0, "suberror 3, data 0xabc");
	/* This one comes with an error. */
	run.exit_reason = KVM_WORDS_EXIT_MEMORY_FAULT;
	ends_with(&run, EFAULT, "no memory of the host's for guest-physical 0x");
	ends_with(&run, EIO, "KVM_RUN on vCPU 3: Input/output error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fast_strings_are_on_and_nothing_else_changes, set_up),
		cmocka_unit_test_setup(a_processor_without_the_msr_is_fine, set_up),
		cmocka_unit_test_setup(memory_is_write_back_from_0_on, set_up),
		cmocka_unit_test(the_machine_ends_with_the_words_of_kvm),
	};

	return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}
