/* How does a blob come out of the launcher? Decompressed, checked, as a sealed memfd. See embed.h.
 */
#include "embed/embed.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>
#include <zlib.h>

#include "util/file.h"
#include "util/memfd.h"
#include "wprof/wprof.h"

/* zlib.h, inflateInit2: the largest window, in gzip's wrapping. */
#define WINDOW_BITS	(15 + 16)
#define HEX_DIGEST_SIZE (2 * SHA256_DIGEST_SIZE + 1)

/* The rows that mkblob wrote: BLOB(name, provider, version, sha256, size, stored size) */
#define BLOB(name, ...) extern const uint8_t embed_blob_##name[];
#include "embed/blobs_table.h"
#undef BLOB

#define BLOB(id, from, what, digest, bytes, stored_bytes)                                          \
	{ #id, from, what, digest, bytes, embed_blob_##id, stored_bytes },
const struct blob embed_blobs[] = {
#include "embed/blobs_table.h"
	{ .name = NULL },
};
#undef BLOB

const struct blob *embed_find(const char *name)
{
	for (const struct blob *blob = embed_blobs; blob->name; blob++) {
		if (!strcmp(blob->name, name))
			return blob;
	}
	return NULL;
}

int embed_load(const struct blob *blob, uint8_t **data, struct error *err)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)blob->stored,
		       .avail_in = (uInt)blob->stored_size,
		       .avail_out = (uInt)blob->size };
	uint8_t *bytes;
	int zerr;

	bytes = malloc(blob->size ? blob->size : 1);
	if (!bytes)
		return error_set(err, -ENOMEM, "blob '%s': no memory for its %" PRIu64 " bytes",
				 blob->name, blob->size);
	if (blob->stored_size == blob->size) {
		memcpy(bytes, blob->stored, blob->size);
		*data = bytes;
		return 0;
	}

	z.next_out = bytes;
	zerr = inflateInit2(&z, WINDOW_BITS);
	if (zerr == Z_OK)
		zerr = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (zerr == Z_STREAM_END && z.total_out == blob->size) {
		*data = bytes;
		return 0;
	}
	free(bytes);
	if (zerr == Z_MEM_ERROR)
		return error_set(err, -ENOMEM, "blob '%s': no memory to decompress it", blob->name);
	return error_set(err, -EIO,
			 "blob '%s': its embedded bytes do not decompress: this file is damaged, "
			 "get a new copy of it",
			 blob->name);
}

