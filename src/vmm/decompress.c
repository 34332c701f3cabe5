/* What does a bzImage's payload decompress to? (arch/x86/boot/compressed/, scripts/Makefile.lib.)
 */
#include "vmm/decompress.h"

/* For ZSTD_d_stableOutBuffer, which is in every release since 1.4.0. */
#define ZSTD_STATIC_LINKING_ONLY

#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

#include "util/cancel.h"

/* What the kernel's build appends to a payload, little-endian; gzip's own trailer ends with the
 * same. */
#define SIZE_TRAILER  4u
/* Dictionaries of up to 128 MiB are in use. */
#define XZ_MEMORY_MAX (256ull << 20)
/* Bytes that a block of the legacy lz4 format decompresses to, at most (lz4_Frame_format.md). */
#define LZ4_BLOCK_MAX (8u << 20)
#define LZ4_MAGIC     4u

/* Where the bytes go. Made once, in full: the size is known. */
struct output {
	uint8_t *data;
	size_t size;
	size_t used;
};

/* What is to be unpacked, and how far that has come. */
struct input {
	const uint8_t *data;
	size_t size;
	size_t used;
	int cancel_fd;
};

/* The reason of a stream that was left in the middle, in place of one that is a fault of its own.
 */
static const char interrupted[] = "interrupted";

/* The next piece of @in for a decoder, at most CANCEL_EVERY bytes; NULL when the user wants out. */
static const uint8_t *next_piece(struct input *in, size_t *size)
{
	const uint8_t *piece = in->data + in->used;

	if (cancel_check(in->cancel_fd, NULL))
		return NULL;
	*size = in->size - in->used < CANCEL_EVERY ? in->size - in->used : CANCEL_EVERY;
	in->used += *size;
	return piece;
}

/*
 * One compression. Fills @out as far as @in goes and never further. Returns NULL, or what is wrong:
 * a clause that the library owns or that is constant.
 */
typedef const char *(*decompress_fn)(struct input *in, struct output *out);

static const char *decompress_zstd(struct input *in, struct output *out)
{
	ZSTD_outBuffer to = { .dst = out->data, .size = out->size };
	ZSTD_DCtx *context = ZSTD_createDCtx();
	const char *problem = NULL;
	size_t left = 1;

	if (!context)
		return "out of memory";
	/* It then keeps no window of its own, which would be up to 128 MiB. */
	left = ZSTD_DCtx_setParameter(context, ZSTD_d_stableOutBuffer, 1);
	while (!problem && !ZSTD_isError(left) && in->used < in->size) {
		ZSTD_inBuffer from = { 0 };

		from.src = next_piece(in, &from.size);
		if (!from.src)
			problem = interrupted;
		while (!problem && !ZSTD_isError(left) && from.pos < from.size) {
			size_t before = from.pos + to.pos;

			left = ZSTD_decompressStream(context, &to, &from);
			if (!ZSTD_isError(left) && from.pos + to.pos == before)
				problem = "it goes on for too long";
		}
	}
	if (!problem && ZSTD_isError(left))
		problem = ZSTD_getErrorName(left);
	else if (!problem && left)
		problem = "it ends too early";
	out->used = to.pos;
	ZSTD_freeDCtx(context);
	return problem;
}

static const char *decompress_xz(struct input *in, struct output *out)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret ret = lzma_stream_decoder(&stream, XZ_MEMORY_MAX, 0);
	const char *problem = NULL;

	stream.next_out = out->data;
	stream.avail_out = out->size;
	while (ret == LZMA_OK && !problem) {
		if (!stream.avail_in && in->used < in->size)
			stream.next_in = next_piece(in, &stream.avail_in);
		if (!stream.next_in)
			problem = interrupted;
		else
			ret = lzma_code(&stream, in->used < in->size ? LZMA_RUN : LZMA_FINISH);
	}
	out->used = out->size - stream.avail_out;
	lzma_end(&stream);
	if (problem)
		return problem;
	switch (ret) {
	case LZMA_STREAM_END:
		return NULL;
	case LZMA_MEM_ERROR:
		return "out of memory";
	case LZMA_MEMLIMIT_ERROR:
		return "its dictionary is larger than 256 MiB";
	case LZMA_BUF_ERROR:
		return "it ends too early, or goes on for too long";
	case LZMA_OPTIONS_ERROR:
		return "a filter that is not known";
	default:
		return "damaged data";
	}
}

static const char *decompress_gzip(struct input *in, struct output *out)
{
	z_stream stream = { 0 };
	const char *problem = NULL;
	int ret = Z_OK;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return "out of memory";
	/* It fits: the output's size is bounded. */
	stream.next_out = out->data;
	stream.avail_out = (uInt)out->size;
	while (ret == Z_OK && !problem && in->used < in->size) {
		size_t size = 0;

		stream.next_in = (Bytef *)next_piece(in, &size);
		stream.avail_in = (uInt)size;
		if (!stream.next_in)
			problem = interrupted;
		else
			ret = inflate(&stream, Z_NO_FLUSH);
		/* No room for the rest of this piece. */
		if (ret == Z_OK && stream.avail_in)
			ret = Z_BUF_ERROR;
	}
	if (!problem && ret != Z_STREAM_END)
		problem = ret == Z_BUF_ERROR || ret == Z_OK
				  ? "it ends too early, or goes on for too long"
				  : "damaged data";
	out->used = out->size - stream.avail_out;
	inflateEnd(&stream);
	return problem;
}

