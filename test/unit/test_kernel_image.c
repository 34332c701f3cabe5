/*
 * Is a good kernel recognised, unpacked and loaded byte for byte, and a bad one refused for the
 * right reason? With small kernels made here; with real ones too where KTSTR_TEST_KERNELS names
 * some.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel_samples.h"
#include "util/cancel.h"
#include "vmm/kernel_image.h"
#include "vmm/x86/layout.h"

#define MIB 1048576ull

static const struct topology one_node = TOPOLOGY(1, 1, 1, 1);
static char folder[] = "/tmp/ktstr-test-kernel-XXXXXX";

static struct guest_memory memory_of(uint64_t mib)
{
	struct guest_memory memory;
	struct error err;

	if (guest_memory_create(&memory, &one_node, mib, NULL, &err))
		fail_msg("%s", err.text);
	return memory;
}

static struct kernel_image *open_sample(const struct sample *sample)
{
	struct kernel_image *image;
	struct error err = { 0 };

	if (kernel_image_from_memory("sample", sample->data, sample->size, &image, &err))
		fail_msg("%s", err.text);
	return image;
}

/* A sample's vmlinux stands in @memory as its program headers want it. */
static void check_loaded_vmlinux(const struct guest_memory *memory,
				 const struct kernel_entry *entry, size_t data_size)
{
	struct sample vmlinux = sample_vmlinux(data_size);
	const uint8_t *bss = guest_memory_at(memory, SAMPLE_DATA_GPA + data_size, SAMPLE_BSS_SIZE);

	assert_true(entry->rip == SAMPLE_ENTRY);
	assert_true(entry->end == SAMPLE_DATA_GPA + data_size + SAMPLE_BSS_SIZE);
	assert_memory_equal(guest_memory_at(memory, SAMPLE_TEXT_GPA, SAMPLE_TEXT_SIZE),
			    vmlinux.data + SAMPLE_TEXT_AT, SAMPLE_TEXT_SIZE);
	assert_memory_equal(guest_memory_at(memory, SAMPLE_DATA_GPA, data_size),
			    vmlinux.data + SAMPLE_DATA_AT, data_size);
	for (size_t i = 0; i < SAMPLE_BSS_SIZE; i++)
		assert_int_equal(bss[i], 0);
	free(vmlinux.data);
}

static void a_vmlinux_is_loaded(void **state)
{
	struct sample vmlinux = sample_vmlinux(0x1234);
	struct guest_memory memory = memory_of(32);
	struct kernel_image *image = open_sample(&vmlinux);
	struct kernel_entry entry;

	(void)state;
	assert_false(kernel_image_is_bzimage(image));
	assert_string_equal(kernel_image_release(image), SAMPLE_RELEASE);
	assert_int_equal(kernel_image_unpack(image, -1, NULL), 0);
	assert_int_equal(kernel_image_load(image, &memory, &entry, NULL), 0);
	check_loaded_vmlinux(&memory, &entry, 0x1234);
	assert_int_equal(entry.setup_header_size, 0);
	assert_true(entry.initrd_max == 0x7fffffff);
	assert_true(kernel_image_end(image) == entry.end);
	kernel_image_close(image);
	guest_memory_destroy(&memory);
	free(vmlinux.data);
}

static void a_bzimage_is_loaded(void **state)
{
	struct sample bzimage = sample_packed(0x1234, SAMPLE_ZSTD);
	struct guest_memory memory = memory_of(32);
	struct kernel_image *image = open_sample(&bzimage);
	struct kernel_entry entry;

	(void)state;
	assert_true(kernel_image_is_bzimage(image));
	assert_string_equal(kernel_image_release(image), SAMPLE_RELEASE);
	assert_int_equal(kernel_image_load(image, &memory, &entry, NULL), 0);
	assert_true(entry.rip == 0x1000000 + 0x200);
	assert_true(entry.end == 0x1000000 + SAMPLE_INIT_SIZE);
	assert_true(kernel_image_end(image) == entry.end);
	assert_true(entry.initrd_max == 0x6fffffff);
	assert_memory_equal(guest_memory_at(&memory, 0x1000000, bzimage.size - SAMPLE_SETUP_SIZE),
			    bzimage.data + SAMPLE_SETUP_SIZE, bzimage.size - SAMPLE_SETUP_SIZE);
	/* From 0x1f1 to 0x202 + 0x6a. */
	assert_int_equal(entry.setup_header_size, 0x7b);
	assert_memory_equal(entry.setup_header, bzimage.data + 0x1f1, 0x7b);
	for (size_t i = 0x7b; i < sizeof(entry.setup_header); i++)
		assert_int_equal(entry.setup_header[i], 0);
	kernel_image_close(image);
	guest_memory_destroy(&memory);
	free(bzimage.data);
}

