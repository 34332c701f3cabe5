/* What has the guest's kernel said about itself? See kernel_words.h. */
#include "verdict/kernel_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

bool kernel_words_oom(const char *line, struct oom_victim *victim)
{
	static const char word[] = "Killed process ";
	const char *found = strstr(line, word), *comm, *end;
	unsigned long pid;
	char *behind;

	if (!found)
		return false;
	pid = strtoul(found + strlen(word), &behind, 10);
	if (pid > INT32_MAX || strncmp(behind, " (", 2))
		return false;
	/* A comm may hold brackets; what follows it does not. */
	comm = behind + 2;
	end = strstr(comm, ") total-vm:");
	if (!end)
		return false;
	victim->pid = (unsigned int)pid;
	victim->cgroup = memmem(line, (size_t)(found - line), "emory cgroup", 12);
	utf8_printable(victim->comm, sizeof(victim->comm), comm, (size_t)(end - comm));
	return true;
}

void kernel_words_taint(unsigned int bit, char *out, size_t size)
{
	static const struct {
		char letter;
		const char *meaning;
	} known[] = {
		{ 'P', "proprietary module" },
		{ 'F', "module loaded by force" },
		{ 'S', "out of specification" },
		{ 'R', "module unloaded by force" },
		{ 'M', "machine check" },
		{ 'B', "bad page" },
		{ 'U', "asked for by a program" },
		{ 'D', "oops" },
		{ 'A', "ACPI table replaced" },
		{ 'W', "warning" },
		{ 'C', "staging driver" },
		{ 'I', "firmware bug worked around" },
		{ 'O', "module from outside of the tree" },
		{ 'E', "unsigned module" },
		{ 'L', "soft lockup" },
		{ 'K', "live patch" },
		{ 'X', "distribution's own flag" },
		{ 'T', "randomised structures" },
		{ 'N', "test of the kernel" },
		{ 'J', "fwctl debugging" },
	};

	if (bit < sizeof(known) / sizeof(known[0]))
		snprintf(out, size, "%c (%s)", known[bit].letter, known[bit].meaning);
	else
		snprintf(out, size, "flag %u", bit);
}
