/*
 * Small kernels, made in memory, for the tests and the fuzzer: a vmlinux with two segments, and
 * bzImages that carry one. Nothing in them can run.
 */
#ifndef KTSTR_TEST_KERNEL_SAMPLES_H
#define KTSTR_TEST_KERNEL_SAMPLES_H

#include <asm/bootparam.h>
#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define SAMPLE_RELEASE	  "6.99.0-sample"
#define SAMPLE_TEXT_GPA	  0x1000000ull
#define SAMPLE_TEXT_AT	  0x1000u
#define SAMPLE_TEXT_SIZE  0x1000u
#define SAMPLE_DATA_GPA	  0x1200000ull
#define SAMPLE_DATA_AT	  0x2000u
#define SAMPLE_BSS_SIZE	  0x5000u
#define SAMPLE_ENTRY	  (SAMPLE_TEXT_GPA + 0x40)
#define SAMPLE_VMAP	  0xffffffff80000000ull
#define SAMPLE_SETUP_SIZE 1024u /* one boot and one setup sector */
#define SAMPLE_INIT_SIZE  0x300000u
#define SAMPLE_PAYLOAD_AT 0x240u /* in the protected-mode part */

enum sample_compression {
	SAMPLE_NONE,
	SAMPLE_GZIP,
	SAMPLE_XZ,
	SAMPLE_LZ4,
	SAMPLE_ZSTD,
	SAMPLE_COMPRESSIONS,
};

struct sample {
	uint8_t *data; /* free() */
	size_t size;
};

/* Bytes that do not compress to nothing and differ from place to place. */
static inline void sample_fill(uint8_t *to, size_t size)
{
	uint32_t state = 0x12345678;

	for (size_t i = 0; i < size; i++) {
		state = state * 1664525 + 1013904223;
		to[i] = i % 3 ? (uint8_t)(state >> 24) : 0x90;
	}
}

/* A vmlinux whose second segment has @data_size bytes in the file. */
static inline struct sample sample_vmlinux(size_t data_size)
{
	struct sample sample = { .size = SAMPLE_DATA_AT + data_size };
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = SAMPLE_ENTRY,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	Elf64_Phdr phdrs[3] = {
		{ .p_type = PT_LOAD,
		  .p_offset = SAMPLE_TEXT_AT,
		  .p_vaddr = SAMPLE_VMAP + SAMPLE_TEXT_GPA,
		  .p_paddr = SAMPLE_TEXT_GPA,
		  .p_filesz = SAMPLE_TEXT_SIZE,
		  .p_memsz = SAMPLE_TEXT_SIZE },
		{ .p_type = PT_LOAD,
		  .p_offset = SAMPLE_DATA_AT,
		  .p_vaddr = SAMPLE_VMAP + SAMPLE_DATA_GPA,
		  .p_paddr = SAMPLE_DATA_GPA,
		  .p_filesz = data_size,
		  .p_memsz = data_size + SAMPLE_BSS_SIZE },
		{ .p_type = PT_NOTE, .p_offset = SAMPLE_TEXT_AT, .p_filesz = 16, .p_memsz = 16 },
	};
	/* The first is what a decoy looks like, in scripts that print a banner. */
	const char *banners = "Linux version %s Linux version " SAMPLE_RELEASE " (builder) #1";

	sample.data = calloc(1, sample.size);
	if (!sample.data)
		abort();
	memcpy(sample.data, &header, sizeof(header));
	memcpy(sample.data + sizeof(header), phdrs, sizeof(phdrs));
	sample_fill(sample.data + SAMPLE_TEXT_AT, SAMPLE_TEXT_SIZE);
	strcpy((char *)sample.data + SAMPLE_TEXT_AT + 0x100, banners);
	sample_fill(sample.data + SAMPLE_DATA_AT, data_size);
	return sample;
}

static inline size_t sample_compress_gzip(const struct sample *in, uint8_t *out, size_t room)
{
	z_stream stream = { .next_in = in->data,
			    .avail_in = (uInt)in->size,
			    .next_out = out,
			    .avail_out = (uInt)room };

	if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&stream);
	return room - stream.avail_out;
}

/* As the kernel's build does it: CRC32, the filter for x86 code. */
static inline size_t sample_compress_xz(const struct sample *in, uint8_t *out, size_t room)
{
	lzma_options_lzma options;
	lzma_filter filters[] = { { .id = LZMA_FILTER_X86 },
				  { .id = LZMA_FILTER_LZMA2, .options = &options },
				  { .id = LZMA_VLI_UNKNOWN } };
	size_t used = 0;

	if (lzma_lzma_preset(&options, 1) ||
	    lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in->data, in->size, out,
				      &used, room) != LZMA_OK)
		abort();
	return used;
}

