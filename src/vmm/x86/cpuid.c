/* What does CPUID say on each vCPU? The host's own leaves, with the plan's topology in them. */
#include "vmm/x86/cpuid.h"

#include <asm/kvm_para.h>
#include <errno.h>
#include <string.h>

/*
 * Leaves and fields are named as in the Intel SDM, vol. 2A, "CPUID", and the AMD APM, vol. 3,
 * appendix E. Where a choice below is owed to how Linux reads them, the function is named; 6.1 to
 * 7.3 agree on all of it.
 */
#define LEAF_MAX_BASIC	  0x00000000u /* and the vendor */
#define LEAF_FEATURES	  0x00000001u
#define LEAF_CACHES	  0x00000004u
#define LEAF_TOPOLOGY	  0x0000000bu
#define LEAF_TOPOLOGY_V2  0x0000001fu
#define LEAF_KVM_FEATURES 0x40000001u
#define LEAF_MAX_EXT	  0x80000000u
#define LEAF_AMD_FEATURES 0x80000001u
#define LEAF_AMD_L2_L3	  0x80000006u
#define LEAF_POWER	  0x80000007u
#define LEAF_AMD_SIZES	  0x80000008u
#define LEAF_AMD_SVM	  0x8000000au
#define LEAF_AMD_CACHES	  0x8000001du
#define LEAF_AMD_TOPOLOGY 0x8000001eu
#define LEAF_AMD_SECRECY  0x8000001fu /* SME, SEV */
#define LEAF_AMD_EXT_TOPO 0x80000026u

#define ECX1_MONITOR	  (1u << 3)
#define ECX1_VMX	  (1u << 5)
#define ECX1_X2APIC	  (1u << 21)
#define ECX1_TSC_DEADLINE (1u << 24)
#define ECX1_HYPERVISOR	  (1u << 31)
#define EDX1_HTT	  (1u << 28)

#define AMD_ECX1_CMP_LEGACY (1u << 1)
#define AMD_ECX1_SVM	    (1u << 2)
#define AMD_ECX1_TOPOEXT    (1u << 22)

/*
 * Documentation/virt/kvm/x86/cpuid.rst. KVM tells a guest that waits for a page of the host, so
 * that it runs another task meanwhile: a guest here would measure its scheduler by how the host
 * pages.
 */
#define KVM_ASYNC_PAGE_FAULTS                                                                      \
	(1u << KVM_FEATURE_ASYNC_PF | 1u << KVM_FEATURE_ASYNC_PF_VMEXIT |                          \
	 1u << KVM_FEATURE_ASYNC_PF_INT)

#define POWER_EDX_INVARIANT_TSC (1u << 8)

/* Level types of leaf 0xb and 0x1f. */
#define LEVEL_NONE 0u
#define LEVEL_SMT  1u
#define LEVEL_CORE 2u

/* What a count of 8 bits holds; Linux takes the counts of leaf 0xb, which are wider. */
#define COUNT8_MAX 255u

/* Nodes that 0x8000001e can tell apart. */
#define NODES_MAX 256u

/* Where one vCPU stands, and what is being built for it. */
struct view {
	const struct kvm_cpuid2 *supported;
	struct kvm_cpuid2 *out;
	bool full; /* an entry did not fit */

	unsigned int llcs; /* of the machine */
	unsigned int thread_bits;
	unsigned int package_bits; /* threads and cores: an LLC is a package */
	unsigned int package_cpus;
	struct topology_place place;
	uint32_t apic_id;
	uint32_t last_apic_id; /* the machine's greatest */
};

static const struct kvm_cpuid_entry2 *find_supported(const struct view *view, uint32_t function,
						     uint32_t index)
{
	for (uint32_t i = 0; i < view->supported->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &view->supported->entries[i];

		if (entry->function == function && entry->index == index)
			return entry;
	}
	return NULL;
}

static struct kvm_cpuid_entry2 *find(struct view *view, uint32_t function)
{
	for (uint32_t i = 0; i < view->out->nent; i++)
		if (view->out->entries[i].function == function)
			return &view->out->entries[i];
	return NULL;
}

