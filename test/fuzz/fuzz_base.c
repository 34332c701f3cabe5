/*
 * Can a base's file hurt us, or the bytes that another process sent? The first byte chooses: the
 * input is all but the memory as bytes; a file; or changes to a file that is right, whose digest is
 * made right again, so that what is behind the digest is reached.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The module is included: its header is nobody else's business. */
#include "../../src/base/base_file.c"
#include "util/file.h"
#include "util/memfd.h"

#define RAM (256 * PAGE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What comes out can be mapped and read. */
static void use(const struct base *base, int ram)
{
	uint8_t page[PAGE];

	if (!extents_are_sound(&base->extents, base->ram_size) ||
	    strnlen(base->facts.release, sizeof(base->facts.release)) ==
		    sizeof(base->facts.release))
		abort();
	for (uint32_t i = 0; touched_is_known(base->touched) && i < base->touched->nr_runs; i++)
		if (((uint64_t)base->touched->runs[i].page + base->touched->runs[i].count) * PAGE >
		    base->ram_size)
			abort();
	for (size_t i = 0; ram >= 0 && i < base->extents.count; i++)
		if (read_all(ram, page, PAGE, base->ram_offset + base->extents.list[i].at))
			abort();
	for (size_t i = 0; i < base->state_size; i++)
		if (((const uint8_t *)base->state)[i] > 0xff)
			abort();
}

static void use_bytes(const uint8_t *data, size_t size)
{
	struct error err = { "" };
	struct base base;

	if (!base_from_bytes(-1, 0, data, size, &base, &err)) {
		use(&base, -1);
		base_close(&base);
	} else if (!*err.text) {
		abort();
	}
}

static void use_file(int fd)
{
	struct error err = { "" };
	struct base base;
	char *text = NULL;

	if (!base_file_read(fd, NULL, &base, &text, &err)) {
		use(&base, base.ram_fd);
		if (strlen(text) > META_MAX)
			abort();
		free(text);
		base_close(&base);
	} else if (!*err.text || text || base.ram_fd >= 0) {
		abort();
	}
}

static int new_file(void)
{
	int fd = memfd_new("base", MFD_CLOEXEC, NULL);

	if (fd < 0)
		abort();
	return fd;
}

/* A file that is right. */
static int make_file(void)
{
	static const char words[] = "topology: 1n1l1c1t\nmemory: 1 MiB\n", state[] = "state";
	struct base base = { .ram_fd = new_file(),
			     .ram_size = RAM,
			     .state = (void *)state,
			     .state_size = sizeof(state),
			     .facts = { .release = "6.1" } };
	struct base_identity identity = { .text = (char *)words };
	struct error err;
	int fd = new_file();

	identity_digest(words, identity.digest);
	if (ftruncate(base.ram_fd, RAM) || pwrite(base.ram_fd, "x", 1, 0) != 1 ||
	    pwrite(base.ram_fd, "y", 1, RAM - 1) != 1 ||
	    extents_add(&base.extents, 0, EXTENTS_PAGE) ||
	    extents_add(&base.extents, RAM - EXTENTS_PAGE, EXTENTS_PAGE) ||
	    base_file_write(fd, &identity, &base, -1, &err))
		abort();
	extents_free(&base.extents);
	close(base.ram_fd);
	return fd;
}

/* Changes of three bytes: where, and what stands there then. */
static void change_file(int fd, const uint8_t *data, size_t size)
{
	uint8_t meta[4096];
	struct header header;
	struct sha256_ctx sha;
	uint64_t end;

	if (read_all(fd, meta, sizeof(meta), 0))
		abort();
	for (; size >= 3; data += 3, size -= 3)
		meta[(data[0] | data[1] << 8) % sizeof(meta)] = data[2];
	memcpy(&header, meta, sizeof(header));
	end = header.text_size <= META_MAX && header.base_size <= META_MAX &&
			      header.nr_pages <= META_MAX
		      ? meta_size(&header)
		      : sizeof(header);
	if (end > sizeof(meta))
		end = sizeof(meta);
	if (header.text_size && header.text_size <= end - sizeof(header)) {
		meta[sizeof(header) + header.text_size - 1] = '\0';
		identity_digest((const char *)meta + sizeof(header), header.identity);
	}
	memset(header.digest, 0, sizeof(header.digest));
	memcpy(meta, &header, sizeof(header));
	sha256_init(&sha);
	sha256_update(&sha, end, meta);
	sha256_digest(&sha, sizeof(header.digest), header.digest);
	memcpy(meta, &header, sizeof(header));
	if (file_write_at(fd, meta, sizeof(meta), 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (!size)
		return 0;
	if (data[0] % 3 == 0) {
		use_bytes(data + 1, size - 1);
		return 0;
	}
	if (data[0] % 3 == 1) {
		fd = new_file();
		if (file_write_at(fd, data + 1, size - 1, 0))
			abort();
	} else {
		fd = make_file();
		change_file(fd, data + 1, size - 1);
	}
	use_file(fd);
	return 0;
}
