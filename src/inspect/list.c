/* What is in a list of the guest's? See list.h. */
#include "inspect/list.h"

#include "inspect/inspect.h"

void list_begin(struct list_walk *walk, struct inspect *inspect, uint64_t head, uint32_t most)
{
	*walk = (struct list_walk){
		.inspect = inspect, .head = head, .at = head, .mark = 1, .most = most
	};
}

bool list_next(struct list_walk *walk, uint64_t *node)
{
	uint64_t next;

	if (walk->broken)
		return false;
	/* next is the first member, and has been as long as there are lists. */
	if (!inspect_read_u64(walk->inspect, walk->at, &next)) {
		walk->broken = inspect_out_of_time(walk->inspect) ? "the time is over"
								  : "a node is not readable";
		return false;
	}
	if (next == walk->head)
		return false;
	if (!next)
		walk->broken = "it was not set up, or is damaged: a null pointer is in it";
	else if (next == walk->seen || next == walk->at)
		walk->broken = "it goes round in a circle";
	else if (walk->done == walk->most)
		walk->broken = "it is longer than is believed";
	if (walk->broken)
		return false;
	/* Brent's: what is remembered moves on at each power of two. */
	if (++walk->done == walk->mark) {
		walk->seen = next;
		walk->mark *= 2;
	}
	*node = walk->at = next;
	return true;
}
