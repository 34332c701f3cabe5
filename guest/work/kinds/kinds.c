/* Which kinds of load are there? The table; each is a file beside this one. */
#include "kinds.h"

#include <string.h>

static const struct kind *const kinds[] = {
	&kind_spin,  &kind_yield, &kind_burst,	  &kind_periodic, &kind_pipe,  &kind_futex,
	&kind_chain, &kind_herd,  &kind_messages, &kind_requests, &kind_mutex, &kind_pimutex,
	&kind_fork,  &kind_exec,  &kind_affinity, &kind_policy,	  &kind_nice,  &kind_cgroupmove,
	&kind_timer, &kind_touch, &kind_thrash,	  &kind_smt,	  &kind_rthog,
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct kind *kind_at(size_t index)
{
	return index < NR_KINDS ? kinds[index] : NULL;
}

const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < NR_KINDS; i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}
