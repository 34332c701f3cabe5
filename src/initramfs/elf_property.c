/* Which CPU does an ELF file say that it needs? See elf_property.h. */
#include "initramfs/elf_property.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

/* Of 64-bit files; notes of 4 are read by nobody. */
#define ALIGNMENT 8u

/* Both are newer than some elf.h. */
#define NOTE_PROPERTY 5u	  /* NT_GNU_PROPERTY_TYPE_0 */
#define ISA_NEEDED    0xc0008002u /* GNU_PROPERTY_X86_ISA_1_NEEDED */

static size_t align_up(size_t size)
{
	return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* @desc: type, size and bytes of each property, in the order of their types. */
static uint32_t find_isa(const uint8_t *desc, size_t size)
{
	size_t at = 0;

	while (size - at >= 8) {
		uint32_t type, bytes, value;

		memcpy(&type, desc + at, 4);
		memcpy(&bytes, desc + at + 4, 4);
		at += 8;
		if (bytes > size - at)
			break;
		if (type == ISA_NEEDED && bytes == sizeof(value)) {
			memcpy(&value, desc + at, sizeof(value));
			return value;
		}
		if (align_up(bytes) > size - at)
			break;
		at += align_up(bytes);
	}
	return 0;
}

uint32_t elf_property_isa(const void *notes, size_t size, uint64_t align)
{
	const uint8_t *bytes = notes;
	size_t at = 0;

	if (align != ALIGNMENT)
		return 0;
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		size_t name = at + sizeof(note), desc;

		memcpy(&note, bytes + at, sizeof(note));
		/* Sums of three 32-bit numbers and a size that was read: nothing wraps. */
		desc = at + align_up(sizeof(note) + note.n_namesz);
		if (desc > size || note.n_descsz > size - desc)
			return 0;
		/* Only the first of them counts. */
		if (note.n_type == NOTE_PROPERTY && note.n_namesz == 4 &&
		    !memcmp(bytes + name, "GNU", 4))
			return find_isa(bytes + desc, note.n_descsz);
		at = desc + align_up(note.n_descsz);
		if (at > size)
			return 0;
	}
	return 0;
}
