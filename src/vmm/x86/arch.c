/* The hooks of arch.h, on x86. */
#include "vmm/arch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/x86/acpi.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/cpuid.h"
#include "vmm/x86/isa.h"
#include "vmm/x86/layout.h"
#include "vmm/x86/state.h"
#include "vmm/x86/x86.h"

#define GIB (1ull << 30)

const char *arch_lacking_capability(int kvm_fd)
{
	static const struct kvm_need needs[] = {
		{ KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP" },
		{ KVM_CAP_TSC_DEADLINE_TIMER, "KVM_CAP_TSC_DEADLINE_TIMER" },
		{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
		{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR" },
	};

	return kvm_first_lacking(kvm_fd, needs, sizeof(needs) / sizeof(needs[0]));
}

static int get_supported_cpuid(int kvm_fd, struct kvm_cpuid2 **out, struct error *err)
{
	struct kvm_cpuid2 *supported =
		calloc(1, sizeof(*supported) + CPUID_MAX_ENTRIES * sizeof(supported->entries[0]));
	int ret;

	*out = supported;
	if (!supported)
		return error_set(err, -ENOMEM, "no memory for the host's CPUID");
	supported->nent = CPUID_MAX_ENTRIES;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, supported) == 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "/dev/kvm: KVM_GET_SUPPORTED_CPUID: %s", strerror(-ret));
}

/* What a vCPU's TSC runs at, in kHz, or 0: KVM tells none where the host's is unstable. */
static uint32_t tsc_khz(int vcpu_fd)
{
	int khz = ioctl(vcpu_fd, KVM_GET_TSC_KHZ, 0);

	return khz > 0 ? (uint32_t)khz : 0;
}

/* The same before there is a machine: only a vCPU's is what each KVM tells. */
static int ask_tsc_khz(int kvm_fd, uint32_t *khz, struct error *err)
{
	int vm_fd = kvm_create_vm(kvm_fd, err), vcpu_fd, ret = 0;

	if (vm_fd < 0)
		return vm_fd;
	vcpu_fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu_fd < 0) {
		ret = -errno;
		error_set(err, ret, "KVM_CREATE_VCPU: %s", strerror(-ret));
	} else {
		*khz = tsc_khz(vcpu_fd);
		close(vcpu_fd);
	}
	close(vm_fd);
	return ret;
}

/* What the host's CPUID says of the CPU that was asked, as its APIC id, is not in a guest's. */
int arch_offers(int kvm_fd, const struct topology *topology, bool tsc_reliable, void **bytes,
		size_t *size, struct error *err)
{
	struct {
		int capabilities[STATE_NR_CAPABILITIES];
		uint32_t tsc_khz;
		struct kvm_cpuid2 cpuid;
	} * offers;
	struct kvm_cpuid2 *supported;
	int ret = get_supported_cpuid(kvm_fd, &supported, err);

	*size = sizeof(*offers) + CPUID_MAX_ENTRIES * sizeof(offers->cpuid.entries[0]);
	*bytes = offers = calloc(1, *size);
	if (!ret && !offers)
		ret = error_set(err, -ENOMEM, "no memory for what KVM offers");
	if (!ret)
		ret = cpuid_build(supported, topology, tsc_reliable, 0, &offers->cpuid, err);
	if (!ret)
		ret = ask_tsc_khz(kvm_fd, &offers->tsc_khz, err);
	if (!ret)
		state_capabilities(kvm_fd, offers->capabilities);
	free(supported);
	if (ret) {
		free(offers);
		*bytes = NULL;
	}
	return ret;
}

int arch_init_vm(struct vmm *vmm, const struct vmm_config *config, struct error *err)
{
	/*
	 * KVM has the local APICs, and no 8259, no interval timer, no I/O APIC: that one is ours.
	 * KVM need not watch for the end of its interrupts (args[0], its pins, is 0).
	 */
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP };
	uint64_t identity_map = LAYOUT_IDENTITY_MAP;
	int ret;

	vmm->devices = calloc(1, sizeof(*vmm->devices));
	if (!vmm->devices)
		return error_set(err, -ENOMEM, "no memory for the VM's devices");
	bus_init(vmm);
	ret = get_supported_cpuid(vmm->kvm_fd, &vmm->devices->supported, err);
	if (!ret)
		ret = isa_check(vmm->devices->supported, config->isa_files, err);
	if (!ret)
		ret = kvm_vm_ioctl(vmm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map,
				   "KVM_SET_IDENTITY_MAP_ADDR", err);
	if (!ret)
		ret = kvm_vm_ioctl(vmm->vm_fd, KVM_SET_TSS_ADDR, (void *)LAYOUT_TSS,
				   "KVM_SET_TSS_ADDR", err);
	if (!ret)
		ret = kvm_vm_ioctl(vmm->vm_fd, KVM_ENABLE_CAP, &split, "KVM_CAP_SPLIT_IRQCHIP",
				   err);
	if (!ret && topology_max_apic_id(&vmm->topology) > TOPOLOGY_MAX_XAPIC_ID) {
		/* Ids that do not fit into the 8 bits of an xAPIC destination. */
		struct kvm_enable_cap cap = { .cap = KVM_CAP_X2APIC_API,
					      .args = { KVM_X2APIC_API_USE_32BIT_IDS |
							KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK } };

		ret = kvm_vm_ioctl(vmm->vm_fd, KVM_ENABLE_CAP, &cap,
				   "KVM_CAP_X2APIC_API (APIC ids over 254)", err);
	}
	return ret;
}

