/* What does one vCPU do? It is set up, runs in a thread of its own, and its exits are dealt with.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/kvm_words.h"
#include "vmm/machine.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/cpuid.h"
#include "vmm/x86/layout.h"

/* Interrupts a KVM_RUN. Blocked in every thread but inside KVM_RUN, so that none can be lost. */
#define KICK_SIGNAL SIGUSR1

/* A thousand threads with the usual 8 MiB would count for 8 GiB where memory is not overcommitted.
 */
#define THREAD_STACK_SIZE (256 << 10)

/* The kernel's sigset_t is 8 bytes, glibc's is longer (KVM_SET_SIGNAL_MASK takes the kernel's). */
#define KERNEL_SIGSET_SIZE 8

/*
 * Intel SDM vol. 4, table 2-2: MTRRs enabled (bit 11), write-back by default (6). Fixed ranges (bit
 * 10) stay off: they are all zero, which would make the first MiB uncached.
 */
#define MSR_MTRR_DEF_TYPE	 0x2ff
#define MTRR_DEF_TYPE_ENABLED_WB 0x806

/*
 * Intel SDM vol. 4, table 2-2: IA32_MISC_ENABLE, fast strings (bit 0). Firmware turns them on, KVM
 * starts with them off, and then Linux clears REP_GOOD and ERMS (early_init_intel).
 */
#define MSR_MISC_ENABLE		 0x1a0
#define MISC_ENABLE_FAST_STRINGS 1u

/* Intel SDM vol. 4, table 2-2: IA32_TIME_STAMP_COUNTER. */
#define MSR_TSC 0x10

/* IA32_APIC_BASE, bit 10 (Intel SDM vol. 3, 11.12.1). */
#define APIC_BASE_X2APIC (1u << 10)

/* Local vector table of the LAPIC page: LINT0, LINT1 (Intel SDM vol. 3, 11.5.1). */
#define LAPIC_LVT_LINT0	   0x350
#define LAPIC_LVT_LINT1	   0x360
#define LAPIC_MASKED	   0x10000
#define LAPIC_DELIVERY_NMI 0x400

static int set_cpuid(struct vcpu *vcpu, const struct kvm_cpuid2 *supported, struct error *err)
{
	struct kvm_cpuid2 *cpuid;
	int ret;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_MAX_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return error_set(err, -ENOMEM, "vCPU %u: no memory for its CPUID", vcpu->index);
	ret = cpuid_build(supported, &vcpu->vmm->topology, vcpu->vmm->tsc_reliable, vcpu->index,
			  cpuid, err);
	if (!ret && ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid) < 0) {
		ret = -errno;
		error_set(err, ret, "vCPU %u: KVM_SET_CPUID2 with %u entries: %s", vcpu->index,
			  cpuid->nent, strerror(-ret));
	}
	free(cpuid);
	return ret;
}

/* KVM_GET_MSRS or KVM_SET_MSRS for one MSR: 1 when done, 0 when KVM does not know it, or -errno. */
static int access_msr(const struct vcpu *vcpu, unsigned long request, uint32_t index,
		      uint64_t *value)
{
	union {
		struct kvm_msrs msrs;
		uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} list = { .msrs.nmsrs = 1 };
	int ret;

	list.msrs.entries[0].index = index;
	list.msrs.entries[0].data = *value;
	ret = ioctl(vcpu->fd, request, &list);
	*value = list.msrs.entries[0].data;
	return ret < 0 ? -errno : ret;
}

static int set_msrs(struct vcpu *vcpu, struct error *err)
{
	uint64_t value = MTRR_DEF_TYPE_ENABLED_WB;
	int ret = access_msr(vcpu, KVM_SET_MSRS, MSR_MTRR_DEF_TYPE, &value);

	if (ret != 1) {
		ret = ret < 0 ? ret : -EIO;
		return error_set(err, ret, "vCPU %u: KVM_SET_MSRS for MTRRdefType: %s", vcpu->index,
				 strerror(-ret));
	}
	/* A processor that has no such MSR needs nothing turned on, and is no worse a processor. */
	value = 0;
	if (access_msr(vcpu, KVM_GET_MSRS, MSR_MISC_ENABLE, &value) == 1) {
		value |= MISC_ENABLE_FAST_STRINGS;
		access_msr(vcpu, KVM_SET_MSRS, MSR_MISC_ENABLE, &value);
	}
	return 0;
}

