/* How does a vCPU run, stand still and end? Each has a thread of its own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/kvm_words.h"
#include "vmm/machine.h"

/*
 * Interrupts a KVM_RUN. Blocked in every thread but inside KVM_RUN, so that none can be lost; it
 * stays pending until the KVM_RUN that it interrupted has come back.
 */
#define KICK_SIGNAL SIGUSR1

/* A thousand threads with the usual 8 MiB would count for 8 GiB where memory is not overcommitted.
 */
#define THREAD_STACK_SIZE (256 << 10)

/* The kernel's sigset_t is 8 bytes, glibc's is longer (KVM_SET_SIGNAL_MASK takes the kernel's). */
#define KERNEL_SIGSET_SIZE 8

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

int vcpu_create(struct vmm *vmm, unsigned int index, struct error *err)
{
	struct vcpu *vcpu = &vmm->vcpus[index];
	int ret = arch_create_vcpu(vcpu, err);

	if (ret)
		return ret;
	vcpu->run = mmap(NULL, vmm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		ret = -errno;
		vcpu->run = NULL;
		return error_set(err, ret, "vCPU %u: mapping its kvm_run: %s", index,
				 strerror(-ret));
	}
	ret = arch_init_vcpu(vcpu, err);
	return ret ? ret : set_signal_mask(vcpu, err);
}

/*
 * A kick that stayed pending would interrupt every KVM_RUN from here on. What it is for was set
 * before it was sent, and is looked at after this.
 */
static void take_kick(void)
{
	struct timespec at_once = { 0 };
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	while (sigtimedwait(&kick, NULL, &at_once) > 0)
		;
}

/*
 * One turn in the guest. True: it wanted something, which was dealt with. False: it was
 * interrupted, or KVM cannot go on, which is the machine's end.
 */
static bool run(struct vcpu *vcpu)
{
	int failure;

	if (ioctl(vcpu->fd, KVM_RUN, 0) == 0) {
		vcpu->exits++;
		arch_handle_exit(vcpu);
		return true;
	}
	failure = errno;
	if (failure == EINTR)
		take_kick();
	if (failure == EINTR || failure == EAGAIN)
		return false;
	if (kvm_words_has_memory_fault(vcpu->run, failure))
		arch_handle_exit(vcpu);
	else
		vmm_end(vcpu->vmm, VMM_END_KVM_ERROR, "KVM_RUN on vCPU %u: %s", vcpu->index,
			strerror(failure));
	return false;
}

/*
 * KVM completes an access that it left to us only in the next KVM_RUN, and may then have a part
 * more of it; the registers tell nothing of that. With immediate_exit no instruction follows.
 */
static void complete_access(struct vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	while (!atomic_load(&vcpu->vmm->stopping) && run(vcpu))
		;
	vcpu->run->immediate_exit = 0;
}

/* Stand still until the pause is over. */
static void park(struct vcpu *vcpu)
{
	struct vmm *vmm = vcpu->vmm;

	complete_access(vcpu);
	pthread_mutex_lock(&vmm->lock);
	vmm->nr_parked++;
	if (vmm->nr_parked == vmm->nr_vcpus)
		machine_wake(vmm);
	while (atomic_load(&vmm->pausing) && !atomic_load(&vmm->stopping))
		pthread_cond_wait(&vmm->go_on, &vmm->lock);
	vmm->nr_parked--;
	pthread_mutex_unlock(&vmm->lock);
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	struct vmm *vmm = vcpu->vmm;

	atomic_store(&vcpu->tid, (int)syscall(SYS_gettid));
	while (!atomic_load(&vmm->stopping)) {
		if (atomic_exchange(&vcpu->sample_wanted, false))
			vcpu_take_sample(vcpu);
		if (atomic_load(&vmm->pausing))
			park(vcpu);
		else
			run(vcpu);
	}
	return NULL;
}

/* It never runs anywhere else. Returns 0 or an errno. */
static int bind_thread(pthread_attr_t *attributes, int cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	int ret;

	if (!set)
		return ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	ret = pthread_attr_setaffinity_np(attributes, size, set);
	CPU_FREE(set);
	return ret;
}

int vcpu_start(struct vcpu *vcpu, struct error *err)
{
	pthread_attr_t attributes;
	char where[32] = "";
	sigset_t all, old;
	int ret = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
	if (vcpu->host_cpu >= 0) {
		snprintf(where, sizeof(where), " on the host's CPU %d", vcpu->host_cpu);
		ret = bind_thread(&attributes, vcpu->host_cpu);
	}
	/* The thread inherits the mask: signals are the caller's business, the kick waits for
	 * KVM_RUN. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!ret)
		ret = pthread_create(&vcpu->thread, &attributes, vcpu_thread, vcpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (ret)
		return error_set(err, -ret, "vCPU %u: starting its thread%s: %s", vcpu->index,
				 where, strerror(ret));
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
