/* Which CPUs and nodes of the host did a guest have, in the reports? */
#ifndef KTSTR_REPORT_PINNING_H
#define KTSTR_REPORT_PINNING_H

#include "pin/plan.h"
#include "util/json.h"

/*
 * report_pinning_json - the field "pinning": null where @pin is NULL, and else
 *	cpus    array of numbers: the host's CPU of each vCPU
 *	nodes   array of numbers: the host's NUMA node of each of the guest's
 */
void report_pinning_json(struct json *json, const struct pin_plan *pin);

#endif
