/* How does text that may be any bytes become a JSON string? See json_text.h. */
#include "report/json_text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

struct json_object *json_text(const char *text)
{
	size_t left = strlen(text), size = 0;
	struct json_object *value = NULL;
	char *valid = NULL;
	FILE *out = open_memstream(&valid, &size);

	if (!out)
		return NULL;
	while (left) {
		size_t step = utf8_decode(text, left, NULL);

		if (step)
			fwrite(text, 1, step, out);
		else
			fputs("\xef\xbf\xbd", out);
		step = step ? step : 1;
		text += step;
		left -= step;
	}
	if (!ferror(out) && !fflush(out) && size <= INT_MAX)
		value = json_object_new_string_len(valid, (int)size);
	fclose(out);
	free(valid);
	return value;
}
