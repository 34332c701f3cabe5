/* Which of the last lines that someone said are to be shown? See lines.h. */
#include "report/lines.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

#define LINE_SIZE 93

int lines_begin(struct lines *lines, const struct tail *tail, const char *prefix, size_t most)
{
	size_t length, matches = 0;

	*lines = (struct lines){ .prefix = prefix, .text = tail_lines(tail, SIZE_MAX) };
	if (!lines->text)
		return -ENOMEM;
	length = strlen(lines->text);
	lines->at = lines->text;
	lines->end = lines->text + length;
	for (char *at = lines->text; *at; at++) {
		if (*at == '\n' || *at == '\r')
			*at = '\0';
	}
	while (lines_next(lines))
		matches++;
	lines->at = lines->text;
	lines->left_out = matches > most ? matches - most : 0;
	for (size_t i = 0; i < lines->left_out; i++)
		lines_next(lines);
	return 0;
}

const char *lines_next(struct lines *lines)
{
	while (lines->at < lines->end) {
		const char *line = lines->at;

		lines->at += strlen(line) + 1;
		if (*line && !strncmp(line, lines->prefix, strlen(lines->prefix)))
			return line;
	}
	return NULL;
}

void lines_end(struct lines *lines)
{
	free(lines->text);
	lines->text = NULL;
}

void lines_put(FILE *out, const char *line)
{
	char shown[LINE_SIZE];

	utf8_printable(shown, sizeof(shown), line, strlen(line));
	fprintf(out, "    | %s\n", shown);
}
