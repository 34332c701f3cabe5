/*
 * How do a payload's metrics, and what ktstr-work says, come back? It appends lines to the files
 * that $KTSTR_METRICS and $KTSTR_WORK_SAYS name, and when it has ended, well or not, each goes to
 * the host in one frame, KTSTR_METRICS and KTSTR_WORK.
 */
#ifndef KTSTR_GUEST_METRICS_H
#define KTSTR_GUEST_METRICS_H

#include "session.h"

/*
 * metrics_begin - the empty files, where the job wants them; what keeps us from it is logged.
 * Before the setup and the scheduler, whose figures count as well.
 */
void metrics_begin(struct session *session);

/* metrics_send - once nobody of the payload's is left; nothing when nothing was written. */
void metrics_send(struct session *session);

#endif
