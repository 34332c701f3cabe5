/* How does a base lie in a file? See base_file.h. */
#include "base/base_file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>
#include <zlib.h>

#include "util/cancel.h"
#include "util/file.h"

#define PAGE	  EXTENTS_PAGE
/* Where RAM begins in the file: host's and guest's huge pages fall together then. */
#define RAM_ALIGN (2ull << 20)
#define CHUNK	  (1u << 20)
/* The most that lies before RAM: what base.h allows, and the checksums of 1 TiB. */
#define META_MAX  (512ull << 20)
/* Each costs about 4 us, and some 25 in the emulated host. */
#define SAMPLES	  64u

static const char magic[8] = "ktstrb1";

/* Behind it: the identity's text, base_to_bytes, the checksums; each begins at a multiple of 8. */
struct header {
	char magic[8];
	uint64_t file_size;
	uint64_t ram_offset;
	uint64_t text_size; /* with its NUL */
	uint64_t base_size;
	uint64_t nr_pages; /* in the extents: a checksum for each, zlib's CRC-32 */
	uint8_t identity[IDENTITY_DIGEST_SIZE];
	/* SHA-256 of this, with zeroes here, and of what is behind it. */
	uint8_t digest[SHA256_DIGEST_SIZE];
};

static_assert(sizeof(struct header) % 8 == 0, "what follows begins at a multiple of 8");

static uint64_t padded(uint64_t size)
{
	return (size + 7) / 8 * 8;
}

/* Of numbers each of which is at most META_MAX. */
static uint64_t meta_size(const struct header *header)
{
	return sizeof(*header) + padded(header->text_size) + padded(header->base_size) +
	       header->nr_pages * sizeof(uint32_t);
}

static uint32_t checksum(const uint8_t *page)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), page, PAGE);
}

/* Returns 0 or -errno; a file that is too short gives -EIO. */
static int read_all(int fd, void *bytes, size_t size, uint64_t at)
{
	uint8_t *to = bytes;

	while (size) {
		ssize_t count = pread(fd, to, size, (off_t)at);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count ? -errno : -EIO;
		to += count;
		at += (uint64_t)count;
		size -= (size_t)count;
	}
	return 0;
}

/* --- writing -------------------------------------------------------------------------------------
 */

struct writer {
	int fd, cancel_fd;
	const struct base *base;
	uint8_t *chunk;		/* CHUNK bytes */
	struct extents extents; /* what goes into the file */
	uint32_t *checksums;
	size_t nr_checksums;
	uint64_t ram_offset;
	struct error *err;
};

/* The next pages of RAM, in chunk. Returns how many bytes, -errno with a message. */
static ssize_t read_chunk(struct writer *writer, const struct extent *extent, uint64_t done)
{
	size_t size = extent->size - done < CHUNK ? (size_t)(extent->size - done) : CHUNK;
	int ret = cancel_check(writer->cancel_fd, writer->err);

	if (ret)
		return ret;
	ret = read_all(writer->base->ram_fd, writer->chunk, size,
		       writer->base->ram_offset + extent->at + done);
	return ret ? error_set(writer->err, ret, "reading the memory of a base: %s", strerror(-ret))
		   : (ssize_t)size;
}

/* The pages that are not zero, of those that are there at all. */
static int find_pages(struct writer *writer)
{
	const struct extents *all = &writer->base->extents;

	for (size_t i = 0; i < all->count; i++) {
		for (uint64_t done = 0; done < all->list[i].size;) {
			ssize_t size = read_chunk(writer, &all->list[i], done);

			if (size < 0)
				return (int)size;
			for (ssize_t at = 0; at < size; at += PAGE)
				if (!extents_is_zero(writer->chunk + at) &&
				    extents_add(&writer->extents,
						all->list[i].at + done + (uint64_t)at, PAGE))
					return error_set(writer->err, -ENOMEM,
							 "no memory to save a base");
			done += (uint64_t)size;
		}
	}
	return 0;
}

