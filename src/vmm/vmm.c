/* How does a virtual machine come to life, run and end? See vmm.h; the vCPU threads are in vcpu.c.
 */
#include "vmm/vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/memfd.h"
#include "vmm/machine.h"
#include "vmm/vcpu_limits.h"
#include "vmm/vcpu_waits.h"
#include "vmm/x86/acpi.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/cpuid.h"
#include "vmm/x86/layout.h"

/* How often the owner's tick is called. */
#define TICK_MS 100

/* How often to look whether a full inbox has room again. */
#define INBOX_FULL_MS 10

/* A guest that has not made room for so long may hang, or lie: look at the user all the same. */
#define INBOX_PATIENCE_MS 1000

enum { SLOT_LOW, SLOT_HIGH, SLOT_CHANNEL };

void vmm_end(struct vmm *vmm, enum vmm_end end, const char *fmt, ...)
{
	uint64_t one = 1;
	va_list ap;

	pthread_mutex_lock(&vmm->lock);
	if (!vmm->ended) {
		vmm->ended = true;
		vmm->result.end = end;
		va_start(ap, fmt);
		vsnprintf(vmm->result.detail, sizeof(vmm->result.detail), fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&vmm->lock);
	atomic_store(&vmm->stopping, true);
	if (write(vmm->wake_fd, &one, sizeof(one)) < 0) {
		/* Only a full counter can refuse, and then the loop is awake anyway. */
	}
}

const char *vmm_lacking_capability(int kvm_fd)
{
	static const struct {
		int capability;
		const char *name;
	} needed[] = {
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
		{ KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP" },
		{ KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI" },
		{ KVM_CAP_TSC_DEADLINE_TIMER, "KVM_CAP_TSC_DEADLINE_TIMER" },
		{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
		{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR" },
		{ KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD" },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, needed[i].capability) <= 0)
			return needed[i].name;
	return NULL;
}

static int open_kvm(struct vmm *vmm, struct error *err)
{
	const char *lacking;
	int version, ret;

	vmm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vmm->kvm_fd < 0) {
		ret = -errno;
		if (ret == -ENOENT || ret == -ENODEV || ret == -ENXIO)
			return error_set(
				err, ret,
				"/dev/kvm: %s; this host offers no KVM: load kvm-intel or "
				"kvm-amd (virtualization must be on in the firmware), or run "
				"inside tools/kvm-lab",
				strerror(-ret));
		if (ret == -EACCES || ret == -EPERM)
			return error_set(
				err, ret,
				"/dev/kvm: %s; join the group that owns it (usually kvm), or "
				"run as root",
				strerror(-ret));
		return error_set(err, ret, "/dev/kvm: %s", strerror(-ret));
	}
	version = ioctl(vmm->kvm_fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		return error_set(err, -ENOTSUP,
				 "/dev/kvm: KVM_GET_API_VERSION answers %d, the stable one is %d: "
				 "this is no KVM that we know",
				 version, KVM_API_VERSION);
	lacking = vmm_lacking_capability(vmm->kvm_fd);
	if (lacking)
		return error_set(err, -ENOTSUP, "/dev/kvm: lacks %s, which is needed", lacking);
	ret = ioctl(vmm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (ret < (int)sizeof(struct kvm_run))
		return error_set(err, -ENOTSUP, "/dev/kvm: KVM_GET_VCPU_MMAP_SIZE answers %d", ret);
	vmm->run_size = (size_t)ret;
	return 0;
}

/* One VM ioctl whose failure only has its name to tell. */
static int vm_ioctl(struct vmm *vmm, unsigned long request, void *arg, const char *name,
		    struct error *err)
{
	int ret;

	if (ioctl(vmm->vm_fd, request, arg) >= 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "KVM refused %s: %s", name, strerror(-ret));
}

static int create_vm(struct vmm *vmm, struct error *err)
{
	/*
	 * KVM has the local APICs, and no 8259, no interval timer, no I/O APIC: that one is ours.
	 * KVM need not watch for the end of its interrupts (args[0], its pins, is 0).
	 */
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP };
	uint64_t identity_map = LAYOUT_IDENTITY_MAP;
	int ret;

	do {
		vmm->vm_fd = ioctl(vmm->kvm_fd, KVM_CREATE_VM, 0);
	} while (vmm->vm_fd < 0 && errno == EINTR);
	if (vmm->vm_fd < 0) {
		ret = -errno;
		return error_set(err, ret,
				 "/dev/kvm: KVM_CREATE_VM: %s; is another hypervisor using the "
				 "processor's virtualization?",
				 strerror(-ret));
	}
	ret = vm_ioctl(vmm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map, "KVM_SET_IDENTITY_MAP_ADDR",
		       err);
	if (!ret)
		ret = vm_ioctl(vmm, KVM_SET_TSS_ADDR, (void *)LAYOUT_TSS, "KVM_SET_TSS_ADDR", err);
	if (!ret)
		ret = vm_ioctl(vmm, KVM_ENABLE_CAP, &split, "KVM_CAP_SPLIT_IRQCHIP", err);
	if (!ret && topology_max_apic_id(&vmm->topology) > TOPOLOGY_MAX_XAPIC_ID) {
		/* Ids that do not fit into the 8 bits of an xAPIC destination. */
		struct kvm_enable_cap cap = { .cap = KVM_CAP_X2APIC_API,
					      .args = { KVM_X2APIC_API_USE_32BIT_IDS |
							KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK } };

		ret = vm_ioctl(vmm, KVM_ENABLE_CAP, &cap, "KVM_CAP_X2APIC_API (APIC ids over 254)",
			       err);
	}
	return ret;
}

static int set_slot(struct vmm *vmm, uint32_t slot, uint64_t gpa, void *host, uint64_t size,
		    struct error *err)
{
	struct kvm_userspace_memory_region region = { .slot = slot,
						      .guest_phys_addr = gpa,
						      .memory_size = size,
						      .userspace_addr = (uintptr_t)host };
	int ret;

	if (ioctl(vmm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) == 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "KVM refused %" PRIu64 " MiB of memory at %#" PRIx64 ": %s",
			 size >> 20, gpa, strerror(-ret));
}

static int create_channel(struct vmm *vmm, struct error *err)
{
	int fd = memfd_new("ktstr-channel", MFD_CLOEXEC, NULL);
	int ret = fd < 0 ? fd : 0;

	if (!ret && ftruncate(fd, (off_t)KTSTR_CHANNEL_SIZE) < 0)
		ret = -errno;
	if (ret) {
		error_set(err, ret, "channel: a memfd of %llu bytes: %s", KTSTR_CHANNEL_SIZE,
			  strerror(-ret));
		goto out;
	}
	vmm->channel_region =
		mmap(NULL, KTSTR_CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (vmm->channel_region == MAP_FAILED) {
		ret = -errno;
		vmm->channel_region = NULL;
		error_set(err, ret, "channel: mapping %llu bytes: %s", KTSTR_CHANNEL_SIZE,
			  strerror(-ret));
		goto out;
	}
	ret = channel_init(&vmm->channel, vmm->channel_region, err);
out:
	if (fd >= 0)
		close(fd);
	return ret;
}

static int create_memory(struct vmm *vmm, uint64_t mib, struct error *err)
{
	struct guest_memory *memory = &vmm->memory;
	int ret = guest_memory_create(memory, &vmm->topology, mib, err);

	if (!ret)
		ret = set_slot(vmm, SLOT_LOW, 0, memory->host, memory->low_size, err);
	if (!ret && memory->size > memory->low_size)
		ret = set_slot(vmm, SLOT_HIGH, LAYOUT_HOLE_END, memory->host + memory->low_size,
			       memory->size - memory->low_size, err);
	if (!ret)
		ret = create_channel(vmm, err);
	if (!ret)
		ret = set_slot(vmm, SLOT_CHANNEL, KTSTR_CHANNEL_GPA, vmm->channel_region,
			       KTSTR_CHANNEL_SIZE, err);
	return ret;
}

static int create_doorbell(struct vmm *vmm, struct error *err)
{
	struct kvm_ioeventfd doorbell = { .addr = KTSTR_DOORBELL_PORT,
					  .len = 4,
					  .flags = KVM_IOEVENTFD_FLAG_PIO };

	vmm->doorbell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vmm->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vmm->doorbell_fd < 0 || vmm->wake_fd < 0) {
		int ret = -errno;

		return error_set(err, ret, "creating an eventfd: %s", strerror(-ret));
	}
	doorbell.fd = vmm->doorbell_fd;
	return vm_ioctl(vmm, KVM_IOEVENTFD, &doorbell, "KVM_IOEVENTFD for the doorbell", err);
}

static int write_acpi(struct vmm *vmm, const char *dump_dir, struct error *err)
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
	if (!ret && dump_dir)
		ret = acpi_dump(tables, dump_dir, err);
out:
	free(tables);
	return ret;
}

/* What the guest's TSC runs at, in kHz, or 0: KVM tells none where the host's is unstable. */
static unsigned int tsc_khz(const struct vmm *vmm)
{
	int khz = ioctl(vmm->vcpus[0].fd, KVM_GET_TSC_KHZ, 0);

	return khz > 0 ? (unsigned int)khz : 0;
}

/* Initramfs, tables and boot state into guest memory, beside the kernel. */
static int load_guest(struct vmm *vmm, const struct vmm_config *config,
		      const struct kernel_entry *entry, struct error *err)
{
	struct boot_config boot = { .cmdline = config->cmdline, .tsc_khz = tsc_khz(vmm) };
	int ret = 0;

	if (config->initrd.size) {
		boot.initrd_size = config->initrd.size;
		ret = boot_place_initrd(&vmm->memory, entry, boot.initrd_size, &boot.initrd_gpa,
					err);
		if (!ret)
			ret = config->initrd.write(
				config->initrd.owner,
				guest_memory_at(&vmm->memory, boot.initrd_gpa, boot.initrd_size),
				boot.initrd_size, err);
	}
	if (!ret)
		ret = boot_write(&vmm->memory, entry, &boot, err);
	if (!ret)
		ret = write_acpi(vmm, config->dump_acpi_dir, err);
	return ret;
}

static int create_vcpus(struct vmm *vmm, const struct kernel_entry *entry,
			const char *const isa_files[ISA_LEVELS], struct error *err)
{
	struct kvm_cpuid2 *supported;
	int ret = 0;

	supported =
		calloc(1, sizeof(*supported) + CPUID_MAX_ENTRIES * sizeof(supported->entries[0]));
	if (!supported)
		return error_set(err, -ENOMEM, "no memory for the host's CPUID");
	supported->nent = CPUID_MAX_ENTRIES;
	if (ioctl(vmm->kvm_fd, KVM_GET_SUPPORTED_CPUID, supported) < 0) {
		ret = -errno;
		error_set(err, ret, "/dev/kvm: KVM_GET_SUPPORTED_CPUID: %s", strerror(-ret));
	}
	if (!ret)
		ret = isa_check(supported, isa_files, err);
	vcpu_limits_make_room(vmm->nr_vcpus);
	for (unsigned int i = 0; !ret && i < vmm->nr_vcpus; i++)
		ret = vcpu_create(vmm, i, supported, i == 0 ? entry : NULL, err);
	free(supported);
	return ret;
}

int vmm_create(const struct vmm_config *config, struct vmm **out, struct error *err)
{
	struct kernel_entry *entry;
	struct vmm *vmm;
	int ret;

	ret = topology_check(&config->topology, err);
	if (ret)
		return ret;
	vmm = calloc(1, sizeof(*vmm));
	entry = calloc(1, sizeof(*entry));
	if (!vmm || !entry) {
		free(vmm);
		free(entry);
		return error_set(err, -ENOMEM, "no memory for a VM");
	}
	vmm->kvm_fd = vmm->vm_fd = vmm->doorbell_fd = vmm->wake_fd = -1;
	pthread_mutex_init(&vmm->lock, NULL);
	pthread_cond_init(&vmm->console_room, NULL);
	vmm->topology = config->topology;
	vmm->tsc_reliable = config->tsc_reliable;
	vmm->nr_vcpus = topology_cpus(&config->topology);
	vmm->vcpus = calloc(vmm->nr_vcpus, sizeof(*vmm->vcpus));
	if (!vmm->vcpus) {
		ret = error_set(err, -ENOMEM, "no memory for %u vCPUs", vmm->nr_vcpus);
		goto out;
	}
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++) {
		vmm->vcpus[i].vmm = vmm;
		vmm->vcpus[i].index = i;
		vmm->vcpus[i].fd = -1;
	}
	bus_init(vmm);

	ret = open_kvm(vmm, err);
	if (!ret)
		ret = vcpu_limits_check(vmm->kvm_fd, &vmm->topology, err);
	if (!ret)
		ret = create_vm(vmm, err);
	if (!ret)
		ret = create_memory(vmm, config->memory_mib, err);
	if (!ret)
		ret = create_doorbell(vmm, err);
	if (!ret)
		ret = kernel_image_load(config->kernel, &vmm->memory, entry, err);
	if (!ret)
		ret = create_vcpus(vmm, entry, config->isa_files, err);
	if (!ret)
		ret = load_guest(vmm, config, entry, err);
out:
	free(entry);
	if (ret)
		vmm_destroy(vmm);
	else
		*out = vmm;
	return ret;
}

static void drain_console(struct vmm *vmm, const struct vmm_owner *owner)
{
	uint8_t bytes[CONSOLE_QUEUE_SIZE];
	size_t count;

	pthread_mutex_lock(&vmm->lock);
	count = vmm->console_used;
	memcpy(bytes, vmm->console, count);
	vmm->console_used = 0;
	pthread_cond_broadcast(&vmm->console_room);
	pthread_mutex_unlock(&vmm->lock);
	/* Without the lock: the owner may take its time. */
	if (count)
		owner->console(owner->data, bytes, count);
}

static void drain_channel(struct vmm *vmm, const struct vmm_owner *owner)
{
	struct error broken;
	int ret;

	if (vmm->channel_broken)
		return;
	ret = channel_drain(&vmm->channel, owner->frame, owner->data, &broken);
	if (ret < 0) {
		vmm->channel_broken = true;
		vmm_end(vmm, VMM_END_PROTOCOL, "%s", broken.text);
	} else if (ret > 0) {
		vmm_end(vmm, VMM_END_STOPPED, "%s", "");
	}
}

int vmm_send(struct vmm *vmm, uint16_t type, const void *payload, uint32_t length)
{
	struct error broken;
	int ret;

	if (vmm->channel_broken)
		return -EAGAIN;
	ret = channel_send(&vmm->channel, type, payload, length, &broken);
	if (ret == -EPROTO) {
		vmm->channel_broken = true;
		vmm_end(vmm, VMM_END_PROTOCOL, "%s", broken.text);
	}
	return ret ? -EAGAIN : 0;
}

const struct channel *vmm_channel(const struct vmm *vmm)
{
	return &vmm->channel;
}

void vmm_answer(struct vmm *vmm, uint64_t lost_ns)
{
	channel_answer(&vmm->channel, lost_ns);
}

bool vmm_has_room(const struct vmm *vmm)
{
	return !vmm->channel_broken && channel_has_room(&vmm->channel);
}

static void call_input(struct vmm *vmm, const struct vmm_owner *owner, bool readable)
{
	if (owner->input && !atomic_load(&vmm->stopping) &&
	    owner->input->ready(owner->data, vmm, readable))
		vmm_end(vmm, VMM_END_STOPPED, "%s", "");
}

static void clear_eventfd(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0) {
		/* Nothing was signalled: as good. */
	}
}

static void stop_vcpus(struct vmm *vmm)
{
	atomic_store(&vmm->stopping, true);
	pthread_mutex_lock(&vmm->lock);
	pthread_cond_broadcast(&vmm->console_room);
	pthread_mutex_unlock(&vmm->lock);
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++)
		vcpu_kick(&vmm->vcpus[i]);
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++) {
		if (!vmm->vcpus[i].has_thread)
			continue;
		pthread_join(vmm->vcpus[i].thread, NULL);
		vmm->vcpus[i].has_thread = false;
	}
}

int vmm_run(struct vmm *vmm, const struct vmm_owner *owner, struct vmm_result *result,
	    struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = vmm->wake_fd, .events = POLLIN },
		{ .fd = vmm->doorbell_fd, .events = POLLIN },
		{ .fd = owner->cancel_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	int64_t next_tick = now_ms(), full_at = 0;
	int ret = 0;

	call_input(vmm, owner, false);
	for (unsigned int i = 0; !ret && i < vmm->nr_vcpus; i++)
		ret = vcpu_start(&vmm->vcpus[i], err);

	while (!ret && !atomic_load(&vmm->stopping)) {
		int input_fd = owner->input ? owner->input->fd : -1;
		bool has_room = channel_has_room(&vmm->channel);
		bool waits = owner->input && owner->input->waits; /* for init's doorbell */
		int wait_ms = input_fd >= 0 && !has_room && !waits ? INBOX_FULL_MS : TICK_MS;

		/* What the user types while there is no room stays in his terminal, for a while. */
		if (has_room)
			full_at = 0;
		else if (!full_at)
			full_at = now_ms();
		fds[3].fd = has_room || (!waits && now_ms() - full_at > INBOX_PATIENCE_MS)
				    ? input_fd
				    : -1;
		fds[3].revents = 0;
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms) < 0 && errno != EINTR) {
			ret = -errno;
			error_set(err, ret, "waiting for the VM's events: %s", strerror(-ret));
			break;
		}
		clear_eventfd(vmm->wake_fd);
		clear_eventfd(vmm->doorbell_fd);
		drain_console(vmm, owner);
		drain_channel(vmm, owner);
		if (fds[3].revents)
			call_input(vmm, owner, true);
		/* A cancel_fd that is readable stays so until the owner stops the machine. */
		if (now_ms() < next_tick && !fds[2].revents)
			continue;
		next_tick = now_ms() + TICK_MS;
		call_input(vmm, owner, false);
		if (!atomic_load(&vmm->stopping) &&
		    owner->tick(owner->data, vcpu_waits_sample(vmm, "/proc/self/task")))
			vmm_end(vmm, VMM_END_STOPPED, "%s", "");
	}

	stop_vcpus(vmm);
	if (ret)
		return ret;
	/* What the guest said up to its end; the vCPUs write no more. */
	drain_console(vmm, owner);
	drain_channel(vmm, owner);
	*result = vmm->result;
	return 0;
}

void vmm_destroy(struct vmm *vmm)
{
	if (!vmm)
		return;
	for (unsigned int i = 0; vmm->vcpus && i < vmm->nr_vcpus; i++)
		vcpu_destroy(&vmm->vcpus[i]);
	free(vmm->vcpus);
	if (vmm->vm_fd >= 0)
		close(vmm->vm_fd);
	if (vmm->kvm_fd >= 0)
		close(vmm->kvm_fd);
	if (vmm->doorbell_fd >= 0)
		close(vmm->doorbell_fd);
	if (vmm->wake_fd >= 0)
		close(vmm->wake_fd);
	channel_destroy(&vmm->channel);
	if (vmm->channel_region)
		munmap(vmm->channel_region, KTSTR_CHANNEL_SIZE);
	guest_memory_destroy(&vmm->memory);
	pthread_cond_destroy(&vmm->console_room);
	pthread_mutex_destroy(&vmm->lock);
	free(vmm);
}
