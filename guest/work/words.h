/*
 * How are the words of a command line read: durations, sizes, counts, percentages? For numbers with
 * a unit the unit is part of the word ("200us", "4MiB", "15%"); none is assumed.
 */
#ifndef KTSTR_WORK_WORDS_H
#define KTSTR_WORK_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"

#define WORK_US 1000ull
#define WORK_MS 1000000ull
#define WORK_S	1000000000ull

/* What a value counts. Values are kept as ns, bytes, pieces, hundredths of a percent. */
enum word_type { WORD_DURATION, WORD_SIZE, WORD_COUNT, WORD_PERCENT };

/* Values: no larger, so that sums of a few never overflow. */
#define WORD_MAX (UINT64_MAX / 1024)

/*
 * word_parse - the whole of @text as a value of @type between @min and @max.
 * @what: begins the sentence of a failure, "option '--for'"
 * Returns 0, or -EINVAL with what would be right.
 */
int word_parse(const char *what, const char *text, enum word_type type, uint64_t min, uint64_t max,
	       uint64_t *value, struct failure *failure);

/* word_print - @value as word_parse reads it, in the largest unit that loses nothing of it. */
const char *word_print(enum word_type type, uint64_t value, char *text, size_t size);

/* A name of a group or cgroup: letters, digits, '_' and '-', a letter first, WORD_NAME_MAX bytes.
 */
#define WORD_NAME_MAX 31
bool word_is_name(const char *text, size_t length);
extern const char word_name_rule[];

#endif
