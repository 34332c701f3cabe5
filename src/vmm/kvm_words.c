/* What did KVM say when it could not go on with a vCPU, in words? See kvm_words.h. */
#include "vmm/kvm_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A text that grows and is cut where its room ends. */
struct line {
	char *text;
	size_t size, used;
};

static void put(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *line, const char *fmt, ...)
{
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = vsnprintf(line->text + line->used, line->size - line->used, fmt, ap);
	va_end(ap);
	if (length > 0)
		line->used += (size_t)length;
	if (line->used >= line->size)
		line->used = line->size - 1;
}

/*
 * Intel SDM vol. 3, "VM Instruction Error Numbers": what VMLAUNCH, VMRESUME and the instructions
 * before them can answer. KVM hands on the number where the processor did not even try the entry.
 */
static const char *const vmx_instruction_errors[] = {
	[1] = "VMCALL in VMX root operation",
	[2] = "VMCLEAR with an invalid address",
	[3] = "VMCLEAR with the VMXON pointer",
	[4] = "VMLAUNCH of a VMCS that is not clear",
	[5] = "VMRESUME of a VMCS that was not launched",
	[6] = "VMRESUME after VMXOFF",
	[7] = "invalid control fields",
	[8] = "invalid host-state fields",
	[9] = "VMPTRLD with an invalid address",
	[10] = "VMPTRLD with the VMXON pointer",
	[11] = "VMPTRLD of a VMCS with another revision",
	[12] = "an unsupported field of the VMCS",
	[13] = "VMWRITE to a read-only field",
	[15] = "VMXON in VMX root operation",
	[16] = "invalid executive-VMCS pointer",
	[17] = "executive VMCS not launched",
	[18] = "executive-VMCS pointer is not the VMXON pointer",
	[19] = "VMCALL with a VMCS that is not clear",
	[20] = "VMCALL with invalid exit control fields",
	[22] = "VMCALL with another MSEG revision",
	[23] = "VMXOFF under dual-monitor treatment of SMIs",
	[24] = "VMCALL with invalid SMM monitor features",
	[25] = "invalid execution control fields in the executive VMCS",
	[26] = "events blocked by MOV SS",
	[28] = "invalid operand to INVEPT or INVVPID",
};

#define NR_VMX_INSTRUCTION_ERRORS                                                                  \
	(sizeof(vmx_instruction_errors) / sizeof(vmx_instruction_errors[0]))

/* Intel SDM vol. 3, appendix "VMX Basic Exit Reasons": bit 31 is set where the entry failed. */
#define VMX_ENTRY_FAILED 0x80000000u

static const struct {
	uint32_t basic;
	const char *meaning;
} vmx_entry_failures[] = {
	{ 33, "invalid guest state" },
	{ 34, "an MSR could not be loaded" },
	{ 41, "a machine check" },
};

/*
 * AMD APM vol. 2, appendix "SVM Intercept Exit Codes": VMEXIT_INVALID is -1. KVM hands on 32 bits
 * of it in most versions, and 64 in later ones; no number of VMX's is either.
 */
#define SVM_INVALID_32 UINT32_MAX
#define SVM_INVALID_64 UINT64_MAX

static void put_entry_failure(struct line *line, uint64_t reason)
{
	uint32_t basic = (uint32_t)reason & 0xffff;

	if (reason == SVM_INVALID_32 || reason == SVM_INVALID_64) {
		put(line, "SVM: invalid guest state, VMEXIT_INVALID");
		return;
	}
	if (reason < NR_VMX_INSTRUCTION_ERRORS && vmx_instruction_errors[reason]) {
		put(line, "VMX: %s, VM-instruction error %u", vmx_instruction_errors[reason],
		    (unsigned int)reason);
		return;
	}
	if (reason <= UINT32_MAX && reason & VMX_ENTRY_FAILED) {
		const char *meaning = "a reason of its own";

		for (size_t i = 0; i < sizeof(vmx_entry_failures) / sizeof(vmx_entry_failures[0]);
		     i++)
			if (vmx_entry_failures[i].basic == basic)
				meaning = vmx_entry_failures[i].meaning;
		put(line, "VMX: %s, basic exit reason %u", meaning, basic);
		return;
	}
	put(line, "no number that the processors' manuals have");
}

/* Documentation/virt/kvm/api.rst, 5: suberrors of KVM_EXIT_INTERNAL_ERROR. */
static const char *internal_error(uint32_t suberror)
{
	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		return "it could not emulate an instruction";
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		return "an exception while another was delivered";
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		return "an exit while an event was delivered";
	case KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON:
		return "an exit of the processor's that it does not know";
	default:
		return "unknown to us";
	}
}

static void put_internal_error(struct line *line, const struct kvm_run *run)
{
	uint32_t nr = run->internal.ndata, max = sizeof(run->internal.data) / 8;

	put(line, "KVM: %s, internal error with suberror %u",
	    internal_error(run->internal.suberror), run->internal.suberror);
	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION && nr >= 3 &&
	    run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) {
		size_t size = run->emulation_failure.insn_size;

		put(line, ", instruction bytes");
		for (size_t i = 0; i < size && i < sizeof(run->emulation_failure.insn_bytes); i++)
			put(line, " %02x", run->emulation_failure.insn_bytes[i]);
	}
	for (uint32_t i = 0; i < nr && i < max; i++)
		put(line, "%s %#llx", i ? "" : ", data", (unsigned long long)run->internal.data[i]);
}

/* Left out of older headers: struct memory_fault of struct kvm_run. */
struct memory_fault {
	uint64_t flags, gpa, size;
};

#define MEMORY_FAULT_PRIVATE (1ull << 3)

static void put_memory_fault(struct line *line, const struct kvm_run *run)
{
	struct memory_fault fault;

	memcpy(&fault, run->padding, sizeof(fault));
	put(line,
	    "KVM has no memory of the host's for guest-physical %#" PRIx64 ", %" PRIu64
	    " bytes, flags %#" PRIx64 "%s",
	    fault.gpa, fault.size, fault.flags,
	    fault.flags & MEMORY_FAULT_PRIVATE ? " (private)" : "");
}

bool kvm_words_has_memory_fault(const struct kvm_run *run, int error)
{
	return (error == EFAULT || error == EHWPOISON) &&
	       run->exit_reason == KVM_WORDS_EXIT_MEMORY_FAULT;
}

void kvm_words_exit(const struct kvm_run *run, char *text, size_t size)
{
	struct line line = { text, size, 0 };

	text[0] = '\0';
	switch (run->exit_reason) {
	case KVM_EXIT_INTERNAL_ERROR:
		put_internal_error(&line, run);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		put(&line,
		    "the processor (CPU %u of the host) refused to enter it, hardware reason %#llx (",
		    run->fail_entry.cpu,
		    (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		put_entry_failure(&line, run->fail_entry.hardware_entry_failure_reason);
		put(&line, ")");
		break;
	case KVM_WORDS_EXIT_MEMORY_FAULT:
		put_memory_fault(&line, run);
		break;
	case KVM_EXIT_EXCEPTION:
		put(&line, "KVM does not deal with exception %u, error code %#x", run->ex.exception,
		    run->ex.error_code);
		break;
	case KVM_EXIT_UNKNOWN:
		put(&line, "KVM does not know the processor's exit reason %#llx",
		    (unsigned long long)run->hw.hardware_exit_reason);
		break;
	default:
		put(&line, "it left KVM_RUN for reason %u, which a machine like this never has",
		    run->exit_reason);
	}
}