static void add(struct view *view, const struct kvm_cpuid_entry2 *entry)
{
	if (view->out->nent == CPUID_MAX_ENTRIES)
		view->full = true;
	else
		view->out->entries[view->out->nent++] = *entry;
}

/* The entry of a leaf without subleaves, made when missing; NULL when it does not fit. */
static struct kvm_cpuid_entry2 *get(struct view *view, uint32_t function)
{
	struct kvm_cpuid_entry2 *entry = find(view, function);

	if (!entry) {
		add(view, &(struct kvm_cpuid_entry2){ .function = function });
		entry = find(view, function);
	}
	return entry;
}

/*
 * Leaves that are built from nothing but the plan, and those that no guest here has a use for:
 * virtual machines of its own and encrypted memory are much code of KVM's that a guest could
 * attack.
 */
static bool is_left_out(uint32_t function)
{
	switch (function) {
	case LEAF_CACHES:
	case LEAF_TOPOLOGY:
	case LEAF_TOPOLOGY_V2:
	case LEAF_AMD_CACHES:
	case LEAF_AMD_TOPOLOGY:
	case LEAF_AMD_EXT_TOPO: /* Linux would believe it before 0xb; without it, 0xb */
	case LEAF_AMD_SVM:
	case LEAF_AMD_SECRECY:
		return true;
	default:
		return false;
	}
}

static bool is_vendor(struct view *view, const char *name)
{
	const struct kvm_cpuid_entry2 *entry = find(view, LEAF_MAX_BASIC);
	char vendor[12];

	if (!entry)
		return false;
	memcpy(vendor, &entry->ebx, 4);
	memcpy(vendor + 4, &entry->edx, 4);
	memcpy(vendor + 8, &entry->ecx, 4);
	return !memcmp(vendor, name, sizeof(vendor));
}

static uint32_t at_most(uint32_t count, uint32_t max)
{
	return count < max ? count : max;
}

static void set_features(struct view *view)
{
	struct kvm_cpuid_entry2 *entry = get(view, LEAF_FEATURES);
	uint32_t ids = at_most(1u << view->package_bits, COUNT8_MAX);

	if (!entry)
		return;
	entry->ebx = (entry->ebx & 0xffff) | ids << 16 | view->apic_id << 24;
	entry->ecx |= ECX1_X2APIC | ECX1_TSC_DEADLINE | ECX1_HYPERVISOR;
	/*
	 * MWAIT in a guest does not idle: KVM makes it a NOP or an exception. Without VMX KVM
	 * also refuses the guest its instructions and MSRs.
	 */
	entry->ecx &= ~(ECX1_MONITOR | ECX1_VMX);
	if (view->package_cpus > 1)
		entry->edx |= EDX1_HTT;
	else
		entry->edx &= ~EDX1_HTT;
}

static void add_topology_level(struct view *view, uint32_t function, uint32_t index, uint32_t type,
			       uint32_t shift, uint32_t cpus)
{
	add(view, &(struct kvm_cpuid_entry2){
			  .function = function,
			  .index = index,
			  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
			  .eax = shift,
			  .ebx = cpus,
			  .ecx = type << 8 | index,
			  .edx = view->apic_id,
		  });
}

/* Leaves 0xb and 0x1f have one layout. */
static void add_topology(struct view *view, uint32_t function)
{
	add_topology_level(view, function, 0, LEVEL_SMT, view->thread_bits,
			   view->place.part->threads);
	add_topology_level(view, function, 1, LEVEL_CORE, view->package_bits, view->package_cpus);
	add_topology_level(view, function, 2, LEVEL_NONE, 0, 0);
}

#define CACHE_TYPE(eax)	 ((eax)&0x1f)
#define CACHE_LEVEL(eax) ((eax) >> 5 & 7)

/* Ways and sets of 64-byte lines; self-initialising. */
#define CACHE(type, level, ways, sets)                                                             \
	{                                                                                          \
		.eax = 1u << 8 | (level) << 5 | (type), .ebx = ((ways)-1u) << 22 | (64 - 1),       \
		.ecx = (sets)-1u,                                                                  \
	}

