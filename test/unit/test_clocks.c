/* Do the clocks that a guest without kvmclock reads, RTC and PM timer, tell the time? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmm/x86/pm_timer.h"
#include "vmm/x86/rtc.h"

static uint8_t get(struct rtc *rtc, uint8_t index, time_t now)
{
	rtc_write(rtc, 0, index);
	return rtc_read(rtc, 1, now);
}

/* The registers of a time, in the order in which Linux reads them. */
static void expect(time_t now, const uint8_t values[8])
{
	static const uint8_t registers[8] = { 0, 2, 4, 6, 7, 8, 9, RTC_CENTURY };
	struct rtc rtc = { 0 };

	for (int i = 0; i < 8; i++)
		assert_int_equal(get(&rtc, registers[i], now), values[i]);
}

/* The expected values are date(1)'s: date -u -d @N '+%S %M %H %w %d %m %y %C', Sunday being 1. */
static void the_rtc_tells_the_date(void **state)
{
	(void)state;
	expect(0, (uint8_t[]){ 0x00, 0x00, 0x00, 5, 0x01, 0x01, 0x70, 0x19 });
	expect(951827696, (uint8_t[]){ 0x56, 0x34, 0x12, 3, 0x29, 0x02, 0x00, 0x20 });
	expect(1798761599, (uint8_t[]){ 0x59, 0x59, 0x23, 5, 0x31, 0x12, 0x26, 0x20 });
	expect(4102444800, (uint8_t[]){ 0x00, 0x00, 0x00, 6, 0x01, 0x01, 0x00, 0x21 });
}

static void the_rtc_is_valid_and_never_in_an_update(void **state)
{
	struct rtc rtc = { 0 };

	(void)state;
	for (time_t now = 0; now < 3; now++)
		assert_int_equal(get(&rtc, 0x0a, now), 0x26);
	assert_int_equal(get(&rtc, 0x0b, 0), 0x02);
	assert_int_equal(get(&rtc, 0x0c, 0), 0);
	assert_int_equal(get(&rtc, 0x0d, 0), 0x80);
}

/* A guest that asked register A, or has read the seconds, sees that second to its end. */
static void a_reading_is_of_one_second(void **state)
{
	struct rtc rtc = { 0 };
	time_t before = 1798761599; /* the last second of 2026 */

	(void)state;
	assert_int_equal(get(&rtc, 0x00, before), 0x59);
	assert_int_equal(get(&rtc, 0x02, before + 1), 0x59);
	assert_int_equal(get(&rtc, 0x09, before + 1), 0x26);
	assert_int_equal(get(&rtc, 0x0a, before + 1), 0x26);
	assert_int_equal(get(&rtc, 0x02, before + 1), 0x00);
	assert_int_equal(get(&rtc, 0x09, before + 2), 0x27);
	/* And one that asks for nothing but minutes sees them go on, and back with the host's. */
	assert_int_equal(get(&rtc, 0x02, before + 61), 0x01);
	assert_int_equal(get(&rtc, 0x02, before), 0x59);
}

static void the_rtc_cannot_be_set(void **state)
{
	struct rtc rtc = { 0 };

	(void)state;
	for (unsigned int index = 0; index < 256; index++) {
		rtc_write(&rtc, 0, (uint8_t)index);
		rtc_write(&rtc, 1, 0xa5);
		assert_int_not_equal(rtc_read(&rtc, 1, 0), 0xa5);
		assert_int_equal(rtc_read(&rtc, 0, 0), 0xff);
	}
	/* Bit 7 of the index is none of the register's number. */
	assert_int_equal(get(&rtc, 0x8d, 0), 0x80);
}

static void the_pm_timer_counts_at_its_rate(void **state)
{
	const uint64_t second = 1000000000, zero = 12345678901234567ull;
	struct pm_timer timer = { .zero_ns = zero };

	(void)state;
	assert_int_equal(pm_timer_read(&timer, zero), 0);
	assert_int_equal(pm_timer_read(&timer, zero + 279), 0);
	assert_int_equal(pm_timer_read(&timer, zero + 280), 1);
	assert_int_equal(pm_timer_read(&timer, zero + second), 3579545);
	assert_int_equal(pm_timer_read(&timer, zero + 2 * second - 1), 7159089);
	/* 24 bits: it wraps after 4.7 seconds, and is right after a year as well. */
	assert_int_equal(pm_timer_read(&timer, zero + 5 * second), 17897725 - (1 << 24));
	assert_int_equal(pm_timer_read(&timer, zero + 365 * 86400 * second),
			 365ull * 86400 * 3579545 % (1 << 24));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rtc_tells_the_date),
		cmocka_unit_test(the_rtc_is_valid_and_never_in_an_update),
		cmocka_unit_test(a_reading_is_of_one_second),
		cmocka_unit_test(the_rtc_cannot_be_set),
		cmocka_unit_test(the_pm_timer_counts_at_its_rate),
	};

	return cmocka_run_group_tests_name("clocks", tests, NULL, NULL);
}
