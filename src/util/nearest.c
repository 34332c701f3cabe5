/* Which known name did the user mean? See nearest.h. */
#include "util/nearest.h"

#include <string.h>

#define LONGEST	   31 /* longer words are like no name */
#define MOST_SLIPS 2

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * Insertions, deletions, substitutions and swaps of neighbours from @a to @b, both up to LONGEST
 * (the optimal string alignment distance). Of the table only the last three rows are kept.
 */
static unsigned int slips(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned int rows[3][LONGEST + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *row = rows[i % 3];
		const unsigned int *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *nearest_name(const char *word, size_t length,
			 const char *(*name)(const void *data, size_t i), const void *data)
{
	unsigned int fewest = MOST_SLIPS + 1;
	const char *found = NULL, *known;

	if (length < 2 || length > LONGEST)
		return NULL;
	for (size_t i = 0; (known = name(data, i)); i++) {
		unsigned int count;

		if (strlen(known) > LONGEST)
			continue;
		count = slips(word, length, known, strlen(known));
		/* Half of a short word is no slip. */
		if (count < fewest && count * 2 < length) {
			fewest = count;
			found = known;
		}
	}
	for (size_t i = 0; !found && length > 2 && (known = name(data, i)); i++)
		if (memmem(known, strlen(known), word, length))
			found = known;
	return found;
}