/* Stands in where the host's KVM describes no L3. */
static const struct kvm_cpuid_entry2 default_caches[] = {
	CACHE(1u, 1u, 8, 64),	  /* L1d, 32 KiB */
	CACHE(2u, 1u, 8, 64),	  /* L1i, 32 KiB */
	CACHE(3u, 2u, 16, 1024),  /* L2, 1 MiB */
	CACHE(3u, 3u, 16, 16384), /* L3, 16 MiB */
};

#define DEFAULT_L3_AMD (32u << 18 | 8u << 12 | 1u << 8 | 64) /* of 512 KiB, 16 ways, 64 bytes */

#define NR_DEFAULT_CACHES (sizeof(default_caches) / sizeof(default_caches[0]))
#define L3_INDEX	  3 /* where Linux looks for it (__cache_amd_cpumap_setup) */

/*
 * Leaves 4 and 0x8000001d have one layout but for the cores of a package, which are Intel's. The
 * sizes are the host's, who shares is the plan's. The count is one of APIC ids, a power of two, and
 * not of CPUs: Linux takes ids modulo it.
 */
static void add_caches(struct view *view, uint32_t function)
{
	uint32_t cores = (1u << (view->package_bits - view->thread_bits)) - 1;
	const struct kvm_cpuid_entry2 *host[8];
	struct kvm_cpuid_entry2 entry;
	uint32_t nr = 0;

	while (nr < sizeof(host) / sizeof(host[0])) {
		host[nr] = find_supported(view, function, nr);
		if (!host[nr] || !CACHE_TYPE(host[nr]->eax))
			break;
		nr++;
	}
	if (nr <= L3_INDEX || CACHE_LEVEL(host[L3_INDEX]->eax) != 3) {
		for (nr = 0; nr < NR_DEFAULT_CACHES; nr++)
			host[nr] = &default_caches[nr];
	}

	for (uint32_t i = 0; i < nr; i++) {
		bool in_core = CACHE_LEVEL(host[i]->eax) < 3;
		uint32_t ids = 1u << (in_core ? view->thread_bits : view->package_bits);

		entry = *host[i];
		entry.function = function;
		entry.index = i;
		entry.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		entry.eax = (entry.eax & 0x3fff) | (ids - 1) << 14;
		if (function == LEAF_CACHES)
			entry.eax |= (cores < 63 ? cores : 63) << 26;
		add(view, &entry);
	}
	add(view, &(struct kvm_cpuid_entry2){
			  .function = function,
			  .index = nr,
			  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		  });
}

/*
 * Linux's cacheinfo_amd_init_llc_id, when 0x80000006 tells of an L3: before family 0x17 the LLC is
 * the node of 0x8000001e, since Zen 2 it follows from 0x8000001d, and both are the package here. On
 * Zen 1 and on Hygon it is APIC id >> 3 whatever else is said, which would cut LLCs in pieces or
 * join them; there 0x80000006 tells of no L3, so that the LLC is the package (legacy_set_llc,
 * amd_detect_cmp). So it is before family 0x17 where there are more LLCs than a node's 8 bits hold.
 * 0x8000001d describes its L3 in any case.
 */
static bool llc_is_not_the_package(struct view *view)
{
	const struct kvm_cpuid_entry2 *entry = find(view, LEAF_FEATURES);
	uint32_t family, model;

	if (is_vendor(view, "HygonGenuine"))
		return true;
	family = entry ? entry->eax >> 8 & 0xf : 0;
	if (family == 0xf)
		family += entry->eax >> 20 & 0xff;
	if (family < 0x17)
		return view->llcs > NODES_MAX;
	model = (entry->eax >> 4 & 0xf) | (entry->eax >> 12 & 0xf0);
	return family == 0x17 && model <= 0x1f;
}

/*
 * TOPOEXT goes to every family, also to those that never had it (qemu64): only with it does Linux
 * 6.1 read leaf 0xb on AMD (amd_get_topology), and any Linux who shares L1 and L2.
 */
