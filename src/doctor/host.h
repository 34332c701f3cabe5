/* Is this host one that a VM can be run on, and what will it be short of? */
#ifndef KTSTR_DOCTOR_HOST_H
#define KTSTR_DOCTOR_HOST_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "doctor/findings.h"
#include "doctor/kvm.h"
#include "host/cpus.h"
#include "host/memory.h"
#include "util/error.h"

/* Where a file is to be written: the folder, or the nearest one above that is there. */
struct host_folder {
	char path[PATH_MAX];	 /* "": none */
	char existing[PATH_MAX]; /* above it, or itself */
	int error;		 /* errno of what forbids writing, or 0 */
	uint64_t free_mib;
};

struct host_facts {
	struct kvm_facts kvm;

	struct host_memory memory;
	char thp[16]; /* "always", "madvise", "never"; "": not told */

	int memfd_error;      /* errno of a memfd as the channel is made, or 0 */
	int memfd_run_error;  /* the same of one that can be executed */
	char memfd_policy[8]; /* vm.memfd_noexec; "": before Linux 6.3 */

	int rights_error; /* of keeping a launcher's writes to its folders (src/run/rights.h), or 0
			   */

	uint64_t descriptors; /* RLIMIT_NOFILE, hard: the launcher raises the soft one */
	char clocksource[64];
	struct host_cpus cpus;

	struct host_folder out;
	struct host_folder cache; /* path "": off */
	bool cache_shared;	  /* others may write to it: not used */
};

/*
 * host_open - a file of the host's, to be read; @root: as for host_look. Returns NULL where fopen
 * does, or when the two are too long for a path.
 */
FILE *host_open(const char *root, const char *path);

/*
 * host_look - ask the host; nothing is changed, nothing is run.
 * @root: before "/proc", "/sys" and "/dev"; "" but for tests
 * @out_dir: where artefacts are to go
 */
void host_look(const char *root, const char *out_dir, struct host_facts *facts);

/* host_judge - returns why stock kernels will not boot (kvm_judge), or NULL. */
const char *host_judge(const struct host_facts *facts, struct findings *findings);

#endif
