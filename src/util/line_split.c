/* Which lines come in a stream that arrives in pieces? See line_split.h. */
#include "util/line_split.h"

#include <string.h>

bool line_split_next(struct line_split *split, const char **bytes, size_t *count)
{
	const char *newline = memchr(*bytes, '\n', *count);
	size_t length = newline ? (size_t)(newline - *bytes) : *count;
	size_t room = sizeof(split->line) - 1 - split->used;
	size_t kept = length < room ? length : room;

	for (size_t i = 0; i < kept; i++)
		split->line[split->used++] = (*bytes)[i] ? (*bytes)[i] : '?';
	*bytes += length + !!newline;
	*count -= length + !!newline;
	if (!newline)
		return false;
	split->line[split->used] = '\0';
	split->used = 0;
	return true;
}

bool line_split_end(struct line_split *split)
{
	bool any = split->used;

	split->line[split->used] = '\0';
	split->used = 0;
	return any;
}
