/* How is a memfd made where the host has a policy on executable ones (vm.memfd_noexec)? */
#ifndef KTSTR_UTIL_MEMFD_H
#define KTSTR_UTIL_MEMFD_H

#include <stdbool.h>

/*
 * memfd_new - memfd_create(2), saying what each kernel and policy wants to hear of execution.
 * @flags: MFD_CLOEXEC, MFD_ALLOW_SEALING
 * @executable: NULL or false: not to be executed; true: to be executed, set to false where the host
 * only lets it be read
 * Returns the descriptor, owned by the caller, or a negative errno.
 */
int memfd_new(const char *name, unsigned int flags, bool *executable);

#endif
