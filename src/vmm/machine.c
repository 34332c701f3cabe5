/* How does a virtual machine come to life and end? See vmm.h; the loop between is in loop.c. */
#include "vmm/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../guest/protocol.h"
#include "util/huge.h"
#include "util/memfd.h"
#include "vmm/arch.h"
#include "vmm/kvm.h"
#include "vmm/vcpu_limits.h"

#define PAGE UINT64_C(4096)
#define MIB  UINT64_C(1048576)

void machine_set_state(struct vmm *vmm, enum vmm_state state)
{
	/* Which states may follow, a bit each. */
	static const unsigned int next[] = {
		1u << VMM_RUNNING | 1u << VMM_PAUSED | 1u << VMM_ENDED, /* NEW */
		1u << VMM_PAUSED | 1u << VMM_ENDED,			/* RUNNING */
		1u << VMM_RUNNING | 1u << VMM_ENDED,			/* PAUSED */
		0,							/* ENDED */
	};

	if (!(next[vmm->state] & 1u << state))
		abort();
	vmm->state = state;
}

void machine_wake(struct vmm *vmm)
{
	uint64_t one = 1;

	if (write(vmm->wake_fd, &one, sizeof(one)) < 0) {
		/* Only a full counter can refuse, and then the loop is awake anyway. */
	}
}

void vmm_end(struct vmm *vmm, enum vmm_end end, const char *fmt, ...)
{
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
	machine_wake(vmm);
}

void machine_at_ready(struct vmm *vmm)
{
	bool again;

	pthread_mutex_lock(&vmm->lock);
	again = vmm->was_ready;
	vmm->was_ready = vmm->at_ready = true;
	pthread_mutex_unlock(&vmm->lock);
	if (again) {
		vmm_end(vmm, VMM_END_PROTOCOL, "%s",
			"the guest says a second time that it is ready for its job");
		return;
	}
	atomic_store(&vmm->pausing, true);
	machine_wake(vmm);
}

int machine_set_slot(struct vmm *vmm, uint32_t slot, uint64_t gpa, void *host, uint64_t size,
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

static int create_memory(struct vmm *vmm, const struct vmm_config *config,
			 const struct memory_source *source, struct error *err)
{
	struct guest_memory *memory = &vmm->memory;
	int ret = guest_memory_create(memory, &vmm->topology, config->memory_mib, source, err);

	if (!ret && config->nodes && !source)
		ret = guest_memory_bind(memory, config->nodes, err);
	if (!ret)
		ret = machine_set_slot(vmm, SLOT_LOW, 0, memory->host, memory->low_size, err);
	if (!ret && memory->size > memory->low_size)
		ret = machine_set_slot(vmm, SLOT_HIGH, memory->high_gpa,
				       memory->host + memory->low_size,
				       memory->size - memory->low_size, err);
	if (!ret)
		ret = create_channel(vmm, err);
	if (!ret)
		ret = machine_set_slot(vmm, SLOT_CHANNEL, KTSTR_CHANNEL_GPA, vmm->channel_region,
				       KTSTR_CHANNEL_SIZE, err);
	return ret;
}

static int create_doorbell(struct vmm *vmm, struct error *err)
{
	/* Of any length: KVM need not look at the instruction then, where the processor lets it. */
	struct kvm_ioeventfd doorbell = { .addr = KTSTR_BELLS_GPA + KTSTR_DOORBELL };

	vmm->doorbell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vmm->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vmm->doorbell_fd < 0 || vmm->wake_fd < 0) {
		int ret = -errno;

		return error_set(err, ret, "creating an eventfd: %s", strerror(-ret));
	}
	doorbell.fd = vmm->doorbell_fd;
	return kvm_vm_ioctl(vmm->vm_fd, KVM_IOEVENTFD, &doorbell, "KVM_IOEVENTFD for the doorbell",
			    err);
}

/* All but what the vCPUs and the memory hold. */
static int create(const struct vmm_config *config, const struct memory_source *source,
		  struct vmm *vmm, struct error *err)
{
	int ret = kvm_open(&vmm->run_size, err);

	vmm->kvm_fd = ret < 0 ? -1 : ret;
	if (ret >= 0)
		ret = vcpu_limits_check(vmm->kvm_fd, &vmm->topology, err);
	if (!ret) {
		ret = kvm_create_vm(vmm->kvm_fd, err);
		vmm->vm_fd = ret < 0 ? -1 : ret;
	}
	if (ret >= 0)
		ret = arch_init_vm(vmm, config, err);
	if (!ret)
		ret = create_memory(vmm, config, source, err);
	if (!ret)
		ret = create_doorbell(vmm, err);
	vcpu_limits_make_room(vmm->nr_vcpus);
	for (unsigned int i = 0; !ret && i < vmm->nr_vcpus; i++)
		ret = vcpu_create(vmm, i, err);
	return ret;
}

static struct vmm *allocate(const struct vmm_config *config)
{
	struct vmm *vmm = calloc(1, sizeof(*vmm));

