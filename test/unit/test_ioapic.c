/* Does the I/O APIC send what its pins were told, once an edge, and bear any guest? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmm/x86/ioapic.h"

static struct {
	unsigned int count;
	uint64_t address;
	uint32_t data;
} sent;

static void deliver(void *owner, uint64_t address, uint32_t data)
{
	assert_ptr_equal(owner, &sent);
	sent.count++;
	sent.address = address;
	sent.data = data;
}

static struct ioapic make(void)
{
	struct ioapic ioapic;

	ioapic_init(&ioapic);
	ioapic.deliver = deliver;
	ioapic.owner = &sent;
	sent.count = 0;
	return ioapic;
}

static void set(struct ioapic *ioapic, uint8_t index, uint32_t value)
{
	ioapic_write(ioapic, 0x00, index);
	ioapic_write(ioapic, 0x10, value);
}

static uint32_t get(struct ioapic *ioapic, uint8_t index)
{
	ioapic_write(ioapic, 0x00, index);
	assert_int_equal(ioapic_read(ioapic, 0x00), index);
	return ioapic_read(ioapic, 0x10);
}

static void says_what_it_is(void **state)
{
	struct ioapic ioapic = make();

	(void)state;
	assert_int_equal(get(&ioapic, 0), 0);
	assert_int_equal(get(&ioapic, 1), (IOAPIC_PINS - 1) << 16 | 0x11);
	for (uint8_t pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(get(&ioapic, 0x10 + 2 * pin), 1 << 16);
	set(&ioapic, 0, 0xffffffff);
	assert_int_equal(get(&ioapic, 0), 0x0f000000);
	assert_int_equal(get(&ioapic, 2), 0x0f000000);
	/* The version is not the guest's to write. */
	set(&ioapic, 1, 0);
	assert_int_equal(get(&ioapic, 1) & 0xff, 0x11);
}

static void pins_keep_what_is_written(void **state)
{
	struct ioapic ioapic = make();

	(void)state;
	set(&ioapic, 0x18, 0xffffffff);
	set(&ioapic, 0x19, 0x12345678);
	/* All but delivery status and remote IRR. */
	assert_int_equal(get(&ioapic, 0x18), 0xffffafff);
	assert_int_equal(get(&ioapic, 0x19), 0x12345678);
	assert_int_equal(get(&ioapic, 0x16), 1 << 16);
	assert_int_equal(get(&ioapic, 0x1a), 1 << 16);
}

static void an_edge_is_a_message(void **state)
{
	struct ioapic ioapic = make();

	(void)state;
	set(&ioapic, 0x19, 0x05000000);
	set(&ioapic, 0x18, 0x31);
	ioapic_line(&ioapic, 4, true);
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.address, 0xfee05000);
	assert_int_equal(sent.data, 0x31);
	/* It stays high: nothing new. */
	ioapic_line(&ioapic, 4, true);
	ioapic_line(&ioapic, 4, false);
	assert_int_equal(sent.count, 1);
	/* Logical destination, lowest priority, and a trigger mode and a polarity that do not
	 * count. */
	set(&ioapic, 0x19, 0xff000000);
	set(&ioapic, 0x18, 1 << 15 | 1 << 13 | 1 << 11 | 1 << 8 | 0xfe);
	ioapic_line(&ioapic, 4, true);
	assert_int_equal(sent.count, 2);
	assert_int_equal(sent.address, 0xfeeff004);
	assert_int_equal(sent.data, 0x1fe);
}

/* As KVM wants it: what does not fit the 8 bits of an MSI's destination, from bit 40 on. */
static void an_apic_id_may_have_15_bits(void **state)
{
	struct ioapic ioapic = make();

	(void)state;
	/* 300, and the largest; the bits below are reserved. */
	set(&ioapic, 0x19, 0x2c020000);
	set(&ioapic, 0x18, 0x31);
	ioapic_line(&ioapic, 4, true);
	assert_int_equal(sent.address, 0x100fee2c000);
	set(&ioapic, 0x19, 0xffffffff);
	ioapic_line(&ioapic, 4, false);
	ioapic_line(&ioapic, 4, true);
	assert_int_equal(sent.address, 0x7f00feeff000);
}

static void a_masked_pin_is_silent(void **state)
{
	struct ioapic ioapic = make();

	(void)state;
	set(&ioapic, 0x18, 1 << 16 | 0x31);
	ioapic_line(&ioapic, 4, true);
	/* What came while it was masked is lost, as with any edge. */
	set(&ioapic, 0x18, 0x31);
	assert_int_equal(sent.count, 0);
	ioapic_line(&ioapic, 4, false);
	ioapic_line(&ioapic, 4, true);
	assert_int_equal(sent.count, 1);
}

/* Every register and every offset; ASan and UBSan look on. */
static void nothing_lies_beyond(void **state)
{
	struct ioapic ioapic = make();

	(void)state;
	for (unsigned int index = 0x10 + 2 * IOAPIC_PINS; index < 256; index++) {
		set(&ioapic, (uint8_t)index, 0);
		assert_int_equal(get(&ioapic, (uint8_t)index), 0xffffffff);
	}
	for (unsigned int index = 3; index < 0x10; index++)
		assert_int_equal(get(&ioapic, (uint8_t)index), 0xffffffff);
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(get(&ioapic, (uint8_t)(0x10 + 2 * pin)), 1 << 16);
	for (uint32_t offset = 0; offset < IOAPIC_SIZE; offset++) {
		ioapic_write(&ioapic, offset, 0x10);
		if (offset != 0 && offset != 0x10)
			assert_int_equal(ioapic_read(&ioapic, offset), 0xffffffff);
	}
	assert_int_equal(sent.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_is),
		cmocka_unit_test(pins_keep_what_is_written),
		cmocka_unit_test(an_edge_is_a_message),
		cmocka_unit_test(an_apic_id_may_have_15_bits),
		cmocka_unit_test(a_masked_pin_is_silent),
		cmocka_unit_test(nothing_lies_beyond),
	};

	return cmocka_run_group_tests_name("ioapic", tests, NULL, NULL);
}
