/* What the tests of the packer share: a scratch folder, made-up ELF files, and a reader of
 * archives. */
#ifndef TEST_UNIT_INITRAMFS_FIXTURE_H
#define TEST_UNIT_INITRAMFS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "initramfs/tree.h"

/* One a test: a folder, and a tree whose configuration is in that folder. */
struct fixture {
	char dir[64];
	char conf[128], cache[128], musl[128], search_path[128];
	struct initramfs *tree;
	struct error err;
};

static inline int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The exit status of a shell command. */
static inline int run(const char *fmt, ...)
{
	char command[8192];
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_true(status > 0 && (size_t)status < sizeof(command));
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* "<dir>/<name>", good until the eighth next call. */
static inline const char *in(const struct fixture *f, const char *name)
{
	static char paths[8][512];
	static unsigned int turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", f->dir, name);
	return path;
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct host_paths paths;

	assert_non_null(f);
	strcpy(f->dir, "/tmp/test-initramfs.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->conf, sizeof(f->conf), "%s/ld.so.conf", f->dir);
	snprintf(f->cache, sizeof(f->cache), "%s/ld.so.cache", f->dir);
	snprintf(f->musl, sizeof(f->musl), "%s/ld-musl.path", f->dir);
	snprintf(f->search_path, sizeof(f->search_path), "%s/path1:relative:%s/path2", f->dir,
		 f->dir);
	paths = (struct host_paths){
		.ld_so_conf = f->conf,
		.ld_so_cache = f->cache,
		.musl_path = f->musl,
		.search_path = f->search_path,
	};
	f->tree = tree_create(&paths);
	assert_non_null(f->tree);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	initramfs_destroy(f->tree);
	run("rm -rf '%s'", f->dir);
	free(f);
	return 0;
}

/* An empty tree in the place of the fixture's. */
static inline void fresh_tree(struct fixture *f)
{
	struct host_paths paths = f->tree->paths;

	initramfs_destroy(f->tree);
	f->tree = tree_create(&paths);
	assert_non_null(f->tree);
	memset(&f->err, 0, sizeof(f->err));
}

/* A file of the fixture's folder; folders above it are made. */
static inline void put(const struct fixture *f, const char *name, const void *data, size_t size,
		       mode_t mode)
{
	const char *path = in(f, name);
	FILE *file;

	assert_int_equal(run("mkdir -p \"$(dirname '%s')\"", path), 0);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline void put_text(const struct fixture *f, const char *name, mode_t mode, const char *fmt,
			    ...) __attribute__((format(printf, 4, 5)));

static inline void put_text(const struct fixture *f, const char *name, mode_t mode, const char *fmt,
			    ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(f, name, text, strlen(text), mode);
}

/* What a made-up ELF file asks for. Zero: x86-64, 64-bit, ET_DYN. */
struct elf_spec {
	const char *interp, *soname, *rpath, *runpath;
	const char *needed[8];
	unsigned char class;
	unsigned int machine, type;
};

#define ELF_BYTES 4096

struct made_elf {
	unsigned char bytes[ELF_BYTES];
	size_t size;
};

static inline uint64_t elf_string(struct made_elf *e, const char *text)
{
	uint64_t at = e->size;

	assert_true(at + strlen(text) + 1 <= ELF_BYTES);
	strcpy((char *)e->bytes + at, text);
	e->size += strlen(text) + 1;
	return at;
}

/* Header, three program headers, dynamic section, then the strings; all loaded at 0x10000. */
static inline void make_elf(struct made_elf *e, const struct elf_spec *spec)
{
	enum { DYN_AT = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr), BASE = 0x10000 };
	Elf64_Dyn dyn[24] = { 0 };
	uint64_t strings, interp = 0;
	Elf64_Phdr ph[3] = { 0 };
	Elf64_Ehdr eh = { 0 };
	size_t n = 0;

	memset(e, 0, sizeof(*e));
	e->size = DYN_AT + sizeof(dyn);
	strings = e->size;
	e->size++; /* the empty string */
	for (size_t i = 0; i < 8 && spec->needed[i]; i++)
		dyn[n++] = (Elf64_Dyn){ DT_NEEDED, { elf_string(e, spec->needed[i]) - strings } };
	if (spec->soname)
		dyn[n++] = (Elf64_Dyn){ DT_SONAME, { elf_string(e, spec->soname) - strings } };
	if (spec->rpath)
		dyn[n++] = (Elf64_Dyn){ DT_RPATH, { elf_string(e, spec->rpath) - strings } };
	if (spec->runpath)
		dyn[n++] = (Elf64_Dyn){ DT_RUNPATH, { elf_string(e, spec->runpath) - strings } };
	dyn[n++] = (Elf64_Dyn){ DT_STRTAB, { BASE + strings } };
	dyn[n++] = (Elf64_Dyn){ DT_STRSZ, { e->size - strings } };
	if (spec->interp)
		interp = elf_string(e, spec->interp);

	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = spec->class ? spec->class : ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = EV_CURRENT;
	eh.e_type = (Elf64_Half)(spec->type ? spec->type : ET_DYN);
	eh.e_machine = (Elf64_Half)(spec->machine ? spec->machine : EM_X86_64);
	eh.e_version = EV_CURRENT;
	eh.e_phoff = sizeof(eh);
	eh.e_ehsize = sizeof(eh);
	eh.e_phentsize = sizeof(Elf64_Phdr);
	eh.e_phnum = interp ? 3 : 2;
	ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = e->size };
	ph[1] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
			      .p_offset = DYN_AT,
			      .p_vaddr = BASE + DYN_AT,
			      .p_filesz = sizeof(dyn) };
	ph[2] = (Elf64_Phdr){ .p_type = PT_INTERP,
			      .p_offset = interp,
			      .p_vaddr = BASE + interp,
			      .p_filesz = interp ? strlen(spec->interp) + 1 : 0 };
	memcpy(e->bytes, &eh, sizeof(eh));
	memcpy(e->bytes + sizeof(eh), ph, sizeof(ph));
	memcpy(e->bytes + DYN_AT, dyn, sizeof(dyn));
}