	if (!vmm)
		return NULL;
	vmm->kvm_fd = vmm->vm_fd = vmm->doorbell_fd = vmm->wake_fd = -1;
	pthread_mutex_init(&vmm->lock, NULL);
	pthread_cond_init(&vmm->console_room, NULL);
	pthread_cond_init(&vmm->go_on, NULL);
	vmm->topology = config->topology;
	vmm->tsc_reliable = config->tsc_reliable;
	vmm->nr_vcpus = topology_cpus(&config->topology);
	vmm->vcpus = calloc(vmm->nr_vcpus, sizeof(*vmm->vcpus));
	if (!vmm->vcpus) {
		vmm_destroy(vmm);
		return NULL;
	}
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++) {
		vmm->vcpus[i].vmm = vmm;
		vmm->vcpus[i].index = i;
		vmm->vcpus[i].fd = -1;
		vmm->vcpus[i].host_cpu = config->cpus ? (int)config->cpus[i] : -1;
	}
	return vmm;
}

/*
 * What the guest will touch, in one go: pages of its own where it writes, and entries in KVM's
 * tables for all of them. A run across the hole below 4 GiB is left to the guest.
 */
static void prefault(struct vmm *vmm, const struct touched *touched)
{
	touched_populate(touched, vmm->memory.host);
	for (uint32_t i = 0; i < touched->nr_runs; i++) {
		uint64_t at = touched->runs[i].page * PAGE;

		if (at >= vmm->memory.low_size)
			at += vmm->memory.high_gpa - vmm->memory.low_size;
		if (!kvm_prefault(vmm->vcpus[0].fd, at, touched->runs[i].count * PAGE))
			return;
	}
}

/* From NEW by a kernel's image. */
static int machine_load_boot(struct vmm *vmm, const struct vmm_config *config, struct error *err)
{
	int ret = arch_load_kernel(vmm, config, err);

	return ret ? ret : arch_describe(vmm, config, err);
}

/* @saved: NULL: it boots */
static int make(const struct vmm_config *config, const struct memory_source *source,
		const struct vmm_saved *saved, struct vmm **out, struct error *err)
{
	struct vmm *vmm;
	int ret = topology_check(&config->topology, err);

	if (ret)
		return ret;
	vmm = allocate(config);
	if (!vmm)
		return error_set(err, -ENOMEM, "no memory for a VM");
	ret = create(config, source, vmm, err);
	if (!ret)
		ret = saved ? machine_load_state(vmm, saved->state, saved->state_size, err)
			    : machine_load_boot(vmm, config, err);
	if (!ret && saved && touched_is_known(saved->touched))
		prefault(vmm, saved->touched);
	if (ret)
		vmm_destroy(vmm);
	else
		*out = vmm;
	return ret;
}

int vmm_create(const struct vmm_config *config, struct vmm **out, struct error *err)
{
	return make(config, NULL, NULL, out, err);
}

int vmm_fork(const struct vmm_config *config, const struct vmm_saved *saved, struct vmm **out,
	     struct error *err)
{
	const struct memory_source source = { saved->ram_fd, saved->ram_offset, saved->extents };

	/* Before a byte is mapped: parts of a larger RAM would lie over what is not the guest's. */
	if (saved->ram_size % MIB || saved->ram_size / MIB != config->memory_mib)
		return error_set(err, -ESTALE,
				 "saved memory: %" PRIu64 " bytes, this machine has %" PRIu64
				 " MiB",
				 saved->ram_size, config->memory_mib);
	return make(config, &source, saved, out, err);
}

const char *vmm_default_cmdline(void)
{
	return arch_default_cmdline();
}

void vmm_note_touched(const struct vmm *vmm, struct touched *touched)
{
	touched_note(touched, vmm->memory.host, vmm->memory.size);
}

int vmm_attach_cargo(struct vmm *vmm, void *bytes, uint64_t size, struct error *err)
{
	uint64_t gpa = arch_cargo_gpa(vmm);
	int ret;

	if (vmm->state != VMM_NEW && vmm->state != VMM_PAUSED)
		return error_set(err, -EBUSY, "cargo: the machine runs, or has ended");
	ret = machine_set_slot(vmm, SLOT_CARGO, gpa, bytes, huge_round(size), err);
	if (ret)
		return ret;
	/* The guest reads all of it. */
	kvm_prefault(vmm->vcpus[0].fd, gpa, size);
	channel_set_cargo(&vmm->channel, gpa, size);
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
	arch_destroy_vm(vmm);
	free(vmm->held);
	channel_destroy(&vmm->channel);
	if (vmm->channel_region)
		munmap(vmm->channel_region, KTSTR_CHANNEL_SIZE);
	guest_memory_destroy(&vmm->memory);
	pthread_cond_destroy(&vmm->go_on);
	pthread_cond_destroy(&vmm->console_room);
	pthread_mutex_destroy(&vmm->lock);
	free(vmm);
}
