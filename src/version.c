/* Which launcher is it? See version.h. src.mk gives KTSTR_COMMIT and KTSTR_VERSION_DATE. */
#include "version.h"

#ifndef KTSTR_COMMIT
#define KTSTR_COMMIT ""
#endif
#ifndef KTSTR_VERSION_DATE
#define KTSTR_VERSION_DATE ""
#endif

const char version_text[] = KTSTR_VERSION KTSTR_COMMIT;
const char version_date[] = KTSTR_VERSION_DATE;
