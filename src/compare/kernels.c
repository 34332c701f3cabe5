/* Which kernels do a side's results name? See print.h. */
#include <stdlib.h>
#include <string.h>

#include "compare/print.h"

/* The results are an array: the earlier one has the lower address. */
static int by_place(const void *a, const void *b)
{
	const struct results_item *const *x = a, *const *y = b;

	return (*x > *y) - (*x < *y);
}

static int by_kernel(const void *a, const void *b)
{
	const struct results_item *const *x = a, *const *y = b;
	int order = strcmp((*x)->kernel, (*y)->kernel);

	return order ? order : by_place(a, b);
}

const struct results_item **compare_kernels(const struct results *results)
{
	const struct results_item **items = calloc(results->count + 1, sizeof(*items));
	size_t count = 0, kept = 0;

	if (!items)
		return NULL;
	for (size_t i = 0; i < results->count; i++)
		if (results->list[i].kernel)
			items[count++] = &results->list[i];
	qsort(items, count, sizeof(*items), by_kernel);
	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(items[kept - 1]->kernel, items[i]->kernel))
			items[kept++] = items[i];
	qsort(items, kept, sizeof(*items), by_place);
	items[kept] = NULL;
	return items;
}
