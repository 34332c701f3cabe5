/* How does a list grow that may become large? See list.h. */
#include "trace/list.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Below that malloc's memory is shared with others. */
#define LARGE (4u << 20)
#define PAGE  4096u

static void *resize(void *list, size_t nr, size_t size)
{
	void *grown = reallocarray(list, nr, size);
	uintptr_t start = ((uintptr_t)grown + PAGE - 1) & ~(uintptr_t)(PAGE - 1);

	/* Where there are none, it stays as it is. */
	if (grown && nr * size >= LARGE)
		(void)madvise((void *)start, nr * size - PAGE, MADV_HUGEPAGE);
	return grown;
}

void *list_append(void *items, size_t *nr, size_t size)
{
	void **list = items, *grown;

	if (!(*nr & (*nr - 1))) {
		grown = resize(*list, *nr ? *nr * 2 : 1, size);
		if (!grown)
			return NULL;
		*list = grown;
	}
	return (char *)*list + size * (*nr)++;
}

void *list_room(size_t nr, size_t size)
{
	return resize(NULL, nr ? nr : 1, size);
}
