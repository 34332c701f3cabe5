/* Where are the hand-written texts? Files of doc/, embedded as one blob. */
#ifndef KTSTR_MANUAL_TEXT_H
#define KTSTR_MANUAL_TEXT_H

#include "util/error.h"

/*
 * text_load - the embedded doc/@name.
 * @text: NUL-terminated, owned by the caller, free()
 * Returns 0, -ENOENT when there is none of that name, or embed_load's errors.
 */
int text_load(const char *name, char **text, struct error *err);

/*
 * text_section - the first line below "# @name" in a text; the section ends where the next line
 * that begins with "# " is, or the text. NULL when it has none of that name.
 */
const char *text_section(const char *text, const char *name);

#endif
