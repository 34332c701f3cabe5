/* How is memory mapped so that the host can give it out in huge pages? See huge.h. */
#include "util/huge.h"

#include <stddef.h>
#include <sys/mman.h>

uint64_t huge_round(uint64_t size)
{
	return (size + HUGE_PAGE_SIZE - 1) & ~(HUGE_PAGE_SIZE - 1);
}

void *huge_reserve(uint64_t size)
{
	uint64_t mapped = size + HUGE_PAGE_SIZE;
	uint8_t *start, *aligned;

	start = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return NULL;
	aligned = start + (-(uintptr_t)start & (HUGE_PAGE_SIZE - 1));
	if (aligned > start)
		munmap(start, (size_t)(aligned - start));
	munmap(aligned + size, (size_t)(start + mapped - (aligned + size)));
	return aligned;
}

void *huge_map(uint64_t size)
{
	void *at = huge_reserve(huge_round(size));

	if (!at)
		return NULL;
	if (mprotect(at, huge_round(size), PROT_READ | PROT_WRITE)) {
		huge_unmap(at, size);
		return NULL;
	}
	/* Only advice: a host without them is fine. */
	madvise(at, huge_round(size), MADV_HUGEPAGE);
	return at;
}

void huge_unmap(void *at, uint64_t size)
{
	if (at)
		munmap(at, huge_round(size));
}
