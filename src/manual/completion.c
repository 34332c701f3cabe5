/* How does a shell complete our words? See completion.h. */
#include "manual/completion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "manual/text.h"
#include "plan/presets.h"

const char *const completion_shells[] = { "bash", "zsh", "fish", NULL };

static const char *const operands_names[] = {
	[OPERANDS_NONE] = "none",	[OPERANDS_FILES] = "files", [OPERANDS_PAYLOAD] = "payload",
	[OPERANDS_COMMAND] = "command", [OPERANDS_SHELL] = "shell", [OPERANDS_CLEAR] = "clear",
	[OPERANDS_OWN] = "none",
};

/* What an option's value is, as its name in the usage text tells. */
enum value_kind {
	VALUE_NONE, /* it takes none */
	VALUE_FILE,
	VALUE_FOLDER,
	VALUE_TOPOLOGY,
	VALUE_OPTIONAL, /* one word, which may be left out */
	VALUE_OTHER,
};

static enum value_kind value_kind_of(const struct option_info *option)
{
	static const struct {
		const char *value;
		enum value_kind kind;
	} kinds[] = {
		{ "IMG", VALUE_FILE },	     { "FILE", VALUE_FILE },
		{ "FILE|NAME", VALUE_FILE }, { "HOST[:GUEST]", VALUE_FILE },
		{ "DIR", VALUE_FOLDER },     { "NnNlNcNt", VALUE_TOPOLOGY },
	};

	if (!option->value)
		return VALUE_NONE;
	if (*option->value == '[')
		return VALUE_OPTIONAL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(option->value, kinds[i].value))
			return kinds[i].kind;
	return VALUE_OTHER;
}

static void print_shells(FILE *out)
{
	for (const char *const *shell = completion_shells; *shell; shell++)
		fprintf(out, "%s%s", shell == completion_shells ? "" : " ", *shell);
}

/* But for those that have a character which a shell would take for its own. */
static void print_topologies(FILE *out)
{
	const char *blank = "";

	for (size_t i = 0; i < NR_PRESETS; i++) {
		char spec[TOPOLOGY_SPEC_SIZE];

		topology_format(&presets[i].topology, spec);
		if (spec[strspn(spec, "0123456789nlct")])
			continue;
		fprintf(out, "%s%s", blank, spec);
		blank = " ";
	}
}

/* The word of an optional value, "[always]". */
static void print_optional(FILE *out, const char *value)
{
	fprintf(out, "%.*s", (int)strlen(value) - 2, value + 1);
}

/* Inside of single quotes, on one line; a backslash before each of @special. */
static void print_quoted(FILE *out, const char *text, const char *special, const char *quote)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs(quote, out);
		else if (*text == '\n')
			fputc(' ', out);
		else
			fprintf(out, strchr(special, *text) ? "\\%c" : "%c", *text);
	}
}

/* --- bash: for each command, its options by what follows them ----------------------------------
 */

/* A letter is not offered, what follows it is. */
static void bash_option(FILE *out, const struct option_info *option, bool with_letter)
{
	fprintf(out, " --%s", option->name);
	if (with_letter && option->letter)
		fprintf(out, " -%c", option->letter);
}

static void bash_options(FILE *out, const struct command *command)
{
	static const struct {
		const char *variable;
		int kind; /* -1: all */
	} lists[] = {
		{ "options", -1 },	     { "files", VALUE_FILE },
		{ "folders", VALUE_FOLDER }, { "topologies", VALUE_TOPOLOGY },
		{ "others", VALUE_OTHER },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct option_info option;
		size_t position = 0;

		fprintf(out, "\t\t%s='", lists[i].variable);
		while (options_next(command->groups, &position, &option))
			if (lists[i].kind < 0 || (int)value_kind_of(&option) == lists[i].kind)
				bash_option(out, &option, lists[i].kind >= 0);
		fputs("'\n", out);
	}
}

static void print_bash(FILE *out)
{
	const struct command *command;

	fputs("_ktstr_launch_commands='", out);
	for (size_t i = 0; (command = command_at(i)); i++)
		fprintf(out, "%s ", command->name);
	fputs("help'\n_ktstr_launch_shells='", out);
	print_shells(out);
	fputs("'\n_ktstr_launch_topologies='", out);
	print_topologies(out);
	fputs("'\n\n_ktstr_launch_describe()\n{\n\tcase $1 in\n", out);
	for (size_t i = 0; (command = command_at(i)); i++) {
		struct option_info option;
		size_t position = 0;

		fprintf(out, "\t%s)\n", command->name);
		bash_options(out, command);
		fputs("\t\toptionals='", out);
		while (options_next(command->groups, &position, &option)) {
			if (value_kind_of(&option) != VALUE_OPTIONAL)
				continue;
			fprintf(out, " --%s=", option.name);
			print_optional(out, option.value);
		}
		fprintf(out, "'\n\t\toperands=%s\n\t\t;;\n", operands_names[command->operands]);
	}
	fputs("\tesac\n}\n\n", out);
}

/* --- zsh: arguments of _arguments ---------------------------------------------------------------
 */

