/* The PC's clock: see rtc.h. */
#include "vmm/x86/rtc.h"

/* Registers; what is left out (alarms, memory) reads as 0. */
enum {
	SECONDS = 0,
	MINUTES = 2,
	HOURS = 4,
	DAY_OF_WEEK = 6,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	REGISTER_A = 10,
	REGISTER_B = 11,
	REGISTER_D = 13,
};

#define INDEX_MASK 0x7f /* bit 7 of port 0x70 masks NMIs on a PC, which has none here */

#define A_32KHZ_1024HZ 0x26 /* no update in progress (bit 7) */
#define B_24_HOURS     0x02 /* and BCD (bit 2) */
#define D_VALID	       0x80

static uint8_t bcd(int value)
{
	return (uint8_t)(value / 10 << 4 | value % 10);
}

void rtc_write(struct rtc *rtc, uint16_t offset, uint8_t value)
{
	if (offset == 0)
		rtc->index = value & INDEX_MASK;
}

uint8_t rtc_read(struct rtc *rtc, uint16_t offset, time_t now)
{
	struct tm tm;

	if (offset == 0)
		return 0xff;
	/*
	 * A guest reads register by register, and must not see a part of one second and a part of
	 * the next. It begins with A (is there an update in progress?) or with the seconds; one
	 * that begins elsewhere gets what is no older than a second.
	 */
	if (rtc->index == REGISTER_A || rtc->index == SECONDS || now < rtc->shown ||
	    now - rtc->shown > 1)
		rtc->shown = now;
	gmtime_r(&rtc->shown, &tm);
	switch (rtc->index) {
	case SECONDS:
		return bcd(tm.tm_sec);
	case MINUTES:
		return bcd(tm.tm_min);
	case HOURS:
		return bcd(tm.tm_hour);
	case DAY_OF_WEEK:
		return bcd(tm.tm_wday + 1);
	case DAY:
		return bcd(tm.tm_mday);
	case MONTH:
		return bcd(tm.tm_mon + 1);
	case YEAR:
		return bcd(tm.tm_year % 100);
	case RTC_CENTURY:
		return bcd(tm.tm_year / 100 + 19);
	case REGISTER_A:
		return A_32KHZ_1024HZ;
	case REGISTER_B:
		return B_24_HOURS;
	case REGISTER_D:
		return D_VALID;
	default:
		return 0;
	}
}
