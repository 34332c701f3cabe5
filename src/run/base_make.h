/* How does a base come about that many runs fork from? */
#ifndef KTSTR_RUN_BASE_MAKE_H
#define KTSTR_RUN_BASE_MAKE_H

#include "base/base.h"
#include "run/run.h"

/*
 * run_make_base - boot the machine of a run to its ready point, with nothing to be run in it, and
 * try whether it can be forked. In a process that ends then: it has given up writing files, as one
 * that runs a guest does (rights.h).
 * @config: its kernel, plan, append, kaslr, boot_timeout_ms and cancel_fd count
 * Returns 0 and a base, owned by the caller (base_close), whose memory is sealed; -ENOTSUP: this
 * host's KVM cannot save a machine, or takes none that was saved; -EINTR: the user wants out;
 * -ENOEXEC: it did not come to its ready point (the verdict says why); or why there was no machine.
 * With a message.
 */
int run_make_base(const struct run_config *config, struct base *base, struct error *err);

#endif