static int write_pages(struct writer *writer)
{
	for (size_t i = 0; i < writer->extents.count; i++) {
		const struct extent *extent = &writer->extents.list[i];

		for (uint64_t done = 0; done < extent->size;) {
			ssize_t size = read_chunk(writer, extent, done);
			int ret;

			if (size < 0)
				return (int)size;
			for (ssize_t at = 0; at < size; at += PAGE)
				writer->checksums[writer->nr_checksums++] =
					checksum(writer->chunk + at);
			ret = file_write_at(writer->fd, writer->chunk, (size_t)size,
					    writer->ram_offset + extent->at + done);
			if (ret)
				return error_set(writer->err, ret, "writing a base: %s",
						 strerror(-ret));
			done += (uint64_t)size;
		}
	}
	return 0;
}

/* An empty file of its final size. */
static int make_sparse(int fd, uint64_t size, struct error *err)
{
	struct rlimit limit;

	/* A signal would come, whose default is death. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    size > limit.rlim_cur)
		return error_set(err, -EFBIG,
				 "a base of %" PRIu64 " MiB, most of them empty, is over the limit "
				 "for files (ulimit -f) of %" PRIu64 " MiB",
				 size >> 20, (uint64_t)limit.rlim_cur >> 20);
	if (ftruncate(fd, (off_t)size))
		return error_set(err, -errno, "making a file of %" PRIu64 " MiB for a base: %s",
				 size >> 20, strerror(errno));
	if (lseek(fd, 0, SEEK_DATA) >= 0 || errno != ENXIO)
		return error_set(err, -EOPNOTSUPP,
				 "its file system has no sparse files, so that a base would take "
				 "%" PRIu64 " MiB",
				 size >> 20);
	return 0;
}

/* All that lies before RAM. */
static int write_meta(struct writer *writer, struct header *header, const char *text,
		      const void *bytes)
{
	size_t size = (size_t)meta_size(header);
	uint8_t *meta = calloc(1, size), *at;
	struct sha256_ctx sha;
	int ret;

	if (!meta)
		return error_set(writer->err, -ENOMEM, "no memory to save a base");
	at = meta + sizeof(*header);
	memcpy(at, text, header->text_size);
	at += padded(header->text_size);
	memcpy(at, bytes, header->base_size);
	at += padded(header->base_size);
	if (header->nr_pages)
		memcpy(at, writer->checksums, header->nr_pages * sizeof(uint32_t));
	memcpy(meta, header, sizeof(*header));
	sha256_init(&sha);
	sha256_update(&sha, size, meta);
	sha256_digest(&sha, sizeof(header->digest), header->digest);
	memcpy(meta, header, sizeof(*header));
	ret = file_write_at(writer->fd, meta, size, 0);
	free(meta);
	return ret ? error_set(writer->err, ret, "writing a base: %s", strerror(-ret)) : 0;
}

static int write_file(struct writer *writer, const struct base_identity *identity)
{
	struct base base = *writer->base;
	struct header header = { .text_size = strlen(identity->text) + 1 };
	void *bytes = NULL;
	size_t size;
	int ret = find_pages(writer);

	if (ret)
		return ret;
	base.extents = writer->extents;
	ret = base_to_bytes(&base, &bytes, &size, writer->err);
	if (ret)
		return ret;
	memcpy(header.magic, magic, sizeof(magic));
	memcpy(header.identity, identity->digest, sizeof(header.identity));
	header.base_size = size;
	header.nr_pages = extents_total(&writer->extents) / PAGE;
	header.ram_offset = (meta_size(&header) + RAM_ALIGN - 1) / RAM_ALIGN * RAM_ALIGN;
	header.file_size = header.ram_offset + base.ram_size;
	writer->ram_offset = header.ram_offset;
	writer->checksums = calloc(header.nr_pages + 1, sizeof(*writer->checksums));
	if (header.text_size > META_MAX || header.ram_offset > META_MAX || !writer->checksums)
		ret = error_set(writer->err, -ENOMEM, "no memory to save a base");
	if (!ret)
		ret = make_sparse(writer->fd, header.file_size, writer->err);
	if (!ret)
		ret = write_pages(writer);
	if (!ret)
		ret = write_meta(writer, &header, identity->text, bytes);
	free(bytes);
	return ret;
}

int base_file_write(int fd, const struct base_identity *identity, const struct base *base,
		    int cancel_fd, struct error *err)
{
	struct writer writer = { .fd = fd,
				 .cancel_fd = cancel_fd,
				 .base = base,
				 .chunk = aligned_alloc(PAGE, CHUNK),
				 .err = err };
	int ret = writer.chunk ? write_file(&writer, identity)
			       : error_set(err, -ENOMEM, "no memory to save a base");

	free(writer.chunk);
	free(writer.checksums);
	extents_free(&writer.extents);
	return ret;
}

uint64_t base_file_room(const struct base *base)
{
	uint64_t total = extents_total(&base->extents);

	/* At last: header, identity, list of extents. */
	return total + total / PAGE * sizeof(uint32_t) + base->state_size +
	       base->facts.init_log.size + base->facts.console.size + (1u << 20);
}

/* --- reading -------------------------------------------------------------------------------------
 */

static bool header_is_sound(const struct header *header, uint64_t file_size)
{
	return !memcmp(header->magic, magic, sizeof(magic)) && header->file_size == file_size &&
	       header->ram_offset <= META_MAX && header->ram_offset <= file_size &&
	       header->ram_offset % RAM_ALIGN == 0 && header->text_size &&
	       header->text_size <= META_MAX && header->base_size <= META_MAX &&
	       header->nr_pages <= META_MAX && meta_size(header) <= header->ram_offset;
}

/*
 * All before RAM, as its digest says that it was written. @meta: owned by the caller, free; the
 * header is at its beginning.
 */
static int read_meta(int fd, uint8_t **meta, struct error *err)
{
	struct header header, without_digest;
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	struct stat st;
	size_t size;

	*meta = NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || read_all(fd, &header, sizeof(header), 0) ||
	    !header_is_sound(&header, (uint64_t)st.st_size))
		return error_set(err, -EBADMSG, "its header is damaged");
	size = (size_t)meta_size(&header);
	*meta = malloc(size);
	if (!*meta)
		return error_set(err, -ENOMEM, "no memory for a base");
	if (read_all(fd, *meta, size, 0) || memcmp(*meta, &header, sizeof(header)) != 0)
		return error_set(err, -EBADMSG, "it cannot be read");
	without_digest = header;
	memset(without_digest.digest, 0, sizeof(without_digest.digest));
	sha256_init(&sha);
	sha256_update(&sha, sizeof(without_digest), (const uint8_t *)&without_digest);
	sha256_update(&sha, size - sizeof(header), *meta + sizeof(header));
	sha256_digest(&sha, sizeof(digest), digest);
	if (memcmp(digest, header.digest, sizeof(digest)) != 0 ||
	    (*meta)[sizeof(header) + header.text_size - 1])
		return error_set(err, -EBADMSG, "it is not as it was written");
	return 0;
}

