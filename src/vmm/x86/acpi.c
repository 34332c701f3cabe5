/*
 * Which ACPI tables does the guest read? The least that a hardware-reduced machine needs, so that
 * Linux finds its CPUs, their NUMA nodes, the console, and the way to power off (ACPI 6.4).
 */
#include "vmm/x86/acpi.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/file.h"
#include "vmm/x86/rtc.h"

#define OEM_ID	     "KTSTR "
#define OEM_TABLE_ID "KTSTRVMM"
#define CREATOR_ID   "KTST"

/* 5.2.5.3 */
struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum; /* of all */
	uint8_t reserved[3];
} __attribute__((packed));
static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.4, table 5.3");

/* 5.2.6 */
struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));
static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.4, table 5.4");

/* 5.2.3.2: Generic Address Structure */
struct acpi_gas {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access;
	uint64_t address;
} __attribute__((packed));
static_assert(sizeof(struct acpi_gas) == 12, "ACPI 6.4, table 5.1");

#define GAS_SYSTEM_IO	 1
#define GAS_BYTE_ACCESS	 1
#define GAS_DWORD_ACCESS 3

/* 5.2.9; what a hardware-reduced machine must leave zero has no names here. */
struct acpi_fadt {
	struct acpi_header header;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved;
	uint8_t preferred_profile;
	uint8_t fixed_hardware1[30];
	uint32_t pm_timer_block;
	uint8_t fixed_hardware2[11];
	uint8_t pm_timer_length;
	uint8_t fixed_hardware3[16];
	uint8_t century;
	uint16_t iapc_boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct acpi_gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor_revision;
	uint64_t x_facs;
	uint64_t x_dsdt;
	struct acpi_gas x_fixed_hardware1[5];
	struct acpi_gas x_pm_timer_block;
	struct acpi_gas x_fixed_hardware2[2];
	struct acpi_gas sleep_control;
	struct acpi_gas sleep_status;
	char hypervisor[8];
} __attribute__((packed));
static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, pm_timer_block) == 76, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, pm_timer_length) == 91, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, century) == 108, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, iapc_boot_arch) == 109, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, reset_reg) == 116, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, x_pm_timer_block) == 208, "ACPI 6.4, table 5.9");
static_assert(offsetof(struct acpi_fadt, sleep_control) == 244, "ACPI 6.4, table 5.9");

#define FADT_WBINVD	   (1u << 0) /* table 5.10 */
#define FADT_PROC_C1	   (1u << 2)
#define FADT_NO_PWR_BUTTON (1u << 4) /* not as fixed hardware */
#define FADT_NO_SLP_BUTTON (1u << 5)
#define FADT_RESET_REG_SUP (1u << 10)
#define FADT_HW_REDUCED	   (1u << 20)
#define FADT_BOOT_NO_VGA   (1u << 2) /* table 5.11 */
#define FADT_BOOT_NO_CMOS  (1u << 5)

/* 5.2.12 */
struct acpi_madt {
	struct acpi_header header;
	uint32_t lapic;
	uint32_t flags;
} __attribute__((packed));
static_assert(sizeof(struct acpi_madt) == 44, "ACPI 6.4, table 5.19");

#define ENTRY_ENABLED 1u /* the flag that all of these have: MADT processors, SRAT affinities */

/* 5.2.12.2 */
struct madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t uid;
	uint8_t apic_id;
	uint32_t flags;
} __attribute__((packed));
static_assert(sizeof(struct madt_lapic) == 8, "ACPI 6.4, table 5.21");

/* 5.2.12.3 */
struct madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t address;
	uint32_t gsi_base;
} __attribute__((packed));
static_assert(sizeof(struct madt_ioapic) == 12, "ACPI 6.4, table 5.23");

/* 5.2.12.7 */
struct madt_lapic_nmi {
	uint8_t type;
	uint8_t length;
	uint8_t uid;
	uint16_t flags;
	uint8_t lint;
} __attribute__((packed));
static_assert(sizeof(struct madt_lapic_nmi) == 6, "ACPI 6.4, table 5.27");

/* 5.2.12.12 */
struct madt_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t x2apic_id;
	uint32_t flags;
	uint32_t uid;
} __attribute__((packed));
static_assert(sizeof(struct madt_x2apic) == 16, "ACPI 6.4, table 5.32");

