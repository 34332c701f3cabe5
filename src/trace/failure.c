/* How does a part of the tracer say what went wrong? See failure.h. */
#include "trace/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, int code, const char *fmt, ...)
{
	va_list ap;

	if (!failure)
		return code;
	va_start(ap, fmt);
	vsnprintf(failure->text, sizeof(failure->text), fmt, ap);
	va_end(ap);
	return code;
}
