/* How does a list grow that may become large? See list.h. */
#include "trace/list.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Of x86. Smaller lists are malloc's business. */
#define HUGE_PAGE (2u << 20)

/* realloc would move the pages that are there, small ones, and so get no huge ones. */
static void *resize(void *list, size_t used, size_t nr, size_t size)
{
	void *grown = NULL;
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes))
		return NULL;
	if (bytes < 2 * HUGE_PAGE)
		return realloc(list, bytes);
	if (posix_memalign(&grown, HUGE_PAGE, bytes))
		return NULL;
	/* Where there are none, it stays as it is. */
	(void)madvise(grown, bytes, MADV_HUGEPAGE);
	if (list)
		memcpy(grown, list, used * size);
	free(list);
	return grown;
}

void *list_append(void *items, size_t *nr, size_t size)
{
	void **list = items, *grown;

	if (!(*nr & (*nr - 1))) {
		grown = resize(*list, *nr, *nr ? *nr * 2 : 1, size);
		if (!grown)
			return NULL;
		*list = grown;
	}
	return (char *)*list + size * (*nr)++;
}

void *list_room(size_t nr, size_t size)
{
	return resize(NULL, 0, nr ? nr : 1, size);
}