/* 5.2.12.13 */
struct madt_x2apic_nmi {
	uint8_t type;
	uint8_t length;
	uint16_t flags;
	uint32_t uid;
	uint8_t lint;
	uint8_t reserved[3];
} __attribute__((packed));
static_assert(sizeof(struct madt_x2apic_nmi) == 12, "ACPI 6.4, table 5.33");

/* 5.2.16 */
struct acpi_srat {
	struct acpi_header header;
	uint32_t reserved1; /* must be 1 */
	uint64_t reserved2;
} __attribute__((packed));
static_assert(sizeof(struct acpi_srat) == 48, "ACPI 6.4, table 5.52");

/* 5.2.16.1 */
struct srat_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t domain_low;
	uint8_t apic_id;
	uint32_t flags;
	uint8_t sapic_eid;
	uint8_t domain_high[3];
	uint32_t clock_domain;
} __attribute__((packed));
static_assert(sizeof(struct srat_lapic) == 16, "ACPI 6.4, table 5.53");

/* 5.2.16.2 */
struct srat_memory {
	uint8_t type;
	uint8_t length;
	uint32_t domain;
	uint16_t reserved1;
	uint64_t base;
	uint64_t size;
	uint32_t reserved2;
	uint32_t flags;
	uint64_t reserved3;
} __attribute__((packed));
static_assert(sizeof(struct srat_memory) == 40, "ACPI 6.4, table 5.55");

/* 5.2.16.3 */
struct srat_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved1;
	uint32_t domain;
	uint32_t x2apic_id;
	uint32_t flags;
	uint32_t clock_domain;
	uint32_t reserved2;
} __attribute__((packed));
static_assert(sizeof(struct srat_x2apic) == 24, "ACPI 6.4, table 5.57");

/* 5.2.17; followed by one byte for each pair of localities */
struct acpi_slit {
	struct acpi_header header;
	uint64_t nr_localities;
} __attribute__((packed));
static_assert(sizeof(struct acpi_slit) == 44, "ACPI 6.4, table 5.60");

static_assert(LAYOUT_ACPI + LAYOUT_ACPI_SIZE <= UINT32_MAX, "tables lie below 4 GiB");

/*
 * The DSDT's AML (chapter 20), as iasl compiles it from:
 *
 *	Name (\_S5, Package () { LAYOUT_S5_TYPE, 0, 0, 0 })
 *	Scope (\_SB) {
 *		Device (COM1) {
 *			Name (_HID, EisaId ("PNP0501"))
 *			Name (_UID, 0)
 *			Name (_CRS, ResourceTemplate () {
 *				IO (Decode16, 0x3f8, 0x3f8, 1, 8)
 *				IRQNoFlags () { 4 }
 *			})
 *		}
 *	}
 */
/* clang-format off */
static const uint8_t dsdt_aml[] = {
	0x08, '_', 'S', '5', '_',				/* Name \_S5_ */
	0x12, 0x07, 0x04, 0x0a, LAYOUT_S5_TYPE, 0, 0, 0,	/* Package: 7 bytes, 4 elements */
	0x10, 0x32, '_', 'S', 'B', '_',				/* Scope \_SB_: 0x32 bytes */
	0x5b, 0x82, 0x2b, 'C', 'O', 'M', '1',			/* Device COM1: 0x2b bytes */
	0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01,	/* EisaId ("PNP0501") */
	0x08, '_', 'U', 'I', 'D', 0x00,
	0x08, '_', 'C', 'R', 'S', 0x11, 0x10, 0x0a, 0x0d,	/* Buffer: 0x10 bytes, 13 of data */
	0x47, 0x01,						/* ports, 16 bits decoded (6.4.2.5) */
	LAYOUT_SERIAL_PORT & 0xff, LAYOUT_SERIAL_PORT >> 8,	/* lowest base */
	LAYOUT_SERIAL_PORT & 0xff, LAYOUT_SERIAL_PORT >> 8,	/* highest base */
	0x01, 0x08,						/* alignment, length */
	0x22, 1 << LAYOUT_SERIAL_IRQ, 0x00,			/* IRQ mask (6.4.2.1) */
	0x79, 0x00,						/* end */
};
/* clang-format on */

static_assert(LAYOUT_SERIAL_IRQ < 8, "it lies in the first of the IRQ mask's two bytes");

