/*
 * How does a list grow that may become large? In huge pages, where the host gives them: half of the
 * time of reading a large trace was page faults.
 */
#ifndef KTSTR_TRACE_LIST_H
#define KTSTR_TRACE_LIST_H

#include <stddef.h>

/*
 * list_append - room for one more item of @size bytes, not zeroed, behind the *@nr that are there
 * @items: where the list's pointer is; it may move. Start with NULL and 0; free() ends it. Nothing
 * but this may change *@nr, which says how much room there is: the next power of two.
 * Returns where it goes, or NULL: no memory, and the list is as before.
 */
void *list_append(void *items, size_t *nr, size_t size);

/* list_room - room for @nr items, not zeroed; free() ends it. Returns NULL: no memory. */
void *list_room(size_t nr, size_t size);

#endif
