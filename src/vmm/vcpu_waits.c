/* How long did the vCPUs run, and how long did the host keep them from it? See vcpu_waits.h. */
#include "vmm/vcpu_waits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/*
 * The first two fields of schedstat, run time and run_delay (Linux,
 * Documentation/scheduler/sched-stats.rst). Never less than before.
 */
static void look_at(struct vcpu *vcpu, const char *tasks)
{
	int tid = atomic_load(&vcpu->tid), fd;
	char path[128], text[128];
	uint64_t ran, waited;
	ssize_t count;

	if (!tid)
		return;
	snprintf(path, sizeof(path), "%s/%d/schedstat", tasks, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	count = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (count <= 0)
		return;
	text[count] = '\0';
	if (sscanf(text, "%" SCNu64 " %" SCNu64, &ran, &waited) != 2)
		return;
	if (ran > vcpu->times.ran_ns)
		vcpu->times.ran_ns = ran;
	if (waited > vcpu->times.waited_ns)
		vcpu->times.waited_ns = waited;
}

uint64_t vcpu_waits_sample(struct vmm *vmm, const char *tasks)
{
	for (unsigned int i = 0; i < vmm->nr_vcpus && i < VCPU_WAITS_EACH_TIME; i++) {
		struct vcpu *vcpu = &vmm->vcpus[vmm->next_wait];

		look_at(vcpu, tasks);
		if (vcpu->times.waited_ns > vmm->most_waited_ns)
			vmm->most_waited_ns = vcpu->times.waited_ns;
		vmm->next_wait = (vmm->next_wait + 1) % vmm->nr_vcpus;
	}
	return vmm->most_waited_ns;
}

int vcpu_waits_all(struct vmm *vmm, const char *tasks, struct vmm_cpu_times *times)
{
	*times = (struct vmm_cpu_times){ .nr = vmm->nr_vcpus };
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++) {
		look_at(&vmm->vcpus[i], tasks);
		times->ran_ns += vmm->vcpus[i].times.ran_ns;
		times->waited_ns += vmm->vcpus[i].times.waited_ns;
		if (vmm->vcpus[i].times.waited_ns > times->most_ns)
			times->most_ns = vmm->vcpus[i].times.waited_ns;
	}
	/* A kernel that has the file and does not count has zeros in it. */
	return times->ran_ns ? 0 : -ENODATA;
}

int vmm_cpu_times(struct vmm *vmm, struct vmm_cpu_times *times)
{
	return vcpu_waits_all(vmm, "/proc/self/task", times);
}
