/* The resource limits of what runs in the guest: see limits.h. */
#include "limits.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
	int resource;
	const char *name;
	struct rlimit limit; /* soft, hard */
} limits[] = {
	{ RLIMIT_NOFILE, "NOFILE", { 1024, 524288 } },
	{ RLIMIT_MEMLOCK, "MEMLOCK", { 8 << 20, 8 << 20 } },
};

void limits_set(struct guest_channel *channel)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (setrlimit(limits[i].resource, &limits[i].limit))
			guest_channel_log(channel, "cannot set RLIMIT_%s: %s", limits[i].name,
					  strerror(errno));
}
