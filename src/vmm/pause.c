/* How does a machine come to stand still, and go on? See vmm.h and machine.h. */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/clock.h"
#include "vmm/machine.h"

/* How often to look while nothing happens. */
#define LOOK_MS 100

void machine_clear_eventfd(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0) {
		/* Nothing was signalled: as good. */
	}
}

void machine_wake_parked(struct vmm *vmm)
{
	pthread_mutex_lock(&vmm->lock);
	pthread_cond_broadcast(&vmm->console_room);
	pthread_cond_broadcast(&vmm->go_on);
	pthread_mutex_unlock(&vmm->lock);
}

void machine_kick_all(struct vmm *vmm)
{
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++)
		vcpu_kick(&vmm->vcpus[i]);
}

static unsigned int count_parked(struct vmm *vmm)
{
	unsigned int count;

	pthread_mutex_lock(&vmm->lock);
	count = vmm->nr_parked;
	pthread_mutex_unlock(&vmm->lock);
	return count;
}

/* A guest that has come to its ready point meanwhile stays there: it is to be handed its job. */
static void let_go(struct vmm *vmm)
{
	pthread_mutex_lock(&vmm->lock);
	if (!vmm->at_ready)
		atomic_store(&vmm->pausing, false);
	pthread_mutex_unlock(&vmm->lock);
	machine_wake_parked(vmm);
	/* The loop looks at what was held back, and at the ready point. */
	machine_wake(vmm);
}

int machine_stand_still(struct vmm *vmm, unsigned int max_ms,
			void (*meanwhile)(struct vmm *vmm, bool cancelled), struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = vmm->wake_fd, .events = POLLIN },
		{ .fd = meanwhile ? vmm->owner->cancel_fd : -1, .events = POLLIN },
	};
	int64_t end = now_ms() + max_ms;

	atomic_store(&vmm->pausing, true);
	machine_kick_all(vmm);
	while (count_parked(vmm) < vmm->nr_vcpus && !atomic_load(&vmm->stopping)) {
		if (now_ms() > end) {
			int ret = error_set(
				err, -ETIMEDOUT, "%u of %u vCPUs did not stand still within %g s",
				vmm->nr_vcpus - count_parked(vmm), vmm->nr_vcpus, max_ms / 1000.0);

			let_go(vmm);
			return ret;
		}
		poll(fds, sizeof(fds) / sizeof(fds[0]), LOOK_MS);
		machine_clear_eventfd(vmm->wake_fd);
		/* A vCPU may wait for room in the console's queue. */
		if (meanwhile)
			meanwhile(vmm, fds[1].revents);
		else
			machine_hold_console(vmm);
	}
	/* A vCPU may have parked because KVM could not go on with it. */
	if (atomic_load(&vmm->stopping))
		return error_set(err, -ECANCELED, "the machine came to its end");
	machine_set_state(vmm, VMM_PAUSED);
	return 0;
}

void machine_go_on(struct vmm *vmm)
{
	/*
	 * The guest's clocks went on: its watchdogs are to know that it was not its own fault. A
	 * vCPU without kvmclock has nowhere to be told that.
	 */
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++)
		ioctl(vmm->vcpus[i].fd, KVM_KVMCLOCK_CTRL, 0);
	machine_set_state(vmm, VMM_RUNNING);
	let_go(vmm);
}

int vmm_pause(struct vmm *vmm, struct error *err)
{
	switch (vmm->state) {
	case VMM_RUNNING:
		return machine_stand_still(vmm, VMM_PAUSE_MAX_MS, NULL, err);
	case VMM_PAUSED:
		vmm->pauses++;
		return 0;
	case VMM_NEW:
		return error_set(err, -EBUSY, "the machine does not run yet");
	case VMM_ENDED:
		break;
	}
	return 0;
}

void vmm_resume(struct vmm *vmm)
{
	if (vmm->state != VMM_PAUSED)
		return;
	if (vmm->pauses)
		vmm->pauses--;
	else if (!atomic_load(&vmm->stopping))
		machine_go_on(vmm);
}