/* Reserve @size zeroed bytes, at the address @offset tells; NULL when the area is full. */
static void *append(struct acpi_tables *out, size_t size, uint32_t *offset)
{
	void *p;

	if (size > sizeof(out->image) - out->used)
		return NULL;
	if (offset)
		*offset = out->used;
	p = out->image + out->used;
	memset(p, 0, size);
	out->used += (uint32_t)size;
	return p;
}

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

/* Begin a table of @size bytes, header filled but for length and checksum. NULL when full. */
static void *table_begin(struct acpi_tables *out, const char *signature, uint8_t revision,
			 size_t size)
{
	struct acpi_table *table;
	struct acpi_header *header;

	/* Nothing reads these at odd addresses, and a dump is easier on the eye. */
	out->used = (out->used + 15u) & ~15u;
	if (out->used > sizeof(out->image) || out->nr_tables == ACPI_MAX_TABLES)
		return NULL;
	table = &out->tables[out->nr_tables];
	header = append(out, size, &table->offset);
	if (!header)
		return NULL;
	memcpy(table->signature, signature, 4);
	table->signature[4] = '\0';

	memcpy(header->signature, signature, sizeof(header->signature));
	header->revision = revision;
	memcpy(header->oem_id, OEM_ID, sizeof(header->oem_id));
	memcpy(header->oem_table_id, OEM_TABLE_ID, sizeof(header->oem_table_id));
	header->oem_revision = 1;
	memcpy(header->creator_id, CREATOR_ID, sizeof(header->creator_id));
	header->creator_revision = 1;
	return header;
}

/* The table begun last is whole: all that was appended since then belongs to it. */
static uint64_t table_end(struct acpi_tables *out)
{
	struct acpi_table *table = &out->tables[out->nr_tables++];
	struct acpi_header *header = (void *)(out->image + table->offset);

	table->size = out->used - table->offset;
	header->length = table->size;
	header->checksum = checksum(header, table->size);
	return LAYOUT_ACPI + table->offset;
}

static int no_room(struct error *err)
{
	return error_set(
		err, -ENOSPC,
		"ACPI tables: they do not fit into %llu bytes; give the guest fewer CPUs or "
		"NUMA nodes",
		(unsigned long long)LAYOUT_ACPI_SIZE);
}

static int add_dsdt(struct acpi_tables *out, uint64_t *address)
{
	uint8_t *dsdt;

	dsdt = table_begin(out, "DSDT", 2, sizeof(struct acpi_header) + sizeof(dsdt_aml));
	if (!dsdt)
		return -ENOSPC;
	memcpy(dsdt + sizeof(struct acpi_header), dsdt_aml, sizeof(dsdt_aml));
	*address = table_end(out);
	return 0;
}

static struct acpi_gas io_byte(uint16_t port)
{
	return (struct acpi_gas){
		.space = GAS_SYSTEM_IO,
		.bit_width = 8,
		.access = GAS_BYTE_ACCESS,
		.address = port,
	};
}

static int add_fadt(struct acpi_tables *out, uint64_t dsdt, bool pm_timer, uint64_t *address)
{
	struct acpi_fadt *fadt;

	fadt = table_begin(out, "FACP", 6, sizeof(*fadt));
	if (!fadt)
		return -ENOSPC;
	fadt->minor_revision = 4;
	/*
	 * No legacy devices, no 8042: the bits that would claim them stay clear. There is a clock,
	 * which Linux reads when it has no kvmclock, whatever is said here; "none" keeps its driver
	 * away, which would set the time once more, by whole seconds (rtc_hctosys).
	 */
	fadt->iapc_boot_arch = FADT_BOOT_NO_VGA | FADT_BOOT_NO_CMOS;
	fadt->century = RTC_CENTURY;
	if (pm_timer) {
		fadt->pm_timer_block = LAYOUT_PM_TIMER;
		fadt->pm_timer_length = sizeof(uint32_t);
		fadt->x_pm_timer_block = (struct acpi_gas){
			.space = GAS_SYSTEM_IO,
			.bit_width = 32,
			.access = GAS_DWORD_ACCESS,
			.address = LAYOUT_PM_TIMER,
		};
	}
	fadt->flags = FADT_WBINVD | FADT_PROC_C1 | FADT_NO_PWR_BUTTON | FADT_NO_SLP_BUTTON |
		      FADT_RESET_REG_SUP | FADT_HW_REDUCED;
	fadt->reset_reg = io_byte(LAYOUT_RESET_PORT);
	fadt->reset_value = LAYOUT_RESET_VALUE;
	fadt->x_dsdt = dsdt;
	fadt->sleep_control = io_byte(LAYOUT_SLEEP_CONTROL);
	fadt->sleep_status = io_byte(LAYOUT_SLEEP_STATUS);
	memcpy(fadt->hypervisor, "KVM", 3);
	*address = table_end(out);
	return 0;
}

