/* The I/O APIC: see ioapic.h. */
#include "vmm/x86/ioapic.h"

#include <assert.h>
#include <string.h>

/* What lies in memory: a register is selected, then shown in the window (82093AA, 3.1). */
enum { IOREGSEL = 0x00, IOWIN = 0x10 };

/* Registers (3.2); from 0x10 on two a pin, the low half first. */
enum { REGISTER_ID = 0, REGISTER_VERSION = 1, REGISTER_ARBITRATION = 2, REGISTER_PINS = 0x10 };

#define VERSION	 0x11u
#define ID_SHIFT 24
#define ID_MASK	 0xfu

/* A pin's entry (3.2.4). Vector and delivery mode stand where an MSI's data have them. */
#define PIN_MESSAGE	     0x7ffu
#define PIN_LOGICAL	     (1u << 11)
#define PIN_READ_ONLY	     (1u << 12 | 1u << 14) /* delivery status, remote IRR: always 0 here */
#define PIN_MASKED	     (1u << 16)
#define PIN_DESTINATION(p)   ((uint32_t)((p) >> 56))
/*
 * Bits 8 to 14 of the destination. The data sheet has them reserved; Linux uses them where CPUID
 * has KVM_FEATURE_MSI_EXT_DEST_ID (struct IO_APIC_route_entry, virt_destid_8_14).
 */
#define PIN_DESTINATION_8(p) ((uint32_t)((p) >> 49 & 0x7f))

/*
 * An MSI's address (SDM vol. 3, 11.11.1), and where KVM takes the bits of its destination from 8 on
 * (Documentation/virt/kvm/api.rst, 4.70, with KVM_X2APIC_API_USE_32BIT_IDS).
 */
#define MSI_ADDRESS	      0xfee00000ull
#define MSI_DESTINATION(id)   ((id) << 12)
#define MSI_DESTINATION_8(id) ((uint64_t)(id) << 40)
#define MSI_LOGICAL	      (1u << 2)

static_assert(IOAPIC_PINS <= 32, "lines has a bit for each");

void ioapic_init(struct ioapic *ioapic)
{
	memset(ioapic, 0, sizeof(*ioapic));
	for (unsigned int i = 0; i < IOAPIC_PINS; i++)
		ioapic->pins[i] = PIN_MASKED;
}

/* The pin whose register is selected, or IOAPIC_PINS; @shift: of the half that it shows. */
static unsigned int selected_pin(const struct ioapic *ioapic, unsigned int *shift)
{
	unsigned int half = ioapic->select - (unsigned int)REGISTER_PINS;

	if (ioapic->select < REGISTER_PINS || half / 2 >= IOAPIC_PINS)
		return IOAPIC_PINS;
	*shift = half % 2 * 32;
	return half / 2;
}

void ioapic_write(struct ioapic *ioapic, uint32_t offset, uint32_t value)
{
	unsigned int shift, pin;

	if (offset == IOREGSEL)
		ioapic->select = (uint8_t)value;
	if (offset != IOWIN)
		return;
	if (ioapic->select == REGISTER_ID)
		ioapic->id = value >> ID_SHIFT & ID_MASK;
	pin = selected_pin(ioapic, &shift);
	if (pin == IOAPIC_PINS)
		return;
	if (shift == 0)
		value &= ~PIN_READ_ONLY;
	ioapic->pins[pin] &= ~(0xffffffffull << shift);
	ioapic->pins[pin] |= (uint64_t)value << shift;
}

uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t offset)
{
	unsigned int shift, pin;

	if (offset == IOREGSEL)
		return ioapic->select;
	if (offset != IOWIN)
		return UINT32_MAX;
	switch (ioapic->select) {
	case REGISTER_ID:
	case REGISTER_ARBITRATION:
		return (uint32_t)ioapic->id << ID_SHIFT;
	case REGISTER_VERSION:
		return (IOAPIC_PINS - 1) << 16 | VERSION;
	default:
		pin = selected_pin(ioapic, &shift);
		return pin == IOAPIC_PINS ? UINT32_MAX : (uint32_t)(ioapic->pins[pin] >> shift);
	}
}

void ioapic_line(struct ioapic *ioapic, unsigned int pin, bool high)
{
	bool was_high = ioapic->lines >> pin & 1;
	uint64_t entry = ioapic->pins[pin];
	uint64_t address = MSI_ADDRESS | MSI_DESTINATION(PIN_DESTINATION(entry)) |
			   MSI_DESTINATION_8(PIN_DESTINATION_8(entry));

	ioapic->lines &= ~(1u << pin);
	ioapic->lines |= (uint32_t)high << pin;
	if (!high || was_high || entry & PIN_MASKED)
		return;
	if (entry & PIN_LOGICAL)
		address |= MSI_LOGICAL;
	ioapic->deliver(ioapic->owner, address, (uint32_t)entry & PIN_MESSAGE);
}
