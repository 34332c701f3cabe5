/*
 * Why did the kernel eject a sched_ext scheduler, by the dump that it makes then? In few lines. The
 * failure dump has all of it.
 */
#ifndef KTSTR_REPORT_EJECTION_H
#define KTSTR_REPORT_EJECTION_H

#include <stdbool.h>
#include <stdio.h>

#include "verdict/scheduler.h"

/*
 * report_ejection - who it was in, and how it came there; of a task that was not run, what the dump
 * says of it. false: there is no dump, and nothing was printed.
 */
bool report_ejection(FILE *out, const struct scheduler_seen *scheduler);

#endif
