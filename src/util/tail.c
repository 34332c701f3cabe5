/* How do we keep the last words of something that may talk without end? See tail.h. */
#include "util/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tail_init(struct tail *tail, size_t size)
{
	*tail = (struct tail){ .ring = malloc(size) };
	if (!tail->ring)
		return -ENOMEM;
	tail->size = size;
	return 0;
}

void tail_destroy(struct tail *tail)
{
	free(tail->ring);
	*tail = (struct tail){ 0 };
}

void tail_add(struct tail *tail, const void *bytes, size_t count)
{
	const char *from = bytes;
	size_t at, first;

	if (!tail->size || !count)
		return;
	/* Only the end of it can stay. */
	if (count > tail->size) {
		tail->total += count - tail->size;
		from += count - tail->size;
		count = tail->size;
	}
	at = tail->total % tail->size;
	first = tail->size - at < count ? tail->size - at : count;
	memcpy(tail->ring + at, from, first);
	memcpy(tail->ring, from + first, count - first);
	tail->total += count;
}

char *tail_lines(const struct tail *tail, size_t lines)
{
	size_t kept = tail->total < tail->size ? (size_t)tail->total : tail->size;
	size_t begin = tail->size ? (size_t)((tail->total - kept) % tail->size) : 0;
	char *text = malloc(kept + 1);
	size_t start = kept, seen = 0;

	if (!text)
		return NULL;
	for (size_t i = 0; i < kept; i++) {
		char byte = tail->ring[(begin + i) % tail->size];

		text[i] = byte ? byte : '?';
	}
	/* Back from the end; the newline that ends the last line begins no further one. */
	while (start > 0 && lines > 0) {
		if (text[start - 1] == '\n' && start < kept && ++seen == lines)
			break;
		start--;
	}
	memmove(text, text + start, kept - start);
	text[kept - start] = '\0';
	return text;
}
