/* What did the kernel's BPF verifier have against a scheduler? See verifier.h. */
#include "verdict/verifier.h"

#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"

static bool begins(const char *line, size_t length, const char *with)
{
	return length >= strlen(with) && !memcmp(line, with, strlen(with));
}

void verifier_reason(const char *text, char *out, size_t size)
{
	static const char begin[] = "-- BEGIN PROG LOAD LOG --";
	bool looks = false;

	*out = '\0';
	for (const char *before = text; *text;) {
		size_t length = strcspn(text, "\n");

		if (length >= strlen(begin) &&
		    begins(text + length - strlen(begin), strlen(begin), begin)) {
			looks = true;
			*out = '\0';
		} else if (looks && (begins(text, length, "Verification failed: ") ||
				     begins(text, length, "processed "))) {
			looks = false;
			utf8_printable(out, size, before, strcspn(before, "\n"));
		}
		if (strspn(text, " \t") < length)
			before = text;
		text += length + (text[length] == '\n');
	}
}
