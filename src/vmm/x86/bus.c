/* Which device answers at an I/O port or an address, and what do devices send out? */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "util/clock.h"
#include "vmm/machine.h"
#include "vmm/x86/layout.h"
#include "vmm/x86/x86.h"

/* ACPI 6.4, 4.8.3.7: SLP_EN is bit 5 and SLP_TYPx bits 2 to 4 of the sleep control register. */
#define SLEEP_ENABLE	  0x20
#define SLEEP_TYPE(value) (((value) >> 2) & 7)

/* The PC's keyboard controller pulses the reset line on this command (reboot=k). */
#define I8042_COMMAND_PORT 0x64
#define I8042_RESET	   0xfe

/* The PC's interval timer, and the port with its gate and its output (NMI status and speaker). */
#define PIT_FIRST_PORT 0x40
#define PIT_LAST_PORT  0x43
#define PIT_GATE_PORT  0x61

/* The serial port's output, with the lock held. */
static void console_byte(void *owner, uint8_t byte)
{
	struct vmm *vmm = owner;

	while (vmm->console_used == sizeof(vmm->console) && !atomic_load(&vmm->stopping))
		pthread_cond_wait(&vmm->console_room, &vmm->lock);
	if (vmm->console_used == sizeof(vmm->console))
		return;
	vmm->console[vmm->console_used++] = byte;
	/* A line at a time is soon enough; what has no newline yet is taken at the next tick. */
	if (byte == '\n' || vmm->console_used == sizeof(vmm->console) / 2)
		machine_wake(vmm);
}

static void serial_interrupt(void *owner, bool high)
{
	struct vmm *vmm = owner;

	ioapic_line(&vmm->devices->ioapic, LAYOUT_SERIAL_IRQ, high);
}

static void send_message(void *owner, uint64_t address, uint32_t data)
{
	struct vmm *vmm = owner;
	struct kvm_msi msi = { .address_lo = (uint32_t)address,
			       .address_hi = (uint32_t)(address >> 32),
			       .data = data };

	/* It fails where no local APIC takes such a message: the guest's own doing. */
	ioctl(vmm->vm_fd, KVM_SIGNAL_MSI, &msi);
}

void bus_init(struct vmm *vmm)
{
	serial_init(&vmm->devices->serial);
	vmm->devices->serial.output = console_byte;
	vmm->devices->serial.interrupt = serial_interrupt;
	vmm->devices->serial.owner = vmm;
	ioapic_init(&vmm->devices->ioapic);
	vmm->devices->ioapic.deliver = send_message;
	vmm->devices->ioapic.owner = vmm;
	vmm->devices->pm_timer.zero_ns = now_ns();
}

/* A register of one byte: of a wider access the rest floats high. */
static uint32_t byte_register(uint8_t value)
{
	return value | 0xffffff00u;
}

static uint32_t read_zero(struct vmm *vmm, uint16_t offset)
{
	(void)vmm;
	(void)offset;
	return byte_register(0);
}

static uint32_t read_serial(struct vmm *vmm, uint16_t offset)
{
	uint8_t value;

	pthread_mutex_lock(&vmm->lock);
	value = serial_read(&vmm->devices->serial, offset);
	pthread_mutex_unlock(&vmm->lock);
	return byte_register(value);
}

static void write_serial(struct vmm *vmm, uint16_t offset, uint8_t value)
{
	pthread_mutex_lock(&vmm->lock);
	serial_write(&vmm->devices->serial, offset, value);
	pthread_mutex_unlock(&vmm->lock);
}

static uint32_t read_rtc(struct vmm *vmm, uint16_t offset)
{
	uint8_t value;

	pthread_mutex_lock(&vmm->lock);
	value = rtc_read(&vmm->devices->rtc, offset, time(NULL));
	pthread_mutex_unlock(&vmm->lock);
	return byte_register(value);
}

static void write_rtc(struct vmm *vmm, uint16_t offset, uint8_t value)
{
	pthread_mutex_lock(&vmm->lock);
	rtc_write(&vmm->devices->rtc, offset, value);
	pthread_mutex_unlock(&vmm->lock);
}

static uint32_t read_pm_timer(struct vmm *vmm, uint16_t offset)
{
	return pm_timer_read(&vmm->devices->pm_timer, now_ns()) >> 8 * offset;
}

static void write_sleep_control(struct vmm *vmm, uint16_t offset, uint8_t value)
{
	if (offset == 0 && value & SLEEP_ENABLE && SLEEP_TYPE(value) == LAYOUT_S5_TYPE)
		vmm_end(vmm, VMM_END_POWEROFF, "%s", "");
}