/* Pages that are holes now must have been zero. */
static bool holes_are_zero(int fd, uint64_t at, uint64_t end, const uint32_t *checksums)
{
	static const uint8_t zeroes[PAGE];
	const uint32_t of_zeroes = checksum(zeroes);
	const uint64_t begin = at;

	while (at < end) {
		off_t hole = lseek(fd, (off_t)at, SEEK_HOLE), data;
		uint64_t from, to;

		if (hole < 0)
			return false;
		if ((uint64_t)hole >= end)
			return true;
		data = lseek(fd, hole, SEEK_DATA);
		if (data < 0 && errno != ENXIO)
			return false;
		at = data < 0 || (uint64_t)data > end ? end : (uint64_t)data;
		from = ((uint64_t)hole - begin + PAGE - 1) / PAGE;
		to = (at - begin) / PAGE;
		for (; from < to; from++)
			if (checksums[from] != of_zeroes)
				return false;
		/* Nothing says that both are not the same. */
		at += (uint64_t)hole == at;
	}
	return true;
}

static bool is_as_written(int fd, uint64_t at, uint32_t sum)
{
	uint8_t page[PAGE] __attribute__((aligned(8)));

	return !read_all(fd, page, sizeof(page), at) && checksum(page) == sum;
}

/* @checksums: at least one. One page of each stretch, so that a large damage is met. */
static bool samples_are_right(const struct base *base, const uint32_t *checksums, uint64_t nr_pages)
{
	const struct extent *extent = base->extents.list;
	uint32_t chance[SAMPLES];
	uint64_t before = 0, count = nr_pages < SAMPLES ? nr_pages : SAMPLES;

	if (getrandom(chance, sizeof(chance), 0) != sizeof(chance))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t from = nr_pages * i / count, to = nr_pages * (i + 1) / count;
		uint64_t page = from + chance[i] % (to - from);

		while (page - before >= extent->size / PAGE)
			before += extent++->size / PAGE;
		if (!is_as_written(base->ram_fd,
				   base->ram_offset + extent->at + (page - before) * PAGE,
				   checksums[page]))
			return false;
	}
	return true;
}

