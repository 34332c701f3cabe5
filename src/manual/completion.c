/* How does a shell complete our words? See completion.h. */
#include "manual/completion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "manual/interface.h"
#include "manual/text.h"
#include "plan/presets.h"

const char *const completion_shells[] = { "bash", "zsh", "fish", NULL };

static const char *const operands_names[] = {
	[OPERANDS_NONE] = "none",	[OPERANDS_FILES] = "files", [OPERANDS_PAYLOAD] = "payload",
	[OPERANDS_COMMAND] = "command", [OPERANDS_SHELL] = "shell",
};

static void print_shells(FILE *out)
{
	for (const char *const *shell = completion_shells; *shell; shell++)
		fprintf(out, "%s%s", shell == completion_shells ? "" : " ", *shell);
}

static void print_topologies(FILE *out)
{
	for (size_t i = 0; i < NR_PRESETS; i++) {
		char spec[TOPOLOGY_SPEC_SIZE];

		topology_format(&presets[i].topology, spec);
		fprintf(out, "%s%s", i ? " " : "", spec);
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

static void bash_options(FILE *out, const struct interface *interface)
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
		while (interface_next(interface, &position, &option))
			if (lists[i].kind < 0 ||
			    (int)interface_value_kind(&option) == lists[i].kind)
				fprintf(out, " --%s", option.name);
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
		const struct interface *interface = interface_of(command->name);
		struct option_info option;
		size_t position = 0;

		fprintf(out, "\t%s)\n", command->name);
		bash_options(out, interface);
		fputs("\t\toptionals='", out);
		while (interface_next(interface, &position, &option)) {
			if (interface_value_kind(&option) != VALUE_OPTIONAL)
				continue;
			fprintf(out, " --%s=", option.name);
			print_optional(out, option.value);
		}
		fprintf(out, "'\n\t\toperands=%s\n\t\t;;\n", operands_names[interface->operands]);
	}
	fputs("\tesac\n}\n\n", out);
}

/* --- zsh: arguments of _arguments ---------------------------------------------------------------
 */

static void zsh_option(FILE *out, const struct option_info *option)
{
	enum value_kind kind = interface_value_kind(option);

	fprintf(out, "\t\t\t'*--%s", option->name);
	fputs(kind == VALUE_NONE ? "[" : kind == VALUE_OPTIONAL ? "=-[" : "=[", out);
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
		const struct interface *interface = interface_of(command->name);
		struct option_info option;
		size_t position = 0;

		fprintf(out, "\t(%s)\n\t\toperands=%s\n\t\tspecs=(\n", command->name,
			operands_names[interface->operands]);
		while (interface_next(interface, &position, &option))
			zsh_option(out, &option);
		fputs("\t\t)\n\t\t;;\n", out);
	}
	fputs("\tesac\n}\n\n", out);
}

/* --- fish: lines of complete --------------------------------------------------------------------
 */

static void fish_option(FILE *out, const char *command, const struct option_info *option)
{
	enum value_kind kind = interface_value_kind(option);

	fprintf(out, "complete -c ktstr-launch -n '__ktstr_launch_is %s' -l %s", command,
		option->name);
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
		const struct interface *interface = interface_of(command->name);
		struct option_info option;
		size_t position = 0;

		fprintf(out, "complete -c ktstr-launch -n __ktstr_launch_none -a %s -d '",
			command->name);
		print_quoted(out, command->summary, "\\", "\\'");
		fputs("'\n", out);
		while (interface_next(interface, &position, &option))
			fish_option(out, command->name, &option);
		fish_operands(out, command->name, interface->operands);
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