static void check_unpacking(enum sample_compression compression, size_t data_size)
{
	struct sample bzimage = sample_packed(data_size, compression);
	struct guest_memory memory = memory_of(64);
	struct kernel_image *image = open_sample(&bzimage);
	struct kernel_entry entry;
	struct error err;

	if (kernel_image_unpack(image, -1, &err))
		fail_msg("compression %d: %s", compression, err.text);
	assert_false(kernel_image_is_bzimage(image));
	/* Nothing of the file is needed any more. */
	memset(bzimage.data, 0xcc, bzimage.size);
	assert_string_equal(kernel_image_release(image), SAMPLE_RELEASE);
	assert_int_equal(kernel_image_load(image, &memory, &entry, NULL), 0);
	check_loaded_vmlinux(&memory, &entry, data_size);
	assert_int_equal(entry.setup_header_size, 0x7b);
	assert_int_equal(kernel_image_unpack(image, -1, NULL), 0);
	kernel_image_close(image);
	guest_memory_destroy(&memory);
	free(bzimage.data);
}

static void each_compression_unpacks(void **state)
{
	(void)state;
	for (int compression = 0; compression < SAMPLE_COMPRESSIONS; compression++)
		check_unpacking(compression, 0x12345);
	/* More than one block. */
	check_unpacking(SAMPLE_LZ4, (8 << 20) + 4321);
}

static void unpacking_ends_when_the_user_wants_out(void **state)
{
	sigset_t stop;
	int fd;

	(void)state;
	sigemptyset(&stop);
	sigaddset(&stop, SIGUSR2);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	for (int compression = SAMPLE_GZIP; compression < SAMPLE_COMPRESSIONS; compression++) {
		struct sample bzimage = sample_packed(0x12345, compression);
		struct kernel_image *image = open_sample(&bzimage);
		struct error err = { "" };

		raise(SIGUSR2);
		assert_int_equal(kernel_image_unpack(image, fd, &err), -EINTR);
		assert_string_equal(err.text, "kernel 'sample': unpacking it: interrupted");
		/* It is still what it was, and unpacks when nobody wants out any more. */
		assert_int_equal(cancel_take(fd), SIGUSR2);
		assert_int_equal(cancel_take(fd), 0);
		assert_int_equal(kernel_image_unpack(image, fd, &err), 0);
		kernel_image_close(image);
		free(bzimage.data);
	}
	close(fd);
}

/* What each of the following does to a good kernel, and what it must be told. */
struct refusal {
	void (*break_it)(struct sample *sample);
	int code;
	const char *text;
};

static void expect(const struct sample *sample, int code, const char *text)
{
	/* Of its exact size on the heap: ASan sees any read beyond it. */
	uint8_t *copy = malloc(sample->size ? sample->size : 1);
	struct kernel_image *image = NULL;
	struct error err = { 0 };
	int ret;

	memcpy(copy, sample->data, sample->size);
	ret = kernel_image_from_memory("bad.img", copy, sample->size, &image, &err);
	if (ret == 0)
		ret = kernel_image_unpack(image, -1, &err);
	if (ret != code || !strstr(err.text, text) || !strstr(err.text, "kernel 'bad.img': "))
		fail_msg("expected %d and '%s', got %d and '%s'", code, text, ret, err.text);
	kernel_image_close(image);
	free(copy);
}

