/* What does a bisection say at its end: which commit, how sure, and after which runs? */
#ifndef KTSTR_BISECT_REPORT_H
#define KTSTR_BISECT_REPORT_H

#include <stdio.h>

#include "bisect/search.h"

/*
 * bisect_report_print - bisect_model_update was called last.
 * @end: an enum bisect_end; negative: it was interrupted, or broke off
 */
void bisect_report_print(FILE *out, const struct bisect_search *search, int end);

#endif
