/*
 * How do a payload's metrics come back? It appends lines to the file that $KTSTR_METRICS names, and
 * when it has ended, well or not, the file goes to the host in one frame, KTSTR_METRICS.
 */
#ifndef KTSTR_GUEST_METRICS_H
#define KTSTR_GUEST_METRICS_H

#include "session.h"

/*
 * metrics_begin - the empty file, where the job wants one; what keeps us from it is logged. Before
 * the setup and the scheduler, whose figures count as well.
 */
void metrics_begin(struct session *session);

/* metrics_send - once nobody of the payload's is left; nothing when nothing was written. */
void metrics_send(struct session *session);

#endif
