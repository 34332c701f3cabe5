/*
 * The 16550 at 0x3f8 that is the guest's console: output only, a transmitter that is always empty.
 * (National Semiconductor PC16550D data sheet.)
 */
#ifndef KTSTR_VMM_SERIAL_H
#define KTSTR_VMM_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

struct serial {
	uint8_t ier, lcr, mcr, scr, fcr;
	uint8_t dll, dlm;
	bool thr_interrupt; /* "transmitter empty" is pending */
	/* Where output goes and how the interrupt line is driven; called on the vCPU's thread. */
	void (*output)(void *owner, uint8_t byte);
	void (*interrupt)(void *owner, bool high);
	void *owner;
};

void serial_init(struct serial *serial);
/* @offset: 0..7 from LAYOUT_SERIAL_PORT. The caller serialises the calls. */
void serial_write(struct serial *serial, uint16_t offset, uint8_t value);
uint8_t serial_read(struct serial *serial, uint16_t offset);

#endif
