/* What came of a test's checks, for programs. */
#ifndef KTSTR_REPORT_CHECKS_H
#define KTSTR_REPORT_CHECKS_H

#include "util/json.h"
#include "verdict/work_said.h"

/*
 * report_checks_json - a field "checks": a list of objects, in the order in which they were
 *decided, name     text verdict  "holds", "failed" or "inconclusive" value    number; null: nothing
 *was measured op       "<", "<=", ">" or ">=" limit    number unit     text, of both
 * @said: NULL: it is empty
 */
void report_checks_json(struct json *json, const struct work_said *said);

#endif