static void expect_all(const struct sample *good, const struct refusal *refusals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sample bad = { .data = malloc(good->size), .size = good->size };

		memcpy(bad.data, good->data, good->size);
		refusals[i].break_it(&bad);
		expect(&bad, refusals[i].code, refusals[i].text);
		free(bad.data);
	}
}

#define BREAK_HEADER(name, statement)                                                              \
	static void name(struct sample *s)                                                         \
	{                                                                                          \
		struct setup_header h = sample_header(s);                                          \
                                                                                                   \
		statement;                                                                         \
		sample_set_header(s, &h);                                                          \
	}

BREAK_HEADER(old_protocol, h.version = 0x020b)
BREAK_HEADER(only_32_bit, h.xloadflags = 0)
BREAK_HEADER(zimage, h.loadflags = 0)
BREAK_HEADER(short_header, h.jump = 0x40eb)
BREAK_HEADER(long_header, h.jump = 0xffeb)
BREAK_HEADER(no_kernel, h.syssize = 0x20)
BREAK_HEADER(huge_kernel, h.syssize = 0xffffffff)
BREAK_HEADER(all_setup, h.setup_sects = 0xff)
BREAK_HEADER(payload_beyond, h.payload_offset = 0x7fffffff)
BREAK_HEADER(payload_wraps, h.payload_length = 0u - h.payload_offset)
BREAK_HEADER(no_payload, h.payload_length = 0)
BREAK_HEADER(low, h.pref_address = 0)
BREAK_HEADER(in_the_hole, h.pref_address = 0xc0000000)
BREAK_HEADER(far, h.pref_address = 0xffffffffffe00000)
BREAK_HEADER(huge_init_size, h.init_size = 0xffffffff)
BREAK_HEADER(misaligned, h.pref_address = 0x1001000)
BREAK_HEADER(odd_alignment, (h.kernel_alignment = 0x300000, h.pref_address = 0x1200000))
BREAK_HEADER(no_alignment, h.kernel_alignment = 0)

static uint8_t *payload_of(struct sample *s)
{
	return s->data + SAMPLE_SETUP_SIZE + SAMPLE_PAYLOAD_AT;
}

static void set_payload_size(struct sample *s, uint32_t size)
{
	memcpy(payload_of(s) + sample_header(s).payload_length - 4, &size, 4);
}

static uint32_t payload_size(struct sample *s)
{
	uint32_t size;

	memcpy(&size, payload_of(s) + sample_header(s).payload_length - 4, 4);
	return size;
}

static void one_byte_more(struct sample *s)
{
	set_payload_size(s, payload_size(s) + 1);
}

static void one_byte_less(struct sample *s)
{
	set_payload_size(s, payload_size(s) - 1);
}

static void says_nothing(struct sample *s)
{
	set_payload_size(s, 0);
}

static void says_little(struct sample *s)
{
	set_payload_size(s, 100);
}

static void says_too_much(struct sample *s)
{
	set_payload_size(s, (512u << 20) + 1);
}

static void damaged_middle(struct sample *s)
{
	memset(payload_of(s) + sample_header(s).payload_length / 2, 0xff, 16);
}

static void damaged_lz4_block(struct sample *s)
{
	/* The one block ends a byte too late: behind magic number, size and trailer. */
	uint32_t block = sample_header(s).payload_length - 12 + 1;

	memcpy(payload_of(s) + 4, &block, 4);
}

static void bzip2_payload(struct sample *s)
{
	memcpy(payload_of(s), "BZh91AY", 7);
}

static void lzma_payload(struct sample *s)
{
	memcpy(payload_of(s), "\x5d\0\0\0\4", 5);
}

static void lzo_payload(struct sample *s)
{
	memcpy(payload_of(s), "\x89LZO\0", 5);
}

static void unknown_payload(struct sample *s)
{
	memcpy(payload_of(s), "\xde\xad\xbe\xef", 4);
}

