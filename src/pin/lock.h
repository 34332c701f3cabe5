/* Which CPUs do other launchers of this user hold, and how are ours kept from them? */
#ifndef KTSTR_PIN_LOCK_H
#define KTSTR_PIN_LOCK_H

#include <limits.h>
#include <stdbool.h>

#include "util/error.h"

/*
 * pin_lock_open - the file `ktstr-launch/cpus.lock` in the user's runtime folder: XDG_RUNTIME_DIR,
 * else /run/user/UID, else /tmp/ktstr-launch-UID, which is made; each only where it is the user's
 * own, and nobody else may write to it. Byte N of it stands for the core whose first CPU is N, and
 * is locked by who has that core: locks of an open file (F_OFD_SETLK), which the kernel gives back
 * when the last process that has it open ends, however it ends. One descriptor will do for all
 * CPUs. Returns the descriptor, the caller's, or a negative errno with a message.
 */
int pin_lock_open(struct error *err);

/* pin_lock_is_taken - by another. False where it cannot be told: then pin_lock_take says why. */
bool pin_lock_is_taken(int fd, unsigned int cpu);

/*
 * pin_lock_take - Returns 0; -EAGAIN: another has it (no message); or a negative errno with a
 * message.
 */
int pin_lock_take(int fd, unsigned int cpu, struct error *err);

/* pin_lock_give_back - all that this descriptor has. */
void pin_lock_give_back(int fd);

#endif
