/* How does a machine that stands at its ready point become a base? See take.h. */
#include "base/take.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int base_take(struct vmm *vmm, struct base *base, struct error *err)
{
	struct records state = { 0 };
	struct stat st;
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
	base->ram_fd = fcntl(vmm_ram(vmm), F_DUPFD_CLOEXEC, 0);
	if (base->ram_fd < 0 || fstat(base->ram_fd, &st)) {
		ret = -errno;
	} else {
		base->ram_size = (uint64_t)st.st_size;
		ret = extents_of_file(base->ram_fd, 0, base->ram_size, &base->extents);
	}
	if (ret) {
		error_set(err, ret, "the memory of a base: %s", strerror(-ret));
		base_close(base);
	}
	return ret;
}

int base_seal(const struct base *base, struct error *err)
{
	int ret;

	if (fcntl(base->ram_fd, F_ADD_SEALS,
		  F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return 0;
	ret = -errno;
	return error_set(err, ret, "sealing the memory of a base: %s", strerror(-ret));
}
