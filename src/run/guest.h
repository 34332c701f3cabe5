/* How does one VM of a run come about? Image, initramfs and command line from an entry and a plan.
 */
#ifndef KTSTR_RUN_GUEST_H
#define KTSTR_RUN_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "entry/entry.h"
#include "pin/pin.h"
#include "plan/plan.h"
#include "run/cargo.h"
#include "run/watch.h"
#include "vmm/vmm.h"
#include "wprof/wprof.h"

struct guest_config {
	const char *kernel;	   /* path of the image */
	const struct entry *entry; /* NULL: nothing is to be run, so that there is no cargo */
	const struct plan *plan;
	const struct pin *pin; /* NULL: its vCPUs run anywhere */
	/* Begin as a fork of this; NULL: boot, and then, if @take is not NULL, become this base. */
	const struct base *base;
	struct base *take;
	/* NULL: no tracer in the cargo. It goes into every VM of a run, so that all are the same.
	 */
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
	bool refused; /* KVM does not take the base, or it is damaged: another start is to be tried
		       */
	bool crowded; /* the host would hold it without its base */
	char cmdline[VMM_CMDLINE_SIZE];
	struct cargo cargo; /* zeroed before; one that is there already is used again */
};

/* A boot's budget when the user gives none: 10 s and 150 ms a vCPU. */
uint64_t guest_boot_timeout_ms(const struct topology *topology);

/* guest_begin_observation - with what is wanted; guest_create does so, too. */
void guest_begin_observation(const struct guest_config *config, struct observation *seen);

/*
 * guest_create - a machine that only has to be run: kernel, initramfs and tables, or a fork; and
 * what it is to be handed over. All that can be refused is refused here; -EINTR when the user wants
 * out. @seen: fresh; of a fork it begins with its base's facts. @vmm: owned by the caller,
 * guest_run takes it. guest_release is next in either case.
 */
int guest_create(struct guest_config *config, struct observation *seen, struct vmm **vmm,
		 struct error *err);

/*
 * guest_run - run it, watch it to the end, destroy it.
 * @watch: its public fields set by the caller, its observation the one that guest_create was given
 * Returns 0 when there was a VM (the observation tells the rest; where it became a base, it has
 * ended at its ready point), or a negative errno with a message when the host could not do it.
 */
int guest_run(struct guest_config *config, struct vmm *vmm, struct watch *watch, struct error *err);

/* guest_release - the cargo; after the last machine that it is for. */
void guest_release(struct guest_config *config);

#endif