static void bad_bzimages_are_refused(void **state)
{
	static const struct refusal refusals[] = {
		{ old_protocol, -ENOEXEC, "boot protocol 2.11, expected 2.12" },
		{ only_32_bit, -ENOEXEC, "for 32-bit machines only" },
		{ zimage, -ENOEXEC, "a zImage" },
		{ short_header, -ENOEXEC, "header ends at 0x242" },
		{ long_header, -ENOEXEC, "header ends at 0x301" },
		{ no_kernel, -ENOEXEC, "only 512 bytes of kernel" },
		{ huge_kernel, -ENOEXEC, "truncated: its header says 68719477744 bytes" },
		{ all_setup, -ENOEXEC, "truncated" },
		{ payload_beyond, -ENOEXEC, "its payload ends at byte" },
		{ payload_wraps, -ENOEXEC, "its payload ends at byte 4294967296" },
		{ no_payload, -ENOEXEC, "its payload has 0 bytes" },
		{ low, -ENOEXEC, "expected a place between 1 MiB and 3 GiB" },
		{ in_the_hole, -ENOEXEC, "expected a place between 1 MiB and 3 GiB" },
		{ far, -ENOEXEC, "expected a place between 1 MiB and 3 GiB" },
		{ huge_init_size, -ENOEXEC, "wants 4294967295 bytes at address 0x1000000" },
		{ misaligned, -ENOEXEC, "0x1001000 is no multiple of its alignment 0x200000" },
		{ odd_alignment, -ENOEXEC, "is no multiple of its alignment 0x300000" },
		{ no_alignment, -ENOEXEC, "is no multiple of its alignment 0" },
		{ bzip2_payload, -ENOTSUP, "(bzip2, first bytes 42 5a 68 39)" },
		{ lzma_payload, -ENOTSUP, "(lzma, " },
		{ lzo_payload, -ENOTSUP, "(lzo, " },
		{ unknown_payload, -ENOTSUP, "(unknown, first bytes de ad be ef)" },
	};
	struct sample good = sample_packed(0x1234, SAMPLE_ZSTD);

	(void)state;
	expect_all(&good, refusals, sizeof(refusals) / sizeof(refusals[0]));
	free(good.data);
}

static void damaged_payloads_are_refused(void **state)
{
	static const struct refusal refusals[] = {
		{ one_byte_more, -ENOEXEC, "does not unpack to the" },
		{ one_byte_less, -ENOEXEC, "does not unpack to the" },
		{ says_little, -ENOEXEC, "does not unpack to the 100 bytes" },
		{ says_nothing, -ENOEXEC, "says that it unpacks to 0 bytes" },
		{ says_too_much, -ENOEXEC,
		  "unpacks to 536870913 bytes, expected at most 536870912" },
	};
	static const struct refusal with_checksum = { damaged_middle, -ENOEXEC,
						      "does not unpack to the" };
	static const struct refusal lz4_block = { damaged_lz4_block, -ENOEXEC,
						  "a block goes beyond the end" };

	(void)state;
	for (int compression = 0; compression < SAMPLE_COMPRESSIONS; compression++) {
		struct sample good = sample_packed(0x12345, compression);

		expect_all(&good, refusals, sizeof(refusals) / sizeof(refusals[0]));
		if (compression == SAMPLE_LZ4)
			expect_all(&good, &lz4_block, 1);
		else if (compression != SAMPLE_NONE)
			expect_all(&good, &with_checksum, 1);
		free(good.data);
	}
}

static void a_payload_that_is_no_kernel_is_refused(void **state)
{
	struct sample text = { .data = (uint8_t *)strdup("This is not an ELF file.\n") };
	struct sample payload, bzimage;

	(void)state;
	text.size = strlen((char *)text.data);
	payload = sample_payload(&text, SAMPLE_ZSTD);
	bzimage = sample_bzimage(&payload);
	expect(&bzimage, -ENOEXEC, "unpacked payload: kernel 'bad.img'");
	free(bzimage.data);
	free(payload.data);
	free(text.data);
}

#define BREAK_ELF(name, statement)                                                                 \
	static void name(struct sample *s)                                                         \
	{                                                                                          \
		Elf64_Ehdr *h = (Elf64_Ehdr *)s->data;                                             \
		Elf64_Phdr *p = (Elf64_Phdr *)(h + 1);                                             \
                                                                                                   \
		(void)p;                                                                           \
		statement;                                                                         \
	}

