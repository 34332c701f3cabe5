/* What has the guest's kernel said about itself? See kernel_words.h. */
#include "verdict/kernel_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

/* The place in @text of the last @word, or NULL. */
static const char *last_of(const char *text, const char *word)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, word)); at++)
		found = at;
	return found;
}

bool kernel_words_oom(const struct tail *log, struct oom_victim *victim)
{
	static const char word[] = "Killed process ";
	char *text = tail_lines(log, SIZE_MAX);
	const char *found = text ? last_of(text, word) : NULL, *line, *comm, *end;
	char *behind;
	unsigned long pid;
	bool ok = false;

	if (!found)
		goto out;
	line = found;
	while (line > text && line[-1] != '\n')
		line--;
	pid = strtoul(found + strlen(word), &behind, 10);
	if (pid > INT32_MAX || strncmp(behind, " (", 2))
		goto out;
	/* A comm may hold brackets; what follows it does not. */
	comm = behind + 2;
	end = strstr(comm, ") total-vm:");
	if (!end || memchr(comm, '\n', (size_t)(end - comm)))
		goto out;
	victim->pid = (unsigned int)pid;
	victim->cgroup = memmem(line, (size_t)(found - line), "emory cgroup", 12);
	utf8_printable(victim->comm, sizeof(victim->comm), comm, (size_t)(end - comm));
	ok = true;
out:
	free(text);
	return ok;
}

__attribute__((format(printf, 3, 4))) static void add(char *out, size_t size, const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + used, size - used, fmt, ap);
	va_end(ap);
}

void kernel_words_taint(uint64_t flags, char *out, size_t size)
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

	*out = '\0';
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (!(flags >> bit & 1))
			continue;
		if (*out)
			add(out, size, ", ");
		if (bit < sizeof(known) / sizeof(known[0]))
			add(out, size, "%c (%s)", known[bit].letter, known[bit].meaning);
		else
			add(out, size, "flag %u", bit);
	}
}

bool kernel_words_warning(const struct tail *log, char *out, size_t size)
{
	static const char *const words[] = { "WARNING: ", "BUG: ", "Oops: " };
	char *text = tail_lines(log, SIZE_MAX);
	const char *found = NULL;

	for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++) {
		const char *last = last_of(text, words[i]);

		if (last && (!found || last > found))
			found = last;
	}
	if (found)
		utf8_printable(out, size, found, strcspn(found, "\n"));
	free(text);
	return found;
}
