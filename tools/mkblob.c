/*
 * How does a file become a blob? Build tool: checks the file, writes the bytes as they are embedded
 * (zlib where that pays) and the blob's row of the table, which embed.c includes.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>
#include <zlib.h>

/* Compression has to save this much, in percent, to be worth the start-up time. */
#define LEAST_SAVING_PERCENT 5
/* More than any tracer; keeps the arithmetic below far from its limits. */
#define MAX_BYTES	     (256u << 20)

static bool read_whole(const char *path, uint8_t **data, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	size_t room = 0, used = 0;

	if (!file)
		goto fail;
	for (;;) {
		if (used == room) {
			uint8_t *grown;

			room = room ? 2 * room : 1u << 20;
			grown = used > MAX_BYTES ? NULL : realloc(bytes, room);
			if (!grown) {
				errno = EFBIG;
				goto fail;
			}
			bytes = grown;
		}
		used += fread(bytes + used, 1, room - used, file);
		if (ferror(file))
			goto fail;
		if (feof(file))
			break;
	}
	fclose(file);
	*data = bytes;
	*size = used;
	return true;

fail:
	fprintf(stderr, "mkblob: cannot read '%s': %s\n", path, strerror(errno));
	free(bytes);
	if (file)
		fclose(file);
	return false;
}

static bool write_whole(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	bool ok = file && fwrite(bytes, 1, size, file) == size;

	if (file && fclose(file))
		ok = false;
	if (!ok)
		fprintf(stderr, "mkblob: cannot write '%s': %s\n", path, strerror(errno));
	return ok;
}

/* What is wrong with an ELF file that has to be for this machine? NULL when nothing is. */
static const char *elf_fault(const uint8_t *data, size_t size, bool must_be_static)
{
	Elf64_Ehdr ehdr;

	if (size < sizeof(ehdr) || memcmp(data, ELFMAG, SELFMAG))
		return "is no ELF file";
	memcpy(&ehdr, data, sizeof(ehdr));
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_machine != EM_X86_64)
		return "is not an x86-64 ELF file";
	if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		return "is not an executable ELF file";
	if (ehdr.e_phentsize != sizeof(Elf64_Phdr) || ehdr.e_phoff > size ||
	    ehdr.e_phnum > (size - ehdr.e_phoff) / sizeof(Elf64_Phdr))
		return "is a truncated ELF file";
	for (unsigned int i = 0; i < ehdr.e_phnum; i++) {
		Elf64_Phdr phdr;

		memcpy(&phdr, data + ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_offset > size || phdr.p_filesz > size - phdr.p_offset)
			return "is a truncated ELF file";
		if (must_be_static && phdr.p_type == PT_INTERP)
			return "needs shared libraries; a static one is wanted";
	}
	return NULL;
}

static bool fits_a_string(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			return false;
	}
	return *text != '\0';
}

static bool make_row(const char *path, const char *name, const char *provider, const char *version,
		     const uint8_t *data, size_t size, size_t stored_size)
{
	char digest[2 * SHA256_DIGEST_SIZE + 1], row[512];
	uint8_t raw[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	int length;

	sha256_init(&sha);
	sha256_update(&sha, size, data);
	sha256_digest(&sha, sizeof(raw), raw);
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(digest + 2 * i, 3, "%02x", raw[i]);
	length = snprintf(row, sizeof(row), "BLOB(%s, \"%s\", \"%s\", \"%s\", %zu, %zu)\n", name,
			  provider, version, digest, size, stored_size);
	if (length < 0 || (size_t)length >= sizeof(row)) {
		fprintf(stderr, "mkblob: %s: the version is too long: '%s'\n", name, version);
		return false;
	}
	return write_whole(path, row, (size_t)length);
}

/* The file's bytes, if they are what @kind wants; says what is wrong otherwise. */
static bool read_checked(const char *name, const char *kind, const char *path, uint8_t **data,
			 size_t *size)
{
	const char *fault = NULL;

	if (!read_whole(path, data, size))
		return false;
	if (!*size)
		fault = "is empty";
	else if (strcmp(kind, "data"))
		fault = elf_fault(*data, *size, !strcmp(kind, "static"));
	if (!fault)
		return true;
	fprintf(stderr, "mkblob: %s: '%s' %s\n", name, path, fault);
	free(*data);
	return false;
}

int main(int argc, char **argv)
{
	const char *name, *kind, *path, *provider, *version;
	uint8_t *data = NULL, *packed = NULL;
	size_t size = 0, stored_size;
	uLongf packed_size;
	bool done = false;

	if (argc == 5 && !strcmp(argv[1], "check")) {
		done = read_checked(argv[2], argv[3], argv[4], &data, &size);
		if (done)
			free(data);
		return done ? 0 : 1;
	}
	if (argc != 8) {
		fputs("Usage: mkblob NAME elf|static|data FILE PROVIDER VERSION STORED ROW\n"
		      "       mkblob check NAME elf|static|data FILE\n",
		      stderr);
		return 2;
	}
	name = argv[1];
	kind = argv[2];
	path = argv[3];
	provider = argv[4];
	version = argv[5];

	if (!fits_a_string(version)) {
		fprintf(stderr, "mkblob: %s: '%s' has no usable version (got '%s')\n", name, path,
			version);
		return 1;
	}
	if (!read_checked(name, kind, path, &data, &size))
		return 1;

	packed_size = compressBound(size);
	packed = malloc(packed_size);
	if (!packed || compress2(packed, &packed_size, data, size, Z_BEST_COMPRESSION) != Z_OK) {
		fprintf(stderr, "mkblob: %s: cannot compress '%s': out of memory\n", name, path);
		goto out;
	}
	stored_size = packed_size <= size / 100 * (100 - LEAST_SAVING_PERCENT) ? packed_size : size;
	done = write_whole(argv[6], stored_size == size ? data : packed, stored_size) &&
	       make_row(argv[7], name, provider, version, data, size, stored_size);
out:
	free(packed);
	free(data);
	return done ? 0 : 1;
}
