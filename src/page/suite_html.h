/* What does a suite look like to people who look rather than read? A page, `test --html FILE`. */
#ifndef KTSTR_PAGE_SUITE_HTML_H
#define KTSTR_PAGE_SUITE_HTML_H

#include "report/suite.h"

/* Written at the end, from the JSON lines of the suite and what its failures left (results.h). */
extern const struct suite_format suite_html;

#endif
