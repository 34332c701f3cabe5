/* Where is each vCPU now and then, while it runs? See vmm.h. */
#include <pthread.h>

#include "util/clock.h"
#include "vmm/arch.h"
#include "vmm/machine.h"

/* A vCPU that has run less since it was looked at last does not spin; its sleep is not disturbed.
 */
#define BUSY_NS 25000000ull

/* How long its thread has run, in KVM_RUN and outside of it; 0: it has none. */
static uint64_t cpu_ns_of(const struct vcpu *vcpu)
{
	clockid_t clock;

	return vcpu->has_thread && !pthread_getcpuclockid(vcpu->thread, &clock) ? clock_ns(clock)
										: 0;
}

uint64_t vmm_sample(struct vmm *vmm)
{
	uint64_t in_all = 0;

	for (unsigned int i = 0; i < vmm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vmm->vcpus[i];
		uint64_t cpu_ns = cpu_ns_of(vcpu);

		in_all += cpu_ns;
		if (cpu_ns < vcpu->looked_at_cpu_ns + BUSY_NS || vmm->state != VMM_RUNNING)
			continue;
		vcpu->looked_at_cpu_ns = cpu_ns;
		atomic_store(&vcpu->sample_wanted, true);
		vcpu_kick(vcpu);
	}
	return in_all;
}

void vmm_last_sample(struct vmm *vmm, unsigned int index, struct vmm_sample *sample)
{
	pthread_mutex_lock(&vmm->lock);
	*sample = vmm->vcpus[index].sample;
	pthread_mutex_unlock(&vmm->lock);
}

unsigned int vmm_nr_vcpus(const struct vmm *vmm)
{
	return vmm->nr_vcpus;
}

void vcpu_take_sample(struct vcpu *vcpu)
{
	struct vmm_sample sample = { .nr = vcpu->sample.nr + 1,
				     .cpu_ns = thread_ns(),
				     .exits = vcpu->exits };

	if (!arch_sample(vcpu, &sample))
		return;
	pthread_mutex_lock(&vcpu->vmm->lock);
	vcpu->sample = sample;
	pthread_mutex_unlock(&vcpu->vmm->lock);
}