/*
 * The byte-wide UID of the entry of the old kind suffices, as does the domain of SRAT's: neither a
 * CPU's number nor its node's is ever greater than its APIC id.
 */
static int add_madt_cpu(struct acpi_tables *out, unsigned int cpu, uint32_t apic_id)
{
	if (apic_id <= TOPOLOGY_MAX_XAPIC_ID) {
		struct madt_lapic *lapic = append(out, sizeof(*lapic), NULL);

		if (!lapic)
			return -ENOSPC;
		lapic->type = 0;
		lapic->length = sizeof(*lapic);
		lapic->uid = (uint8_t)cpu;
		lapic->apic_id = (uint8_t)apic_id;
		lapic->flags = ENTRY_ENABLED;
	} else {
		struct madt_x2apic *x2apic = append(out, sizeof(*x2apic), NULL);

		if (!x2apic)
			return -ENOSPC;
		x2apic->type = 9;
		x2apic->length = sizeof(*x2apic);
		x2apic->x2apic_id = apic_id;
		x2apic->flags = ENTRY_ENABLED;
		x2apic->uid = cpu;
	}
	return 0;
}

static int add_madt(struct acpi_tables *out, const struct topology *topology, uint64_t *address)
{
	unsigned int cpus = topology_cpus(topology);
	struct madt_x2apic_nmi *x2apic_nmi;
	struct madt_lapic_nmi *lapic_nmi;
	struct madt_ioapic *ioapic;
	struct acpi_madt *madt;

	madt = table_begin(out, "APIC", 5, sizeof(*madt));
	if (!madt)
		return -ENOSPC;
	madt->lapic = LAYOUT_LAPIC;

	/* Linux numbers its CPUs in this order. */
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		if (add_madt_cpu(out, cpu, topology_apic_id(topology, cpu)))
			return -ENOSPC;

	ioapic = append(out, sizeof(*ioapic), NULL);
	if (!ioapic)
		return -ENOSPC;
	ioapic->type = 1;
	ioapic->length = sizeof(*ioapic);
	ioapic->address = LAYOUT_IOAPIC;

	/* NMI at LINT1 of every processor, as KVM delivers it. */
	lapic_nmi = append(out, sizeof(*lapic_nmi), NULL);
	if (!lapic_nmi)
		return -ENOSPC;
	lapic_nmi->type = 4;
	lapic_nmi->length = sizeof(*lapic_nmi);
	lapic_nmi->uid = UINT8_MAX;
	lapic_nmi->lint = 1;

	if (topology_apic_id(topology, cpus - 1) > TOPOLOGY_MAX_XAPIC_ID) {
		x2apic_nmi = append(out, sizeof(*x2apic_nmi), NULL);
		if (!x2apic_nmi)
			return -ENOSPC;
		x2apic_nmi->type = 10;
		x2apic_nmi->length = sizeof(*x2apic_nmi);
		x2apic_nmi->uid = UINT32_MAX;
		x2apic_nmi->lint = 1;
	}
	*address = table_end(out);
	return 0;
}

static int add_srat_cpu(struct acpi_tables *out, uint32_t apic_id, unsigned int node)
{
	if (apic_id <= TOPOLOGY_MAX_XAPIC_ID) {
		struct srat_lapic *lapic = append(out, sizeof(*lapic), NULL);

		if (!lapic)
			return -ENOSPC;
		lapic->type = 0;
		lapic->length = sizeof(*lapic);
		lapic->domain_low = (uint8_t)node;
		lapic->apic_id = (uint8_t)apic_id;
		lapic->flags = ENTRY_ENABLED;
	} else {
		struct srat_x2apic *x2apic = append(out, sizeof(*x2apic), NULL);

		if (!x2apic)
			return -ENOSPC;
		x2apic->type = 2;
		x2apic->length = sizeof(*x2apic);
		x2apic->domain = node;
		x2apic->x2apic_id = apic_id;
		x2apic->flags = ENTRY_ENABLED;
	}
	return 0;
}

