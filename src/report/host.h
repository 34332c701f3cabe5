/* How is told what the host kept of the vCPUs' time? To people and to programs. */
#ifndef KTSTR_REPORT_HOST_H
#define KTSTR_REPORT_HOST_H

#include <stdio.h>

#include "util/json.h"
#include "verdict/host_took.h"

/*
 * report_host_json - the field "host_took", an object
 *	percent          of the time that the vCPUs wanted: waited_s / (ran_s + waited_s); or null
 *	ran_s, waited_s  of all vCPUs together, on the host's CPUs and for them; or null
 *	stood_still_s    the launcher was stopped, or the host slept; or null
 *	guest_steal_s    time of its CPUs that the guest's kernel saw as stolen; null: it does not
 *	                 tell, or did not live to do so
 *	memory_stall_s   for how long tasks of the host waited for memory; null: no PSI
 *	absent           text: why there is no percent, or null
 * all of the payload's time.
 * @took: NULL: nothing ran in a VM
 */
void report_host_json(struct json *json, const struct host_took *took);

/* Of "3.2 %", with its NUL. */
#define REPORT_HOST_SIZE 16
/* report_host_percent - "" where it is not known. */
void report_host_percent(const struct host_took *took, char *text);

/* report_host_text - a line behind @indent where the host took one percent, or stood still. */
void report_host_text(FILE *out, const char *indent, const struct host_took *took);

#endif
