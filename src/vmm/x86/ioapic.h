/*
 * The I/O APIC at LAYOUT_IOAPIC: it turns a device's line into a message to a local APIC. (Intel
 * 82093AA data sheet, and the message format of Intel SDM vol. 3, 11.11.)
 *
 * All lines of this machine are edge-triggered, as ISA's are: nothing is remembered of a line that
 * stays high, and no end of interrupt comes back here. What a guest writes of a pin's polarity and
 * trigger mode is kept, and changes nothing.
 */
#ifndef KTSTR_VMM_IOAPIC_H
#define KTSTR_VMM_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

/* The console's line is among them. Linux reads and writes each pin some dozen times at boot. */
#define IOAPIC_PINS 8
/* Bytes from LAYOUT_IOAPIC that it answers at. */
#define IOAPIC_SIZE 0x20

struct ioapic {
	uint8_t select; /* register that the window shows */
	uint8_t id;
	uint32_t lines; /* a bit a pin: high now */
	uint64_t pins[IOAPIC_PINS];
	/*
	 * Where a message goes: @address and @data as of an MSI, with the bits of an APIC id from 8
	 * on at bit 40; called on the vCPU's thread.
	 */
	void (*deliver)(void *owner, uint64_t address, uint32_t data);
	void *owner;
};

void ioapic_init(struct ioapic *ioapic);
/* @offset: from LAYOUT_IOAPIC; accesses are 32 bits wide. The caller serialises the calls. */
void ioapic_write(struct ioapic *ioapic, uint32_t offset, uint32_t value);
uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t offset);
/* A device drives its line; from low to high is an interrupt, unless the pin is masked. */
void ioapic_line(struct ioapic *ioapic, unsigned int pin, bool high);

#endif