/*
 * Does the guest's TSC advance, as KVM computes it? KVM keeps the frequency that it found when it
 * was loaded. Where the host's kernel has put it up since, and the processor cannot scale it,
 * guests boot, and sleep for ever at their first timer: KVM computes when that fires from a TSC of
 * 0.
 */
static int check_tsc(struct vcpu *vcpu, struct error *err)
{
	uint64_t before = 0, after = 0;

	if (access_msr(vcpu, KVM_GET_MSRS, MSR_TSC, &before) != 1 ||
	    access_msr(vcpu, KVM_GET_MSRS, MSR_TSC, &after) != 1 || after != before)
		return 0;
	return error_set(
		err, -EIO,
		"vCPU %u: KVM has its TSC stand still, so that no timer of the guest would "
		"ever fire; the host's kernel has measured its TSC anew since KVM was loaded, "
		"so load the modules kvm and kvm_amd or kvm_intel again",
		vcpu->index);
}

/*
 * NMIs arrive on LINT1, as the MADT says. Nothing does on LINT0, where a PC has its 8259 and where
 * KVM lets its interrupts in on the boot processor.
 */
static int set_lapic(struct vcpu *vcpu, struct error *err)
{
	struct kvm_lapic_state lapic;
	uint32_t lint0 = LAPIC_MASKED, lint1 = LAPIC_DELIVERY_NMI;
	int ret;

	if (ioctl(vcpu->fd, KVM_GET_LAPIC, &lapic) < 0)
		goto fail;
	memcpy(lapic.regs + LAPIC_LVT_LINT0, &lint0, sizeof(lint0));
	memcpy(lapic.regs + LAPIC_LVT_LINT1, &lint1, sizeof(lint1));
	if (ioctl(vcpu->fd, KVM_SET_LAPIC, &lapic) < 0)
		goto fail;
	return 0;
fail:
	ret = -errno;
	return error_set(err, ret, "vCPU %u: setting up its local APIC: %s", vcpu->index,
			 strerror(-ret));
}

static int set_registers(struct vcpu *vcpu, const struct kernel_entry *entry, struct error *err)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int ret;

	memset(&regs, 0, sizeof(regs));
	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		goto fail;
	boot_registers(entry, &regs, &sregs);
	/* Linux ignores CPUs with ids beyond an xAPIC's unless it finds x2APIC mode on at its
	 * start. */
	if (topology_max_apic_id(&vcpu->vmm->topology) > TOPOLOGY_MAX_XAPIC_ID)
		sregs.apic_base |= APIC_BASE_X2APIC;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0)
		goto fail;
	return 0;
fail:
	ret = -errno;
	return error_set(err, ret, "vCPU %u: setting the registers of the boot processor: %s",
			 vcpu->index, strerror(-ret));
}

/* Inside KVM_RUN only the kick is let through; it stays pending, no handler ever runs. */
static int set_signal_mask(struct vcpu *vcpu, struct error *err)
{
	union {
		struct kvm_signal_mask mask;
		uint8_t room[sizeof(struct kvm_signal_mask) + KERNEL_SIGSET_SIZE];
	} blocked = { .mask.len = KERNEL_SIGSET_SIZE };
	sigset_t all_but_kick;
	int ret;

	sigfillset(&all_but_kick);
	sigdelset(&all_but_kick, KICK_SIGNAL);
	memcpy(blocked.mask.sigset, &all_but_kick, KERNEL_SIGSET_SIZE);
	if (ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, &blocked) == 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "vCPU %u: KVM_SET_SIGNAL_MASK: %s", vcpu->index, strerror(-ret));
}