static void write_reset(struct vmm *vmm, uint16_t offset, uint8_t value)
{
	(void)offset;
	if (value == LAYOUT_RESET_VALUE)
		vmm_end(vmm, VMM_END_RESET, "%s", "");
}

static void write_i8042_command(struct vmm *vmm, uint16_t offset, uint8_t value)
{
	(void)offset;
	if (value == I8042_RESET)
		vmm_end(vmm, VMM_END_RESET, "%s", "");
}

/*
 * At all other ports nobody answers: reads float high, writes go nowhere. @read: NULL: the same.
 * @offset is from the first port. Registers take writes of one byte.
 */
static const struct port_range {
	uint16_t first, last;
	uint32_t (*read)(struct vmm *vmm, uint16_t offset);
	void (*write)(struct vmm *vmm, uint16_t offset, uint8_t value);
} port_ranges[] = {
	/*
	 * There is no interval timer. Linux asks it for the TSC's frequency (quick_pit_calibrate),
	 * and gives up at once where it reads 0; at 0xff it would wait for 50000 reads.
	 */
	{ PIT_FIRST_PORT, PIT_LAST_PORT, read_zero, NULL },
	/* At each NMI of unknown origin Linux looks here for an error of the board's. */
	{ PIT_GATE_PORT, PIT_GATE_PORT, read_zero, NULL },
	/* There is no keyboard, and it is ready for a command: a reset does not wait (kb_wait). */
	{ I8042_COMMAND_PORT, I8042_COMMAND_PORT, read_zero, write_i8042_command },
	{ LAYOUT_RTC_PORT, LAYOUT_RTC_PORT + 1, read_rtc, write_rtc },
	{ LAYOUT_SERIAL_PORT, LAYOUT_SERIAL_PORT + 7, read_serial, write_serial },
	{ LAYOUT_SLEEP_CONTROL, LAYOUT_SLEEP_STATUS, read_zero, write_sleep_control },
	{ LAYOUT_RESET_PORT, LAYOUT_RESET_PORT, NULL, write_reset },
	{ LAYOUT_PM_TIMER, LAYOUT_PM_TIMER + 3, read_pm_timer, NULL },
};

static const struct port_range *find_port(uint16_t port)
{
	for (size_t i = 0; i < sizeof(port_ranges) / sizeof(port_ranges[0]); i++)
		if (port >= port_ranges[i].first && port <= port_ranges[i].last)
			return &port_ranges[i];
	return NULL;
}

void bus_port_write(struct vmm *vmm, uint16_t port, const uint8_t *data, uint32_t size)
{
	const struct port_range *range = find_port(port);

	if (range && range->write && size == 1)
		range->write(vmm, port - range->first, data[0]);
}

void bus_port_read(struct vmm *vmm, uint16_t port, uint8_t *data, uint32_t size)
{
	const struct port_range *range = find_port(port);
	uint32_t value = UINT32_MAX;

	if (range && range->read)
		value = range->read(vmm, port - range->first);
	for (uint32_t i = 0; i < size; i++, value >>= 8)
		data[i] = (uint8_t)value;
}

static bool is_ioapic(uint64_t address, uint32_t size)
{
	return address >= LAYOUT_IOAPIC && address < LAYOUT_IOAPIC + IOAPIC_SIZE &&
	       size == sizeof(uint32_t);
}

void bus_memory_write(struct vmm *vmm, uint64_t address, const uint8_t *data, uint32_t size)
{
	uint32_t value;

	/* Init wants its job (guest/protocol.h); the value says nothing. */
	if (address == KTSTR_BELLS_GPA + KTSTR_READY_BELL && size == sizeof(value))
		machine_at_ready(vmm);
	if (!is_ioapic(address, size))
		return;
	memcpy(&value, data, sizeof(value));
	pthread_mutex_lock(&vmm->lock);
	ioapic_write(&vmm->devices->ioapic, (uint32_t)(address - LAYOUT_IOAPIC), value);
	pthread_mutex_unlock(&vmm->lock);
}

void bus_memory_read(struct vmm *vmm, uint64_t address, uint8_t *data, uint32_t size)
{
	uint32_t value;

	memset(data, 0xff, size);
	if (!is_ioapic(address, size))
		return;
	pthread_mutex_lock(&vmm->lock);
	value = ioapic_read(&vmm->devices->ioapic, (uint32_t)(address - LAYOUT_IOAPIC));
	pthread_mutex_unlock(&vmm->lock);
	memcpy(data, &value, sizeof(value));
}
