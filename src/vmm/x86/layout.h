/* Where does everything lie in the guest's physical address space and I/O ports? */
#ifndef KTSTR_VMM_LAYOUT_H
#define KTSTR_VMM_LAYOUT_H

#include "../../../guest/protocol.h"

/* Low memory: what the 64-bit boot protocol needs, below the kernel. */
#define LAYOUT_GDT	   0x00000500ull
#define LAYOUT_ZERO_PAGE   0x00007000ull /* struct boot_params, one page */
#define LAYOUT_PAGE_TABLES 0x00009000ull /* PML4, PDPT, 4 PDs: identity map of 4 GiB, 6 pages */
#define LAYOUT_CMDLINE	   0x00020000ull
#define LAYOUT_EBDA	   0x0009fc00ull /* top of conventional memory in e820 */
#define LAYOUT_ACPI	   0x000e0000ull /* RSDP first (its search area), then the tables */
#define LAYOUT_ACPI_SIZE   0x00020000ull
#define LAYOUT_KERNEL_MIN  0x00100000ull

/* RAM ends here below 4 GiB; what is beyond goes above 4 GiB. */
#define LAYOUT_HOLE_START   0xc0000000ull
#define LAYOUT_HOLE_END	    0x100000000ull
/* In the hole: the channel and its bells (guest/protocol.h) at 0xd0000000, then the interrupt
 * controllers. */
#define LAYOUT_IOAPIC	    0xfec00000ull
#define LAYOUT_LAPIC	    0xfee00000ull
#define LAYOUT_IDENTITY_MAP 0xfffbc000ull /* KVM_SET_IDENTITY_MAP_ADDR, one page (Intel) */
#define LAYOUT_TSS	    0xfffbd000ull /* KVM_SET_TSS_ADDR, three pages (Intel) */

/* I/O ports. */
#define LAYOUT_RTC_PORT	     0x0070 /* and 0x71 */
#define LAYOUT_SERIAL_PORT   0x03f8
#define LAYOUT_SERIAL_IRQ    4
#define LAYOUT_SLEEP_CONTROL 0x0600 /* ACPI 6.4, 4.8.3.7: byte with SLP_TYPx and SLP_EN */
#define LAYOUT_SLEEP_STATUS  0x0601
#define LAYOUT_RESET_PORT    0x0602 /* FADT RESET_REG */
#define LAYOUT_RESET_VALUE   0x01
#define LAYOUT_PM_TIMER	     0x0608 /* FADT PM_TMR_BLK, four ports */
#define LAYOUT_S5_TYPE	     5	    /* SLP_TYP of \_S5 in the DSDT */

#endif
