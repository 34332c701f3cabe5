/* What is in a file that may be compressed? See unpack.h. */
#include "modules/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* What decoders may take for their dictionary; `xz -9` has 64 MiB. */
#define XZ_MEMORY_MAX (256ull << 20)
#define ZSTD_LOG_MAX  28

struct output {
	uint8_t *data;
	size_t size, used;
};

/*
 * One compression: all of @src into @out. Returns NULL, or what is wrong: a clause that the library
 * owns or that is constant. too_large and no_memory are told apart by their address.
 */
typedef const char *(*unpack_fn)(const uint8_t *src, size_t size, struct output *out);

static const char too_large[] = "it unpacks to more than 512 MiB";
static const char no_memory[] = "out of memory";
static const char too_short[] = "it ends too early";

/* Room for more. */
static const char *grow(struct output *out)
{
	size_t size = out->size ? out->size * 2 : 256u << 10;
	uint8_t *data;

	if (out->size >= UNPACK_MAX)
		return too_large;
	data = realloc(out->data, size);
	if (!data)
		return no_memory;
	out->data = data;
	out->size = size;
	return NULL;
}

static const char *unpack_gzip(const uint8_t *src, size_t size, struct output *out)
{
	z_stream stream = { .next_in = (Bytef *)src, .avail_in = (uInt)size };
	const char *problem = NULL;
	int ret = Z_OK;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return no_memory;
	while (!problem && ret != Z_STREAM_END) {
		problem = out->used == out->size ? grow(out) : NULL;
		if (problem)
			break;
		stream.next_out = out->data + out->used;
		stream.avail_out = (uInt)(out->size - out->used);
		ret = inflate(&stream, Z_NO_FLUSH);
		out->used = out->size - stream.avail_out;
		if (ret == Z_BUF_ERROR || (ret == Z_OK && !stream.avail_in && stream.avail_out))
			problem = too_short;
		else if (ret != Z_OK && ret != Z_STREAM_END)
			problem = stream.msg ? "damaged data" : no_memory;
	}
	inflateEnd(&stream);
	return problem;
}

static const char *unpack_xz(const uint8_t *src, size_t size, struct output *out)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	const char *problem = NULL;
	lzma_ret ret = LZMA_OK;

	if (lzma_stream_decoder(&stream, XZ_MEMORY_MAX, 0) != LZMA_OK)
		return no_memory;
	stream.next_in = src;
	stream.avail_in = size;
	while (!problem && ret != LZMA_STREAM_END) {
		problem = out->used == out->size ? grow(out) : NULL;
		if (problem)
			break;
		stream.next_out = out->data + out->used;
		stream.avail_out = out->size - out->used;
		ret = lzma_code(&stream, LZMA_FINISH);
		out->used = out->size - stream.avail_out;
		if (ret == LZMA_BUF_ERROR)
			problem = too_short;
		else if (ret == LZMA_MEM_ERROR)
			problem = no_memory;
		else if (ret == LZMA_MEMLIMIT_ERROR)
			problem = "its dictionary is larger than 256 MiB";
		else if (ret != LZMA_OK && ret != LZMA_STREAM_END)
			problem = "damaged data";
	}
	lzma_end(&stream);
	return problem;
}

static const char *unpack_zstd(const uint8_t *src, size_t size, struct output *out)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer in = { src, size, 0 };
	const char *problem = context ? NULL : no_memory;
	size_t left = 1;

	if (context)
		ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_LOG_MAX);
	while (!problem && left) {
		ZSTD_outBuffer to;
		size_t taken = in.pos, made;

		problem = out->used == out->size ? grow(out) : NULL;
		if (problem)
			break;
		to = (ZSTD_outBuffer){ out->data, out->size, out->used };
		made = to.pos;
		left = ZSTD_decompressStream(context, &to, &in);
		out->used = to.pos;
		if (ZSTD_isError(left))
			problem = ZSTD_getErrorName(left);
		else if (left && in.pos == taken && to.pos == made)
			problem = too_short;
	}
	ZSTD_freeDCtx(context);
	return problem;
}

static const char *unpack_none(const uint8_t *src, size_t size, struct output *out)
{
	out->data = malloc(size ? size : 1);
	if (!out->data)
		return no_memory;
	if (size)
		memcpy(out->data, src, size);
	out->size = out->used = size;
	return NULL;
}

static const struct {
	const char *magic;
	size_t magic_size;
	unpack_fn unpack;
} compressions[] = {
	{ "\x1f\x8b", 2, unpack_gzip },
	{ "\3757zXZ", 6, unpack_xz },
	{ "\x28\xb5\x2f\xfd", 4, unpack_zstd },
	{ "", 0, unpack_none },
};

int unpack_memory(const char *path, const uint8_t *packed, size_t packed_size, uint8_t **data,
		  size_t *size, struct error *err)
{
	struct output out = { 0 };
	const char *problem;
	size_t i = 0;

	while (packed_size < compressions[i].magic_size ||
	       memcmp(packed, compressions[i].magic, compressions[i].magic_size))
		i++;
	problem = compressions[i].unpack(packed, packed_size, &out);
	if (problem) {
		free(out.data);
		return error_set(err,
				 problem == no_memory	? -ENOMEM
				 : problem == too_large ? -EFBIG
							: -ENOEXEC,
				 "'%s': unpacking it: %s", path, problem);
	}
	*data = out.data;
	*size = out.used;
	return 0;
}

static int read_all(int fd, uint8_t *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = read(fd, data + done, size - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count ? -errno : -EIO;
		done += (size_t)count;
	}
	return 0;
}

int unpack_file(const char *path, uint8_t **data, size_t *size, struct error *err)
{
	/* O_NONBLOCK: a FIFO must not hold us up before it is refused. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *packed = NULL;
	struct stat st;
	int ret;

	if (fd < 0 || fstat(fd, &st)) {
		ret = error_set(err, -errno, "'%s': %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = error_set(err, -EINVAL, "'%s': not a regular file", path);
		goto out;
	}
	if (st.st_size > UNPACK_MAX) {
		ret = error_set(err, -EFBIG, "'%s': over %u MiB", path, UNPACK_MAX >> 20);
		goto out;
	}
	packed = malloc((size_t)st.st_size + 1);
	if (!packed) {
		ret = error_set(err, -ENOMEM, "'%s': out of memory", path);
		goto out;
	}
	ret = read_all(fd, packed, (size_t)st.st_size);
	if (ret)
		error_set(err, ret, "'%s': reading it: %s", path, strerror(-ret));
	else
		ret = unpack_memory(path, packed, (size_t)st.st_size, data, size, err);
out:
	free(packed);
	if (fd >= 0)
		close(fd);
	return ret;
}
