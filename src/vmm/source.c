/* What can be seen of a machine that stands still? See vmm.h and inspect/source.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/held.h"
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

/* Looked at only: whoever it is meant for takes the signal. */
static bool is_cancelled(void *data)
{
	const struct vmm *vmm = data;
	struct pollfd fd = { .fd = vmm->owner ? vmm->owner->cancel_fd : -1, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static bool no_registers(void *data, unsigned int index, struct inspect_regs *regs)
{
	(void)data;
	(void)index;
	(void)regs;
	return false;
}

void vmm_memory_source(struct vmm *vmm, struct inspect_source *source)
{
	const struct guest_memory *memory = &vmm->memory;

	*source = (struct inspect_source){ .data = vmm,
					   .read = read_memory,
					   .regs = no_registers,
					   .is_over = is_cancelled,
					   .nr_vcpus = vmm->nr_vcpus,
					   .ram_end = memory->low_size };
	if (memory->size > memory->low_size)
		source->ram_end = memory->high_gpa + (memory->size - memory->low_size);
}

int vmm_source(struct vmm *vmm, struct inspect_source *source, struct error *err)
{
	if (vmm->state != VMM_PAUSED && vmm->state != VMM_ENDED)
		return error_set(err, -EBUSY, "a machine that does not stand still shows nothing");
	vmm_memory_source(vmm, source);
	source->regs = read_registers;
	return 0;
}

size_t vmm_ram(const struct vmm *vmm, struct vmm_ram ram[VMM_MAX_RAM])
{
	const struct guest_memory *memory = &vmm->memory;

	ram[0] = (struct vmm_ram){ 0, memory->low_size };
	ram[1] = (struct vmm_ram){ memory->high_gpa, memory->size - memory->low_size };
	return ram[1].size ? 2 : 1;
}

struct pages {
	const struct guest_memory *memory;
	int (*page)(void *data, uint64_t gpa, const void *bytes);
	void *data;
};

static int pass_page(void *data, uint64_t at)
{
	const struct pages *pages = data;
	const struct guest_memory *memory = pages->memory;
	uint64_t gpa = at < memory->low_size ? at : memory->high_gpa + (at - memory->low_size);

	return pages->page(pages->data, gpa, memory->host + at);
}

int vmm_pages(const struct vmm *vmm, int (*page)(void *data, uint64_t gpa, const void *bytes),
	      void *data, struct error *err)
{
	struct pages pages = { &vmm->memory, page, data };

	return held_pages(&vmm->memory, pass_page, &pages, err);
}
