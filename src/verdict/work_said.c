/* What did ktstr-work say of itself? See work_said.h. */
#include "verdict/work_said.h"

#include <string.h>

#include "util/utf8.h"

static void take_line(struct work_said *said, const char *line, size_t length)
{
	const struct {
		const char *word;
		char *out;
	} words[] = { { "error ", said->error },
		      { "inconclusive ", said->inconclusive },
		      { "failed ", said->failed } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t skip = strlen(words[i].word);

		if (length > skip && !memcmp(line, words[i].word, skip) && !*words[i].out)
			utf8_printable(words[i].out, WORK_SAID_SIZE, line + skip, length - skip);
	}
}

void work_said_take(struct work_said *said, const char *text, size_t size)
{
	while (size) {
		const char *newline = memchr(text, '\n', size);
		size_t length = newline ? (size_t)(newline - text) : size;

		take_line(said, text, length);
		length += !!newline;
		text += length;
		size -= length;
	}
}
