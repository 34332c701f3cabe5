/* How does a command speak to the user? See command.h. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed/embed.h"
#include "util/utf8.h"

void command_complain(const char *fmt, ...)
{
	char text[2048], shown[sizeof(text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Names of files are in it. */
	utf8_printable(shown, sizeof(shown), text, strlen(text));
	/* One write: lines of launchers that share a terminal do not mix. */
	fprintf(stderr, "ktstr-launch: %s\n", shown);
}

int command_misused(const char *command, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	command_complain("%s: %s; see ktstr-launch %s --help", command, text, command);
	return COMMAND_CANNOT;
}

int command_print_blob(const char *command, const char *name)
{
	const struct blob *blob = embed_find(name);
	struct error err = { "" };
	uint8_t *data;

	if (!blob) {
		command_complain("%s: this launcher does not carry '%s'; rebuild it", command,
				 name);
		return COMMAND_CANNOT;
	}
	if (embed_load(blob, &data, &err)) {
		command_complain("%s: %s", command, err.text);
		return COMMAND_CANNOT;
	}
	fwrite(data, 1, blob->size, stdout);
	free(data);
	return 0;
}
