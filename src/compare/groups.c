/* Which results of two files belong together? See groups.h. */
#include "compare/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A result, or the first one of a group. */
struct place {
	const struct results_item *item;
	size_t at;	/* where it is in the baseline, or from its end on in the compared file */
	size_t in_list; /* among all, sorted by name */
};

static int by_name(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->item->name, y->item->name);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* @firsts: room for @count as well */
static void make(struct place *places, struct place *firsts, size_t count, size_t nr_a,
		 struct compare_groups *groups)
{
	qsort(places, count, sizeof(*places), by_name);
	for (size_t i = 0; i < count; i++) {
		groups->items[i] = places[i].item;
		if (i && !strcmp(places[i - 1].item->name, places[i].item->name))
			continue;
		firsts[groups->count] = places[i];
		firsts[groups->count++].in_list = i;
	}
	qsort(firsts, groups->count, sizeof(*firsts), by_place);
	for (size_t i = 0; i < groups->count; i++) {
		struct compare_group *group = &groups->list[i];
		size_t at = firsts[i].in_list;

		group->name = firsts[i].item->name;
		group->a = &groups->items[at];
		for (; at < count && !strcmp(places[at].item->name, group->name); at++) {
			group->nr_a += places[at].at < nr_a;
			group->nr_b += places[at].at >= nr_a;
		}
		group->b = group->a + group->nr_a;
	}
}

int compare_groups_make(const struct results *a, const struct results *b,
			struct compare_groups *groups, struct error *err)
{
	size_t count = a->count + b->count;
	struct place *places = calloc(count + 1, sizeof(*places));
	struct place *firsts = calloc(count + 1, sizeof(*firsts));
	int ret = 0;

	*groups = (struct compare_groups){ .list = calloc(count + 1, sizeof(*groups->list)),
					   .items = calloc(count + 1, sizeof(*groups->items)) };
	if (!places || !firsts || !groups->list || !groups->items) {
		compare_groups_destroy(groups);
		ret = error_set(err, -ENOMEM, "out of memory");
	} else {
		for (size_t i = 0; i < count; i++)
			places[i] = (struct place){ .item = i < a->count ? &a->list[i]
									 : &b->list[i - a->count],
						    .at = i };
		make(places, firsts, count, a->count, groups);
	}
	free(places);
	free(firsts);
	return ret;
}

void compare_groups_destroy(struct compare_groups *groups)
{
	free(groups->list);
	free(groups->items);
	*groups = (struct compare_groups){ 0 };
}
