/* Which machines does the gauntlet try? See presets.h. */
#include "plan/presets.h"

#include <string.h>

/* clang-format off */
const struct preset presets[NR_PRESETS] = {
	{ "tiny-1llc",		 TOPOLOGY(1, 1, 4, 1) },
	{ "tiny-2llc",		 TOPOLOGY(1, 2, 2, 1) },
	{ "odd-3llc",		 TOPOLOGY(1, 3, 3, 1) },
	{ "odd-5llc",		 TOPOLOGY(1, 5, 3, 1) },
	{ "odd-7llc",		 TOPOLOGY(1, 7, 2, 1) },
	{ "smt-2llc",		 TOPOLOGY(1, 2, 2, 2) },
	{ "smt-3llc",		 TOPOLOGY(1, 3, 2, 2) },
	{ "medium-4llc",	 TOPOLOGY(1, 4, 4, 2) },
	{ "medium-8llc",	 TOPOLOGY(1, 8, 4, 2) },
	{ "large-4llc",		 TOPOLOGY(1, 4, 16, 2) },
	{ "large-8llc",		 TOPOLOGY(1, 8, 8, 2) },
	{ "near-max-llc",	 TOPOLOGY(1, 15, 8, 2) },
	{ "max-cpu",		 TOPOLOGY(1, 14, 9, 2) },
	{ "medium-4llc-nosmt",	 TOPOLOGY(1, 4, 8, 1) },
	{ "medium-8llc-nosmt",	 TOPOLOGY(1, 8, 8, 1) },
	{ "large-4llc-nosmt",	 TOPOLOGY(1, 4, 32, 1) },
	{ "large-8llc-nosmt",	 TOPOLOGY(1, 8, 16, 1) },
	{ "near-max-llc-nosmt",	 TOPOLOGY(1, 15, 16, 1) },
	{ "max-cpu-nosmt",	 TOPOLOGY(1, 14, 18, 1) },
	{ "numa2-4llc",		 TOPOLOGY(2, 4, 4, 1) },
	{ "numa2-8llc",		 TOPOLOGY(2, 8, 8, 2) },
	{ "numa2-8llc-nosmt",	 TOPOLOGY(2, 8, 16, 1) },
	{ "numa4-8llc",		 TOPOLOGY(4, 8, 4, 1) },
	{ "numa4-12llc",	 TOPOLOGY(4, 12, 8, 2) },
	/* 1n:4c2t+2c2t+2c1t */
	{ "mixed-3llc",
	  { .numa_nodes = 1, .nr_parts = 3, .parts = { { 1, 4, 2 }, { 1, 2, 2 }, { 1, 2, 1 } } } },
	/* 2n1l8c1t */
	{ "numa2-1llc",	 TOPOLOGY(2, 1, 8, 1) },
	/* 2n2l4c1t+1m */
	{ "numa3-memory-only",
	  { .numa_nodes = 2, .memory_nodes = 1, .nr_parts = 1, .parts = { { 2, 4, 1 } } } },
	/* A ring, 4n4l2c1t@0-1=15,0-2=30,0-3=15,1-2=15,1-3=30,2-3=15 */
	{ "numa4-ring",
	  { .numa_nodes = 4, .nr_parts = 1, .parts = { { 4, 2, 1 } }, .distances = {
		.count = 6, .list = { { 0, 1, 15 }, { 0, 2, 30 }, { 0, 3, 15 },
				      { 1, 2, 15 }, { 1, 3, 30 }, { 2, 3, 15 } } } } },
};
/* clang-format on */

const struct preset *preset_find(const char *name)
{
	for (size_t i = 0; i < NR_PRESETS; i++)
		if (!strcmp(presets[i].name, name))
			return &presets[i];
	return NULL;
}