/* The legacy format: a magic number, then blocks that each begin with their compressed size. */
static const char *decompress_lz4(struct input *in, struct output *out)
{
	size_t at = LZ4_MAGIC;

	while (at < in->size) {
		size_t room = out->size - out->used;
		uint32_t block;
		int ret;

		if (cancel_check(in->cancel_fd, NULL))
			return interrupted;
		if (in->size - at < sizeof(block))
			return "it ends within a block's size";
		memcpy(&block, in->data + at, sizeof(block));
		at += sizeof(block);
		if (block > in->size - at || block > (uint32_t)LZ4_COMPRESSBOUND(LZ4_BLOCK_MAX))
			return "a block goes beyond the end";
		ret = LZ4_decompress_safe((const char *)in->data + at,
					  (char *)out->data + out->used, (int)block,
					  (int)(room < LZ4_BLOCK_MAX ? room : LZ4_BLOCK_MAX));
		if (ret < 0)
			return "damaged data, or more than it should be";
		at += block;
		out->used += (size_t)ret;
	}
	return NULL;
}

static const char *decompress_none(struct input *in, struct output *out)
{
	if (in->size > out->size)
		return "it goes on for too long";
	memcpy(out->data, in->data, in->size);
	out->used = in->size;
	return NULL;
}

/* In the order of lib/decompress.c, which chooses by the same bytes. */
static const struct compression {
	const char *name;
	const char *magic;
	size_t magic_size;
	decompress_fn decompress; /* NULL: known by name only */
	size_t trailer;		  /* bytes of SIZE_TRAILER that are no part of the stream */
} compressions[] = {
	{ "gzip", "\x1f\x8b", 2, decompress_gzip, 0 },
	{ "bzip2", "BZh", 3, NULL, SIZE_TRAILER },
	{ "lzma", "\x5d\x00\x00", 3, NULL, SIZE_TRAILER },
	{ "xz", "\3757zXZ", 6, decompress_xz, SIZE_TRAILER },
	{ "lzo", "\x89LZO", 4, NULL, SIZE_TRAILER },
	{ "lz4", "\x02\x21\x4c\x18", 4, decompress_lz4, SIZE_TRAILER },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, decompress_zstd, SIZE_TRAILER },
	{ "none", "\177ELF", 4, decompress_none, SIZE_TRAILER },
};

static const struct compression *find_compression(const uint8_t *payload, size_t size)
{
	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++)
		if (size >= compressions[i].magic_size &&
		    memcmp(payload, compressions[i].magic, compressions[i].magic_size) == 0)
			return &compressions[i];
	return NULL;
}

int decompress_payload(const char *name, const uint8_t *payload, size_t size, int cancel_fd,
		       uint8_t **data, size_t *data_size, struct error *err)
{
	struct input in = { .data = payload, .cancel_fd = cancel_fd };
	const struct compression *compression;
	struct output out = { 0 };
	const char *problem;
	uint32_t expected;

	if (size < 4 + SIZE_TRAILER)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: its payload has %zu bytes; give a whole "
				 "bzImage",
				 name, size);
	compression = find_compression(payload, size);
	if (!compression || !compression->decompress)
		return error_set(err, -ENOTSUP,
				 "kernel '%s': unpacking it: its compression (%s, first bytes %02x "
				 "%02x %02x %02x) is not zstd, lz4, xz or gzip; boot the bzImage "
				 "as it is",
				 name, compression ? compression->name : "unknown", payload[0],
				 payload[1], payload[2], payload[3]);
	memcpy(&expected, payload + size - SIZE_TRAILER, sizeof(expected));
	if (expected == 0 || expected > DECOMPRESS_MAX)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: its payload says that it unpacks to %u "
				 "bytes, expected at most %llu; give a whole bzImage",
				 name, expected, DECOMPRESS_MAX);
	out.size = expected;
	/* A mapping of its own, which goes back to the host whole. */
	out.data = mmap(NULL, out.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (out.data == MAP_FAILED)
		return error_set(err, -ENOMEM, "kernel '%s': unpacking it: no memory for %zu bytes",
				 name, out.size);
	/* Fewer page faults; where the host does not offer it, nothing is lost but time. */
	madvise(out.data, out.size, MADV_HUGEPAGE);
	in.size = size - compression->trailer;
	problem = compression->decompress(&in, &out);
	if (!problem && out.used != out.size)
		problem = "it ends too early";
	if (problem) {
		munmap(out.data, out.size);
		if (problem == interrupted)
			return error_set(err, -EINTR, "kernel '%s': unpacking it: interrupted",
					 name);
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: its payload (%s, %zu bytes) does not "
				 "unpack to the %zu bytes that it says: %s; give a whole bzImage",
				 name, compression->name, size, out.size, problem);
	}
	*data = out.data;
	*data_size = out.size;
	return 0;
}
