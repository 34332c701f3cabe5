/*
 * Which frames of a backtrace tell why a task is where it is? The kernel's way to die, its way to
 * sleep and its entry are the same of all tasks, and tell nothing.
 */
#ifndef KTSTR_VERDICT_TELLING_H
#define KTSTR_VERDICT_TELLING_H

#include <stdbool.h>

#include "inspect/machine.h"

/* telling_has_panicked - does it lead into panic()? */
bool telling_has_panicked(const struct backtrace *trace);

/*
 * telling_first - the first frame that tells something, at most trace->nr
 * @behind_interrupt: what an interrupt has interrupted tells it, rather than the interrupt
 */
unsigned int telling_first(const struct backtrace *trace, bool behind_interrupt);

/*
 * telling_lockup - the first frame of what keeps a CPU in a soft lockup, and not of what interrupts
 * it in passing: a handler, or a softirq behind one, which takes interrupts itself
 * @rips: where the CPU was at its last samples; @nr of them, or up to the first that is 0
 *
 * An entry into the kernel, of an interrupt or exception, divides what interrupts from what is
 * interrupted. The outermost part that was at one of the samples goes on, and so keeps the CPU. If
 * none was at any, that is what takes interrupts and does not end.
 */
unsigned int telling_lockup(const struct inspect_cpu *cpu, const uint64_t *rips, unsigned int nr);

/* telling_end - one behind the last that does; not below @first. */
unsigned int telling_end(const struct backtrace *trace, unsigned int first);

/* telling_is_user - a CPU in user mode, or in an interrupt that came from there */
bool telling_is_user(const struct inspect_cpu *cpu);

/* telling_is_idle - a CPU that has nothing to do, or runs the guest's init, which is ours */
bool telling_is_idle(const struct inspect_cpu *cpu);

/*
 * telling_function - the name of the first frame that tells something, hostile bytes; "": none is
 * known
 */
const char *telling_function(const struct backtrace *trace, bool behind_interrupt);

#endif