static int check_pages(const struct base *base, const uint32_t *checksums, uint64_t nr_pages,
		       struct error *err)
{
	uint64_t page = 0;

	for (size_t i = 0; i < base->extents.count; i++) {
		const struct extent *extent = &base->extents.list[i];
		uint64_t at = base->ram_offset + extent->at;

		if (!holes_are_zero(base->ram_fd, at, at + extent->size, checksums + page))
			return error_set(err, -EBADMSG, "some of its memory got lost");
		page += extent->size / PAGE;
	}
	if (!samples_are_right(base, checksums, nr_pages))
		return error_set(err, -EBADMSG, "some of its memory is not as it was written");
	return 0;
}

/* @base: its ram_fd is closed on error. */
static int from_meta(int fd, const uint8_t *meta, struct base *base, struct error *err)
{
	const struct header *header = (const struct header *)meta;
	const uint8_t *bytes = meta + sizeof(*header) + padded(header->text_size);
	const uint32_t *checksums = (const uint32_t *)(bytes + padded(header->base_size));
	int ret = base_from_bytes(fd, header->ram_offset, bytes, header->base_size, base, err);

	if (ret)
		return ret == -EPROTO ? -EBADMSG : ret;
	if (base->ram_size != header->file_size - header->ram_offset ||
	    extents_total(&base->extents) / PAGE != header->nr_pages)
		ret = error_set(err, -EBADMSG, "its sizes are not right");
	if (!ret)
		ret = check_pages(base, checksums, header->nr_pages, err);
	if (ret)
		base_close(base);
	return ret;
}

int base_file_read(int fd, const uint8_t *digest, struct base *base, char **text, struct error *err)
{
	uint8_t *meta, own[IDENTITY_DIGEST_SIZE];
	const struct header *header;
	const char *words;
	int ret = read_meta(fd, &meta, err);

	*base = (struct base){ .ram_fd = -1 };
	if (ret) {
		close(fd);
		goto out;
	}
	header = (const struct header *)meta;
	words = (const char *)meta + sizeof(*header);
	identity_digest(words, own);
	if (memcmp(own, header->identity, sizeof(own)) != 0 ||
	    (digest && memcmp(own, digest, sizeof(own)) != 0)) {
		close(fd);
		ret = error_set(err, -EBADMSG, "it is another machine's");
		goto out;
	}
	ret = from_meta(fd, meta, base, err);
	if (!ret && text) {
		*text = strdup(words);
		if (!*text) {
			base_close(base);
			ret = error_set(err, -ENOMEM, "no memory for a base");
		}
	}
out:
	free(meta);
	return ret;
}
