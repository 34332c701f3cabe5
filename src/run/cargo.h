/*
 * What does a test bring into its VM? The cargo (guest/protocol.h): payload and all that it needs
 * to run, includes, modules, tracer, job, in one archive, which the guest unpacks once it is ready.
 */
#ifndef KTSTR_RUN_CARGO_H
#define KTSTR_RUN_CARGO_H

#include <stdbool.h>
#include <stdint.h>

#include "entry/entry.h"
#include "util/error.h"
#include "vmm/vmm.h"
#include "wprof/wprof.h"

struct cargo_from {
	const struct entry *entry;
	const struct wprof_config *wprof; /* NULL: no tracer in it */
	bool trace;			  /* the tracer is to be started */
	const char *kernel, *release;	  /* whose modules are meant; "" where none is known */
	const char *modules_dir;	  /* where they are; NULL: where they usually are */
	uint64_t memory_mib;		  /* of the guest, which is to hold it */
	int cancel_fd;			  /* as for cancel_check */
};

struct cargo {
	void *bytes; /* of huge_map; NULL: none was packed */
	uint64_t size;
	char *isa_files[ISA_LEVELS]; /* as in struct vmm_config; owned */
	char lacks_library[256]; /* an interpreter in it without its library (initramfs.h); or "" */
};

/*
 * cargo_pack - Returns 0; -EFBIG with both numbers when it is larger than the guest's memory;
 * -EINTR when the user wants out; or why something of it cannot be packed. @cargo: to be destroyed
 * in either case
 */
int cargo_pack(const struct cargo_from *from, struct cargo *cargo, struct error *err);

/* cargo_unpacked - the guest has it: its memory goes back to the host. It stays mapped. */
void cargo_unpacked(struct cargo *cargo);

void cargo_destroy(struct cargo *cargo);

#endif
