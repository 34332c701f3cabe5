/* Was this run asked to end? */
#ifndef KTSTR_FETCH_INTERRUPT_H
#define KTSTR_FETCH_INTERRUPT_H

#include "util/error.h"

/* interrupt_watch - from now on SIGINT, SIGTERM and SIGHUP are noted; SIGPIPE is an error code. */
void interrupt_watch(void);

/* interrupt_signal - the signal that came, 0 while none did. */
int interrupt_signal(void);

/* interrupt_check - 0, or -EINTR with a message once a signal came. */
int interrupt_check(struct error *err);

/* interrupt_reset - in a new child: the signals do again what they did before us. */
void interrupt_reset(void);

#endif
