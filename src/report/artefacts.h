/*
 * Where do a run's files go, and what are they called? Each run has a folder of its own below the
 * output folder, so that nothing of an earlier run is ever overwritten; each file appears whole
 * under its name or not at all.
 */
#ifndef KTSTR_REPORT_ARTEFACTS_H
#define KTSTR_REPORT_ARTEFACTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define ARTEFACT_TRACE		    ".wprof.pb"
#define ARTEFACT_REPRO_TRACE	    ".repro.wprof.pb"
#define ARTEFACT_FAILURE_DUMP	    ".failure-dump.json"
#define ARTEFACT_REPRO_FAILURE_DUMP ".repro.failure-dump.json"
#define ARTEFACT_FAILURE_TRACE	    ".failure.pb"
#define ARTEFACT_VMCORE		    ".vmcore"
#define ARTEFACT_RESULT		    ".ktstr.json"

/* Where artefacts go when the user names no folder. */
#define ARTEFACTS_DEFAULT_OUT "ktstr-out"

struct artefacts {
	char dir[PATH_MAX]; /* OUT/<test>-NNNN */
	char stem[192];	    /* <test>-<16 hex digits of the variant> */
	bool keep;	    /* something was written: the folder stays */
};

/*
 * artefacts_open - make OUT (and what is above it) and a new numbered folder in it, atomically,
 * also with other launchers doing the same.
 * @out_dir: the user's, or NULL for "ktstr-out"
 * @test: any text; what is not [A-Za-z0-9._-] becomes '_', and so does a '.' or '-' in front; at
 * most 100 bytes of it are used
 * @variant: written into the stem (see artefacts_variant)
 * Errors: -ENOTDIR (a file is in the way), -EACCES, -EROFS, -ENOSPC, -ENAMETOOLONG and what else
 * mkdir returns, each naming the path and what to do.
 */
int artefacts_open(struct artefacts *artefacts, const char *out_dir, const char *test,
		   uint64_t variant, struct error *err);

/* Remove the run's folder when nothing was kept in it; OUT stays. */
void artefacts_close(struct artefacts *artefacts);

/* artefacts_remove - a run's folder @dir, with the files in it; folders in it stay, and so it. */
void artefacts_remove(const char *dir);

/* A stable 64-bit hash (FNV-1a) over NUL-separated strings: kernel release, topology, memory,
 * argv... */
uint64_t artefacts_variant(const char *const *strings, size_t count);

/* One file while it is written: under a temporary name in the run's folder, renamed when whole. */
struct artefact_file {
	int fd; /* -1: none open */
	char temporary[PATH_MAX + 256];
	char path[PATH_MAX + 256]; /* its final name */
};

int artefact_begin(struct artefacts *artefacts, const char *suffix, struct artefact_file *file,
		   struct error *err);
/* -ENOSPC and the like, with the path; after an error only artefact_abandon may follow. */
int artefact_write(struct artefact_file *file, const void *data, size_t size, struct error *err);
/* fsync, close, rename without replacing; sets artefacts->keep. On error the file is gone. */
int artefact_commit(struct artefacts *artefacts, struct artefact_file *file, struct error *err);
void artefact_abandon(
	struct artefact_file *file); /* removes the temporary; fine when none is open */

#endif
