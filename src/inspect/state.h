/* What do the files of src/inspect share of an open guest? Nobody else includes this. */
#ifndef KTSTR_INSPECT_STATE_H
#define KTSTR_INSPECT_STATE_H

#include "inspect/address.h"
#include "inspect/inspect.h"
#include "inspect/symbols.h"
#include "inspect/vmcoreinfo.h"
#include "inspect/vmlinux_symbols.h"

/* Translations that are kept: the machine stands still, they stay right. */
#define STATE_TRANSLATIONS 1024u

struct state_translation {
	uint64_t page; /* of the virtual address, + 1; 0: unused */
	uint64_t gpa;
};

struct inspect {
	const struct inspect_source *source;
	uint64_t end_ns;      /* on the thread's own clock */
	uint64_t end_wall_ns; /* on the monotonic one */
	size_t unlooked;      /* bytes since the clock was looked at */
	bool out_of_time;

	struct address_root root;
	uint64_t text, text_gpa;     /* _text */
	struct symbols symbols;	     /* kallsyms; nr 0: it has none, and file has */
	struct vmlinux_symbols file; /* the user's vmlinux; nr 0: none was given */
	struct vmcoreinfo vmcoreinfo;
	struct state_translation translations[STATE_TRANSLATIONS];
};

/* state_has_time - is there time to read @size bytes? Looks at the clock now and then. */
bool state_has_time(struct inspect *inspect, size_t size);

/* state_read_gpa - guest-physical memory, while there is time. */
bool state_read_gpa(struct inspect *inspect, uint64_t gpa, void *dst, size_t size);

/* state_read_most - as much from @gpa on as is RAM without a gap, at most @size bytes. */
size_t state_read_most(struct inspect *inspect, uint64_t gpa, void *dst, size_t size);

/* state_symbol - by kallsyms, or else by the user's vmlinux. */
bool state_symbol(const struct inspect *inspect, const char *name, uint64_t *address);

/*
 * locate_kernel - fill in root, text, text_gpa and symbols, and move those of file to where they
 * are Returns 0, -ENOENT, -ENOMEM, -ETIMEDOUT, or -ESTALE: file is another kernel's; with a
 * message.
 */
int locate_kernel(struct inspect *inspect, struct error *err);

/* locate_try - is this the root of a kernel's page tables? Returns 1 when all is filled in, 0,
 * -ENOMEM. */
int locate_try(struct inspect *inspect, const struct address_root *root);

/* locate_text - _text by page tables alone, and the image's size in bytes, in steps of 2 MiB;
 * false: nothing is mapped there. */
bool locate_text(struct inspect *inspect, const struct address_root *root, uint64_t *text,
		 uint64_t *text_gpa, uint64_t *size);

/*
 * locate_symbols - the tables of kallsyms around guest-physical @digits, which kallsyms_find_tokens
 * found
 * @delta: what is to be added to a physical address for a virtual one
 * @text: as kallsyms_addresses' text_address
 * Returns 1; 0: it is not that; -ENOMEM.
 */
int locate_symbols(struct inspect *inspect, uint64_t digits, uint64_t delta, uint64_t text,
		   struct symbols *symbols);

/*
 * locate_scan - locate_try on what a look through all of RAM finds: VMCOREINFO, or kallsyms and by
 * it the kernel's own page tables. For vCPUs that lost their CR3. Returns 1, 0, -ENOMEM.
 */
int locate_scan(struct inspect *inspect);

#endif
