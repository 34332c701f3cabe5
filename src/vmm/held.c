/* Which pages of a guest's RAM hold anything? See held.h. */
#include "vmm/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define PAGE	EXTENTS_PAGE
#define PAGEMAP "/proc/self/pagemap"
/* Documentation/admin-guide/mm/pagemap.rst: a page that is present, or swapped out. */
#define HELD	(UINT64_C(3) << 62)

/*
 * In a view of a file that was not touched here: is it in the file? @next: the first extent that
 * does not end before @at, whose calls ascend.
 */
static bool is_in_file(const struct extents *extents, size_t *next, uint64_t at)
{
	while (*next < extents->count && extents->list[*next].at + extents->list[*next].size <= at)
		++*next;
	return *next < extents->count && extents->list[*next].at <= at;
}

static int look_at_all(const struct guest_memory *memory, int pagemap,
		       int (*page)(void *data, uint64_t at), void *data, struct error *err)
{
	uint64_t entries[8192];
	size_t next = 0;
	int ret = 0;

	for (uint64_t at = 0; !ret && at < memory->size;) {
		uint64_t first = ((uintptr_t)memory->host + at) / PAGE;
		uint64_t left = (memory->size - at) / PAGE * sizeof(entries[0]);
		size_t want = left < sizeof(entries) ? (size_t)left : sizeof(entries);
		ssize_t got = pread(pagemap, entries, want, (off_t)(first * sizeof(entries[0])));

		if (got < (ssize_t)sizeof(entries[0])) {
			ret = got < 0 ? -errno : -EIO;
			return error_set(err, ret, "reading " PAGEMAP ": %s", strerror(-ret));
		}
		for (size_t i = 0; !ret && i < (size_t)got / sizeof(entries[0]); i++, at += PAGE)
			if ((entries[i] & HELD || is_in_file(&memory->in_file, &next, at)) &&
			    !extents_is_zero(memory->host + at))
				ret = page(data, at);
	}
	return ret;
}

int held_pages(const struct guest_memory *memory, int (*page)(void *data, uint64_t at), void *data,
	       struct error *err)
{
	int pagemap = open(PAGEMAP, O_RDONLY | O_CLOEXEC), ret;

	if (pagemap < 0)
		return error_set(err, -errno,
				 PAGEMAP ": %s; which pages the guest has touched stands there",
				 strerror(errno));
	ret = look_at_all(memory, pagemap, page, data, err);
	close(pagemap);
	return ret;
}
