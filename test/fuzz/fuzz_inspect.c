/*
 * Can a guest's memory hurt whoever looks at it? The input changes bytes of a small guest: one byte
 * for its layout and flags, then groups of five, a place in its RAM and a byte for it, or, with the
 * top bit of the place set, a repetition of what is there. What then opens is read in full.
 */
#include <stdint.h>
#include <stdlib.h>

#include "inspect/inspect.h"
#include "inspect/printk.h"
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
		inspect_read_string(inspect, address, name, sizeof(name));
	}
	for (unsigned int cpu = 0; cpu < 64; cpu++)
		inspect_per_cpu(inspect, "runqueues", cpu, &address);
	if (printk_read(inspect, 1 << 20, &log, &err)) {
		if (!*err.text)
			abort();
		return;
	}
	for (size_t i = 0; i < log.nr; i++)
		if (log.records[i].text[log.records[i].size])
			abort();
	printk_free(&log);
}

static void change(struct guest_sample *guest, const uint8_t *data, size_t size)
{
	for (; size >= 5; data += 5, size -= 5) {
		uint32_t place;

		memcpy(&place, data, sizeof(place));
		if (place >> 31)
			for (uint32_t i = 1; i <= data[4] && (place + i) % GUEST_RAM; i++)
				guest->ram[(place + i) % GUEST_RAM] = guest->ram[place % GUEST_RAM];
		else if (place >> 30 & 1)
			/* Where the tables and the ring are. */
			*guest_at(guest, GUEST_KALLSYMS + place % (GUEST_TEXT_RING + 512 -
								   GUEST_KALLSYMS)) = data[4];
		else
			guest->ram[place % GUEST_RAM] = data[4];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest_sample *guest;
	struct error err = { "" };
	struct inspect *inspect;
	uint64_t start;

	if (!size)
		return 0;
	if (!guest)
		guest = guest_new(GUEST_6_1, false);
	guest_make(guest, (enum guest_layout)(*data % GUEST_LAYOUTS), *data & 0x40);
	for (unsigned int i = 0; i < 20; i++)
		guest_say(guest, "words of the kernel", i % 8, i, i);
	guest->lost = *data & 0x80;
	change(guest, data + 1, size - 1);
	start = now_ns();
	if (inspect_open(&guest->source, 60000, &inspect, &err) == 0) {
		look_around(inspect, guest);
		inspect_close(inspect);
	} else if (inspect || !*err.text) {
		abort();
	}
	if (guest->reads > MAX_READS || now_ns() - start > MAX_NS)
		abort();
	return 0;
}
