/* Which words stand in a line of directives? Knows nothing of keys. */
#ifndef KTSTR_ENTRY_WORDS_H
#define KTSTR_ENTRY_WORDS_H

#include "util/error.h"

/*
 * words_next - the next word in [*@at, @end) into @word, and *@at moved behind it.
 * Blanks and tabs part words. Double quotes, anywhere in a word, keep blanks together and are
 * removed; within them \" and \\ stand for the second character. Nothing else has a meaning.
 * @word: at least @end - *@at + 1 bytes
 * Returns 1 for a word, 0 at the line's end, -EINVAL for a quote that is not closed and for control
 * characters, NUL among them, so that @word is a whole string.
 */
int words_next(const char **at, const char *end, char *word, struct error *err);

#endif
