/* Does the kernel say on its console that it has panicked? Looks at its lines as they come. */
#ifndef KTSTR_RUN_PANIC_LINE_H
#define KTSTR_RUN_PANIC_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a panic's line, with its NUL; the rest is cut. */
#define PANIC_LINE_SIZE 256

struct panic_line {
	char line[512]; /* the console's current line, as far as it can be printed */
	size_t used;
};

/*
 * panic_line_add - take what has come. True: among the lines that ended here there is a panic's;
 * the first one is in @text, from "Kernel panic - not syncing" on, without timestamp, printable.
 */
bool panic_line_add(struct panic_line *panic, const uint8_t *bytes, size_t count,
		    char text[PANIC_LINE_SIZE]);

/* The same of the current line: no more comes. */
bool panic_line_end(struct panic_line *panic, char text[PANIC_LINE_SIZE]);

#endif
