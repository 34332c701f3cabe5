/* Which command is it? Dispatch, and the few options that belong to no command. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "manual/help.h"
#include "util/nearest.h"
#include "version.h"

static const struct command commands[] = {
	{ "run", "boot a kernel, run a command in it, trace it again when it fails", OPTIONS_OF_RUN,
	  OPERANDS_PAYLOAD, cmd_run },
	{ "test", "run the tests of files and folders, many at once", OPTIONS_OF_TEST,
	  OPERANDS_FILES, cmd_test },
	{ "bisect", "find the commit that brought a fault, which may show only now and then",
	  OPTIONS_BISECT, OPERANDS_PAYLOAD, cmd_bisect },
	{ "merge", "make one report of the shards of a suite", OPTIONS_OF_MERGE, OPERANDS_FILES,
	  cmd_merge },
	{ "shell", "a shell in a guest, or in the VM of a test", OPTIONS_OF_SHELL, OPERANDS_NONE,
	  cmd_shell },
	{ "list", "list tests and what they say of themselves", OPTIONS_LIST, OPERANDS_FILES,
	  cmd_list },
	{ "check", "say what is wrong with tests' directives", 0, OPERANDS_FILES, cmd_check },
	{ "probe", "say whether this machine's KVM can boot a stock kernel", OPTIONS_OF_PROBE,
	  OPERANDS_NONE, cmd_probe },
	{ "doctor", "say what this host and a kernel lack, and what will not work",
	  OPTIONS_OF_DOCTOR, OPERANDS_NONE, cmd_doctor },
	{ "exec", "run a command on this machine with KTSTR_WPROF_PATH exported", 0,
	  OPERANDS_PAYLOAD, cmd_exec },
	{ "work", "run a load on this machine, measure what the scheduler does, and check it", 0,
	  OPERANDS_OWN, cmd_work },
	{ "report", "make one page to look at, without a network, of what a run left",
	  OPTIONS_REPORT, OPERANDS_FILES, cmd_report },
	{ "compare", "say what differs between two suites' results, and how sure that is",
	  OPTIONS_TABLE | OPTIONS_COMPARE, OPERANDS_FILES, cmd_compare },
	{ "ab", "run tests on two sides in turns, and say what differs", OPTIONS_OF_AB,
	  OPERANDS_FILES, cmd_ab },
	{ "blobs", "list, verify or extract what is embedded in this file", OPTIONS_BLOBS,
	  OPERANDS_NONE, cmd_blobs },
	{ "cache", "list or clear what is kept for the next run", 0, OPERANDS_CLEAR, cmd_cache },
	{ "bats-helper", "print the shell library for bats files that boot VMs", 0, OPERANDS_NONE,
	  cmd_bats_helper },
	{ "trace", "say what a scheduling trace shows: tasks, waits, marks", OPTIONS_TRACE,
	  OPERANDS_FILES, cmd_trace },
	{ "schema", "print the JSON Schema of failure dumps and result files", 0, OPERANDS_NONE,
	  cmd_schema },
	{ "licenses", "print the licences of all that is in this file", 0, OPERANDS_NONE,
	  cmd_licenses },
	{ "completion", "print what makes bash, zsh or fish complete our words", 0, OPERANDS_SHELL,
	  cmd_completion },
	{ "man", "print a man page: of the launcher, or of a command", 0, OPERANDS_COMMAND,
	  cmd_man },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *command_at(size_t index)
{
	return index < NR_COMMANDS ? &commands[index] : NULL;
}

static void usage(FILE *out)
{
	fputs("Usage: ktstr-launch COMMAND [OPTIONS]...\n\nCommands:\n", out);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`ktstr-launch help COMMAND` tells a command's options;"
	      " `ktstr-launch --version` the version.\n",
	      out);
}

static const char *name_of(const void *data, size_t command)
{
	(void)data;
	return command < NR_COMMANDS ? commands[command].name : NULL;
}

static const struct command *find_command(const char *word)
{
	const char *meant = nearest_name(word, strlen(word), name_of, NULL);

	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (!strcmp(word, commands[i].name))
			return &commands[i];
	}
	if (meant)
		command_complain("command '%s': not known; did you mean '%s'?", word, meant);
	else
		command_complain("command '%s': not known; see ktstr-launch --help", word);
	return NULL;
}

/*
 * A closed standard descriptor would be handed out again, to /dev/kvm or to a blob, and what is
 * meant for the terminal would be written there.
 */
static bool open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	}
	return true;
}

static int print_help(const struct command *command)
{
	struct error err = { "" };

	if (!help_print(stdout, command, &err))
		return 0;
	command_complain("%s: %s", command->name, err.text);
	return COMMAND_CANNOT;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct run_options options;
	struct error err = { "" };
	int status;

	if (command->operands == OPERANDS_OWN) {
		options = (struct run_options){ .operands = (const char *const *)argv + 1 };
		return command->main(&options);
	}
	if (options_parse(&options, command->groups, command->operands != OPERANDS_PAYLOAD, argc,
			  argv, &err))
		status = command_misused(command->name, "%s", err.text);
	else if (options.help)
		status = print_help(command);
	else
		status = command->main(&options);
	options_destroy(&options);
	return status;
}

static int dispatch(int argc, char **argv)
{
	const struct command *command;
	bool help;

	if (argc < 2) {
		usage(stderr);
		return COMMAND_CANNOT;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("ktstr-launch %s\n", version_text);
		return 0;
	}
	help = !strcmp(argv[1], "help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (help && argc < 3)) {
		usage(stdout);
		return 0;
	}
	if (argv[1][0] == '-') {
		command_complain("option '%s': not known; see ktstr-launch --help", argv[1]);
		return COMMAND_CANNOT;
	}
	command = find_command(argv[help ? 2 : 1]);
	if (!command)
		return COMMAND_CANNOT;
	return help ? print_help(command) : run_command(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status;

	if (!open_standard_descriptors())
		return COMMAND_CANNOT;
	/* Where our parent ignores it, and so we would, children end without telling how. */
	signal(SIGCHLD, SIG_DFL);
	status = dispatch(argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && status == 0) {
		command_complain("cannot write to standard output: %s", strerror(errno));
		status = COMMAND_CANNOT;
	}
	return status;
}