static void digest_hex(const uint8_t *data, size_t size, char hex[HEX_DIGEST_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, size, data);
	sha256_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

int embed_verify(const struct blob *blob, struct error *err)
{
	char hex[HEX_DIGEST_SIZE];
	uint8_t *data;
	int ret;

	ret = embed_load(blob, &data, err);
	if (ret)
		return ret;
	digest_hex(data, blob->size, hex);
	free(data);
	if (strcmp(hex, blob->sha256))
		return error_set(err, -EBADMSG,
				 "blob '%s': its SHA-256 is %s, and was %s when it was embedded: "
				 "this file is damaged, get a new copy of it",
				 blob->name, hex, blob->sha256);
	return 0;
}

int embed_memfd(const struct blob *blob, struct error *err)
{
	static const struct timespec epoch[2];
	bool executable = true;
	uint8_t *data;
	int fd, ret;

	ret = embed_load(blob, &data, err);
	if (ret)
		return ret;

	fd = memfd_new(blob->name, MFD_ALLOW_SEALING, &executable);
	if (fd < 0) {
		ret = error_set(err, fd, "blob '%s': cannot create a memfd: %s", blob->name,
				strerror(-fd));
		goto out_data;
	}

	ret = file_write_all(fd, data, blob->size);
	if (ret) {
		error_set(err, ret, "blob '%s': cannot write its memfd of %" PRIu64 " bytes: %s",
			  blob->name, blob->size, strerror(-ret));
		goto out_fd;
	}
	/* The time goes into the guest with the file: the same launcher packs the same archive. */
	if (fchmod(fd, executable ? 0555 : 0444) || futimens(fd, epoch) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		ret = error_set(err, -errno, "blob '%s': cannot seal its memfd: %s", blob->name,
				strerror(errno));
		goto out_fd;
	}
	free(data);
	return fd;

out_fd:
	close(fd);
out_data:
	free(data);
	return ret;
}

/*
 * Is it the very blob? Then an outer launcher exported it (`exec -- bats` whose tests call `run`),
 * and no user chose it. @fd is open on a regular file of @size bytes.
 */
static bool holds_blob(int fd, off_t size, const struct blob *blob)
{
	char hex[HEX_DIGEST_SIZE];
	void *map;

	if (size <= 0 || (uint64_t)size != blob->size)
		return false;
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	digest_hex(map, (size_t)size, hex);
	munmap(map, (size_t)size);
	return !strcmp(hex, blob->sha256);
}

/* Returns 1 when the user's own tracer was found good, 0 when it is the blob, or a negative errno.
 */
static int check_own(const char *path, const struct blob *blob, struct error *err)
{
	static const char advice[] = "; unset " WPROF_PATH_VARIABLE
				     " to use the tracer that is built in";
	char magic[SELFMAG];
	struct stat st;
	ssize_t got;
	int fd, ret;

	/* O_NONBLOCK: a FIFO must not keep us waiting. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set(err, -EINVAL, WPROF_PATH_VARIABLE "='%s': cannot open it: %s%s",
				 path, strerror(errno), advice);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		ret = error_set(err, -EINVAL, WPROF_PATH_VARIABLE "='%s': %s, not a file%s", path,
				S_ISDIR(st.st_mode) ? "a folder" : "a device, pipe or socket",
				advice);
		goto out;
	}
	got = pread(fd, magic, sizeof(magic), 0);
	if (got < 0) {
		ret = error_set(err, -EINVAL, WPROF_PATH_VARIABLE "='%s': cannot read it: %s%s",
				path, strerror(errno), advice);
		goto out;
	}
	if (got < SELFMAG || memcmp(magic, ELFMAG, SELFMAG)) {
		ret = error_set(err, -EINVAL, WPROF_PATH_VARIABLE "='%s': not an ELF file%s", path,
				advice);
		goto out;
	}
	ret = holds_blob(fd, st.st_size, blob) ? 0 : 1;
out:
	close(fd);
	return ret;
}

/*
 * CMD often is a shell script, or bats, that opens low descriptors for itself (`exec 3>&1`), and
 * shells put their own at 10 and up and at 255: what lay there is gone then, and the path with it.
 * Where the limit of open files is low, as high as it lets us; where none is free there, @fd
 * itself.
 */
static int move_away(int fd)
{
	static const int lowest[] = { 200, 100, 50, 25 };

	for (size_t i = 0; i < sizeof(lowest) / sizeof(lowest[0]); i++) {
		int moved = fcntl(fd, F_DUPFD, lowest[i]);

		if (moved >= 0) {
			close(fd);
			return moved;
		}
	}
	return fd;
}

int embed_export_wprof(int *used_own, struct error *err)
{
	const struct blob *blob = embed_find("wprof");
	const char *own = getenv(WPROF_PATH_VARIABLE);
	char path[64];
	int fd, ret;

	if (used_own)
		*used_own = 0;
	if (!blob)
		return error_set(err, -ENOENT, "this build holds no tracer (blob 'wprof')");
	if (own) {
		ret = check_own(own, blob, err);
		if (ret < 0)
			return ret;
		if (used_own)
			*used_own = ret;
		return 0;
	}

	fd = embed_memfd(blob, err);
	if (fd < 0)
		return fd;
	fd = move_away(fd);
	/*
	 * By process id, not "self": whoever reads it is another process. It holds until this
	 * process ends, across its own exec too. (Other users' processes need CAP_SYS_PTRACE,
	 * proc(5).)
	 */
	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)getpid(), fd);
	if (setenv(WPROF_PATH_VARIABLE, path, 1)) {
		ret = error_set(err, -errno, "cannot set " WPROF_PATH_VARIABLE ": %s",
				strerror(errno));
		close(fd);
		return ret;
	}
	return 0;
}