static inline void put_elf(const struct fixture *f, const char *name, struct elf_spec spec)
{
	struct made_elf e;

	make_elf(&e, &spec);
	put(f, name, e.bytes, e.size, 0755);
}

static inline int add(struct fixture *f, const char *name)
{
	return initramfs_add_host(f->tree, in(f, name), NULL, &f->err);
}

/* The archive, owned by the caller. Its memory holds rubbish before, as guest memory may. */
static inline uint8_t *pack(struct fixture *f, size_t *size)
{
	uint8_t *archive;

	*size = initramfs_layout(f->tree);
	archive = malloc(*size);
	assert_non_null(archive);
	memset(archive, 0xa5, *size);
	if (initramfs_write(f->tree, archive, *size, &f->err))
		fail_msg("%s", f->err.text);
	return archive;
}

struct entry {
	char name[PATH_MAX];
	uint32_t ino, mode, uid, gid, nlink, mtime, size, rmajor, rminor, name_size;
	const uint8_t *data;
};

static inline uint32_t hex8(const uint8_t *at)
{
	char text[9];
	char *end;
	uint32_t value;

	memcpy(text, at, 8);
	text[8] = '\0';
	value = (uint32_t)strtoul(text, &end, 16);
	assert_ptr_equal(end, text + 8);
	return value;
}

/* The entry at *@at of the archive; false at its trailer, which must be its very end. */
static inline bool next_entry(const uint8_t *archive, size_t size, size_t *at, struct entry *e)
{
	const uint8_t *h = archive + *at;
	size_t name_end, data_end;

	assert_true(*at % 4 == 0 && *at + 110 < size);
	assert_memory_equal(h, "070701", 6);
	e->ino = hex8(h + 6);
	e->mode = hex8(h + 14);
	e->uid = hex8(h + 22);
	e->gid = hex8(h + 30);
	e->nlink = hex8(h + 38);
	e->mtime = hex8(h + 46);
	e->size = hex8(h + 54);
	e->rmajor = hex8(h + 78);
	e->rminor = hex8(h + 86);
	e->name_size = hex8(h + 94);
	assert_int_equal(hex8(h + 102), 0);
	assert_true(e->name_size > 1 && e->name_size <= PATH_MAX);
	assert_true(*at + 110 + e->name_size <= size);
	memcpy(e->name, h + 110, e->name_size);
	assert_int_equal(strlen(e->name) + 1, e->name_size);
	name_end = (*at + 110 + e->name_size + 3) & ~3ul;
	for (size_t i = *at + 110 + e->name_size; i < name_end; i++)
		assert_int_equal(archive[i], 0);
	e->data = archive + name_end;
	assert_true(name_end + e->size <= size);
	data_end = (name_end + e->size + 3) & ~3ul;
	for (size_t i = name_end + e->size; i < data_end; i++)
		assert_int_equal(archive[i], 0);
	*at = data_end;
	if (strcmp(e->name, "TRAILER!!!"))
		return true;
	assert_int_equal(*at, size);
	return false;
}

/* Is @path ("/a/b") an entry of the archive? @e may be NULL. How often it is. */
static inline int find(struct fixture *f, const char *path, struct entry *e)
{
	struct entry *one = malloc(sizeof(*one));
	size_t size, at = 0;
	uint8_t *archive = pack(f, &size);
	int count = 0;

	assert_non_null(one);
	while (next_entry(archive, size, &at, one)) {
		if (strcmp(one->name, path + 1))
			continue;
		count++;
		if (e)
			*e = *one;
	}
	if (e)
		e->data = NULL; /* gone with the archive */
	free(one);
	free(archive);
	return count;
}

static inline int has(struct fixture *f, const char *name)
{
	return find(f, in(f, name), NULL);
}

/*
 * Unpacks what is packed into the folder "out" of the fixture, with cpio or busybox's. Only root
 * can make /dev/console there.
 */
static inline void extract(struct fixture *f)
{
	size_t size;
	uint8_t *archive = pack(f, &size);
	int status;

	put(f, "archive.cpio", archive, size, 0644);
	free(archive);
	status = run("rm -rf '%s/out' && mkdir '%s/out' && cd '%s/out' && "
		     "if command -v cpio >/dev/null; then cpio -idm --quiet; "
		     "else busybox cpio -idm; fi <../archive.cpio 2>/dev/null",
		     f->dir, f->dir, f->dir);
	assert_true(status == 0 || (geteuid() && status < 126));
}

#define assert_says(f, words)                                                                      \
	do {                                                                                       \
		if (!strstr((f)->err.text, words))                                                 \
			fail_msg("no '%s' in: %s", words, (f)->err.text);                          \
	} while (0)

#define assert_adds(f, name)                                                                       \
	do {                                                                                       \
		if (add(f, name))                                                                  \
			fail_msg("%s: %s", name, (f)->err.text);                                   \
	} while (0)

#endif
