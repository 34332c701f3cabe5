/* How do console bytes come from vCPU threads to the owner, and when not? See machine.h. */
#include <stdlib.h>
#include <string.h>

#include "vmm/machine.h"

/* What a machine says while it comes to stand still is the rest of one access for each vCPU. */
#define HELD_MAX (4u << 20)

void machine_hold_console(struct vmm *vmm)
{
	uint8_t *more;

	pthread_mutex_lock(&vmm->lock);
	if (vmm->console_used && vmm->held_used <= HELD_MAX) {
		more = realloc(vmm->held, vmm->held_used + vmm->console_used);
		/* Without room its vCPU waits, and the pause fails, which is said. */
		if (more) {
			memcpy(more + vmm->held_used, vmm->console, vmm->console_used);
			vmm->held = more;
			vmm->held_used += vmm->console_used;
			vmm->console_used = 0;
			pthread_cond_broadcast(&vmm->console_room);
		}
	}
	pthread_mutex_unlock(&vmm->lock);
}

/* The owner may pause the machine in his callback, which holds back more. */
static void pass_held(struct vmm *vmm)
{
	while (vmm->held) {
		uint8_t *held = vmm->held;
		size_t count = vmm->held_used;

		vmm->held = NULL;
		vmm->held_used = 0;
		vmm->owner->console(vmm->owner->data, vmm, held, count);
		free(held);
	}
}

void machine_drain_console(struct vmm *vmm)
{
	uint8_t bytes[CONSOLE_QUEUE_SIZE];
	size_t count;

	pass_held(vmm);
	pthread_mutex_lock(&vmm->lock);
	count = vmm->console_used;
	memcpy(bytes, vmm->console, count);
	vmm->console_used = 0;
	pthread_cond_broadcast(&vmm->console_room);
	pthread_mutex_unlock(&vmm->lock);
	/* Without the lock: the owner may take its time. */
	if (count)
		vmm->owner->console(vmm->owner->data, vmm, bytes, count);
	pass_held(vmm);
}
