/* On which NUMA node does most of a process's own memory lie? See node_memory.h. */
#include "node_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"

/* A line has a path and some ten words; of one that is longer the rest is left out. */
#define LINE_MAX_BYTES 2048

/* "ADDRESS POLICY [file=PATH] anon=3 dirty=3 [mapmax=2] N0=1 N1=2 kernelpagesize_kB=4" */
static void add_line(char *line, uint64_t kib[PLACES_MAX_NODES])
{
	uint64_t pages[PLACES_MAX_NODES] = { 0 }, page_kib = 0;
	bool anonymous = false, shared = false;
	char *rest, *end;

	for (char *word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		unsigned long node = word[0] == 'N' ? strtoul(word + 1, &end, 10) : 0;

		anonymous |= !strncmp(word, "anon=", 5);
		shared |= !strncmp(word, "mapmax=", 7);
		if (!strncmp(word, "kernelpagesize_kB=", 18))
			page_kib = strtoull(word + 18, NULL, 10);
		else if (word[0] == 'N' && end != word + 1 && *end == '=' &&
			 node < PLACES_MAX_NODES)
			pages[node] = strtoull(end + 1, NULL, 10);
	}
	for (unsigned int i = 0; anonymous && !shared && i < PLACES_MAX_NODES; i++)
		kib[i] += pages[i] * page_kib;
}

void node_memory_read(const char *path, struct node_memory *memory)
{
	uint64_t kib[PLACES_MAX_NODES] = { 0 };
	char line[LINE_MAX_BYTES];
	FILE *file = fopen(path, "re");
	bool whole = true;

	*memory = (struct node_memory){ .known = file };
	while (file && fgets(line, sizeof(line), file)) {
		bool ends = strchr(line, '\n');

		if (whole)
			add_line(line, kib);
		whole = ends;
	}
	if (file)
		fclose(file);
	for (uint16_t i = 0; i < PLACES_MAX_NODES; i++) {
		memory->kib += kib[i];
		if (kib[i] > kib[memory->node])
			memory->node = i;
	}
}