/* @name: with its dashes */
static void zsh_option(FILE *out, const struct option_info *option, const char *name,
		       bool is_letter)
{
	enum value_kind kind = value_kind_of(option);

	fprintf(out, "\t\t\t'*%s", name);
	if (kind != VALUE_NONE)
		fputs(kind == VALUE_OPTIONAL ? "=-" : is_letter ? "+" : "=", out);
	fputc('[', out);
	print_quoted(out, option->help, "[]\\:", "'\\''");
	fputc(']', out);
	if (kind == VALUE_OPTIONAL) {
		fputs("::value:(", out);
		print_optional(out, option->value);
		fputc(')', out);
	} else if (kind != VALUE_NONE) {
		fputc(':', out);
		print_quoted(out, option->value, "[]\\:", "'\\''");
		fputc(':', out);
	}
	if (kind == VALUE_FILE) {
		fputs("_files", out);
	} else if (kind == VALUE_FOLDER) {
		fputs("_files -/", out);
	} else if (kind == VALUE_TOPOLOGY) {
		fputc('(', out);
		print_topologies(out);
		fputc(')', out);
	} else if (kind == VALUE_OTHER) {
		fputc(' ', out);
	}
	fputs("'\n", out);
}

static void zsh_options(FILE *out, const struct command *command)
{
	struct option_info option;
	size_t position = 0;

	while (options_next(command->groups, &position, &option)) {
		char name[64];

		snprintf(name, sizeof(name), "--%s", option.name);
		zsh_option(out, &option, name, false);
		snprintf(name, sizeof(name), "-%c", option.letter);
		if (option.letter)
			zsh_option(out, &option, name, true);
	}
}

static void print_zsh(FILE *out)
{
	const struct command *command;

	fputs("#compdef ktstr-launch\n\n_ktstr_launch_commands=(\n", out);
	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t'%s:", command->name);
		print_quoted(out, command->summary, "\\:", "'\\''");
		fputs("'\n", out);
	}
	fputs("\t'help:tell the options of a command'\n)\n_ktstr_launch_shells='", out);
	print_shells(out);
	fputs("'\n\n_ktstr_launch_describe()\n{\n\tcase $1 in\n", out);
	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t(%s)\n\t\toperands=%s\n\t\tspecs=(\n", command->name,
			operands_names[command->operands]);
		zsh_options(out, command);
		fputs("\t\t)\n\t\t;;\n", out);
	}
	fputs("\tesac\n}\n\n", out);
}

/* --- fish: lines of complete --------------------------------------------------------------------
 */

static void fish_option(FILE *out, const char *command, const struct option_info *option)
{
	enum value_kind kind = value_kind_of(option);

	fprintf(out, "complete -c ktstr-launch -n '__ktstr_launch_is %s' -l %s", command,
		option->name);
	if (option->letter)
		fprintf(out, " -s %c", option->letter);
	if (kind == VALUE_FILE) {
		fputs(" -r -F", out);
	} else if (kind == VALUE_FOLDER) {
		fputs(" -x -a '(__fish_complete_directories)'", out);
	} else if (kind == VALUE_TOPOLOGY) {
		fputs(" -x -a '", out);
		print_topologies(out);
		fputc('\'', out);
	} else if (kind == VALUE_OPTIONAL) {
		fputs(" -f -a '", out);
		print_optional(out, option->value);
		fputc('\'', out);
	} else {
		fputs(kind == VALUE_OTHER ? " -x" : " -f", out);
	}
	fputs(" -d '", out);
	print_quoted(out, option->help, "\\", "\\'");
	fputs("'\n", out);
}

static void fish_operands(FILE *out, const char *command, enum operands operands)
{
	if (operands == OPERANDS_FILES) {
		fprintf(out, "complete -c ktstr-launch -n '__ktstr_launch_is %s' -F\n", command);
	} else if (operands == OPERANDS_PAYLOAD) {
		fprintf(out,
			"complete -c ktstr-launch -n '__ktstr_launch_payload %s' -x -a "
			"'(__ktstr_launch_complete_payload)'\n",
			command);
	} else if (operands == OPERANDS_COMMAND) {
		fprintf(out,
			"complete -c ktstr-launch -n '__ktstr_launch_is %s' -a "
			"\"$__ktstr_launch_commands\"\n",
			command);
	} else if (operands == OPERANDS_SHELL) {
		fprintf(out, "complete -c ktstr-launch -n '__ktstr_launch_is %s' -a '", command);
		print_shells(out);
		fputs("'\n", out);
	} else if (operands == OPERANDS_CLEAR) {
		fprintf(out, "complete -c ktstr-launch -n '__ktstr_launch_is %s' -a clear\n",
			command);
	}
}

static void print_fish(FILE *out)
{
	const struct command *command;

	fputs("set -g __ktstr_launch_commands '", out);
	for (size_t i = 0; (command = command_at(i)); i++)
		fprintf(out, "%s ", command->name);
	fputs("'\ncomplete -c ktstr-launch -f\n", out);
	for (size_t i = 0; (command = command_at(i)); i++) {
		struct option_info option;
		size_t position = 0;

		fprintf(out, "complete -c ktstr-launch -n __ktstr_launch_none -a %s -d '",
			command->name);
		print_quoted(out, command->summary, "\\", "\\'");
		fputs("'\n", out);
		while (options_next(command->groups, &position, &option))
			fish_option(out, command->name, &option);
		fish_operands(out, command->name, command->operands);
	}
	fputc('\n', out);
}

int completion_print(FILE *out, const char *shell, struct error *err)
{
	static void (*const printers[])(FILE * out) = { print_bash, print_zsh, print_fish };

	for (size_t i = 0; completion_shells[i]; i++) {
		char name[32], *text;
		int ret;

		if (strcmp(completion_shells[i], shell))
			continue;
		snprintf(name, sizeof(name), "completion.%s", shell);
		ret = text_load(name, &text, err);
		if (ret)
			return ret;
		/* What the shells look at first has to be first: zsh's #compdef. */
		printers[i](out);
		fputs(text, out);
		free(text);
		return 0;
	}
	return error_set(err, -EINVAL, "shell '%s': not known; takes bash, zsh or fish", shell);
}
