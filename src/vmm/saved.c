/*
 * How is a machine at its ready point saved, and how do others begin with what was saved? See
 * vmm.h. Its memory is a file of its own (saved_memory.c); all else is records.
 */
#include <errno.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/machine.h"
#include "vmm/records.h"

/* Types of records; the architecture's begin at 0x80. */
enum { RECORD_MACHINE = 1, RECORD_CHANNEL };

/* What the machine is that the rest belongs to. */
struct saved_machine {
	struct topology topology;
	uint64_t memory_size; /* bytes */
	uint32_t tsc_reliable;
	uint32_t unused;
};

static struct saved_machine describe(const struct vmm *vmm)
{
	struct saved_machine machine;

	memset(&machine, 0, sizeof(machine)); /* the padding, too: it is compared */
	machine.topology = vmm->topology;
	machine.memory_size = vmm->memory.size;
	machine.tsc_reliable = vmm->tsc_reliable;
	return machine;
}

int vmm_save(struct vmm *vmm, struct records *out, struct error *err)
{
	struct saved_machine machine = describe(vmm);
	struct ktstr_channel channel;
	int ret;

	if (vmm->state != VMM_PAUSED)
		return error_set(err, -EINVAL,
				 "a machine that does not stand still cannot be saved");
	ret = channel_save(&vmm->channel, &channel, err);
	if (ret)
		return ret;
	records_add(out, RECORD_MACHINE, 0, &machine, sizeof(machine));
	records_add(out, RECORD_CHANNEL, 0, &channel, sizeof(channel));
	ret = arch_save(vmm, out, err);
	return ret ? ret : records_end(out, err);
}

int machine_load_state(struct vmm *vmm, const void *state, size_t size, struct error *err)
{
	struct saved_machine wanted = describe(vmm), machine;
	struct ktstr_channel channel;
	int ret = records_find(state, size, RECORD_MACHINE, 0, &machine, sizeof(machine), err);

	if (!ret && memcmp(&machine, &wanted, sizeof(machine)))
		ret = error_set(err, -EPROTO, "saved state: of another machine than this one");
	if (!ret)
		ret = records_find(state, size, RECORD_CHANNEL, 0, &channel, sizeof(channel), err);
	if (!ret)
		ret = channel_load(&vmm->channel, &channel, err);
	if (!ret)
		ret = arch_load(vmm, state, size, err);
	/* Once more right before it runs; what KVM refuses of it is to be known here. */
	if (!ret)
		ret = arch_set_time(vmm, err);
	if (ret)
		return -ESTALE;
	vmm->was_ready = true;
	machine_set_state(vmm, VMM_PAUSED);
	return 0;
}
