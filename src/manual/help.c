/* What does `--help` say of a command? See help.h; page.h says how the texts are written. */
#include "manual/help.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "manual/text.h"

/* Where the help text of an option begins, and what stands beside the term of a list. */
#define HELP_COLUMN 29
#define TERM_COLUMN 16

/* The width of a line of variables. */
#define LINE_WIDTH 90

/* Fills up to @to; begins a new line where @column is there already. */
static void pad(FILE *out, int column, int to)
{
	if (column >= to)
		column = 0 * fputc('\n', out);
	fprintf(out, "%*s", to - column, "");
}

static void print_synopsis(FILE *out, const char *line)
{
	fputs("Usage: ", out);
	for (; *line && *line != '\n'; line++)
		if (*line != '`')
			fputc(*line, out);
	fputs("\n\n", out);
}

/* The lines of a section. Text below a term stands beside it. */
static void print_body(FILE *out, const char *line)
{
	bool empty = false, beside = false;
	int column = 0;

	while (line && *line && strncmp(line, "# ", 2)) {
		int length = (int)strcspn(line, "\n");

		/* An empty line is one between others. */
		if (empty && length)
			fputc('\n', out);
		empty = !length;
		if (!strncmp(line, "= ", 2)) {
			column = fprintf(out, "  %.*s", length - 2, line + 2);
			beside = true;
		} else if (length) {
			if (beside)
				pad(out, column, TERM_COLUMN);
			fprintf(out, "%.*s\n", length, line);
			column = 0;
		}
		line += length + (line[length] == '\n');
	}
}

static void print_section(FILE *out, const char *text, const char *name, const char *title)
{
	const char *section = text_section(text, name);

	if (!section)
		return;
	/* A list or code begins on a line of its own. */
	fprintf(out, "\n%s:%s", title, *section == '=' || *section == ' ' ? "\n" : " ");
	print_body(out, section);
}

static void print_option(FILE *out, const struct option_info *option)
{
	const char *value = option->value, *line = option->help;
	int column = option->letter ? fprintf(out, "  -%c, ", option->letter)
				    : fprintf(out, "      ");

	column += fprintf(out, "--%s", option->name);
	if (value && *value == '[')
		column += fprintf(out, "[=%.*s]", (int)strlen(value) - 2, value + 1);
	else if (value)
		column += fprintf(out, " %s", value);
	for (;;) {
		const char *end = strchrnul(line, '\n');

		pad(out, column, HELP_COLUMN);
		fprintf(out, "%.*s\n", (int)(end - line), line);
		if (!*end)
			return;
		line = end + 1;
		column = 0;
	}
}

static void print_options(FILE *out, unsigned int groups)
{
	struct option_info option;
	size_t position = 0;
	int column = 0;

	while (options_next(groups, &position, &option))
		print_option(out, &option);
	for (position = 0; options_next(groups, &position, &option);) {
		if (!option.variable)
			continue;
		if (!column)
			fputs("\nIn the environment these stand for the options of their names:\n",
			      out);
		if (column + (int)strlen(option.variable) > LINE_WIDTH)
			column = 0 * fputc('\n', out);
		column += fprintf(out, "%s%s", column ? " " : "  ", option.variable);
	}
	if (column)
		fputc('\n', out);
}

int help_print(FILE *out, const struct command *command, struct error *err)
{
	char name[64], *text;
	const char *synopsis;
	int ret;

	snprintf(name, sizeof(name), "%s.txt", command->name);
	ret = text_load(name, &text, err);
	if (ret)
		return ret;
	synopsis = text_section(text, "SYNOPSIS");
	if (synopsis)
		print_synopsis(out, synopsis);
	print_body(out, text_section(text, "DESCRIPTION"));
	fputs("\nOptions:\n", out);
	print_options(out, command->groups);
	print_section(out, text, "EXIT STATUS", "Exit status");
	print_section(out, text, "FILES", "Files");
	print_section(out, text, "EXAMPLES", "Examples");
	free(text);
	return 0;
}
