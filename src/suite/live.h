/* The one line on a terminal that tells where a suite stands. */
#ifndef KTSTR_SUITE_LIVE_H
#define KTSTR_SUITE_LIVE_H

#include <stdbool.h>

#include "report/suite.h"

/* live_wanted - is standard error a terminal? */
bool live_wanted(void);

/* live_show - in place of the one that stands there. live_clear - before other words; @shown: one
 * may stand there. */
void live_show(const struct suite_progress *progress);
void live_clear(bool shown);

#endif
