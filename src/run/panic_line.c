/* Does the kernel say on its console that it has panicked? See panic_line.h. */
#include "run/panic_line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char panic_mark[] = "Kernel panic - not syncing";

bool panic_line_end(struct panic_line *panic, char text[PANIC_LINE_SIZE])
{
	const char *mark;

	panic->line[panic->used] = '\0';
	panic->used = 0;
	mark = strstr(panic->line, panic_mark);
	if (mark)
		snprintf(text, PANIC_LINE_SIZE, "%s", mark);
	return mark;
}

bool panic_line_add(struct panic_line *panic, const uint8_t *bytes, size_t count,
		    char text[PANIC_LINE_SIZE])
{
	char later[PANIC_LINE_SIZE] = "";
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n')
			found |= panic_line_end(panic, found ? later : text);
		else if (isprint(bytes[i]) && panic->used < sizeof(panic->line) - 1)
			panic->line[panic->used++] = (char)bytes[i];
	}
	return found;
}
