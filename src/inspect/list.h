/* What is in a list of the guest's (struct list_head)? Nodes one by one, with a bound, and no
 * circle. */
#ifndef KTSTR_INSPECT_LIST_H
#define KTSTR_INSPECT_LIST_H

#include <stdbool.h>
#include <stdint.h>

struct inspect;

struct list_walk {
	struct inspect *inspect;
	uint64_t head, at;
	uint64_t seen; /* a node from before: met again, the list never comes back to its head */
	uint32_t done, mark, most;
	const char *broken; /* why it ended early; NULL: it did not */
};

/* list_begin - walk the list whose struct list_head lies at @head, at most @most nodes */
void list_begin(struct list_walk *walk, struct inspect *inspect, uint64_t head, uint32_t most);

/* list_next - the address of the next node's struct list_head; false: the end, see walk->broken */
bool list_next(struct list_walk *walk, uint64_t *node);

#endif