static int add_srat(struct acpi_tables *out, const struct topology *topology,
		    const struct memory_range *ranges, size_t nr_ranges, uint64_t *address)
{
	struct acpi_srat *srat;

	srat = table_begin(out, "SRAT", 3, sizeof(*srat));
	if (!srat)
		return -ENOSPC;
	srat->reserved1 = 1;

	for (unsigned int cpu = 0; cpu < topology_cpus(topology); cpu++)
		if (add_srat_cpu(out, topology_apic_id(topology, cpu),
				 topology_place(topology, cpu).node))
			return -ENOSPC;

	for (size_t i = 0; i < nr_ranges; i++) {
		struct srat_memory *memory = append(out, sizeof(*memory), NULL);

		if (!memory)
			return -ENOSPC;
		memory->type = 1;
		memory->length = sizeof(*memory);
		memory->domain = ranges[i].node;
		memory->base = ranges[i].gpa;
		memory->size = ranges[i].size;
		memory->flags = ENTRY_ENABLED;
	}
	*address = table_end(out);
	return 0;
}

static int add_slit(struct acpi_tables *out, const struct topology *topology, uint64_t *address)
{
	unsigned int nodes = topology_nodes(topology);
	struct acpi_slit *slit;
	uint8_t *distance;

	slit = table_begin(out, "SLIT", 1, sizeof(*slit));
	if (!slit)
		return -ENOSPC;
	slit->nr_localities = nodes;
	distance = append(out, (size_t)nodes * nodes, NULL);
	if (!distance)
		return -ENOSPC;
	for (unsigned int a = 0; a < nodes; a++)
		for (unsigned int b = 0; b < nodes; b++)
			*distance++ = (uint8_t)topology_distance(topology, a, b);
	*address = table_end(out);
	return 0;
}

static int add_xsdt(struct acpi_tables *out, const uint64_t *entries, size_t nr, uint64_t *address)
{
	uint8_t *xsdt;

	/* 5.2.8: the header, then unaligned 64-bit addresses */
	xsdt = table_begin(out, "XSDT", 1, sizeof(struct acpi_header) + nr * sizeof(*entries));
	if (!xsdt)
		return -ENOSPC;
	memcpy(xsdt + sizeof(struct acpi_header), entries, nr * sizeof(*entries));
	*address = table_end(out);
	return 0;
}

int acpi_build(const struct topology *topology, const struct memory_range *ranges, size_t nr_ranges,
	       bool pm_timer, struct acpi_tables *out, struct error *err)
{
	uint64_t dsdt, xsdt, entries[4]; /* FADT, MADT, SRAT, SLIT */
	/* Without the table Linux takes the very same defaults (LOCAL_DISTANCE, REMOTE_DISTANCE).
	 */
	bool has_slit = topology_nodes(topology) <= TOPOLOGY_SLIT_NODES;
	struct acpi_rsdp *rsdp;

	memset(out, 0, sizeof(*out));
	rsdp = append(out, sizeof(*rsdp), NULL);
	if (!rsdp || add_dsdt(out, &dsdt) || add_fadt(out, dsdt, pm_timer, &entries[0]) ||
	    add_madt(out, topology, &entries[1]) ||
	    add_srat(out, topology, ranges, nr_ranges, &entries[2]) ||
	    (has_slit && add_slit(out, topology, &entries[3])) ||
	    add_xsdt(out, entries, has_slit ? 4 : 3, &xsdt))
		return no_room(err);

	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, OEM_ID, sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
	return 0;
}

int acpi_dump(const struct acpi_tables *tables, const char *dir, struct error *err)
{
	int ret;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		ret = -errno;
		return error_set(err, ret, "--dump-acpi '%s': cannot make this folder: %s", dir,
				 strerror(-ret));
	}
	for (size_t i = 0; i < tables->nr_tables; i++) {
		const struct acpi_table *table = &tables->tables[i];
		char name[sizeof(table->signature)];
		char path[PATH_MAX];
		size_t j;

		for (j = 0; table->signature[j]; j++)
			name[j] = (char)tolower(table->signature[j]);
		name[j] = '\0';
		if ((size_t)snprintf(path, sizeof(path), "%s/%s.aml", dir, name) >= sizeof(path))
			return error_set(err, -ENAMETOOLONG, "--dump-acpi '%s': too long", dir);
		ret = file_write_new(path, tables->image + table->offset, table->size, 0644, err);
		if (ret)
			return error_prefix(err, ret, "--dump-acpi");
	}
	return 0;
}
