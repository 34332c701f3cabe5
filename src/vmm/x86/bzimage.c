/*
 * What does a bzImage's setup header say? (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel
 * Header".) Nothing of it is believed before it is checked.
 */
#include "vmm/x86/bzimage.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <string.h>

#include "vmm/x86/layout.h"

#define SECTOR_SIZE	    512u
#define HEADER_OFFSET	    0x1f1u /* of struct setup_header, in the file as in the zero page */
#define HEADER_MAGIC	    0x202u
#define HEADER_LENGTH	    0x201u /* the byte that says how far the header reaches beyond 0x202 */
/* The zero page has other fields from here on. */
#define HEADER_ROOM_END	    offsetof(struct boot_params, edd_mbr_sig_buffer)
#define VERSION_2_12	    0x020cu /* the first with xloadflags */
#define DEFAULT_SETUP_SECTS 4u
/* What 2.12 has at least: up to init_size and handover_offset. */
#define HEADER_MIN_SIZE	    (offsetof(struct setup_header, handover_offset) + 4)

_Static_assert(offsetof(struct boot_params, hdr) == HEADER_OFFSET, "boot.rst says 0x1f1");
_Static_assert(HEADER_ROOM_END - HEADER_OFFSET <= sizeof(((struct bzimage *)0)->setup_header),
	       "the longest header fits");

bool bzimage_probe(const uint8_t *data, size_t size)
{
	return size >= HEADER_MAGIC + 4 && memcmp(data + HEADER_MAGIC, "HdrS", 4) == 0;
}

/* The release is the first word of the version string, which is somewhere in the setup sectors. */
static void copy_release(const uint8_t *data, size_t setup_size, unsigned int kernel_version,
			 char release[KERNEL_RELEASE_SIZE])
{
	size_t at = kernel_version + 0x200u;
	size_t length = 0;

	release[0] = '\0';
	if (kernel_version == 0)
		return;
	while (at + length < setup_size && data[at + length] > ' ' && data[at + length] < 0x7f)
		if (++length == KERNEL_RELEASE_SIZE)
			return;
	memcpy(release, data + at, length);
	release[length] = '\0';
}

/* Where in the file everything is. */
static int parse_extents(const char *name, size_t size, const struct setup_header *header,
			 struct bzimage *out, struct error *err)
{
	size_t setup_sects = header->setup_sects ? header->setup_sects : DEFAULT_SETUP_SECTS;
	uint64_t wanted, payload_end;

	out->kernel_offset = (setup_sects + 1) * SECTOR_SIZE;
	out->kernel_size = (size_t)header->syssize * 16;
	wanted = (uint64_t)out->kernel_offset + out->kernel_size;
	if (wanted > size)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': truncated: its header says %llu bytes, there are "
				 "%zu; copy the bzImage again",
				 name, (unsigned long long)wanted, size);
	/* The 64-bit entry is 0x200 bytes into it. */
	if (out->kernel_size <= 0x200)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: its header says that there are only %zu "
				 "bytes of kernel (syssize at 0x1f4); give a whole bzImage",
				 name, out->kernel_size);
	payload_end = (uint64_t)header->payload_offset + header->payload_length;
	if (payload_end > out->kernel_size)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: its payload ends at byte %llu of a kernel "
				 "of %zu bytes; give a whole bzImage",
				 name, (unsigned long long)payload_end, out->kernel_size);
	out->payload_offset = out->kernel_offset + header->payload_offset;
	out->payload_size = header->payload_length;
	return 0;
}

/* Where in guest memory it goes. */
static int parse_addresses(const char *name, const struct setup_header *header, struct bzimage *out,
			   struct error *err)
{
	uint64_t align = header->kernel_alignment;
	uint64_t room = header->init_size > out->kernel_size ? header->init_size : out->kernel_size;

	/*
	 * Loaded elsewhere or misaligned, a relocatable kernel would move itself, beyond the room
	 * that was kept for it.
	 */
	if (header->relocatable_kernel &&
	    (align == 0 || (align & (align - 1)) || header->pref_address % align))
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: its preferred address %#llx is no multiple "
				 "of its alignment %#llx; give a whole bzImage",
				 name, (unsigned long long)header->pref_address,
				 (unsigned long long)align);
	if (header->pref_address < LAYOUT_KERNEL_MIN || header->pref_address >= LAYOUT_HOLE_START ||
	    room > LAYOUT_HOLE_START - header->pref_address)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': wants %llu bytes at address %#llx, expected a place "
				 "between 1 MiB and 3 GiB; give a stock bzImage or its vmlinux",
				 name, (unsigned long long)room,
				 (unsigned long long)header->pref_address);
	out->load = header->pref_address;
	out->end = header->pref_address + room;
	out->initrd_max = header->initrd_addr_max;
	return 0;
}

int bzimage_parse(const char *name, const uint8_t *data, size_t size, struct bzimage *out,
		  struct error *err)
{
	struct setup_header header;
	size_t header_end;
	int ret;

	memset(out, 0, sizeof(*out));
	if (size < HEADER_OFFSET + sizeof(header))
		return error_set(err, -ENOEXEC,
				 "kernel '%s': truncated: %zu bytes are not even a bzImage's "
				 "header; copy the bzImage again",
				 name, size);
	memcpy(&header, data + HEADER_OFFSET, sizeof(header));
	if (header.version < VERSION_2_12)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': boot protocol %u.%02u, expected 2.12 or later; give "
				 "an x86-64 kernel of Linux 3.8 or later",
				 name, header.version >> 8, header.version & 0xff);
	if (!(header.xloadflags & XLF_KERNEL_64))
		return error_set(err, -ENOEXEC,
				 "kernel '%s': for 32-bit machines only (XLF_KERNEL_64 is not set "
				 "at 0x236); give an x86-64 kernel",
				 name);
	if (!(header.loadflags & LOADED_HIGH))
		return error_set(err, -ENOEXEC,
				 "kernel '%s': a zImage (LOADED_HIGH is not set at 0x211); give a "
				 "bzImage or an uncompressed vmlinux",
				 name);
	header_end = HEADER_MAGIC + data[HEADER_LENGTH];
	if (header_end < HEADER_OFFSET + HEADER_MIN_SIZE || header_end > HEADER_ROOM_END)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': damaged: its header ends at %#zx (byte at 0x201), "
				 "expected %#zx to %#zx; give a whole bzImage",
				 name, header_end, HEADER_OFFSET + HEADER_MIN_SIZE,
				 HEADER_ROOM_END);
	ret = parse_extents(name, size, &header, out, err);
	if (!ret)
		ret = parse_addresses(name, &header, out, err);
	if (ret)
		return ret;
	/* The setup sectors alone are longer than the longest header, so it is wholly inside. */
	out->setup_header_size = (uint32_t)(header_end - HEADER_OFFSET);
	memcpy(out->setup_header, data + HEADER_OFFSET, out->setup_header_size);
	copy_release(data, out->kernel_offset, header.kernel_version, out->release);
	return 0;
}
