/* What became of the payload? From its start to KTSTR_EXITED. */
#ifndef KTSTR_GUEST_PAYLOAD_H
#define KTSTR_GUEST_PAYLOAD_H

#include "session.h"

/*
 * payload_run - run the job's payload to its end or its time limit. At that moment the tracer is
 * told to stop; then all that the payload left behind is killed, its output is sent to the last
 * byte, and its metrics, then KTSTR_EXITED. Afterwards no process of its is left, unless one that
 * the kernel cannot end.
 */
void payload_run(struct session *session);

#endif
