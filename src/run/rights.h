/*
 * What does a launcher give up that runs a guest? Should the guest take it over, by way of a fault
 * in KVM or in our devices, it starts no program with more privileges, and writes no files but a
 * run's own.
 *
 * A command of the user's on this host (`exec`, a host_only test) is started by a process that
 * makes no guest, and keeps all rights: it may call sudo.
 */
#ifndef KTSTR_RUN_RIGHTS_H
#define KTSTR_RUN_RIGHTS_H

#include "util/error.h"

/* rights_no_new_privileges - PR_SET_NO_NEW_PRIVS: for this thread, what it starts, and for good. */
void rights_no_new_privileges(void);

/*
 * rights_keep_writes - from now on this thread, and each that it starts, makes, changes, renames
 * and removes files only in and below @out and @cache, and removes empty folders also beside @out,
 * which may be one of them. In @renames files may get another name as well. What is open stays
 * open, reading is as before but for /proc/PID/fd of other processes, and /dev/kvm can still be
 * opened. By Landlock (Linux 5.13; Documentation/userspace-api/landlock.rst). Implies
 * rights_no_new_privileges.
 * @out, @cache: the output and the cache folder; NULL, or not there: none
 * @renames: the folder of a file that is open, and is to replace another one later (output_file.h);
 * likewise
 * Returns 0 when it holds, -EOPNOTSUPP without a message where this kernel has no Landlock, has it
 * turned off, or is at the end of its layers of it, and other negative errnos with one.
 */
int rights_keep_writes(const char *out, const char *cache, const char *renames, struct error *err);

/* rights_try - does rights_keep_writes hold here? Tried in a child. Returns 0 or a negative errno.
 */
int rights_try(void);

#endif
