/*
 * Can a payload's bytes hurt the packer? The input is a file, as the ELF reader and the reader of
 * #! lines see it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "initramfs/elf_deps.h"
#include "initramfs/elf_property.h"
#include "initramfs/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_script(const char *head, size_t size)
{
	struct script script;

	if (script_parse(head, size, &script) &&
	    (!*script.interp || strpbrk(script.interp, " \t\n") ||
	     strlen(script.program) >= sizeof(script.program)))
		abort();
}

static void fuzz_elf(const uint8_t *data, size_t size)
{
	struct error err = { "" };
	struct elf_deps *deps = NULL;
	int fd, ret;

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	ret = elf_deps_read(fd, size, &deps, &err);
	close(fd);
	if (ret ? !*err.text : !deps)
		abort();
	if (ret)
		return;
	/* Whatever was read came out of the file. */
	for (size_t i = 0; i < deps->nr_needed; i++)
		if (!*deps->needed[i] ||
		    !memmem(data, size, deps->needed[i], strlen(deps->needed[i]) + 1))
			abort();
	elf_deps_free(deps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_script((const char *)data, size);
	elf_fit(data, size);
	elf_property_isa(data, size, 8);
	fuzz_elf(data, size);
	return 0;
}
