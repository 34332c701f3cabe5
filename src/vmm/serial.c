/* The 16550 that is the guest's console: see serial.h. */
#include "vmm/serial.h"

#include <string.h>

/* Registers by offset; which one 0 and 1 are depends on LCR's divisor latch bit and the direction.
 */
enum { THR = 0, RBR = 0, DLL = 0, IER = 1, DLM = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4 };
enum { LSR = 5, MSR = 6, SCR = 7 };

enum { IER_THRI = 0x02 };
enum { IIR_NONE = 0x01, IIR_THRI = 0x02, IIR_FIFO = 0xc0 };
enum { FCR_ENABLE = 0x01 };
enum { LCR_DLAB = 0x80 };
enum { MCR_LOOP = 0x10, MCR_OUT2 = 0x08, MCR_OUT1 = 0x04, MCR_RTS = 0x02, MCR_DTR = 0x01 };
enum { LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

void serial_init(struct serial *serial)
{
	memset(serial, 0, sizeof(*serial));
	serial->dll = 12; /* 9600 baud: what a PC's firmware leaves behind */
}

static void raise_thr_interrupt(struct serial *serial)
{
	serial->thr_interrupt = true;
	/*
	 * Low first: the interrupt controller sees an edge for each byte, else Linux' driver, which
	 * writes one byte per interrupt, waits for ever.
	 */
	serial->interrupt(serial->owner, false);
	serial->interrupt(serial->owner, true);
}

static void clear_thr_interrupt(struct serial *serial)
{
	serial->thr_interrupt = false;
	serial->interrupt(serial->owner, false);
}

void serial_write(struct serial *serial, uint16_t offset, uint8_t value)
{
	switch (offset) {
	case THR:
		if (serial->lcr & LCR_DLAB) {
			serial->dll = value;
			break;
		}
		/* In loopback mode nothing leaves; the probe for a 16550's type sends a byte so. */
		if (!(serial->mcr & MCR_LOOP))
			serial->output(serial->owner, value);
		if (serial->ier & IER_THRI)
			raise_thr_interrupt(serial);
		break;
	case IER:
		if (serial->lcr & LCR_DLAB) {
			serial->dlm = value;
			break;
		}
		serial->ier = value & 0x0f;
		/* The transmitter is always empty, so enabling its interrupt raises it at once. */
		if (serial->ier & IER_THRI)
			raise_thr_interrupt(serial);
		else if (serial->thr_interrupt)
			clear_thr_interrupt(serial);
		break;
	case FCR:
		serial->fcr = value;
		break;
	case LCR:
		serial->lcr = value;
		break;
	case MCR:
		serial->mcr = value & 0x1f;
		break;
	case SCR:
		serial->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

/* In loopback mode the modem control outputs are wired to the status inputs. */
static uint8_t modem_status(const struct serial *serial)
{
	uint8_t msr = 0;

	if (!(serial->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (serial->mcr & MCR_RTS)
		msr |= MSR_CTS;
	if (serial->mcr & MCR_DTR)
		msr |= MSR_DSR;
	if (serial->mcr & MCR_OUT1)
		msr |= MSR_RI;
	if (serial->mcr & MCR_OUT2)
		msr |= MSR_DCD;
	return msr;
}

uint8_t serial_read(struct serial *serial, uint16_t offset)
{
	uint8_t value;

	switch (offset) {
	case RBR:
		return serial->lcr & LCR_DLAB ? serial->dll : 0;
	case IER:
		return serial->lcr & LCR_DLAB ? serial->dlm : serial->ier;
	case IIR:
		value = serial->fcr & FCR_ENABLE ? IIR_FIFO : 0;
		if (!serial->thr_interrupt)
			return value | IIR_NONE;
		clear_thr_interrupt(serial); /* reading it acknowledges */
		return value | IIR_THRI;
	case LCR:
		return serial->lcr;
	case MCR:
		return serial->mcr;
	case LSR:
		return LSR_THRE | LSR_TEMT;
	case MSR:
		return modem_status(serial);
	case SCR:
		return serial->scr;
	default:
		return 0xff;
	}
}
