/* Why does a payload not come to its end, as its guest shows it from outside? In a few words. */
#ifndef KTSTR_VERDICT_HANG_H
#define KTSTR_VERDICT_HANG_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/machine.h"

#define HANG_SIZE 224

/*
 * hang_describe - the first of these that is there: a task of user space that is blocked, one that
 * could run and does not, what runs, waits, or sleeps; names its task and the function
 * that it is in
 * @limit_ms: the payload's; what waits has waited for a quarter of it, and half a second
 * @text: printable. false: nothing of it is there.
 */
bool hang_describe(const struct inspect_machine *machine, uint64_t limit_ms, char text[HANG_SIZE]);

#endif
