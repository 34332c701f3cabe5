/* Which ACPI tables does the guest read? RSDP, XSDT, FADT, DSDT, MADT, SRAT, SLIT. */
#ifndef KTSTR_VMM_ACPI_H
#define KTSTR_VMM_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/topology.h"
#include "util/error.h"
#include "vmm/memory.h"
#include "vmm/x86/layout.h"

#define ACPI_MAX_TABLES 8

struct acpi_table {
	char signature[5]; /* "APIC", ... NUL-terminated */
	uint32_t offset;   /* in image */
	uint32_t size;	   /* bytes */
};

/* All tables as they stand at LAYOUT_ACPI, the RSDP first. */
struct acpi_tables {
	uint8_t image[LAYOUT_ACPI_SIZE];
	uint32_t used;	  /* bytes of image */
	size_t nr_tables; /* the RSDP is not among them: it has no ordinary header */
	struct acpi_table tables[ACPI_MAX_TABLES];
};

/*
 * acpi_build - the tables for this topology and memory.
 * @ranges, @nr_ranges: guest RAM by node, ascending (guest_memory's).
 * @pm_timer: tell of the timer at LAYOUT_PM_TIMER. Linux takes 5 ms of the boot to try it, and
 * needs it where it cannot rely on its TSC. Returns 0, or -ENOSPC when they do not fit into
 * LAYOUT_ACPI_SIZE.
 */
int acpi_build(const struct topology *topology, const struct memory_range *ranges, size_t nr_ranges,
	       bool pm_timer, struct acpi_tables *out, struct error *err);

/*
 * acpi_dump - write each table as DIR/<signature>.aml (lower case), for iasl -d. DIR is made when
 * missing; a file that is there already is not overwritten (-EEXIST).
 */
int acpi_dump(const struct acpi_tables *tables, const char *dir, struct error *err);

#endif
