/* What can be seen of a machine that stands still? See vmm.h and inspect/source.h. */
#include <errno.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/machine.h"

static bool read_memory(void *data, uint64_t gpa, void *dst, size_t size)
{
	const struct vmm *vmm = data;
	const void *at = guest_memory_at(&vmm->memory, gpa, size);

	if (!at)
		return false;
	memcpy(dst, at, size);
	return true;
}

static bool read_registers(void *data, unsigned int index, struct inspect_regs *regs)
{
	struct vmm *vmm = data;

	return index < vmm->nr_vcpus && arch_registers(&vmm->vcpus[index], regs);
}

int vmm_source(struct vmm *vmm, struct inspect_source *source, struct error *err)
{
	const struct guest_memory *memory = &vmm->memory;

	if (vmm->state != VMM_PAUSED && vmm->state != VMM_ENDED)
		return error_set(err, -EBUSY, "a machine that does not stand still shows nothing");
	*source = (struct inspect_source){ .data = vmm,
					   .read = read_memory,
					   .regs = read_registers,
					   .nr_vcpus = vmm->nr_vcpus,
					   .ram_end = memory->low_size };
	if (memory->size > memory->low_size)
		source->ram_end = memory->high_gpa + (memory->size - memory->low_size);
	return 0;
}
