/*
 * What tells two bases apart? All that the bytes of a machine at its ready point depend on, as a
 * text that can be read, and the SHA-256 of it. Two machines with one identity may share a base;
 * another boot of the host, another build of the launcher, another kernel image have another one.
 */
#ifndef KTSTR_BASE_IDENTITY_H
#define KTSTR_BASE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/topology.h"
#include "util/error.h"

#define IDENTITY_DIGEST_SIZE 32u

struct base_identity {
	uint8_t digest[IDENTITY_DIGEST_SIZE];
	char *text; /* owned: lines "name: value" */
};

/* Of what a machine is made. */
struct identity_parts {
	/*
	 * The image's file. It is told by its inode and times, so this has to come before the
	 * kernel is read: a file that is replaced meanwhile must not be taken for what was read.
	 */
	const char *kernel;
	const struct topology *topology;
	uint64_t memory_mib;
	const char *cmdline;
	bool tsc_reliable;
	/*
	 * What KVM offers a guest here (vmm_offers): CPUID, the TSC's frequency, and the
	 * capabilities that saved state depends on, as bytes that are the same each time: nothing
	 * of the CPU that was asked, as its APIC id, is in them.
	 */
	const void *offers;
	size_t offers_size;
};

/*
 * identity_make - from these parts, and the boot, KVM modules and CPU of this host.
 * @root: before /proc and /sys: "" but for tests
 * Returns 0 with what identity_free frees; a negative errno with a message when the kernel, the
 * host's boot or the launcher cannot be told from another one.
 */
int identity_make(const char *root, const struct identity_parts *parts,
		  struct base_identity *identity, struct error *err);
void identity_free(struct base_identity *identity);

/* identity_digest - of a text. */
void identity_digest(const char *text, uint8_t digest[IDENTITY_DIGEST_SIZE]);

/*
 * identity_value - what a text says of @name, into @value, cut to @size. False, and "", when it
 * says nothing.
 */
bool identity_value(const char *text, const char *name, char *value, size_t size);

/* What a text calls the boot of the host, and what it is now; false when it cannot be told. */
#define IDENTITY_BOOT "host boot"
bool identity_boot(const char *root, char *value, size_t size);

#endif
