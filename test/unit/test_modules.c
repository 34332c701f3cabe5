/* Are modules found, with all that they need, and in the order in which they can be loaded? */
#include <errno.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "module_sample.h"
#include "modules/modinfo.h"
#include "modules/modules.h"
#include "modules/unpack.h"
#include "util/file.h"

#define RELEASE "6.12.1-test"

static char dir[] = "/tmp/ktstr-modules-XXXXXX";
static char kernel[64];
static struct error err;

/* A file below the folder of the modules of RELEASE. */
static const char *at(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/lib/modules/" RELEASE "/%s", dir, name);
	return path;
}

static void put(const char *name, const void *data, size_t size)
{
	unlink(at(name));
	assert_int_equal(file_write_new(at(name), data, size, 0644, NULL), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

/* The literal's own NUL ends the last of its strings. */
#define PUT_MODULE(name, modinfo) put_module(name, modinfo, sizeof(modinfo))

static void put_module(const char *name, const char *modinfo, size_t size)
{
	uint8_t bytes[MODULE_SAMPLE_MAX];

	put(name, bytes, module_sample(bytes, modinfo, size));
}

static int setup(void **state)
{
	static const char *const names[] = { "a.ko",	 "b-b.ko",  "c_c.ko", "d.ko",
					     "early.ko", "hash.ko", "late.ko" };

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(kernel, sizeof(kernel), "%s/vmlinuz", dir);
	snprintf(err.text, sizeof(err.text), "%s/lib/modules/" RELEASE, dir);
	if (file_make_dirs(err.text, NULL))
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		PUT_MODULE(names[i], "license=GPL");
	put_text("modules.dep", "a.ko: b-b.ko c_c.ko d.ko\nb-b.ko: d.ko\nc_c.ko:\nd.ko:\n"
				"early.ko:\nhash.ko: early.ko\nlate.ko:\nx/y/gone.ko.xz:\n");
	put_text("modules.builtin", "kernel/fs/ext4/ext4.ko\nkernel/lib/in-side.ko\n");
	put_text("modules.softdep",
		 "# of modules\nsoftdep c-c pre: hash-* nowhere early post: late\n"
		 "softdep late hash\nsoftdep\nsoftdep d\nsoftdep d pre: c_c\n");
	put_text("modules.alias", "# aliases\nalias hash-256 hash\nalias pci:v*sv* d\n"
				  "alias fs-a a\nalias lost\n");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* What @texts ask for, NULL-terminated, as "name name(params) ~optional", or the error's text. */
static const char *resolve_in(const char *modules_dir, const char *release,
			      const char *const *texts)
{
	static char out[1024];
	struct entry_module *wanted = NULL;
	struct modules modules;
	size_t nr = 0, used = 0;
	int ret;

	for (; *texts; texts++)
		assert_int_equal(entry_module_add(&wanted, &nr, "--module", *texts, &err), 0);
	out[0] = err.text[0] = '\0';
	ret = modules_resolve(wanted, nr, modules_dir, kernel, release, &modules, &err);
	for (size_t i = 0; !ret && i < modules.count; i++) {
		const struct module *module = &modules.list[i];

		used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s%s", i ? " " : "",
					 module->optional ? "~" : "", module->name);
		if (*module->params)
			used += (size_t)snprintf(out + used, sizeof(out) - used, "(%s)",
						 module->params);
		assert_true(module->size > sizeof(Elf64_Ehdr));
		assert_memory_equal(module->data, ELFMAG, SELFMAG);
	}
	assert_int_equal(ret != 0, *err.text != 0);
	modules_free(&modules);
	entry_modules_free(wanted, nr);
	return ret ? err.text : out;
}

#define RESOLVE(...) resolve_in(NULL, RELEASE, (const char *const[]){ __VA_ARGS__, NULL })

static void order(void **state)
{
	(void)state;
	/* The last of a line first; c_c has soft needs of its own, and so has d. */
	assert_string_equal(RESOLVE("hash"), "early hash");
	assert_string_equal(RESOLVE("late"), "late");
	assert_string_equal(RESOLVE("c-c"), "~early c_c ~late");
	assert_string_equal(RESOLVE("d"), "~early ~c_c ~late d");
	assert_string_equal(RESOLVE("a"), "~early c_c ~late d b_b a");
	/* What is asked for is needed, whoever named it first. */
	assert_string_equal(RESOLVE("c_c", "early", "c-c"), "early c_c ~late");
	assert_string_equal(RESOLVE("ext4", "in_side"), "");
	assert_string_equal(RESOLVE("hash-256"), "early hash");
	assert_string_equal(RESOLVE("fs_a", "pci:v1sv2"), "~early c_c ~late d b_b a");
}

static void parameters(void **state)
{
	(void)state;
	assert_string_equal(RESOLVE("hash x=1 y=\"a b\""), "early hash(x=1 y=\"a b\")");
	assert_string_equal(RESOLVE("early a=1", "hash", "early \t b=2"), "early(a=1 b=2) hash");
	assert_non_null(strstr(RESOLVE("ext4 x=1 y=2"), "--append 'ext4.x=1 y=2'"));
	assert_non_null(strstr(RESOLVE("hash-256 x=1"), "alias"));
}

static void not_found(void **state)
{
	static const char *const a[] = { "a", NULL };
	char other[128];

	(void)state;
	assert_non_null(strstr(RESOLVE("nothing"), "'nothing': '/tmp/ktstr-modules-"));
	assert_non_null(strstr(RESOLVE("gone"), "x/y/gone.ko.xz': No such file"));
	assert_non_null(strstr(RESOLVE("./none.ko"), "'./none.ko': No such file"));
	assert_non_null(strstr(resolve_in(NULL, "6.6.6", a), "/lib/modules/6.6.6'"));
	assert_non_null(strstr(resolve_in("/nowhere", RELEASE, a), "--modules '/nowhere'"));
	assert_non_null(strstr(resolve_in("/nowhere", "", a), "does not tell its release"));
	/* Any of the three. */
	snprintf(other, sizeof(other), "%s/lib/modules/" RELEASE, dir);
	assert_string_equal(resolve_in(other, "", a), "~early c_c ~late d b_b a");
	snprintf(other, sizeof(other), "%s/lib/modules", dir);
	assert_string_equal(resolve_in(other, RELEASE, a), "~early c_c ~late d b_b a");
	assert_string_equal(resolve_in(dir, RELEASE, a), "~early c_c ~late d b_b a");
}

static void circle(void **state)
{
	char text[16384];
	size_t used = 0;

	(void)state;
	/* Each once, even so. */
	put_text("modules.dep", "a.ko: d.ko\nd.ko: a.ko\nc_c.ko:\nearly.ko:\nhash.ko:\nlate.ko:\n");
	assert_string_equal(RESOLVE("a"), "~early ~c_c ~late d a");
	for (int i = 0; i < 200; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "m%d.ko: m%d.ko\n", i,
					 i + 1);
	put_text("modules.dep", text);
	assert_non_null(strstr(RESOLVE("m0"), "circle"));
	put_text("modules.dep", "a.ko");
	assert_non_null(strstr(RESOLVE("a"), "none of this name"));
}

static void files(void **state)
{
	char file[300], same[300], other[300];

	(void)state;
	put_text("modules.dep", "d.ko:\nmine.ko: d.ko\n");
	put_text("modules.softdep", "");
	PUT_MODULE("my.ko", "vermagic=" RELEASE " SMP mod_unload \0name=mine\0depends=d,");
	PUT_MODULE("same.ko", "name=mine");
	PUT_MODULE("other.ko", "name=other\0vermagic=6.1.0 SMP \0depends=");
	snprintf(file, sizeof(file), "%s a=1", at("my.ko"));
	snprintf(same, sizeof(same), "%s", at("same.ko"));
	snprintf(other, sizeof(other), "%s", at("other.ko"));
	assert_string_equal(RESOLVE(file), "d mine(a=1)");
	/* The file goes before what the folder has of that name. */
	assert_string_equal(RESOLVE("mine", file), "d mine(a=1)");
	assert_non_null(strstr(RESOLVE(file, same), "has the same name, 'mine'"));
	assert_non_null(strstr(RESOLVE(other), "built for kernel 6.1.0, the image is " RELEASE));
	assert_string_equal(resolve_in(NULL, "", (const char *const[]){ other, NULL }), "other");
	PUT_MODULE("other.ko", "name=a/b");
	assert_non_null(strstr(RESOLVE(other), "no usable name"));
	PUT_MODULE("other.ko", "name=other\0depends=nowhere");
	assert_non_null(strstr(RESOLVE(other), "needs another: module 'nowhere'"));
	PUT_MODULE("other.ko", "license=GPL");
	assert_string_equal(RESOLVE(other), "other");
	put_text("other.ko", "#!/bin/sh");
	assert_non_null(strstr(RESOLVE(other), "not an ELF file"));
	put_text("other.ko", "");
	assert_non_null(strstr(RESOLVE(other), "no kernel module"));
	assert_non_null(strstr(RESOLVE("/dev/null"), "not a regular file"));
}

static void modinfo(void **state)
{
	static const char text[] = "\0a=1\0ab=2\0a=\0a=3";
	uint8_t bytes[MODULE_SAMPLE_MAX];
	struct modinfo info;
	const char *value;
	size_t size;
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
	Elf64_Shdr *section;

	(void)state;
	size = module_sample(bytes, text, sizeof(text));
	section = (Elf64_Shdr *)(bytes + header->e_shoff) + 1;
	assert_int_equal(modinfo_find(bytes, size, &info, &err), 0);
	value = modinfo_next(&info, "a", NULL);
	assert_string_equal(value, "1");
	value = modinfo_next(&info, "a", value);
	assert_string_equal(value, "");
	value = modinfo_next(&info, "a", value);
	assert_string_equal(value, "3");
	assert_null(modinfo_next(&info, "a", value));
	assert_null(modinfo_next(&info, "b", NULL));

	/* Cut anywhere it is none. */
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);

		assert_non_null(exact);
		memcpy(exact, bytes, cut);
		assert_int_equal(modinfo_find(exact, cut, &info, &err), -ENOEXEC);
		free(exact);
	}
	section->sh_size = sizeof(text) - 1;
	assert_int_equal(modinfo_find(bytes, size, &info, &err), -ENOEXEC);
	section->sh_size = UINT64_MAX - 8;
	assert_int_equal(modinfo_find(bytes, size, &info, &err), -ENOEXEC);
	section->sh_size = 0;
	assert_int_equal(modinfo_find(bytes, size, &info, &err), 0);
	assert_null(modinfo_next(&info, "a", NULL));
	section->sh_type = SHT_NOBITS;
	assert_int_equal(modinfo_find(bytes, size, &info, &err), -ENOEXEC);
	header->e_machine = EM_AARCH64;
	assert_int_equal(modinfo_find(bytes, size, &info, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "another machine"));
	header->e_type = ET_DYN;
	assert_int_equal(modinfo_find(bytes, size, &info, &err), -ENOEXEC);
}