void arch_destroy_vm(struct vmm *vmm)
{
	if (!vmm->devices)
		return;
	state_free(vmm->devices->saved);
	free(vmm->devices->supported);
	free(vmm->devices);
	vmm->devices = NULL;
}

int arch_create_vcpu(struct vcpu *vcpu, struct error *err)
{
	/* KVM takes the vCPU's id for its APIC id. */
	uint32_t apic_id = topology_apic_id(&vcpu->vmm->topology, vcpu->index);
	int ret;

	vcpu->fd = ioctl(vcpu->vmm->vm_fd, KVM_CREATE_VCPU, (unsigned long)apic_id);
	if (vcpu->fd >= 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "KVM_CREATE_VCPU for vCPU %u with APIC id %u: %s%s", vcpu->index,
			 apic_id, strerror(-ret),
			 ret == -EINVAL && apic_id > TOPOLOGY_MAX_XAPIC_ID
				 ? "; where kvm_amd runs with avic=1, load it with avic=0"
			 : ret == -EMFILE ? "; raise the hard limit: ulimit -Hn"
					  : "");
}

int arch_init_vcpu(struct vcpu *vcpu, struct error *err)
{
	struct kvm_cpuid2 *cpuid;
	int ret;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_MAX_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return error_set(err, -ENOMEM, "vCPU %u: no memory for its CPUID", vcpu->index);
	ret = cpuid_build(vcpu->vmm->devices->supported, &vcpu->vmm->topology,
			  vcpu->vmm->tsc_reliable, vcpu->index, cpuid, err);
	if (!ret && ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid) < 0) {
		ret = -errno;
		error_set(err, ret, "vCPU %u: KVM_SET_CPUID2 with %u entries: %s", vcpu->index,
			  cpuid->nent, strerror(-ret));
	}
	free(cpuid);
	return ret;
}

static int place_initrd(struct vmm *vmm, const struct vmm_config *config,
			const struct kernel_entry *entry, struct boot_config *boot,
			struct error *err)
{
	int ret;

	boot->initrd_size = config->initrd.size;
	if (!boot->initrd_size)
		return 0;
	ret = boot_place_initrd(&vmm->memory, entry, boot->initrd_size, &boot->initrd_gpa, err);
	return ret ? ret
		   : config->initrd.write(
			     config->initrd.owner,
			     guest_memory_at(&vmm->memory, boot->initrd_gpa, boot->initrd_size),
			     boot->initrd_size, err);
}

int arch_load_kernel(struct vmm *vmm, const struct vmm_config *config, struct error *err)
{
	struct boot_config boot = { .cmdline = config->cmdline,
				    .tsc_khz = tsc_khz(vmm->vcpus[0].fd) };
	struct kernel_entry *entry = calloc(1, sizeof(*entry));
	int ret;

	if (!entry)
		return error_set(err, -ENOMEM, "no memory for a VM");
	ret = kernel_image_load(config->kernel, &vmm->memory, entry, err);
	for (unsigned int i = 0; !ret && i < vmm->nr_vcpus; i++)
		ret = vcpu_reset(&vmm->vcpus[i], i == 0 ? entry : NULL, err);
	if (!ret)
		ret = place_initrd(vmm, config, entry, &boot, err);
	if (!ret)
		ret = boot_write(&vmm->memory, entry, &boot, err);
	free(entry);
	return ret;
}

int arch_describe(struct vmm *vmm, const struct vmm_config *config, struct error *err)
{
	struct acpi_tables *tables = malloc(sizeof(*tables));
	void *to = guest_memory_at(&vmm->memory, LAYOUT_ACPI, LAYOUT_ACPI_SIZE);
	int ret;

	if (!tables || !to) {
		ret = error_set(err, -ENOMEM, "ACPI: no memory for the tables");
		goto out;
	}
	ret = acpi_build(&vmm->topology, vmm->memory.ranges, vmm->memory.nr_ranges,
			 !vmm->tsc_reliable, tables, err);
	if (!ret)
		memcpy(to, tables->image, tables->used);
	if (!ret && config->dump_acpi_dir)
		ret = acpi_dump(tables, config->dump_acpi_dir, err);
out:
	free(tables);
	return ret;
}

const char *arch_default_cmdline(void)
{
	return "console=ttyS0"
	       /*
		* A panic ends the VM at once, by ACPI's reset register. It has to be named: a
		* hardware-reduced machine is otherwise taken for one with EFI (reboot_init), and
		* left hanging. A triple fault (reboot=t) would cost the vCPU's registers on AMD.
		*/
	       " reboot=a"
	       " pci=off"	  /* there is none: do not look for it */
	       " 8250.nr_uarts=1" /* nor for three more serial ports */
	       " irqaffinity=0" /* the console's interrupts disturb one CPU, not those under test */
	       " noreplace-smp"; /* one CPU: leave the lock prefixes in, rather than patch all */
}

struct arch_hole arch_hole(void)
{
	return (struct arch_hole){ LAYOUT_HOLE_START, LAYOUT_HOLE_END };
}

uint64_t arch_cargo_gpa(const struct vmm *vmm)
{
	uint64_t above = vmm->memory.size - vmm->memory.low_size;

	return (LAYOUT_HOLE_END + above + GIB - 1) / GIB * GIB;
}
