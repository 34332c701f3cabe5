/* How does a machine that stands at its ready point become a base? */
#ifndef KTSTR_BASE_TAKE_H
#define KTSTR_BASE_TAKE_H

#include "base/base.h"
#include "vmm/vmm.h"

/*
 * base_take - from a machine's ready callback; the machine can go on, or end. The facts are the
 * caller's to fill in. Returns 0, or what vmm_save and vmm_save_memory return, with a message;
 * there is no base then.
 */
int base_take(struct vmm *vmm, struct base *base, struct error *err);

#endif
