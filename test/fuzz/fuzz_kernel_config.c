/*
 * Can a kernel's configuration hurt us? The first byte chooses: the input is a vmlinux in which one
 * is searched for, the text of one, or the same packed and put into a vmlinux.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "doctor/kernel.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		abort();
	return 0;
}

/* What doctor does with one. */
static void use(const struct kernel_config *config)
{
	char value[KERNEL_CONFIG_VALUE_SIZE], version[KERNEL_CONFIG_VALUE_SIZE];
	struct findings findings = { .out = nowhere };

	kernel_config_value(config, "NR_CPUS", value);
	kernel_config_version(config, version);
	if (strlen(value) >= sizeof(value) || strlen(version) >= sizeof(version))
		abort();
	kernel_judge(config, version, &findings);
}

static void use_embedded(const uint8_t *data, size_t size)
{
	struct kernel_config config;
	struct error err = { "" };

	if (kernel_config_embedded(data, size, &config, &err) == 0) {
		if (kernel_config_check(config.text, config.size, &err))
			abort();
		use(&config);
		kernel_config_free(&config);
	} else if (!*err.text || config.text) {
		abort();
	}
}

/* "IKCFG_ST", gzip, "IKCFG_ED", as kernel/configs.c has it. */
static void use_packed(const uint8_t *data, size_t size)
{
	size_t room = compressBound(size) + 64;
	uint8_t *image = malloc(room);
	z_stream stream = { 0 };

	if (!image ||
	    deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	memcpy(image, "IKCFG_ST", 8);
	stream.next_in = (Bytef *)data;
	stream.avail_in = (uInt)size;
	stream.next_out = image + 8;
	stream.avail_out = (uInt)(room - 16);
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	memcpy(stream.next_out, "IKCFG_ED", 8);
	use_embedded(image, (size_t)(stream.next_out - image) + 8);
	deflateEnd(&stream);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_config config = { 0 };
	struct error err = { "" };
	uint8_t *copy;

	if (size < 2)
		return 0;
	/* On the heap and of its exact size, so that a read beyond it is seen. */
	config.size = size - 1;
	config.text = malloc(config.size);
	if (!config.text)
		abort();
	memcpy(config.text, data + 1, config.size);
	copy = (uint8_t *)config.text;
	if (data[0] % 3 == 0)
		use_embedded(copy, config.size);
	else if (data[0] % 3 == 1)
		use_packed(copy, config.size);
	else if (kernel_config_check(config.text, config.size, &err) == 0)
		use(&config);
	kernel_config_free(&config);
	return 0;
}
