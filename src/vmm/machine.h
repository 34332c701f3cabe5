/*
 * What is a struct vmm made of? Private to vmm.c (life cycle, event loop), vcpu.c (vCPU threads),
 * vcpu_waits.c and bus.c (devices).
 */
#ifndef KTSTR_VMM_MACHINE_H
#define KTSTR_VMM_MACHINE_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/channel.h"
#include "vmm/memory.h"
#include "vmm/serial.h"
#include "vmm/vmm.h"
#include "vmm/x86/ioapic.h"
#include "vmm/x86/pm_timer.h"
#include "vmm/x86/rtc.h"

/* Console bytes between a vCPU's thread and the event loop. When full, the vCPU waits. */
#define CONSOLE_QUEUE_SIZE 16384

struct vcpu {
	struct vmm *vmm;
	unsigned int index;
	int fd;
	struct kvm_run *run; /* shared with KVM, vmm->run_size bytes */
	pthread_t thread;
	bool has_thread;
	atomic_int tid; /* of the thread, once it runs */
};

struct vmm {
	int kvm_fd;
	int vm_fd;
	struct topology topology;
	bool tsc_reliable;
	struct guest_memory memory;
	void *channel_region; /* KTSTR_CHANNEL_SIZE bytes, a memslot of its own */
	struct channel channel;
	bool channel_broken;

	size_t run_size;
	struct vcpu *vcpus; /* topology_cpus() of them */
	unsigned int nr_vcpus;
	unsigned int next_wait; /* vcpu_waits_sample: the vCPU to look at, and what was seen */
	uint64_t most_waited_ns;

	int doorbell_fd; /* KVM signals it when the guest writes the doorbell port */
	int wake_fd;	 /* vCPU threads signal it: console bytes, or an end */
	atomic_bool stopping;

	/* Under the lock: devices, which any vCPU's thread may enter, and how it all ended. */
	pthread_mutex_t lock;
	pthread_cond_t console_room;
	struct serial serial;
	struct ioapic ioapic;
	struct rtc rtc;
	struct pm_timer pm_timer; /* never changes */
	uint8_t console[CONSOLE_QUEUE_SIZE];
	size_t console_used;
	bool ended;
	struct vmm_result result;
};

/* The machine is at its end; only the first call counts. Called on any thread, without the lock. */
void vmm_end(struct vmm *vmm, enum vmm_end end, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* All devices, as they are when a PC is switched on. */
void bus_init(struct vmm *vmm);
/* An access to a port, of 1, 2 or 4 bytes, or to memory, of 1 to 8; called on vCPU threads. */
void bus_port_write(struct vmm *vmm, uint16_t port, const uint8_t *data, uint32_t size);
void bus_port_read(struct vmm *vmm, uint16_t port, uint8_t *data, uint32_t size);
void bus_memory_write(struct vmm *vmm, uint64_t address, const uint8_t *data, uint32_t size);
void bus_memory_read(struct vmm *vmm, uint64_t address, uint8_t *data, uint32_t size);

/*
 * vcpu_create - the vCPU with its CPUID, MSRs and local APIC; the first one also with its
 * registers.
 * @supported: KVM_GET_SUPPORTED_CPUID's answer. @entry: NULL for all but the boot processor.
 */
int vcpu_create(struct vmm *vmm, unsigned int index, const struct kvm_cpuid2 *supported,
		const struct kernel_entry *entry, struct error *err);
int vcpu_start(struct vcpu *vcpu, struct error *err);
/* Make KVM_RUN return; only after vmm->stopping is set. */
void vcpu_kick(struct vcpu *vcpu);
void vcpu_destroy(struct vcpu *vcpu);

#endif
