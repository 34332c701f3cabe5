/*
 * What does KVM know of a paused machine, as records, and how is it told again? For KVM as the
 * machines here use it: local APICs in KVM, no other interrupt controller and no timer there, no
 * nested virtualisation, no asynchronous page faults. RAM and our own devices are not in it.
 *
 * A machine that goes on from saved state does, in this order:
 *	create VM, memory slots and vCPUs as the saved one had them, none of which has run
 *	state_parse
 *	state_load	all but the time
 *	state_set_time	last, right before the vCPUs run: its clocks go on from the saved moment
 */
#ifndef KTSTR_VMM_X86_STATE_H
#define KTSTR_VMM_X86_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "vmm/records.h"

/* The types of the records that belong to this module. Among others it minds only these. */
#define STATE_FIRST_TYPE 0x100u
#define STATE_LAST_TYPE	 0x1ffu

/* The descriptors of one VM. The caller's; no vCPU is in KVM_RUN during any call here. */
struct state_kvm {
	int kvm_fd;
	int vm_fd;
	const int *vcpu_fds; /* by number, those of a saved and of a loaded machine alike */
	unsigned int nr_vcpus;
};

/* state_lacks - what KVM here lacks to save and load, by its name in <linux/kvm.h>, or NULL. */
const char *state_lacks(int kvm_fd);

/*
 * state_capabilities - what KVM answers of each capability that saved state depends on: which parts
 * there are, and how long they are. Two hosts with other answers cannot share a saved machine.
 */
#define STATE_NR_CAPABILITIES 10
void state_capabilities(int kvm_fd, int answers[STATE_NR_CAPABILITIES]);

/*
 * state_save - add all of it to @out. The machine is paused, and no port or MMIO access is pending.
 * Its clocks stand at the time of this call, whatever passes until the state is loaded.
 * Returns 0; -ENOTSUP where KVM tells a thing that cannot be kept; what the ioctls return; with a
 * message.
 */
int state_save(const struct state_kvm *kvm, struct records *out, struct error *err);

/* The records, found and checked. It points into their bytes, which must stay as they are. */
struct state;

/*
 * state_parse - check records, which may come from anywhere, without any KVM.
 * @nr_vcpus: how many vCPUs the machine must have
 * Returns 0 and *@out, for state_free; -EPROTO with a message when it is damaged or not of such a
 * machine; -ENOMEM.
 */
int state_parse(const void *bytes, size_t size, unsigned int nr_vcpus, struct state **out,
		struct error *err);
void state_free(struct state *state);

/*
 * state_load - all but the time into a machine whose vCPUs have not run. Its memory slots are set:
 * KVM looks up some of what lies in memory.
 * Returns 0; -ENOTSUP when KVM here is another one than that of the saved machine (another TSC
 * frequency, another XSAVE area, an MSR that it refuses), or what the ioctls return; with a
 * message. After an error the machine is of no use.
 */
int state_load(const struct state *state, const struct state_kvm *kvm, struct error *err);

/*
 * state_set_time - TSCs and kvmclock go on from where they were saved, and timers are armed by
 * them. May be called again before the vCPUs run; the last call counts. Returns as state_load does.
 */
int state_set_time(const struct state *state, const struct state_kvm *kvm, struct error *err);

#endif
