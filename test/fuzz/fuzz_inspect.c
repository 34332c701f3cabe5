/*
 * Can a guest's memory hurt whoever looks at it? The input changes bytes of a small guest: one byte
 * for its layout and flags, then groups of five, a place in its RAM and a byte for it, or, with the
 * top bit of the place set, a repetition of what is there. What then opens is read in full.
 */
#include <stdint.h>
#include <stdlib.h>

#include "inspect/inspect.h"
#include "inspect/printk.h"
#include "inspect/symbols.h"
#include "test/unit/guest_sample.h"
#include "util/clock.h"

/* An honest one takes less than 3000 reads; the scan of RAM adds some. */
#define MAX_READS 2000000u
#define MAX_NS	  20000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_around(struct inspect *inspect, const struct guest_sample *guest)
{
	char name[INSPECT_SYMBOL_SIZE];
	uint64_t address, offset, length;
	struct error err = { "" };
	struct printk_log log;

	for (uint32_t i = 0; i < guest->nr_symbols; i++) {
		inspect_symbol(inspect, guest->symbols[i].name + 1, &address);
		address = guest->symbols[i].address + i % 64;
		if (inspect_symbol_at(inspect, address, name, &offset, &length) &&
		    (offset >= length || strlen(name) >= sizeof(name)))
			abort();
		if (i % 16 == 0)
			inspect_read_string(inspect, address, name, sizeof(name));
	}
	for (unsigned int cpu = 0; cpu < 64; cpu++)
		inspect_per_cpu(inspect, "runqueues", cpu, &address);
	if (printk_read(inspect, NULL, 1 << 20, &log, &err)) {
		if (!*err.text)
			abort();
		return;
	}
	for (size_t i = 0; i < log.nr; i++)
		if (log.records[i].text[log.records[i].size])
			abort();
	printk_free(&log);
}

/* The tables alone, in memory whose end is guarded, as that of inspect_open's is not. */
static void read_tables(struct guest_sample *guest)
{
	const size_t size = GUEST_TOP;
	uint8_t *bytes = malloc(size);
	struct kallsyms kallsyms;
	struct symbols symbols;
	size_t digits;

	memcpy(bytes, guest_at(guest, 0), size);
	digits = kallsyms_find_tokens(bytes, size, 0);
	if (digits < size && kallsyms_locate(bytes, size, GUEST_TEXT, digits, &kallsyms) &&
	    symbols_make(&symbols, NULL, &kallsyms, bytes, size, GUEST_TEXT, 0) == 0)
		symbols_destroy(&symbols);
	free(bytes);
}

/* What it holds before anything is changed. */
static const uint8_t *whole(struct guest_sample *guest)
{
	uint8_t *bytes = malloc(GUEST_RAM);

	for (unsigned int i = 0; i < 20; i++)
		guest_say(guest, "words of the kernel", i % 8, i, i);
	memcpy(bytes, guest->ram, GUEST_RAM);
	return bytes;
}

/* What is changed lies in the image's first MiB for the most part: there is all that counts. */
static uint8_t *place_of(struct guest_sample *guest, uint32_t place)
{
	if (place >> 30 & 1)
		return guest_at(guest, place % (1u << 20));
	return guest->ram + place % GUEST_RAM;
}

static void change(struct guest_sample *guest, const uint8_t *data, size_t size)
{
	for (; size >= 5; data += 5, size -= 5) {
		uint32_t place;
		uint8_t *at;

		memcpy(&place, data, sizeof(place));
		at = place_of(guest, place);
		if (place >> 31)
			for (uint32_t i = 1; i <= data[4] && at + i < guest->ram + GUEST_RAM; i++)
				at[i] = *at;
		else
			*at = data[4];
	}
}

/* And back: to make it anew takes longer than to look at it. */
static void restore(struct guest_sample *guest, const uint8_t *from, const uint8_t *data,
		    size_t size)
{
	for (; size >= 5; data += 5, size -= 5) {
		uint32_t place;
		size_t at;

		memcpy(&place, data, sizeof(place));
		at = (size_t)(place_of(guest, place) - guest->ram);
		memcpy(guest->ram + at, from + at, GUEST_RAM - at < 256 ? GUEST_RAM - at : 256);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t *from[GUEST_LAYOUTS][2];
	static struct guest_sample *guests[GUEST_LAYOUTS][2];
	struct guest_sample **guest;
	struct error err = { "" };
	struct inspect *inspect;
	unsigned int layout, five;
	uint64_t start;

	if (!size)
		return 0;
	layout = *data % GUEST_LAYOUTS;
	five = *data >> 6 & 1;
	guest = &guests[layout][five];
	if (!*guest) {
		*guest = guest_new((enum guest_layout)layout, five);
		from[layout][five] = whole(*guest);
	}
	(*guest)->lost = *data >> 7;
	(*guest)->reads = 0;
	change(*guest, data + 1, size - 1);
	read_tables(*guest);
	start = now_ns();
	if (inspect_open(&(*guest)->source, 60000, &inspect, &err) == 0) {
		look_around(inspect, *guest);
		inspect_close(inspect);
	} else if (inspect || !*err.text) {
		abort();
	}
	if ((*guest)->reads > MAX_READS || now_ns() - start > MAX_NS)
		abort();
	restore(*guest, from[layout][five], data + 1, size - 1);
	return 0;
}
