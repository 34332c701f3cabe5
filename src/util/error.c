/* How does a function say what went wrong? See error.h. */
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

int error_prefix(struct error *err, int code, const char *fmt, ...)
{
	char old[ERROR_TEXT_SIZE];
	va_list ap;
	int used;

	if (!err)
		return code;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	used = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (used >= 0 && (size_t)used < sizeof(err->text) - 3) {
		size_t room = sizeof(err->text) - (size_t)used;

		snprintf(err->text + used, room, ": %.*s", (int)(room - 3), old);
	}
	return code;
}
