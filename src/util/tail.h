/* How do we keep the last words of something that may talk without end? In a ring of fixed size. */
#ifndef KTSTR_UTIL_TAIL_H
#define KTSTR_UTIL_TAIL_H

#include <stddef.h>
#include <stdint.h>

struct tail {
	char *ring; /* owned */
	size_t size;
	uint64_t total; /* bytes ever added */
};

/* Returns 0 or -ENOMEM. @size: bytes to keep. */
int tail_init(struct tail *tail, size_t size);
void tail_destroy(struct tail *tail);
void tail_add(struct tail *tail, const void *bytes, size_t count);

/*
 * tail_lines - the last @lines lines (a last one without newline counts), as a NUL-terminated
 * string owned by the caller (free). NUL bytes become '?'; newlines stay, also a last one. The
 * first line may have lost its beginning when more was added than is kept. NULL when memory is out.
 */
char *tail_lines(const struct tail *tail, size_t lines);

#endif
