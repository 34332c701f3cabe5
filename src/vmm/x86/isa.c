/* Has the guest's CPU what a program was built for? See isa.h. */
#include "vmm/x86/isa.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

enum cpuid_register { EBX7, ECX1, ECX_EXT1, NR_REGISTERS };

/* Leaves 1, 7 and 0x80000001, as the Intel SDM, vol. 2A, "CPUID", names the bits. */
static const struct {
	unsigned int level;
	enum cpuid_register where;
	unsigned int bit;
	const char *name;
} features[] = {
	{ 1, ECX1, 13, "CMPXCHG16B" }, { 1, ECX_EXT1, 0, "LAHF" },  { 1, ECX1, 23, "POPCNT" },
	{ 1, ECX1, 0, "SSE3" },	       { 1, ECX1, 9, "SSSE3" },	    { 1, ECX1, 19, "SSE4.1" },
	{ 1, ECX1, 20, "SSE4.2" },     { 2, ECX1, 26, "XSAVE" }, /* OSXSAVE follows from it once a
								    kernel runs */
	{ 2, ECX1, 28, "AVX" },	       { 2, EBX7, 5, "AVX2" },	    { 2, EBX7, 3, "BMI1" },
	{ 2, EBX7, 8, "BMI2" },	       { 2, ECX1, 29, "F16C" },	    { 2, ECX1, 12, "FMA" },
	{ 2, ECX_EXT1, 5, "LZCNT" },   { 2, ECX1, 22, "MOVBE" },    { 3, EBX7, 16, "AVX512F" },
	{ 3, EBX7, 30, "AVX512BW" },   { 3, EBX7, 28, "AVX512CD" }, { 3, EBX7, 17, "AVX512DQ" },
	{ 3, EBX7, 31, "AVX512VL" },
};

void isa_lacking(const struct kvm_cpuid2 *supported, unsigned int level, char *text, size_t size)
{
	uint32_t registers[NR_REGISTERS] = { 0 };
	size_t used = 0;

	for (uint32_t i = 0; i < supported->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &supported->entries[i];

		if (entry->function == 1)
			registers[ECX1] = entry->ecx;
		else if (entry->function == 7 && entry->index == 0)
			registers[EBX7] = entry->ebx;
		else if (entry->function == 0x80000001)
			registers[ECX_EXT1] = entry->ecx;
	}
	*text = '\0';
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (features[i].level != level ||
		    registers[features[i].where] >> features[i].bit & 1)
			continue;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "",
						 features[i].name);
	}
}

int isa_check(const struct kvm_cpuid2 *supported, const char *const files[ISA_LEVELS],
	      struct error *err)
{
	char lacking[256];

	for (unsigned int level = 1; level < ISA_LEVELS; level++) {
		if (!files[level])
			continue;
		isa_lacking(supported, level, lacking, sizeof(lacking));
		if (*lacking)
			return error_set(err, -ENOEXEC,
					 "'%s' is built for CPUs of x86-64-v%u or newer, and this "
					 "host's KVM does not offer %s; build it for x86-64%s, or "
					 "use a host that has them",
					 files[level], level + 1, lacking,
					 level == 1   ? ""
					 : level == 2 ? "-v2"
						      : "-v3");
	}
	return 0;
}
