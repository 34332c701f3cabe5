/* How long did the host keep vCPUs from running? See vcpu_waits.h. */
#include "vmm/vcpu_waits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The second field of schedstat, run_delay (Linux, Documentation/scheduler/sched-stats.rst). */
static uint64_t wait_of(const char *tasks, int tid)
{
	char path[128], text[128];
	uint64_t ran, waited = 0;
	ssize_t count;
	int fd;

	snprintf(path, sizeof(path), "%s/%d/schedstat", tasks, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	count = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (count <= 0)
		return 0;
	text[count] = '\0';
	return sscanf(text, "%" SCNu64 " %" SCNu64, &ran, &waited) == 2 ? waited : 0;
}

uint64_t vcpu_waits_sample(struct vmm *vmm, const char *tasks)
{
	for (unsigned int i = 0; i < vmm->nr_vcpus && i < VCPU_WAITS_EACH_TIME; i++) {
		int tid = atomic_load(&vmm->vcpus[vmm->next_wait].tid);
		uint64_t waited = tid ? wait_of(tasks, tid) : 0;

		if (waited > vmm->most_waited_ns)
			vmm->most_waited_ns = waited;
		vmm->next_wait = (vmm->next_wait + 1) % vmm->nr_vcpus;
	}
	return vmm->most_waited_ns;
}