BREAK_ELF(elf32, h->e_ident[EI_CLASS] = ELFCLASS32)
BREAK_ELF(big_endian, h->e_ident[EI_DATA] = ELFDATA2MSB)
BREAK_ELF(arm64, h->e_machine = EM_AARCH64)
BREAK_ELF(object, h->e_type = ET_REL)
BREAK_ELF(shared, h->e_type = ET_DYN)
BREAK_ELF(phdrs_beyond, h->e_phoff = s->size - 100)
BREAK_ELF(phdrs_wrap, h->e_phoff = ~0ull - 16)
BREAK_ELF(phdrs_many, h->e_phnum = 0xfff0)
BREAK_ELF(phdrs_odd, h->e_phentsize = 32)
BREAK_ELF(phdrs_none, h->e_phnum = 0)
BREAK_ELF(segment_beyond, p[1].p_offset += 1)
BREAK_ELF(segment_wraps, p[1].p_offset = 0ull - p[1].p_filesz)
BREAK_ELF(file_over_memory, p[1].p_memsz = p[1].p_filesz - 1)
BREAK_ELF(segment_low, p[1].p_paddr = 0xff000)
BREAK_ELF(segment_in_hole, p[1].p_memsz = 0xc0000000)
BREAK_ELF(memory_wraps, p[1].p_memsz = ~0ull)
BREAK_ELF(segments_overlap, p[1].p_paddr = SAMPLE_TEXT_GPA + SAMPLE_TEXT_SIZE - 1)
BREAK_ELF(entry_outside, h->e_entry = SAMPLE_TEXT_GPA + SAMPLE_TEXT_SIZE)
BREAK_ELF(entry_in_bss, h->e_entry = SAMPLE_DATA_GPA + p[1].p_filesz)
BREAK_ELF(program, p[0].p_vaddr = 0x400000)

/* The program headers that the file has room for, all of them one byte to load. */
static void segments_many(struct sample *s)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)s->data;
	Elf64_Phdr *phdrs = (Elf64_Phdr *)(header + 1);

	header->e_phnum = 17;
	for (unsigned int i = 0; i < header->e_phnum; i++)
		phdrs[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_paddr = SAMPLE_TEXT_GPA + i,
					 .p_filesz = 1,
					 .p_memsz = 1 };
}

static void bad_vmlinuxes_are_refused(void **state)
{
	static const struct refusal refusals[] = {
		{ elf32, -ENOEXEC, "32-bit" },
		{ big_endian, -ENOEXEC, "another machine" },
		{ arm64, -ENOEXEC, "another machine (number 183, expected 62" },
		{ object, -ENOEXEC, "a relocatable object" },
		{ shared, -ENOEXEC, "of type 3, expected 2" },
		{ phdrs_beyond, -ENOEXEC, "3 program headers" },
		{ phdrs_wrap, -ENOEXEC, "3 program headers" },
		{ phdrs_many, -ENOEXEC, "65520 program headers" },
		{ phdrs_odd, -ENOEXEC, "program headers of 32 bytes" },
		{ phdrs_none, -ENOEXEC, "in none of its 0 segments" },
		{ segment_beyond, -ENOEXEC,
		  "truncated: a segment has 0x1234 bytes at offset 0x2001" },
		{ segment_wraps, -ENOEXEC, "truncated: a segment has 0x1234 bytes" },
		{ file_over_memory, -ENOEXEC, "0x1234 bytes in the file and 0x1233 in memory" },
		{ segment_low, -ENOEXEC, "physical address 0xff000, expected" },
		{ segment_in_hole, -ENOEXEC, "expected a place between 1 MiB and 3 GiB" },
		{ memory_wraps, -ENOEXEC, "expected a place between 1 MiB and 3 GiB" },
		{ segments_overlap, -ENOEXEC, "overlap at the physical address 0x1000fff" },
		{ entry_outside, -ENOEXEC, "entry point, physical address 0x1001000, is in none" },
		{ entry_in_bss, -ENOEXEC, "entry point, physical address 0x1201234, is in none" },
		{ program, -ENOEXEC, "an ordinary program" },
		{ segments_many, -ENOEXEC, "more than 16 segments" },
	};
	struct sample good = sample_vmlinux(0x1234);

	(void)state;
	expect_all(&good, refusals, sizeof(refusals) / sizeof(refusals[0]));
	free(good.data);
}

