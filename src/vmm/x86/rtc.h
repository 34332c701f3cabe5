/*
 * The PC's clock at ports 0x70 (which register) and 0x71 (its value): it tells the host's date, in
 * UTC, to a guest that has no kvmclock. (Motorola MC146818A data sheet.)
 *
 * There is no alarm, no interrupt and no memory, and the time cannot be set: writes go nowhere.
 */
#ifndef KTSTR_VMM_RTC_H
#define KTSTR_VMM_RTC_H

#include <stdint.h>
#include <time.h>

/* The register of the year's first two digits; the FADT tells it. */
#define RTC_CENTURY 0x32

struct rtc {
	uint8_t index; /* register that port 0x71 shows */
	time_t shown;  /* the second that the registers show */
};

/* @offset: 0 or 1, from LAYOUT_RTC_PORT. The caller serialises the calls. */
void rtc_write(struct rtc *rtc, uint16_t offset, uint8_t value);
/* @now: seconds since 1970. */
uint8_t rtc_read(struct rtc *rtc, uint16_t offset, time_t now);

#endif
