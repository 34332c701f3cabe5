/* How are numbers found by a key? See numbers.h. */
#include "page/numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void numbers_free(struct numbers *numbers)
{
	free(numbers->keys);
	free(numbers->values);
}

static size_t slot_of(const struct numbers *numbers, uint64_t key)
{
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
	size_t slot = (size_t)(hash >> 32) & (numbers->size - 1);

	while (numbers->values[slot] != NO_NUMBER && numbers->keys[slot] != key)
		slot = (slot + 1) & (numbers->size - 1);
	return slot;
}

static int numbers_grow(struct numbers *numbers)
{
	struct numbers grown = { .size = numbers->size ? 2 * numbers->size : 1024 };

	grown.keys = calloc(grown.size, sizeof(*grown.keys));
	grown.values = malloc(grown.size * sizeof(*grown.values));
	if (!grown.keys || !grown.values) {
		numbers_free(&grown);
		return -ENOMEM;
	}
	memset(grown.values, 0xff, grown.size * sizeof(*grown.values));
	for (size_t i = 0; i < numbers->size; i++) {
		size_t slot;

		if (numbers->values[i] == NO_NUMBER)
			continue;
		slot = slot_of(&grown, numbers->keys[i]);
		grown.keys[slot] = numbers->keys[i];
		grown.values[slot] = numbers->values[i];
	}
	grown.used = numbers->used;
	numbers_free(numbers);
	*numbers = grown;
	return 0;
}

uint32_t *number_of(struct numbers *numbers, uint64_t key)
{
	size_t slot;

	if (2 * numbers->used >= numbers->size && numbers_grow(numbers))
		return NULL;
	slot = slot_of(numbers, key);
	if (numbers->values[slot] == NO_NUMBER) {
		numbers->keys[slot] = key;
		numbers->used++;
	}
	return &numbers->values[slot];
}
