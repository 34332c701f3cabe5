/* How are Slurm's commands asked? See slurm.h. */
#include "fleet/slurm.h"

int slurm_run(const char *const *argv, int cancel_fd, struct tool_said *said, struct error *err)
{
	/* Slurm cuts lists of array tasks short otherwise. */
	static const char *const variables[] = { "SLURM_BITSTR_LEN=0", NULL };
	const struct tool tool = { .argv = argv,
				   .folder = ".",
				   .variables = variables,
				   .cancel_fd = cancel_fd,
				   .most = (size_t)64 << 20 };

	return tool_run(&tool, said, err);
}
