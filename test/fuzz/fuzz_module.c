/*
 * What does the packer make of a file that is said to be a kernel module? Unpacked, whatever it
 * begins as, and asked for its .modinfo. With an odd first byte the rest is the .modinfo of a
 * module that is right.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/module_sample.h"
#include "modules/modinfo.h"
#include "modules/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const uint8_t *module, size_t size)
{
	struct modinfo info;
	const char *value = NULL;

	if (modinfo_find(module, size, &info, NULL))
		return;
	while ((value = modinfo_next(&info, "name", value)))
		if (value < info.text || value + strlen(value) >= info.text + info.size)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t sample[MODULE_SAMPLE_MAX], *module;
	size_t module_size;

	if (!size)
		return 0;
	if (data[0] & 1 && size < MODULE_SAMPLE_MAX - 512) {
		ask(sample, module_sample(sample, data + 1, size - 1));
		return 0;
	}
	if (!unpack_memory("fuzz", data + 1, size - 1, &module, &module_size, NULL)) {
		ask(module, module_size);
		free(module);
	}
	return 0;
}