int vcpu_create(struct vmm *vmm, unsigned int index, const struct kvm_cpuid2 *supported,
		const struct kernel_entry *entry, struct error *err)
{
	struct vcpu *vcpu = &vmm->vcpus[index];
	/* KVM takes the vCPU's id for its APIC id. */
	uint32_t apic_id = topology_apic_id(&vmm->topology, index);
	int ret;

	vcpu->fd = ioctl(vmm->vm_fd, KVM_CREATE_VCPU, (unsigned long)apic_id);
	if (vcpu->fd < 0) {
		ret = -errno;
		return error_set(err, ret, "KVM_CREATE_VCPU for vCPU %u with APIC id %u: %s%s",
				 index, apic_id, strerror(-ret),
				 ret == -EINVAL && apic_id > TOPOLOGY_MAX_XAPIC_ID
					 ? "; where kvm_amd runs with avic=1, load it with avic=0"
				 : ret == -EMFILE ? "; raise the hard limit: ulimit -Hn"
						  : "");
	}
	vcpu->run = mmap(NULL, vmm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		ret = -errno;
		vcpu->run = NULL;
		return error_set(err, ret, "vCPU %u: mapping its kvm_run: %s", index,
				 strerror(-ret));
	}
	ret = set_cpuid(vcpu, supported, err);
	if (!ret)
		ret = set_msrs(vcpu, err);
	/* The host's fault, and so the same for all of them. */
	if (!ret && index == 0)
		ret = check_tsc(vcpu, err);
	if (!ret)
		ret = set_lapic(vcpu, err);
	if (!ret && entry)
		ret = set_registers(vcpu, entry, err);
	if (!ret)
		ret = set_signal_mask(vcpu, err);
	return ret;
}

static void handle_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT)
			bus_port_write(vcpu->vmm, run->io.port, data, run->io.size);
		else
			bus_port_read(vcpu->vmm, run->io.port, data, run->io.size);
	}
}

static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (run->mmio.is_write)
		bus_memory_write(vcpu->vmm, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
	else
		bus_memory_read(vcpu->vmm, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
}

/* KVM cannot go on; tell all that it tells. */
static void handle_failure(struct vcpu *vcpu)
{
	struct kvm_regs regs = { 0 };
	char words[KVM_WORDS_SIZE];

	ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	kvm_words_exit(vcpu->run, words, sizeof(words));
	vmm_end(vcpu->vmm, VMM_END_KVM_ERROR, "vCPU %u at RIP %#llx: %s", vcpu->index,
		(unsigned long long)regs.rip, words);
}

static void handle_system_event(struct vcpu *vcpu)
{
	if (vcpu->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN)
		vmm_end(vcpu->vmm, VMM_END_POWEROFF, "%s", "");
	else
		vmm_end(vcpu->vmm, VMM_END_RESET, "%s", "");
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	struct kvm_run *run = vcpu->run;

	atomic_store(&vcpu->tid, (int)syscall(SYS_gettid));
	while (!atomic_load(&vcpu->vmm->stopping)) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			if (kvm_words_has_memory_fault(run, errno))
				handle_failure(vcpu);
			else
				vmm_end(vcpu->vmm, VMM_END_KVM_ERROR, "KVM_RUN on vCPU %u: %s",
					vcpu->index, strerror(errno));
			break;
		}
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			handle_io(vcpu);
			break;
		case KVM_EXIT_MMIO:
			handle_mmio(vcpu);
			break;
		case KVM_EXIT_SHUTDOWN: /* triple fault */
			vmm_end(vcpu->vmm, VMM_END_RESET, "%s", "");
			break;
		case KVM_EXIT_SYSTEM_EVENT:
			handle_system_event(vcpu);
			break;
		case KVM_EXIT_INTR:
		case KVM_EXIT_IRQ_WINDOW_OPEN:
			break;
		default:
			handle_failure(vcpu);
			break;
		}
	}
	return NULL;
}

int vcpu_start(struct vcpu *vcpu, struct error *err)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	int ret;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
	/* The thread inherits the mask: signals are the caller's business, the kick waits for
	 * KVM_RUN. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&vcpu->thread, &attributes, vcpu_thread, vcpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (ret)
		return error_set(err, -ret, "vCPU %u: starting its thread: %s", vcpu->index,
				 strerror(ret));
	vcpu->has_thread = true;
	return 0;
}

void vcpu_kick(struct vcpu *vcpu)
{
	if (vcpu->has_thread)
		pthread_kill(vcpu->thread, KICK_SIGNAL);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->vmm->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
}