/* Cut off anywhere, a kernel is refused, and nothing is read that is not there. */
static void truncated_kernels_are_refused(void **state)
{
	struct sample samples[] = { sample_vmlinux(0x34), sample_packed(0x34, SAMPLE_ZSTD) };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t size = 0; size < samples[i].size; size += size < 0x400 ? 1 : 7) {
			struct sample cut = { .data = samples[i].data, .size = size };
			const char *text = "truncated";

			if (size == 0)
				text = "empty; give";
			else if (i == 0 ? size < 4 : size < 0x206)
				text = "not a bzImage (no \"HdrS\" at 0x202) and not an ELF file";
			expect(&cut, -ENOEXEC, text);
		}
		free(samples[i].data);
	}
}

static void other_files_are_named(void **state)
{
	static const struct {
		size_t offset;
		const char *magic;
		size_t size;
		const char *text;
	} others[] = {
		{ 4, "zimg", 4, "EFI zboot" },
		{ 0x38, "ARM\x64", 4, "arm64" },
		{ 0x38, "RSC\x05", 4, "RISC-V" },
		{ 0, "070701", 6, "cpio archive" },
		{ 0, "\x1f\x8b", 2, "compressed as a whole with gzip" },
		{ 0, "\x28\xb5\x2f\xfd", 4, "compressed as a whole with zstd" },
		{ 0, "#!/bin/sh", 9, "not a bzImage (no \"HdrS\" at 0x202) and not an ELF file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		uint8_t bytes[4096] = { 0 };
		struct sample file = { .data = bytes, .size = sizeof(bytes) };

		memcpy(bytes + others[i].offset, others[i].magic, others[i].size);
		expect(&file, -ENOEXEC, others[i].text);
		/* Right behind the magic number the file may end. */
		file.size = others[i].offset + others[i].size;
		expect(&file, -ENOEXEC, others[i].text);
	}
}

static void releases_are_bounded(void **state)
{
	struct sample bzimage = sample_packed(0x34, SAMPLE_ZSTD), vmlinux = sample_vmlinux(0x34);
	struct setup_header header = sample_header(&bzimage);
	struct kernel_image *image;

	(void)state;
	/* 64 characters are the most that uname has room for. */
	memset(bzimage.data + 0x300, 'x', 64);
	bzimage.data[0x300 + 64] = ' ';
	image = open_sample(&bzimage);
	assert_int_equal(strlen(kernel_image_release(image)), 64);
	kernel_image_close(image);
	bzimage.data[0x300 + 64] = 'x';
	image = open_sample(&bzimage);
	assert_string_equal(kernel_image_release(image), "");
	kernel_image_close(image);
	/* Up to the end of the setup sectors, and no further. */
	header.kernel_version = SAMPLE_SETUP_SIZE - 0x200 - 3;
	sample_set_header(&bzimage, &header);
	memcpy(bzimage.data + SAMPLE_SETUP_SIZE - 3, "6.1-not", 7);
	image = open_sample(&bzimage);
	assert_string_equal(kernel_image_release(image), "6.1");
	kernel_image_close(image);
	header.kernel_version = 0xffff;
	sample_set_header(&bzimage, &header);
	image = open_sample(&bzimage);
	assert_string_equal(kernel_image_release(image), "");
	kernel_image_close(image);
	free(bzimage.data);

	/* No banner at all, and one that the segment's end cuts off. */
	sample_fill(vmlinux.data + SAMPLE_TEXT_AT, SAMPLE_TEXT_SIZE);
	image = open_sample(&vmlinux);
	assert_string_equal(kernel_image_release(image), "");
	kernel_image_close(image);
	memcpy(vmlinux.data + SAMPLE_DATA_AT + 0x34 - 17, "Linux version 6.1", 17);
	image = open_sample(&vmlinux);
	assert_string_equal(kernel_image_release(image), "");
	kernel_image_close(image);
	free(vmlinux.data);
}

static void too_little_memory_is_refused(void **state)
{
	struct sample bzimage = sample_packed(0x34, SAMPLE_ZSTD);
	struct setup_header header = sample_header(&bzimage);
	struct guest_memory memory = memory_of(40);
	struct kernel_image *image;
	struct kernel_entry entry;
	struct error err = { 0 };

	(void)state;
	header.init_size = 24 << 20;
	sample_set_header(&bzimage, &header);
	image = open_sample(&bzimage);
	assert_int_equal(kernel_image_load(image, &memory, &entry, &err), 0);
	kernel_image_close(image);

	header.init_size++;
	sample_set_header(&bzimage, &header);
	image = open_sample(&bzimage);
	assert_int_equal(kernel_image_load(image, &memory, &entry, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "guest memory up to 41 MiB, the guest has 40 MiB"));
	kernel_image_close(image);
	guest_memory_destroy(&memory);
	free(bzimage.data);
}

static void path_in_folder(char *path, size_t size, const char *name)
{
	assert_true(snprintf(path, size, "%s/%s", folder, name) < (int)size);
}

/* Write @sample as a file, followed by @hole bytes that take no room on the disk. */
static void write_file(const char *path, const struct sample *sample, off_t hole)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, sample->data, sample->size), sample->size);
	assert_int_equal(ftruncate(fd, (off_t)sample->size + hole), 0);
	close(fd);
}

