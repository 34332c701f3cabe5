/*
 * Can a kernel file hurt us? The first byte of an input chooses a small valid kernel, the others
 * damage it: three bytes each, two for where and one for what. 0xff: the input is the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/kernel_samples.h"
#include "vmm/kernel_image.h"
#include "vmm/memory.h"
#include "vmm/vmlinux.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One valid kernel of each kind: vmlinux, then bzImages by compression. */
#define KINDS (SAMPLE_COMPRESSIONS + 1)

static struct sample samples[KINDS];

/* What the machine does with a kernel: as it is, and unpacked. */
static void use(struct kernel_image *image, const struct guest_memory *memory)
{
	struct kernel_entry entry;
	struct error err;

	if (kernel_image_load(image, memory, &entry, &err) == 0 &&
	    (entry.rip >= entry.end || entry.end > memory->low_size ||
	     entry.setup_header_size > 256))
		abort();
	if (strlen(kernel_image_release(image)) > 64)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	for (unsigned int kind = 0; kind < KINDS; kind++)
		samples[kind] = kind ? sample_packed(0x100, kind - 1) : sample_vmlinux(0x100);
	return 0;
}

/* On the heap and of its exact size, so that a read beyond it is seen. */
static struct sample make_file(const uint8_t *data, size_t size)
{
	const struct sample *from = &samples[data[0] % KINDS];
	const struct sample raw = { .data = (uint8_t *)data + 1, .size = size - 1 };
	struct sample file;

	if (data[0] == 0xff)
		from = &raw;
	file = (struct sample){ .data = malloc(from->size), .size = from->size };
	if (!file.data)
		abort();
	memcpy(file.data, from->data, file.size);
	for (size_t i = 1; from != &raw && i + 2 < size; i += 3)
		file.data[(data[i] | data[i + 1] << 8) % file.size] = data[i + 2];
	return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct topology topology = TOPOLOGY(1, 1, 1, 1);
	struct guest_memory memory;
	struct kernel_image *image;
	struct error err = { 0 };
	struct sample file;

	if (size == 0)
		return 0;
	file = make_file(data, size);
	if (vmlinux_loaded_size(file.data, file.size < 4096 ? file.size : 4096, file.size) >
	    file.size)
		abort();
	if (guest_memory_create(&memory, &topology, 64, NULL, &err))
		abort();
	if (kernel_image_from_memory("fuzz", file.data, file.size, &image, &err) == 0) {
		use(image, &memory);
		if (kernel_image_unpack(image, -1, &err) == 0)
			use(image, &memory);
		kernel_image_close(image);
	} else if (!err.text[0]) {
		abort();
	}
	guest_memory_destroy(&memory);
	free(file.data);
	return 0;
}
