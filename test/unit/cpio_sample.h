/* What tests of init's unpacker share: an archive ("newc") put together by hand, right or wrong. */
#ifndef TEST_UNIT_CPIO_SAMPLE_H
#define TEST_UNIT_CPIO_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CPIO_SAMPLE_MAX	 65536
#define CPIO_HEADER_SIZE 110

struct cpio_sample {
	uint8_t bytes[CPIO_SAMPLE_MAX];
	size_t size;
};

static inline void cpio_pad(struct cpio_sample *sample)
{
	while (sample->size % 4)
		sample->bytes[sample->size++] = 0;
}

/* A header that says this of what follows, whatever does. */
static inline void cpio_header(struct cpio_sample *sample, uint32_t mode, uint32_t mtime,
			       uint32_t size, uint32_t name_size)
{
	char text[CPIO_HEADER_SIZE + 1];

	snprintf(text, sizeof(text), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 1u, mode, 0u, 0u, 1u, mtime, size, 0u, 0u, 0u, 0u, name_size, 0u);
	memcpy(sample->bytes + sample->size, text, CPIO_HEADER_SIZE);
	sample->size += CPIO_HEADER_SIZE;
}

/* A member of an honest archive. @body: NULL: zeroes; the caller's care that all of it has room. */
static inline void cpio_put(struct cpio_sample *sample, uint32_t mode, uint32_t mtime,
			    const char *path, const void *body, size_t size)
{
	size_t name_size = strlen(path) + 1;

	cpio_header(sample, mode, mtime, (uint32_t)size, (uint32_t)name_size);
	memcpy(sample->bytes + sample->size, path, name_size);
	sample->size += name_size;
	cpio_pad(sample);
	if (body)
		memcpy(sample->bytes + sample->size, body, size);
	else
		memset(sample->bytes + sample->size, 0, size);
	sample->size += size;
	cpio_pad(sample);
}

static inline void cpio_end(struct cpio_sample *sample)
{
	cpio_put(sample, 0, 0, "TRAILER!!!", NULL, 0);
}

#endif
