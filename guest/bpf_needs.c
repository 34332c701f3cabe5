/* Why does a BPF tracer not start on this kernel? See bpf_needs.h. */
#include "bpf_needs.h"

#include <stdio.h>
#include <unistd.h>

/* wprof is not known to run on older ones. */
#define LEAST_MAJOR 6u
#define LEAST_MINOR 6u

void bpf_needs_missing(const char *btf, const char *release, char *out, size_t size)
{
	unsigned int major, minor;

	out[0] = '\0';
	if (access(btf, R_OK))
		snprintf(out, size, "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF=y)");
	else if (sscanf(release, "%3u.%3u", &major, &minor) == 2 &&
		 (major < LEAST_MAJOR || (major == LEAST_MAJOR && minor < LEAST_MINOR)))
		snprintf(out, size, "kernel %u.%u is older than the %u.%u that it needs", major,
			 minor, LEAST_MAJOR, LEAST_MINOR);
}
