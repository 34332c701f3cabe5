/* How does a man page come to be? See page.h. */
#include "manual/page.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "manual/text.h"
#include "version.h"

/* Words as roff takes them for what they are; ` turns bold on and off where @marks. */
static void print_words(FILE *out, const char *text, size_t length, bool marks)
{
	bool bold = false;

	/* A line that begins with one of these would be a request. */
	if (length && (*text == '.' || *text == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '`' && marks) {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", out);
		} else if (c == '\\') {
			fputs("\\e", out);
		} else if (c == '-') {
			fputs("\\-", out);
		} else if (c == '\'') {
			fputs("\\(aq", out);
		} else if (c == '`') {
			fputs("\\(ga", out);
		} else if (c == '^') {
			fputs("\\(ha", out);
		} else if (c == '~') {
			fputs("\\(ti", out);
		} else {
			fputc(c, out);
		}
	}
}

static void print_line(FILE *out, const char *text)
{
	print_words(out, text, strlen(text), false);
	fputc('\n', out);
}

/* The body of a section, without its heading. */
static void print_body(FILE *out, const char *line)
{
	bool literal = false, empty = false, first = true;

	while (line && *line && strncmp(line, "# ", 2)) {
		size_t length = strcspn(line, "\n");
		bool code = !strncmp(line, "    ", 4);

		if (literal && !code && length) {
			fputs(".fi\n.RE\n", out);
			literal = false;
			if (empty && *line != '=')
				fputs(".PP\n", out);
		} else if (!literal && code) {
			fputs(first ? ".RS 4\n.nf\n" : ".PP\n.RS 4\n.nf\n", out);
			literal = true;
		} else if (empty && *line != '=' && length) {
			fputs(literal ? "\n" : ".PP\n", out);
		}
		empty = !length;
		first = false;
		if (code) {
			print_words(out, line + 4, length - 4, false);
			fputc('\n', out);
		} else if (!strncmp(line, "= ", 2)) {
			fputs(".TP\n\\fB", out);
			print_words(out, line + 2, length - 2, false);
			fputs("\\fR\n", out);
		} else if (length) {
			print_words(out, line, length, true);
			fputc('\n', out);
		}
		line += length + (line[length] == '\n');
	}
	if (literal)
		fputs(".fi\n.RE\n", out);
}

static void print_section(FILE *out, const char *text, const char *name)
{
	const char *section = text_section(text, name);

	if (!section)
		return;
	fprintf(out, ".SH \"%s\"\n", name);
	print_body(out, section);
}

static void print_option(FILE *out, const struct option_info *option)
{
	const char *value = option->value, *line = option->help;

	fputs(".TP\n\\fB", out);
	if (option->letter)
		fprintf(out, "\\-%c\\fR, \\fB", option->letter);
	fputs("\\-\\-", out);
	print_words(out, option->name, strlen(option->name), false);
	fputs("\\fR", out);
	if (value && *value == '[')
		fprintf(out, "[\\fB=%.*s\\fR]", (int)strlen(value) - 2, value + 1);
	else if (value)
		fprintf(out, " \\fI%s\\fR", value);
	fputc('\n', out);
	while (*line) {
		size_t length = strcspn(line, "\n");

		print_words(out, line, length, false);
		fputc('\n', out);
		line += length + (line[length] == '\n');
	}
	if (option->variable)
		fprintf(out, "(\\fB%s\\fR)\n", option->variable);
}

static void print_options(FILE *out, const struct command *command, const char *text)
{
	struct option_info option;
	size_t position = 0;
	bool variables = false;

	fputs(".SH OPTIONS\n", out);
	while (options_next(command->groups, &position, &option)) {
		print_option(out, &option);
		variables |= !!option.variable;
	}
	print_section(out, text, "EXIT STATUS");
	if (!variables) {
		print_section(out, text, "ENVIRONMENT");
		return;
	}
	fputs(".SH ENVIRONMENT\nA variable that is set to nothing counts as not set.\n"
	      "An option on the command line wins.\n",
	      out);
	for (position = 0; options_next(command->groups, &position, &option);) {
		if (!option.variable)
			continue;
		fprintf(out, ".TP\n\\fB%s\\fR\nstands for \\fB\\-\\-", option.variable);
		print_words(out, option.name, strlen(option.name), false);
		fputs("\\fR.\n", out);
	}
	print_body(out, text_section(text, "ENVIRONMENT"));
}

static void print_commands(FILE *out, const char *text)
{
	const struct command *command;

	fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; (command = command_at(i)); i++) {
		fputs(".TP\n\\fB", out);
		print_words(out, command->name, strlen(command->name), false);
		fputs("\\fR\n", out);
		print_line(out, command->summary);
	}
	fputs(".TP\n\\fBhelp\\fR \\fICOMMAND\\fR\ntell the options of a command\n"
	      ".SH OPTIONS\n"
	      ".TP\n\\fB\\-\\-help\\fR\nthe commands\n.TP\n\\fB\\-\\-version\\fR\nthe version, "
	      "and the commit that it was built from\n",
	      out);
	print_section(out, text, "EXIT STATUS");
	print_section(out, text, "ENVIRONMENT");
}

/* Upper case, with roff's hyphens. */
static void print_title(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text, out);
	}
}

int page_print(FILE *out, const struct command *command, struct error *err)
{
	const struct command *other;
	char name[64], *text;
	int ret;

	snprintf(name, sizeof(name), "%s.txt", command ? command->name : "ktstr-launch");
	ret = text_load(name, &text, err);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "ktstr-launch%s%s", command ? "-" : "",
		 command ? command->name : "");

	fputs(".TH ", out);
	print_title(out, name);
	fprintf(out, " 1 \"%s\" \"ktstr\\-launch %s\" \"User Commands\"\n.nh\n.ad l\n.SH NAME\n",
		version_date, KTSTR_VERSION);
	print_words(out, name, strlen(name), false);
	fputs(" \\- ", out);
	print_line(out, command ? command->summary
				: "run a test in a real Linux kernel, and learn why it failed");
	fputs(".SH SYNOPSIS\n", out);
	print_body(out, text_section(text, "SYNOPSIS"));
	print_section(out, text, "DESCRIPTION");
	if (command)
		print_options(out, command, text);
	else
		print_commands(out, text);
	print_section(out, text, "FILES");
	print_section(out, text, "NOTES");
	print_section(out, text, "EXAMPLES");
	fputs(".SH \"SEE ALSO\"\n", out);
	if (command)
		fputs("\\fBktstr\\-launch\\fR(1)\n", out);
	for (size_t i = 0; !command && (other = command_at(i)); i++) {
		fputs("\\fBktstr\\-launch\\-", out);
		print_words(out, other->name, strlen(other->name), false);
		fprintf(out, "\\fR(1)%s\n", command_at(i + 1) ? "," : "");
	}
	free(text);
	return 0;
}
