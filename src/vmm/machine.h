/*
 * What is a struct vmm made of? Private to src/vmm: machine.c (life cycle, memory slots), loop.c
 * (events), vcpu.c (vCPU threads), vcpu_waits.c, and what is below x86/.
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
#include "vmm/vmm.h"

/* Console bytes between a vCPU's thread and the event loop. When full, the vCPU waits. */
#define CONSOLE_QUEUE_SIZE 16384

struct devices;

struct vcpu {
	struct vmm *vmm;
	unsigned int index;
	int fd;
	struct kvm_run *run; /* shared with KVM, vmm->run_size bytes */
	pthread_t thread;
	bool has_thread;
	int host_cpu;		    /* that its thread is bound to; -1: to none */
	bool shut_down;		    /* by a triple fault; of its thread while that runs */
	atomic_int tid;		    /* of the thread, once it runs */
	struct vmm_cpu_times times; /* of its thread, when it was looked at last; the loop's */
	atomic_bool sample_wanted;
	uint64_t exits;		   /* its thread's: accesses that were dealt with */
	uint64_t looked_at_cpu_ns; /* the loop's: how long it had run at its last sample */
	struct vmm_sample sample;  /* under the lock, written by its thread alone */
};

/* Changed by machine_set_state only. */
enum vmm_state {
	VMM_NEW,     /* no vCPU has ever run */
	VMM_RUNNING, /* its vCPUs have threads, which run the guest */
	VMM_PAUSED,  /* no vCPU runs, and none owes KVM the end of an access */
	VMM_ENDED,   /* there are no threads any more */
};

/* Numbers of the memory slots. */
enum { SLOT_LOW, SLOT_HIGH, SLOT_CHANNEL, SLOT_CARGO };

struct vmm {
	enum vmm_state state;	       /* of the loop's thread alone */
	const struct vmm_owner *owner; /* during vmm_run */
	int64_t next_tick_ms;	       /* when the owner's tick is due, on now_ms's clock */
	unsigned int pauses;	       /* vmm_pause of a machine that stood still already */
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

	int doorbell_fd; /* KVM signals it when the guest rings its doorbell */
	int wake_fd;	 /* vCPU threads signal it: console bytes, a pause, or an end */
	atomic_bool stopping;
	atomic_bool pausing; /* every vCPU's thread is to park */

	/* Under the lock: devices, which any vCPU's thread may enter, and how it all ended. */
	pthread_mutex_t lock;
	pthread_cond_t console_room;
	pthread_cond_t go_on;	 /* parked threads wait for it */
	unsigned int nr_parked;	 /* threads that stand still */
	bool at_ready;		 /* the guest waits for its job, and the owner was not told yet */
	bool was_ready;		 /* it came there once */
	struct devices *devices; /* the architecture's; from arch_init_vm to arch_destroy_vm */
	uint8_t console[CONSOLE_QUEUE_SIZE];
	size_t console_used;
	uint8_t *held; /* held_used console bytes that a pause took; of the loop's thread alone */
	size_t held_used;
	bool ended;
	struct vmm_result result;
};

/* The one place where the state changes; a change that cannot be ends the process (a bug of ours).
 */
void machine_set_state(struct vmm *vmm, enum vmm_state state);

/* A memory slot of @size bytes at @gpa, mapped at @host. Returns 0 or a negative errno. */
int machine_set_slot(struct vmm *vmm, uint32_t slot, uint64_t gpa, void *host, uint64_t size,
		     struct error *err);

/* From NEW by a saved machine's state (vmm_save): it stands at its ready point. Returns 0 or
 * -ESTALE.
 */
int machine_load_state(struct vmm *vmm, const void *state, size_t size, struct error *err);

/* Wake the event loop. On any thread. */
void machine_wake(struct vmm *vmm);

/* The machine is at its end; only the first call counts. Called on any thread, without the lock. */
void vmm_end(struct vmm *vmm, enum vmm_end end, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * machine_at_ready - the guest has rung its ready bell, on a vCPU's thread, without the lock.
 * All vCPUs park, and the event loop goes on from there. A second time is the guest's fault, and
 * its end.
 */
void machine_at_ready(struct vmm *vmm);

/*
 * machine_stand_still - all vCPUs park, and none owes KVM the end of an access to a port or a
 * device: the machine is PAUSED. On the loop's thread.
 * @meanwhile: called again and again until then, to make room in the console's queue; NULL: what
 * comes there is held back (machine_hold_console)
 * Returns 0; -ECANCELED: the machine came to its end; -ETIMEDOUT: it goes on; with a message.
 */
int machine_stand_still(struct vmm *vmm, unsigned int max_ms,
			void (*meanwhile)(struct vmm *vmm, bool cancelled), struct error *err);
/* machine_go_on - from PAUSED; a guest that waits at its ready point waits on. */
void machine_go_on(struct vmm *vmm);

/* Parked threads look again whether to go on; vCPU threads come out of KVM_RUN. */
void machine_wake_parked(struct vmm *vmm);
void machine_kick_all(struct vmm *vmm);
void machine_clear_eventfd(int fd);

/* What is in the console's queue goes to the owner, what was held back first; or is held back. */
void machine_drain_console(struct vmm *vmm);
void machine_hold_console(struct vmm *vmm);

/* vcpu_create - the vCPU with what stays as it is (arch_init_vcpu), and no thread. */
int vcpu_create(struct vmm *vmm, unsigned int index, struct error *err);
int vcpu_start(struct vcpu *vcpu, struct error *err);
/* Make KVM_RUN return; only after what it is to see then is set (stopping, pausing). */
void vcpu_kick(struct vcpu *vcpu);
void vcpu_destroy(struct vcpu *vcpu);
/* vcpu_take_sample - on its thread (vmm_sample). */
void vcpu_take_sample(struct vcpu *vcpu);

#endif
