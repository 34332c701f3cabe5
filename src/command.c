/* How does a command speak to the user? See command.h. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>

void command_complain(const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* One write: lines of launchers that share a terminal do not mix. */
	fprintf(stderr, "ktstr-launch: %s\n", text);
}
