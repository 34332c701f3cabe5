/* How does one VM of a run come about? Image, initramfs and command line from an entry and a plan.
 */
#ifndef KTSTR_RUN_GUEST_H
#define KTSTR_RUN_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "entry/entry.h"
#include "plan/plan.h"
#include "run/cargo.h"
#include "run/watch.h"
#include "vmm/vmm.h"
#include "wprof/wprof.h"

struct guest_config {
	const char *kernel; /* path of the image */
	const struct entry *entry;
	const struct plan *plan;
	/* NULL: no tracer in the initramfs. It goes into every VM of a run, so that all are the
	 * same. */
	const struct wprof_config *wprof;
	bool trace;		 /* start it in this VM */
	const char *append;	 /* the user's kernel parameters, or NULL */
	const char *modules_dir; /* where the kernel's modules are; NULL: where they usually are */
	bool kaslr;		 /* boot the bzImage as it is, without nokaslr */
	uint64_t boot_timeout_ms;
	int cancel_fd;		    /* as for cancel_check */
	const char *dump_acpi_dir;  /* or NULL */
	const char *dump_initramfs; /* write the archive to this new file, or NULL */
	/* Filled by guest_create. */
	char cmdline[VMM_CMDLINE_SIZE];
	struct cargo cargo;
};

/* A boot's budget when the user gives none: 10 s and 150 ms a vCPU. */
uint64_t guest_boot_timeout_ms(const struct topology *topology);

/*
 * guest_create - pack kernel, initramfs and tables into a machine that only has to be run. All that
 * can be refused is refused here; -EINTR when the user wants out. @vmm: owned by the caller,
 * guest_run takes it.
 */
int guest_create(struct guest_config *config, struct observation *seen, struct vmm **vmm,
		 struct error *err);

/*
 * guest_run - run it, watch it to the end, destroy it.
 * @watch: its public fields set by the caller, its observation the one that guest_create was given
 * Returns 0 when there was a VM (the observation tells the rest), or a negative errno with a
 * message when the host could not do it.
 */
int guest_run(struct guest_config *config, struct vmm *vmm, struct watch *watch, struct error *err);

/* guest_destroy - of a machine that is not to be run. */
void guest_destroy(struct guest_config *config, struct vmm *vmm);

#endif
