/* How does a machine that stands at its ready point become a base? See take.h. */
#include "base/take.h"

int base_take(struct vmm *vmm, struct base *base, struct error *err)
{
	struct records state = { 0 };
	int ret;

	*base = (struct base){ .ram_fd = -1 };
	ret = vmm_save(vmm, &state, err);
	if (ret) {
		records_free(&state);
		return ret;
	}
	base->touched = touched_new();
	base->state = state.bytes;
	base->state_size = state.size;
	base->ram_size = vmm_memory_size(vmm);
	base->ram_fd = vmm_save_memory(vmm, &base->extents, err);
	if (base->ram_fd >= 0)
		return 0;
	ret = base->ram_fd;
	base_close(base);
	return ret;
}