static void expect_open(const char *path, int code, const char *text)
{
	struct kernel_image *image;
	struct error err = { 0 };
	int ret = kernel_image_open(path, &image, &err);

	if (ret != code || !strstr(err.text, text) || !strstr(err.text, path))
		fail_msg("expected %d and '%s', got %d and '%s'", code, text, ret, err.text);
	assert_null(image);
}

static void files_are_read(void **state)
{
	struct sample samples[] = { sample_vmlinux(0x1234), sample_packed(0x1234, SAMPLE_XZ) };
	char path[128];

	(void)state;
	path_in_folder(path, sizeof(path), "kernel");
	for (size_t i = 0; i < 2; i++) {
		struct guest_memory memory = memory_of(32);
		struct kernel_image *image;
		struct kernel_entry entry;
		struct error err;

		/* Behind a vmlinux' segments there may be any amount of debug information. */
		write_file(path, &samples[i], i == 0 ? 8ll << 30 : 1000);
		if (kernel_image_open(path, &image, &err))
			fail_msg("%s", err.text);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(kernel_image_unpack(image, -1, NULL), 0);
		assert_string_equal(kernel_image_release(image), SAMPLE_RELEASE);
		assert_int_equal(kernel_image_load(image, &memory, &entry, NULL), 0);
		check_loaded_vmlinux(&memory, &entry, 0x1234);
		kernel_image_close(image);
		guest_memory_destroy(&memory);
		free(samples[i].data);
	}
}

