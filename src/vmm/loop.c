/*
 * What happens while a machine runs? One loop for its events, in the caller's thread, and all
 * callbacks of the owner. See vmm.h.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/clock.h"
#include "vmm/arch.h"
#include "vmm/machine.h"
#include "vmm/vcpu_waits.h"

/* How often the owner's tick is called. */
#define TICK_MS 100

/* How often to look whether a full inbox has room again. */
#define INBOX_FULL_MS 10

/* A guest that has not made room for so long may hang, or lie: look at the user all the same. */
#define INBOX_PATIENCE_MS 1000

/* vCPUs that do not stand still after so long are kept busy by the guest. */
#define READY_MAX_MS 30000

static int pass_frame(void *data, uint16_t type, const void *payload, uint32_t length,
		      struct error *err)
{
	struct vmm *vmm = data;

	return vmm->owner->frame(vmm->owner->data, vmm, type, payload, length, err);
}

static void drain_channel(struct vmm *vmm)
{
	struct error broken;
	int ret;

	if (vmm->channel_broken)
		return;
	ret = channel_drain(&vmm->channel, pass_frame, vmm, &broken);
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

void vmm_ask(struct vmm *vmm, uint32_t parts)
{
	channel_ask(&vmm->channel, parts);
}

bool vmm_has_room(const struct vmm *vmm)
{
	return !vmm->channel_broken && channel_has_room(&vmm->channel);
}

static void call_input(struct vmm *vmm, bool readable)
{
	const struct vmm_owner *owner = vmm->owner;

	if (owner->input && !atomic_load(&vmm->stopping) &&
	    owner->input->ready(owner->data, vmm, readable))
		vmm_end(vmm, VMM_END_STOPPED, "%s", "");
}

static void stop_vcpus(struct vmm *vmm)
{
	struct vmm_cpu_times at_end;

	/* Behind this there are no threads to ask. */
	(void)vmm_cpu_times(vmm, &at_end);
	atomic_store(&vmm->stopping, true);
	machine_wake_parked(vmm);
	machine_kick_all(vmm);
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++) {
		if (!vmm->vcpus[i].has_thread)
			continue;
		pthread_join(vmm->vcpus[i].thread, NULL);
		vmm->vcpus[i].has_thread = false;
	}
	machine_set_state(vmm, VMM_ENDED);
}

/*
 * The owner looks at his deadlines and signals: at each tick, and at once when the user wants out.
 * A cancel_fd that is readable stays so until the owner stops the machine.
 */
static void call_tick(struct vmm *vmm, bool cancelled)
{
	const struct vmm_owner *owner = vmm->owner;

	if (now_ms() < vmm->next_tick_ms && !cancelled)
		return;
	vmm->next_tick_ms = now_ms() + TICK_MS;
	call_input(vmm, false);
	if (!atomic_load(&vmm->stopping) &&
	    owner->tick(owner->data, vmm, vcpu_waits_sample(vmm, "/proc/self/task")))
		vmm_end(vmm, VMM_END_STOPPED, "%s", "");
}

/* How long the guest takes to stand still is its own choice: does the owner still want it? */
static void while_pausing(struct vmm *vmm, bool cancelled)
{
	machine_drain_console(vmm);
	call_tick(vmm, cancelled);
}

/* The guest stands at its ready point: what is it to do? Returns 0 or a negative errno. */
static int call_ready(struct vmm *vmm, struct error *err)
{
	int ret = vmm->owner->ready ? vmm->owner->ready(vmm->owner->data, vmm, err) : 0;

	if (ret == -EPROTO)
		vmm_end(vmm, VMM_END_PROTOCOL, "%s", err->text);
	else if (ret > 0)
		vmm_end(vmm, VMM_END_STOPPED, "%s", "");
	else if (ret < 0)
		return ret;
	else
		channel_hand_over(&vmm->channel);
	return 0;
}

/* Has the guest come to its ready point? Then it is told of its job. */
static int meet_ready(struct vmm *vmm, struct error *err)
{
	bool at_ready;
	int ret;

	pthread_mutex_lock(&vmm->lock);
	at_ready = vmm->at_ready;
	pthread_mutex_unlock(&vmm->lock);
	/* One that its owner keeps paused comes there when he lets it go on. */
	if (!at_ready || vmm->state != VMM_RUNNING || atomic_load(&vmm->stopping))
		return 0;
	ret = machine_stand_still(vmm, READY_MAX_MS, while_pausing, err);
	if (ret == -ETIMEDOUT)
		vmm_end(vmm, VMM_END_PROTOCOL, "at its ready point %s", err->text);
	if (ret)
		return 0;
	vmm->at_ready = false; /* it stands still: nobody else looks */
	/* What the guest has said by now comes first. */
	machine_drain_console(vmm);
	drain_channel(vmm);
	if (atomic_load(&vmm->stopping))
		return 0;
	ret = call_ready(vmm, err);
	if (!ret && !atomic_load(&vmm->stopping))
		machine_go_on(vmm);
	return ret;
}

/* The vCPUs begin, or go on from where they were saved. */
static int start_vcpus(struct vmm *vmm, struct error *err)
{
	int ret = 0;

	if (vmm->state == VMM_PAUSED) {
		ret = call_ready(vmm, err);
		if (!ret && !atomic_load(&vmm->stopping))
			ret = arch_set_time(vmm, err);
	}
	if (ret || atomic_load(&vmm->stopping))
		return ret;
	machine_set_state(vmm, VMM_RUNNING);
	for (unsigned int i = 0; !ret && i < vmm->nr_vcpus; i++)
		ret = vcpu_start(&vmm->vcpus[i], err);
	return ret;
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
	int64_t full_at = 0;
	int ret;

	vmm->owner = owner;
	vmm->next_tick_ms = now_ms();
	call_input(vmm, false);
	ret = start_vcpus(vmm, err);
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
		machine_clear_eventfd(vmm->wake_fd);
		machine_clear_eventfd(vmm->doorbell_fd);
		machine_drain_console(vmm);
		drain_channel(vmm);
		ret = meet_ready(vmm, err);
		if (ret)
			break;
		if (fds[3].revents)
			call_input(vmm, true);
		call_tick(vmm, fds[2].revents);
	}

	stop_vcpus(vmm);
	if (!ret) {
		/* What the guest said up to its end; the vCPUs write no more. */
		machine_drain_console(vmm);
		drain_channel(vmm);
		*result = vmm->result;
	}
	vmm->owner = NULL;
	return ret;
}
