/*
 * How is a machine's memory saved? Into a new memfd, page by page: the machine has memory of its
 * own, so that it boots in huge pages, and the file holds only what is not zero. See vmm.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/file.h"
#include "util/memfd.h"
#include "vmm/held.h"
#include "vmm/machine.h"

#define PAGE EXTENTS_PAGE

struct saving {
	const struct guest_memory *memory;
	int fd;
	struct extents *extents;
	struct error *err;
	uint64_t run, run_end; /* pages that follow each other and are to be written */
};

/* The memfd, of RAM's size, or -errno with a message. */
static int create_file(uint64_t size, struct error *err)
{
	struct rlimit limit;
	int fd, ret;

	/* It counts as a file, and growing past the limit for these would be a signal. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < size)
		return error_set(err, -EFBIG,
				 "a memfd of %" PRIu64 " MiB is over the limit for files of "
				 "%" PRIu64 " MiB; raise that (ulimit -f)",
				 size >> 20, (uint64_t)limit.rlim_cur >> 20);
	fd = memfd_new("ktstr-guest-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING, NULL);
	ret = fd;
	if (fd >= 0 && ftruncate(fd, (off_t)size) < 0) {
		ret = -errno;
		close(fd);
	}
	return ret < 0 ? error_set(err, ret, "making a memfd of %" PRIu64 " MiB: %s", size >> 20,
				   strerror(-ret))
		       : fd;
}

static int write_run(struct saving *saving)
{
	uint64_t size = saving->run_end - saving->run;
	int ret;

	if (!size)
		return 0;
	ret = file_write_at(saving->fd, saving->memory->host + saving->run, size, saving->run);
	if (ret)
		return error_set(saving->err, ret, "writing %" PRIu64 " KiB to a memfd: %s",
				 size >> 10, strerror(-ret));
	ret = extents_add(saving->extents, saving->run, size);
	return ret ? error_set(saving->err, ret, "no memory for the list of its parts") : 0;
}

static int add_page(void *data, uint64_t at)
{
	struct saving *saving = data;
	int ret = 0;

	if (at != saving->run_end) {
		ret = write_run(saving);
		saving->run = at;
	}
	saving->run_end = at + PAGE;
	return ret;
}

static int save(struct saving *saving)
{
	int ret = held_pages(saving->memory, add_page, saving, saving->err);

	if (!ret)
		ret = write_run(saving);
	if (!ret && fcntl(saving->fd, F_ADD_SEALS,
			  F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		ret = error_set(saving->err, -errno, "sealing a memfd: %s", strerror(errno));
	return ret;
}

uint64_t vmm_memory_size(const struct vmm *vmm)
{
	return vmm->memory.size;
}

int vmm_save_memory(const struct vmm *vmm, struct extents *extents, struct error *err)
{
	struct saving saving = { .memory = &vmm->memory,
				 .fd = create_file(vmm->memory.size, err),
				 .extents = extents,
				 .err = err };
	int ret = saving.fd < 0 ? saving.fd : save(&saving);

	if (!ret)
		return saving.fd;
	if (saving.fd >= 0)
		close(saving.fd);
	extents_free(extents);
	return error_prefix(err, ret, "saving the memory of a machine");
}