static void wrong_files_are_refused(void **state)
{
	struct sample vmlinux = sample_vmlinux(0x1234), bzimage = sample_packed(0x34, SAMPLE_ZSTD);
	struct sample empty = { .data = vmlinux.data, .size = 0 };
	char path[128];

	(void)state;
	path_in_folder(path, sizeof(path), "absent");
	expect_open(path, -ENOENT, "No such file");
	expect_open(folder, -EISDIR, "a directory");
	path_in_folder(path, sizeof(path), "empty");
	write_file(path, &empty, 0);
	expect_open(path, -ENOEXEC, "empty; give");
	path_in_folder(path, sizeof(path), "short-vmlinux");
	vmlinux.size--;
	write_file(path, &vmlinux, 0);
	expect_open(path, -ENOEXEC, "truncated: a segment has 0x1234 bytes");
	path_in_folder(path, sizeof(path), "short-bzimage");
	bzimage.size--;
	write_file(path, &bzimage, 0);
	expect_open(path, -ENOEXEC, "truncated: its header says");
	path_in_folder(path, sizeof(path), "huge");
	write_file(path, &bzimage, 8ll << 30);
	expect_open(path, -EFBIG, "8192 MiB to read");
	path_in_folder(path, sizeof(path), "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_open(path, -EINVAL, "not a regular file");
	free(vmlinux.data);
	free(bzimage.data);
}

static uint64_t resident(void)
{
	unsigned long long size, pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%llu %llu", &size, &pages), 2);
	fclose(statm);
	return pages * 4096;
}

/* Unpacking lets go of the file, closing of the rest. */
static void memory_goes_back(void **state)
{
	struct sample bzimage = sample_packed(24 << 20, SAMPLE_NONE);
	struct kernel_image *image;
	uint64_t before, opened, unpacked;
	char path[128];

	(void)state;
	path_in_folder(path, sizeof(path), "large");
	write_file(path, &bzimage, 0);
	free(bzimage.data);
	before = resident();
	assert_int_equal(kernel_image_open(path, &image, NULL), 0);
	opened = resident();
	assert_int_equal(kernel_image_unpack(image, -1, NULL), 0);
	unpacked = resident();
	kernel_image_close(image);
	assert_true(opened > before + 20 * MIB);
	assert_true(unpacked < opened + 8 * MIB);
	/* A sanitizer's shadow, an eighth of each, stays where the host has no zero page. */
	assert_true(resident() < before + 12 * MIB);

	/* Also when it fails. */
	bzimage = sample_packed(24 << 20, SAMPLE_ZSTD);
	one_byte_more(&bzimage);
	image = open_sample(&bzimage);
	before = resident();
	assert_int_equal(kernel_image_unpack(image, -1, NULL), -ENOEXEC);
	assert_true(resident() < before + 8 * MIB);
	kernel_image_close(image);
	free(bzimage.data);
}

/* What the whole image stands for, once as it is and once unpacked. */
static void check_real(const char *path)
{
	struct guest_memory memory = memory_of(512);
	struct kernel_entry packed, entry;
	struct kernel_image *image;
	char release[128];
	struct error err;

	print_message("%s\n", path);
	if (kernel_image_open(path, &image, &err))
		fail_msg("%s", err.text);
	snprintf(release, sizeof(release), "%s", kernel_image_release(image));
	assert_true(release[0] != '\0');
	if (kernel_image_load(image, &memory, &packed, &err) ||
	    kernel_image_unpack(image, -1, &err) || kernel_image_load(image, &memory, &entry, &err))
		fail_msg("%s", err.text);
	assert_string_equal(kernel_image_release(image), release);
	assert_true(entry.rip >= LAYOUT_KERNEL_MIN && entry.rip < entry.end);
	assert_true(packed.end >= entry.end);
	/* The kernel's own banner is in what was loaded. */
	assert_non_null(memmem(memory.host, entry.end, release, strlen(release)));
	kernel_image_close(image);
	guest_memory_destroy(&memory);
}

static void real_kernels_load(void **state)
{
	char *paths = getenv("KTSTR_TEST_KERNELS"), *rest = NULL;

	(void)state;
	paths = paths && *paths ? strdup(paths) : NULL;
	if (!paths)
		skip();
	for (char *path = strtok_r(paths, " ", &rest); path; path = strtok_r(NULL, " ", &rest))
		check_real(path);
	free(paths);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "empty", "short-vmlinux", "short-bzimage", "huge",
					     "fifo",  "large",	       "kernel" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_in_folder(path, sizeof(path), names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vmlinux_is_loaded),
		cmocka_unit_test(a_bzimage_is_loaded),
		cmocka_unit_test(each_compression_unpacks),
		cmocka_unit_test(unpacking_ends_when_the_user_wants_out),
		cmocka_unit_test(bad_bzimages_are_refused),
		cmocka_unit_test(damaged_payloads_are_refused),
		cmocka_unit_test(a_payload_that_is_no_kernel_is_refused),
		cmocka_unit_test(bad_vmlinuxes_are_refused),
		cmocka_unit_test(truncated_kernels_are_refused),
		cmocka_unit_test(other_files_are_named),
		cmocka_unit_test(releases_are_bounded),
		cmocka_unit_test(too_little_memory_is_refused),
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(wrong_files_are_refused),
		cmocka_unit_test(memory_goes_back),
		cmocka_unit_test(real_kernels_load),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
