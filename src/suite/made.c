/* Which bases does a suite hold at the moment? See made.h. */
#include "suite/made.h"

#include <errno.h>
#include <stdlib.h>

int made_init(struct made *made, size_t count, struct error *err)
{
	*made = (struct made){ .list = calloc(count + 1, sizeof(*made->list)) };
	if (!made->list)
		return error_set(err, -ENOMEM, "out of memory");
	made->count = count;
	for (size_t i = 0; i < count; i++)
		made->list[i].ram_fd = -1;
	return 0;
}

void made_drop(struct made *made, size_t base)
{
	base_close(&made->list[base]);
}

void made_destroy(struct made *made)
{
	made_keep(made, BASE_NONE);
	free(made->list);
	*made = (struct made){ 0 };
}

const struct base *made_keep(struct made *made, size_t base)
{
	for (size_t i = 0; i < made->count; i++)
		if (i != base)
			made_drop(made, i);
	return base == BASE_NONE ? NULL : &made->list[base];
}
