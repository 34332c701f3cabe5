/* Is all that KVM tells of a vCPU that cannot go on said, in words, and within its room? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/kvm_words.h"

static char text[KVM_WORDS_SIZE];

static void says(const struct kvm_run *run, const char *expected)
{
	memset(text, 'x', sizeof(text));
	kvm_words_exit(run, text, sizeof(text));
	if (!strstr(text, expected))
		fail_msg("'%s' is not in '%s'", expected, text);
	assert_true(strlen(text) < sizeof(text) - 1); /* nothing was cut */
}

static void entry_fails(uint64_t reason, const char *expected)
{
	struct kvm_run run = { .exit_reason = KVM_EXIT_FAIL_ENTRY };

	run.fail_entry.hardware_entry_failure_reason = reason;
	run.fail_entry.cpu = 12;
	says(&run, expected);
}

static void a_failed_entry_says_what_its_number_means(void **state)
{
	(void)state;
	entry_fails(
		7,
		"the processor (CPU 12 of the host) refused to enter it, hardware reason 0x7 (VMX: invalid "
		"control fields, VM-instruction error 7)");
	entry_fails(8, "invalid host-state fields, VM-instruction error 8");
	entry_fails(28, "INVEPT or INVVPID");
	entry_fails(0x80000021, "hardware reason 0x80000021 (VMX: invalid guest state, basic exit "
				"reason 33)");
	entry_fails(0x80000022, "an MSR could not be loaded, basic exit reason 34");
	entry_fails(0x80000029, "a machine check, basic exit reason 41");
	entry_fails(0x80000030, "basic exit reason 48");
	/* From an enclave: another bit beside the reason. */
	entry_fails(0x88000021, "invalid guest state");
	entry_fails(UINT64_MAX, "hardware reason 0xffffffffffffffff (SVM: invalid guest state, "
				"VMEXIT_INVALID)");
	entry_fails(UINT32_MAX, "hardware reason 0xffffffff (SVM: invalid guest state, "
				"VMEXIT_INVALID)");
	entry_fails(0, "no number");
	entry_fails(14, "no number");
	entry_fails(29, "no number");
	entry_fails(0x100000007, "no number");
	entry_fails(0x180000021, "no number");
}

static void an_internal_error_has_all_its_data(void **state)
{
	struct kvm_run run = { .exit_reason = KVM_EXIT_INTERNAL_ERROR };

	(void)state;
	run.internal.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV;
	run.internal.ndata = 4;
	run.internal.data[0] = 0x80000b0d;
	run.internal.data[1] = 0x30;
	run.internal.data[3] = 0xfee00000;
	says(&run,
	     "KVM: an exit while an event was delivered, internal error with suberror 3, data "
	     "0x80000b0d 0x30 0 0xfee00000");
	run.internal.ndata = 0;
	says(&run, "suberror 3");
	assert_null(strstr(text, "data"));
	run.internal.suberror = 77;
	says(&run, "unknown to us, internal error with suberror 77");
}

static void an_emulation_failure_has_its_bytes(void **state)
{
	struct kvm_run run = { .exit_reason = KVM_EXIT_INTERNAL_ERROR };

	(void)state;
	run.emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run.emulation_failure.ndata = 4;
	run.emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
	run.emulation_failure.insn_size = 3;
	memcpy(run.emulation_failure.insn_bytes, "\x0f\x01\xd9", 3);
	run.internal.data[3] = 0x30;
	says(&run,
	     "it could not emulate an instruction, internal error with suberror 1, instruction "
	     "bytes 0f 01 d9, data 0x1 ");
	says(&run, " 0x30");
	/* Without the flag there are no bytes, whatever stands there. */
	run.emulation_failure.flags = 0;
	says(&run, "suberror 1, data 0 ");
	run.emulation_failure.ndata = 2;
	run.emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
	says(&run, "suberror 1, data 0x1 ");
}

/* A KVM that is wrong about its own counts: still inside the structure, and within the room. */
static void counts_are_bounded(void **state)
{
	struct kvm_run run = { .exit_reason = KVM_EXIT_INTERNAL_ERROR };

	(void)state;
	memset(run.padding, 0xff, sizeof(run.padding));
	run.internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
	says(&run, "instruction bytes ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff, data 0xff");
	for (size_t size = 1; size < 200; size++) {
		memset(text, 'x', sizeof(text));
		kvm_words_exit(&run, text, size);
		assert_true(strlen(text) == size - 1);
		assert_int_equal(text[size], 'x');
	}
}

static void a_memory_fault_has_its_address(void **state)
{
	/* Documentation/virt/kvm/api.rst, 6.35: flags, gpa, size. */
	const uint64_t fault[3] = { 0, 0xd0001000, 4096 };
	struct kvm_run run = { .exit_reason = 39 };

	(void)state;
	memcpy(run.padding, fault, sizeof(fault));
	says(&run, "guest-physical 0xd0001000, 4096 bytes, flags 0");
	run.padding[0] = 8;
	says(&run, "flags 0x8 (private)");
	assert_true(kvm_words_has_memory_fault(&run, EFAULT));
	assert_true(kvm_words_has_memory_fault(&run, EHWPOISON));
	assert_false(kvm_words_has_memory_fault(&run, EINVAL));
	run.exit_reason = KVM_EXIT_UNKNOWN;
	assert_false(kvm_words_has_memory_fault(&run, EFAULT));
}

static void the_others(void **state)
{
	struct kvm_run run = { .exit_reason = KVM_EXIT_EXCEPTION };

	(void)state;
	run.ex.exception = 13;
	run.ex.error_code = 0x10;
	says(&run, "exception 13, error code 0x10");
	memset(&run, 0, sizeof(run));
	run.hw.hardware_exit_reason = 0x4d;
	says(&run, "does not know the processor's exit reason 0x4d");
	run.exit_reason = 4711;
	says(&run, "left KVM_RUN for reason 4711");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_entry_says_what_its_number_means),
		cmocka_unit_test(an_internal_error_has_all_its_data),
		cmocka_unit_test(an_emulation_failure_has_its_bytes),
		cmocka_unit_test(counts_are_bounded),
		cmocka_unit_test(a_memory_fault_has_its_address),
		cmocka_unit_test(the_others),
	};

	return cmocka_run_group_tests_name("kvm_words", tests, NULL, NULL);
}