static void set_amd_topology(struct view *view)
{
	struct kvm_cpuid_entry2 *entry;

	entry = get(view, LEAF_MAX_EXT);
	if (entry && entry->eax < LEAF_AMD_TOPOLOGY)
		entry->eax = LEAF_AMD_TOPOLOGY;

	entry = get(view, LEAF_AMD_FEATURES);
	if (entry) {
		entry->ecx |= AMD_ECX1_TOPOEXT;
		if (view->package_cpus > 1)
			entry->ecx |= AMD_ECX1_CMP_LEGACY;
		else
			entry->ecx &= ~AMD_ECX1_CMP_LEGACY;
	}

	entry = get(view, LEAF_AMD_L2_L3);
	if (entry) {
		if (llc_is_not_the_package(view))
			entry->edx = 0;
		else if (!entry->edx)
			entry->edx = DEFAULT_L3_AMD;
	}

	entry = get(view, LEAF_AMD_SIZES);
	if (entry)
		entry->ecx = (entry->ecx & ~0xf0ffu) | view->package_bits << 12 |
			     at_most(view->package_cpus - 1, COUNT8_MAX);

	add_caches(view, LEAF_AMD_CACHES);

	/* One node a package, numbered like it; nodes are only compared within a package. */
	add(view, &(struct kvm_cpuid_entry2){
			  .function = LEAF_AMD_TOPOLOGY,
			  .eax = view->apic_id,
			  .ebx = at_most(view->place.part->threads - 1, COUNT8_MAX) << 8 |
				 (view->place.core & 0xff),
			  .ecx = view->place.llc & (NODES_MAX - 1),
		  });
}

int cpuid_build(const struct kvm_cpuid2 *supported, const struct topology *topology,
		bool tsc_reliable, unsigned int cpu, struct kvm_cpuid2 *out, struct error *err)
{
	struct view view = {
		.supported = supported,
		.out = out,
		.llcs = topology_llcs(topology),
		.thread_bits = topology_thread_bits(topology),
		.package_bits = topology_thread_bits(topology) + topology_core_bits(topology),
		.place = topology_place(topology, cpu),
		.apic_id = topology_apic_id(topology, cpu),
		.last_apic_id = topology_max_apic_id(topology),
	};
	struct kvm_cpuid_entry2 *entry;

	view.package_cpus = view.place.part->cores * view.place.part->threads;
	out->nent = 0;
	out->padding = 0;
	if (supported->nent > CPUID_MAX_ENTRIES)
		return error_set(err, -E2BIG,
				 "CPUID: KVM has %u entries, and at most %d can be used",
				 supported->nent, CPUID_MAX_ENTRIES);
	for (uint32_t i = 0; i < supported->nent; i++)
		if (!is_left_out(supported->entries[i].function))
			add(&view, &supported->entries[i]);

	entry = get(&view, LEAF_MAX_BASIC);
	if (entry && entry->eax < LEAF_TOPOLOGY)
		entry->eax = LEAF_TOPOLOGY;
	set_features(&view);
	add_topology(&view, LEAF_TOPOLOGY);
	if (entry && entry->eax >= LEAF_TOPOLOGY_V2)
		add_topology(&view, LEAF_TOPOLOGY_V2);

	if (is_vendor(&view, "AuthenticAMD") || is_vendor(&view, "HygonGenuine"))
		set_amd_topology(&view);
	else
		add_caches(&view, LEAF_CACHES);

	entry = find(&view, LEAF_POWER);
	if (entry && !tsc_reliable)
		entry->edx &= ~POWER_EDX_INVARIANT_TSC;

	entry = find(&view, LEAF_AMD_FEATURES);
	if (entry)
		entry->ecx &= ~AMD_ECX1_SVM;

	entry = find(&view, LEAF_KVM_FEATURES);
	if (entry)
		entry->eax &= ~KVM_ASYNC_PAGE_FAULTS;
	/* Without it Linux brings up no CPU whose id does not fit 8 bits (try_to_enable_x2apic). */
	if (entry && view.last_apic_id > TOPOLOGY_MAX_XAPIC_ID)
		entry->eax |= 1u << KVM_FEATURE_MSI_EXT_DEST_ID;

	if (view.full) {
		out->nent = 0;
		return error_set(err, -E2BIG,
				 "CPUID: KVM's %u entries and the guest's topology do not fit into "
				 "%d entries",
				 supported->nent, CPUID_MAX_ENTRIES);
	}
	return 0;
}
