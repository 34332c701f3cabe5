/* How does a machine that stands at its ready point become a base? */
#ifndef KTSTR_BASE_TAKE_H
#define KTSTR_BASE_TAKE_H

#include "base/base.h"
#include "vmm/vmm.h"

/*
 * base_take - from a machine's ready callback; it was made shareable, and ends then, as what it
 * writes would go into the base. The facts are the caller's to fill in.
 * Returns 0, or what vmm_save and extents_of_file return, with a message; there is no base then.
 */
int base_take(struct vmm *vmm, struct base *base, struct error *err);

/*
 * base_seal - once that machine is gone: nobody can write to the memory any more, so that no fork
 * depends on another. Returns 0 or a negative errno with a message.
 */
int base_seal(const struct base *base, struct error *err);

#endif