/* @packed, whole, cut and with a byte that is wrong. */
static void check_unpack(const char *what, uint8_t *packed, size_t packed_size,
			 const uint8_t *plain, size_t plain_size)
{
	uint8_t *data;
	size_t size;

	assert_int_equal(unpack_memory(what, packed, packed_size, &data, &size, &err), 0);
	assert_int_equal(size, plain_size);
	assert_memory_equal(data, plain, size);
	free(data);
	for (size_t cut = 8; cut + 12 < packed_size; cut += 997) {
		if (unpack_memory(what, packed, cut, &data, &size, &err) != -ENOEXEC)
			fail_msg("%s: %zu of %zu bytes were taken", what, cut, packed_size);
		assert_non_null(strstr(err.text, "unpacking it"));
	}
	packed[packed_size / 2] ^= 0x55;
	if (!unpack_memory(what, packed, packed_size, &data, &size, &err)) {
		assert_string_equal(what, "zstd"); /* has a checksum only where it was asked for */
		free(data);
	}
}

static void compressed(void **state)
{
	const size_t plain_size = 600001, room = 700000;
	uint8_t *plain = malloc(plain_size), *packed = malloc(room);
	unsigned int seed = 1;
	z_stream stream = { 0 };
	size_t size = 0;

	(void)state;
	assert_non_null(plain);
	assert_non_null(packed);
	for (size_t i = 0; i < plain_size; i++) {
		seed = seed * 1103515245 + 12345;
		plain[i] = (uint8_t)(seed >> 28);
	}
	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
	stream.next_in = plain;
	stream.avail_in = (uInt)plain_size;
	stream.next_out = packed;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size = room - stream.avail_out;
	deflateEnd(&stream);
	check_unpack("gzip", packed, size, plain, plain_size);

	size = 0;
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, plain, plain_size,
						 packed, &size, room),
			 LZMA_OK);
	check_unpack("xz", packed, size, plain, plain_size);

	size = ZSTD_compress(packed, room, plain, plain_size, 3);
	assert_false(ZSTD_isError(size));
	check_unpack("zstd", packed, size, plain, plain_size);
	free(plain);
	free(packed);
}

/* A few bytes that become more than any module has: refused, and not by running out of memory. */
static void too_large(void **state)
{
	const size_t room = 1 << 20;
	uint8_t *packed = malloc(room), *data, zeros[65536] = { 0 };
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer out = { packed, room, 0 };
	size_t size;

	(void)state;
	assert_non_null(packed);
	assert_non_null(context);
	for (int i = 0; i <= (int)(UNPACK_MAX / sizeof(zeros)); i++) {
		ZSTD_inBuffer in = { zeros, sizeof(zeros), 0 };

		assert_false(
			ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
	}
	ZSTD_compressStream2(context, &out, &(ZSTD_inBuffer){ zeros, 0, 0 }, ZSTD_e_end);
	ZSTD_freeCCtx(context);
	assert_int_equal(unpack_memory("x", packed, out.pos, &data, &size, &err), -EFBIG);
	free(packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),      cmocka_unit_test(parameters),
		cmocka_unit_test(not_found),  cmocka_unit_test(modinfo),
		cmocka_unit_test(compressed), cmocka_unit_test(too_large),
		cmocka_unit_test(circle),     cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("modules", tests, setup, teardown);
}
