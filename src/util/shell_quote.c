/* How does an argument vector look on a shell's command line? See shell_quote.h. */
#include "util/shell_quote.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

enum style { PLAIN, QUOTED, ESCAPED };

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_@+=:,./-", c));
}

/* Can the @length bytes at @text stand in a pasted line as they are? */
static bool pastes(const char *text, size_t length)
{
	char shown[5];

	utf8_printable(shown, sizeof(shown), text, length);
	return !memcmp(shown, text, length);
}

/*
 * @command: the first word, where NAME=value would be an assignment. A '=' in front is zsh's own
 * expansion.
 */
static enum style style_of(const char *word, bool command)
{
	enum style style = PLAIN;
	size_t left = strlen(word);

	if (!left || word[0] == '=' || (command && strchr(word, '=')))
		style = QUOTED;
	while (left) {
		size_t step = utf8_decode(word, left, NULL);

		if (!step || !pastes(word, step))
			return ESCAPED;
		if (step > 1 || !plain(*word))
			style = QUOTED;
		word += step;
		left -= step;
	}
	return style;
}

static void put_quoted(FILE *out, const char *word)
{
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

static void put_escaped(FILE *out, const char *word)
{
	size_t left = strlen(word);

	fputs("$'", out);
	while (left) {
		size_t step = utf8_decode(word, left, NULL);
		bool as_it_is = step && pastes(word, step);

		if (!step)
			step = 1;
		for (size_t i = 0; i < step; i++) {
			/* Three octal digits always, since a digit may follow. */
			if (!as_it_is)
				fprintf(out, "\\%03o", (unsigned int)(unsigned char)word[i]);
			else if (word[i] == '\'' || word[i] == '\\')
				fprintf(out, "\\%c", word[i]);
			else
				fputc(word[i], out);
		}
		word += step;
		left -= step;
	}
	fputc('\'', out);
}

char *shell_quote(const char *const *argv)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);
	bool failed;

	if (!out)
		return NULL;
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			fputc(' ', out);
		switch (style_of(argv[i], i == 0)) {
		case PLAIN:
			fputs(argv[i], out);
			break;
		case QUOTED:
			put_quoted(out, argv[i]);
			break;
		case ESCAPED:
			put_escaped(out, argv[i]);
			break;
		}
	}
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(line);
		return NULL;
	}
	return line;
}
