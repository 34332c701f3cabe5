/* Which pages of its memory does a fork touch until its payload starts? See touched.h. */
#include "vmm/touched.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ull

/* Left out of older headers. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Documentation/admin-guide/mm/pagemap.rst, linux/fs.h, which older headers lack. */
#ifndef PAGEMAP_SCAN
struct page_region {
	__u64 start, end, categories;
};
struct pm_scan_arg {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN	_IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_FILE	(1 << 2)
#define PAGE_IS_PRESENT (1 << 3)
#define PAGE_IS_PFNZERO (1 << 5)
#define PAGE_IS_HUGE	(1 << 6)
#endif

struct touched *touched_new(void)
{
	void *at = mmap(NULL, sizeof(struct touched), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void touched_free(struct touched *touched)
{
	if (touched)
		munmap(touched, sizeof(*touched));
}

bool touched_is_known(const struct touched *touched)
{
	return touched && atomic_load(&touched->state) == TOUCHED_KNOWN;
}

int touched_set(struct touched *touched, const struct touched_run *runs, size_t count,
		uint64_t ram_size)
{
	uint64_t pages = ram_size / PAGE, written = 0;

	if (count > TOUCHED_MAX_RUNS)
		return -EPROTO;
	for (size_t i = 0; i < count; i++) {
		if (!runs[i].count || runs[i].page >= pages || runs[i].count > pages - runs[i].page)
			return -EPROTO;
		written += runs[i].written ? runs[i].count : 0;
		touched->runs[i] = runs[i];
	}
	if (written > TOUCHED_MAX_PAGES)
		return -EPROTO;
	touched->nr_runs = (uint32_t)count;
	atomic_store(&touched->state, TOUCHED_KNOWN);
	return 0;
}

/*
 * As much of it as there is room for; false: no more. Pages of the mapping's own are written ones;
 * those of its file, and the zero page, are not.
 */
static bool add(struct touched *touched, uint64_t first, uint64_t count, uint64_t categories,
		uint64_t *nr_written)
{
	bool written = !(categories & (PAGE_IS_FILE | PAGE_IS_PFNZERO));

	/* One exit brings all 512 pages of a huge one, of which most are not needed. */
	if (written && categories & PAGE_IS_HUGE)
		return true;
	if (touched->nr_runs == TOUCHED_MAX_RUNS || first + count > UINT32_MAX)
		return false;
	if (written && count > TOUCHED_MAX_PAGES - *nr_written)
		count = TOUCHED_MAX_PAGES - *nr_written;
	*nr_written += written ? count : 0;
	if (count)
		touched->runs[touched->nr_runs++] =
			(struct touched_run){ (uint32_t)first, (uint32_t)count, written };
	return true;
}

static bool scan(struct touched *touched, int fd, uint64_t host, uint64_t size)
{
	struct page_region regions[64];
	struct pm_scan_arg arg = {
		.size = sizeof(arg),
		.start = host,
		.end = host + size,
		.vec = (uintptr_t)regions,
		.vec_len = sizeof(regions) / sizeof(regions[0]),
		.category_mask = PAGE_IS_PRESENT,
		.return_mask = PAGE_IS_FILE | PAGE_IS_PFNZERO | PAGE_IS_HUGE,
	};
	uint64_t nr_written = 0;

	touched->nr_runs = 0;
	while (arg.start < arg.end) {
		int found = ioctl(fd, PAGEMAP_SCAN, &arg);

		if (found < 0)
			return false;
		for (int i = 0; i < found; i++)
			if (!add(touched, (regions[i].start - host) / PAGE,
				 (regions[i].end - regions[i].start) / PAGE, regions[i].categories,
				 &nr_written))
				return true;
		/* It would stand still. */
		if (arg.walk_end <= arg.start)
			return false;
		arg.start = arg.walk_end;
	}
	return true;
}

void touched_note(struct touched *touched, const void *host, uint64_t size)
{
	unsigned int unknown = TOUCHED_UNKNOWN;
	bool noted = false;
	int fd;

	if (!touched ||
	    !atomic_compare_exchange_strong(&touched->state, &unknown, TOUCHED_BEING_NOTED))
		return;
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		noted = scan(touched, fd, (uintptr_t)host, size);
		close(fd);
	}
	atomic_store(&touched->state, noted ? TOUCHED_KNOWN : TOUCHED_UNKNOWN);
}

void touched_populate(const struct touched *touched, void *host)
{
	for (uint32_t i = 0; i < touched->nr_runs; i++) {
		const struct touched_run *run = &touched->runs[i];

		/* What cannot be had now comes when the guest touches it. */
		if (run->written && madvise((uint8_t *)host + run->page * PAGE, run->count * PAGE,
					    MADV_POPULATE_WRITE))
			return;
	}
}
