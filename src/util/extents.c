/* Which parts of a large, mostly empty file hold anything? See extents.h. */
#include "util/extents.h"

#include <errno.h>
#include <stdlib.h>

/* A mapping costs more than to read some pages that are zero. */
#define SHORT_GAP (64ull << 10)

/* Of neighbours with a gap shorter than @limit make one; only of two each, so that they stay alike.
 */
static void join_pairs(struct extents *extents, uint64_t limit)
{
	size_t kept = 0, i = 0;

	while (i < extents->count) {
		struct extent extent = extents->list[i++];

		if (i < extents->count) {
			const struct extent *next = &extents->list[i];

			if (next->at - (extent.at + extent.size) < limit) {
				extent.size = next->at + next->size - extent.at;
				i++;
			}
		}
		extents->list[kept++] = extent;
	}
	extents->count = kept;
}

int extents_add(struct extents *extents, uint64_t at, uint64_t size)
{
	struct extent *last = NULL;

	if (!extents->list) {
		extents->list = calloc(EXTENTS_MAX, sizeof(*extents->list));
		if (!extents->list)
			return -ENOMEM;
	}
	if (extents->count)
		last = &extents->list[extents->count - 1];
	if (last && at - (last->at + last->size) < SHORT_GAP) {
		last->size = at + size - last->at;
		return 0;
	}
	/* Down to half of it: what this costs does not come again at once. */
	if (extents->count == EXTENTS_MAX)
		for (uint64_t limit = 2 * SHORT_GAP; extents->count > EXTENTS_MAX / 2; limit *= 2)
			join_pairs(extents, limit);
	extents->list[extents->count++] = (struct extent){ at, size };
	return 0;
}

bool extents_are_sound(const struct extents *extents, uint64_t size)
{
	uint64_t end = 0;

	if (extents->count > EXTENTS_MAX)
		return false;
	for (size_t i = 0; i < extents->count; i++) {
		const struct extent *extent = &extents->list[i];

		if ((i && extent->at <= end) || extent->at % EXTENTS_PAGE || !extent->size ||
		    extent->size % EXTENTS_PAGE || extent->at > size ||
		    extent->size > size - extent->at)
			return false;
		end = extent->at + extent->size;
	}
	return true;
}

bool extents_is_zero(const void *page)
{
	const uint64_t *words = page;
	uint64_t any = 0;

	for (size_t i = 0; i < EXTENTS_PAGE / sizeof(*words) && !any; i += 8)
		any = words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] |
		      words[i + 5] | words[i + 6] | words[i + 7];
	return !any;
}

uint64_t extents_total(const struct extents *extents)
{
	uint64_t total = 0;

	for (size_t i = 0; i < extents->count; i++)
		total += extents->list[i].size;
	return total;
}

void extents_free(struct extents *extents)
{
	free(extents->list);
	*extents = (struct extents){ 0 };
}