/* The legacy format, in blocks of 8 MiB. */
static inline size_t sample_compress_lz4(const struct sample *in, uint8_t *out, size_t room)
{
	size_t used = 4;

	memcpy(out, "\x02\x21\x4c\x18", 4);
	for (size_t at = 0; at < in->size; at += 8 << 20) {
		size_t left = in->size - at;
		int size = left < 8 << 20 ? (int)left : 8 << 20;
		int block = LZ4_compress_default((const char *)in->data + at,
						 (char *)out + used + 4, size,
						 (int)(room - used - 4));

		if (block <= 0)
			abort();
		memcpy(out + used, &block, 4);
		used += 4 + (size_t)block;
	}
	return used;
}

/* With a checksum, as the zstd program has it. */
static inline size_t sample_compress_zstd(const struct sample *in, uint8_t *out, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t used;

	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	used = ZSTD_compress2(context, out, room, in->data, in->size);
	if (!context || ZSTD_isError(used))
		abort();
	ZSTD_freeCCtx(context);
	return used;
}

/* What the kernel's build makes of a vmlinux: compressed, with the size behind it. */
static inline struct sample sample_payload(const struct sample *vmlinux,
					   enum sample_compression compression)
{
	size_t room = vmlinux->size + vmlinux->size / 8 + 65536;
	struct sample payload = { .data = malloc(room) };
	uint32_t size = (uint32_t)vmlinux->size;

	if (!payload.data)
		abort();
	switch (compression) {
	case SAMPLE_GZIP:
		payload.size = sample_compress_gzip(vmlinux, payload.data, room);
		return payload; /* its own trailer is the size */
	case SAMPLE_XZ:
		payload.size = sample_compress_xz(vmlinux, payload.data, room);
		break;
	case SAMPLE_LZ4:
		payload.size = sample_compress_lz4(vmlinux, payload.data, room);
		break;
	case SAMPLE_ZSTD:
		payload.size = sample_compress_zstd(vmlinux, payload.data, room);
		break;
	default:
		memcpy(payload.data, vmlinux->data, vmlinux->size);
		payload.size = vmlinux->size;
		break;
	}
	memcpy(payload.data + payload.size, &size, sizeof(size));
	payload.size += sizeof(size);
	return payload;
}

static inline struct setup_header sample_header(const struct sample *bzimage)
{
	struct setup_header header;

	memcpy(&header, bzimage->data + 0x1f1, sizeof(header));
	return header;
}

static inline void sample_set_header(struct sample *bzimage, const struct setup_header *header)
{
	memcpy(bzimage->data + 0x1f1, header, sizeof(*header));
}

/* A bzImage around @payload, as Linux 6.x has it. */
static inline struct sample sample_bzimage(const struct sample *payload)
{
	size_t kernel_size = (SAMPLE_PAYLOAD_AT + payload->size + 15) / 16 * 16;
	struct sample sample = { .size = SAMPLE_SETUP_SIZE + kernel_size };
	struct setup_header header = {
		.setup_sects = 1,
		.syssize = (uint32_t)(kernel_size / 16),
		.boot_flag = 0xaa55,
		.jump = 0x6aeb,
		.header = 0x53726448,
		.version = 0x020f,
		.kernel_version = 0x300 - 0x200,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x6fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G,
		.cmdline_size = 2047,
		.payload_offset = SAMPLE_PAYLOAD_AT,
		.payload_length = (uint32_t)payload->size,
		.pref_address = 0x1000000,
		.init_size = SAMPLE_INIT_SIZE,
	};

	sample.data = calloc(1, sample.size);
	if (!sample.data)
		abort();
	sample_set_header(&sample, &header);
	strcpy((char *)sample.data + 0x300, SAMPLE_RELEASE " (builder@host) #1 SMP");
	sample_fill(sample.data + SAMPLE_SETUP_SIZE, SAMPLE_PAYLOAD_AT);
	memcpy(sample.data + SAMPLE_SETUP_SIZE + SAMPLE_PAYLOAD_AT, payload->data, payload->size);
	return sample;
}

/* Both steps. */
static inline struct sample sample_packed(size_t data_size, enum sample_compression compression)
{
	struct sample vmlinux = sample_vmlinux(data_size);
	struct sample payload = sample_payload(&vmlinux, compression);
	struct sample bzimage = sample_bzimage(&payload);

	free(payload.data);
	free(vmlinux.data);
	return bzimage;
}

#endif
