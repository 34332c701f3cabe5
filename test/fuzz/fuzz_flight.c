/* Whatever a guest says of its flight recorder, and whatever its memory holds: a trace or a reason.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "flight/flight.h"

#define RING 4096u
#define CPUS 2u

struct ram {
	const uint8_t *bytes;
	size_t size;
};

/* RAM of 1 MiB that has these bytes over and over. */
static bool read_ram(void *data, uint64_t gpa, void *dst, size_t size)
{
	const struct ram *ram = data;
	uint8_t *to = dst;

	if (gpa >= 1u << 20 || size > (1u << 20) - gpa)
		return false;
	for (size_t i = 0; i < size; i++)
		to[i] = ram->bytes[(gpa + i) % ram->size];
	return true;
}

static bool read_regs(void *data, unsigned int vcpu, struct inspect_regs *regs)
{
	(void)data;
	(void)vcpu;
	*regs = (struct inspect_regs){
		.cr0 = 0x80000001, .cr3 = 0x1000, .cr4 = 0x20, .efer = 0xd01, .cs = 0x33
	};
	return true;
}

static int drop(void *data, const void *bytes, size_t size, struct failure *failure)
{
	(void)data;
	(void)bytes;
	(void)size;
	(void)failure;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ram ram = { data, size };
	const struct inspect_source source = { .data = &ram,
					       .read = read_ram,
					       .regs = read_regs,
					       .nr_vcpus = CPUS,
					       .ram_end = 1u << 20 };
	const struct trace_sink sink = { NULL, drop };
	struct flight_read read = { .release = "6.1" };
	uint64_t frame[64];
	struct flight flight;
	struct error err;

	if (!size)
		return 0;
	flight_init(&flight, 2 * RING, CPUS);
	flight_find_init(&flight, &source);
	/* Frames: a byte for nothing, two for the length. */
	while (size > 3) {
		size_t length = (size_t)(data[1] | data[2] << 8);

		length = length < size - 3 ? length : size - 3;
		length = length < sizeof(frame) ? length : sizeof(frame);
		memcpy(frame, data + 3, length);
		(void)flight_take(&flight, frame, (uint32_t)length, &err);
		data += 3 + length;
		size -= 3 + length;
	}
	(void)flight_write(&flight, &source, &read, &sink, &err);
	flight_destroy(&flight);
	return 0;
}
