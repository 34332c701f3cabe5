/* Which launcher is it? What the build knew of its own source. */
#ifndef KTSTR_VERSION_H
#define KTSTR_VERSION_H

/* "0.1.0 (commit abcdef1-dirty)"; only the number where it was not built from a git checkout. */
extern const char version_text[];
/* Of the version, "2026-11-25": for the man pages. */
extern const char version_date[];

#endif
