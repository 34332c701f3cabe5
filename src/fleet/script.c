/* What does Slurm run on a node? See script.h. */
#include "fleet/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/invocation.h"
#include "util/shell_quote.h"
#include "wprof/wprof.h"

static char *quote(const char *word)
{
	const char *const words[] = { word, NULL };

	return shell_quote(words);
}

/* All that was said but where the results go. */
#define SAID_AGAIN                                                                                 \
	(OPTIONS_KERNEL | OPTIONS_MACHINE | OPTIONS_TRACER | OPTIONS_PAYLOAD | OPTIONS_SELECT |    \
	 OPTIONS_SUITE)

char *script_make(const struct job *job, const struct job_wish *wish, const char *token)
{
	const struct replay replay = { .command = "test",
				       .groups = SAID_AGAIN,
				       .own_tracer = wish->own_tracer };
	char *command = invocation_replay(wish->options, &replay);
	char *tests = shell_quote(wish->options->operands);
	char *folder = quote(job->folder), *here = getcwd(NULL, 0), *text = NULL;
	char *self = realpath("/proc/self/exe", NULL), *launcher = self ? quote(self) : NULL;
	char *current = here ? quote(here) : NULL;

	if (command && tests && folder && launcher && current &&
	    asprintf(
		    &text,
		    "#!/bin/bash\n"
		    "# One shard of a suite in each task; written by `ktstr-launch test --slurm`.\n"
		    "folder=%s\n"
		    "[ \"$(cat \"$folder/token\" 2>/dev/null)\" = %s ] || exit %d\n"
		    "shard=$SLURM_ARRAY_TASK_ID restart=${SLURM_RESTART_COUNT:-0}\n"
		    "[ \"$restart\" -le %d ] || exit %d\n"
		    "run=$folder/shard-$shard.$restart\n"
		    "[ -e \"$folder/job\" ] || echo \"$SLURM_ARRAY_JOB_ID\" >\"$folder/job\"\n"
		    "cd %s && [ -x %s ] || exit %d\n"
		    "echo \"$SLURMD_NODENAME\" >\"$run.node\"\n"
		    /* That of the launcher which submits, and which may have ended. */
		    "unset %s\n"
		    "# So that the launcher has the time to end its reports.\n"
		    "trap : TERM\n"
		    "%s --shard \"$shard/%u\" --out \"$run\" --json /dev/fd/3 -- %s \\\n"
		    "\t3>\"$run.json\" >\"$run.log\" 2>&1 </dev/null\n"
		    "# What came of the tests is in the result file; a task of Slurm's has done its work.\n"
		    "exit 0\n",
		    folder, token, JOB_EXIT_NO_FOLDER, JOB_RESTARTS, JOB_EXIT_DIED_TWICE, current,
		    launcher, JOB_EXIT_NO_LAUNCHER, WPROF_PATH_VARIABLE, command,
		    wish->part->shards, tests) < 0)
		text = NULL;
	free(command);
	free(tests);
	free(folder);
	free(here);
	free(self);
	free(launcher);
	free(current);
	return text;
}
