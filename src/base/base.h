/*
 * What is a base? A machine that stands at its ready point, as bytes: its memory in a file, which
 * is never written to again, and all else beside it. Forks begin with these bytes.
 */
#ifndef KTSTR_BASE_BASE_H
#define KTSTR_BASE_BASE_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "util/extents.h"
#include "vmm/touched.h"

/* Text that the guest has written: any bytes. */
struct base_text {
	char *bytes; /* owned, or NULL */
	size_t size;
};

/* What was seen of the machine until it stood there: a fork's observation begins with it. */
struct base_facts {
	char release[65]; /* uname -r */
	uint32_t cpus_online;
	uint32_t nodes_online;
	uint64_t boot_ns;	   /* from the start of its vCPUs to the ready point */
	struct base_text init_log; /* the end of it: lines */
	struct base_text console;  /* likewise */
};

struct base {
	int ram_fd;	     /* owned; -1: there is no base */
	uint64_t ram_offset; /* of RAM in the file, a multiple of 2 MiB */
	uint64_t ram_size;   /* bytes */
	/*
	 * Where RAM is not zero, as offsets in RAM. Only these may be mapped from the file: each
	 * page of a memfd that is touched becomes a page of it for good, also through a private
	 * mapping and also one that was not there. All other RAM is new and zero.
	 */
	struct extents extents;
	void *state; /* owned; what vmm_save wrote */
	size_t state_size;
	/* What forks touch, shared with the processes that get this by fork(2); owned, or NULL. */
	struct touched *touched;
	struct base_facts facts;
};

/*
 * The most that a base may hold beside its RAM; some kilobytes are usual for each vCPU, and the
 * rest is there so that a damaged number is seen.
 */
#define BASE_MAX_STATE (64u << 20)
#define BASE_MAX_TEXT  (1u << 20)

/* base_close - closes the file and frees the rest; ram_fd is -1 then. */
void base_close(struct base *base);

/*
 * base_held_mib - the most of the host's memory that it comes to take for as long as it is open,
 * MiB: all that forks map of it, as a page that was zero is there once one has touched it. 0: its
 * RAM is a file on a disk.
 */
uint64_t base_held_mib(const struct base *base);

/*
 * base_to_bytes - all but the memory. @bytes: owned by the caller, free.
 * Returns 0; -ENOMEM; -EFBIG: more than the limits above. With a message.
 */
int base_to_bytes(const struct base *base, void **bytes, size_t *size, struct error *err);

/*
 * base_from_bytes - the same backwards. Whatever the bytes are: what comes out is within the limits
 * above, and its extents are within RAM.
 * @ram_fd is the base's from here on, also on error, where it is closed; @ram_offset: as in struct
 * base. Returns 0; -EPROTO: damaged; -ENOMEM. With a message.
 */
int base_from_bytes(int ram_fd, uint64_t ram_offset, const void *bytes, size_t size,
		    struct base *base, struct error *err);

/*
 * base_pack - all but the memory, as a new memfd, which is the caller's, for another process.
 * Returns 0 or a negative errno with a message.
 */
int base_pack(const struct base *base, int *fd, struct error *err);

/*
 * base_unpack - from what another process sent: the file with its RAM and what base_pack made of
 * the rest. Both stay the caller's.
 * Returns 0; -EPROTO: damaged, or the file is smaller than RAM; another negative errno. With a
 * message.
 */
int base_unpack(int ram_fd, int fd, struct base *base, struct error *err);

#endif
