/* How are Slurm's commands asked? */
#ifndef KTSTR_FLEET_SLURM_H
#define KTSTR_FLEET_SLURM_H

#include "util/tool.h"

/* slurm_run - tool_run, of one of Slurm's commands; at most 64 MiB of what it says */
int slurm_run(const char *const *argv, int cancel_fd, struct tool_said *said, struct error *err);

#endif
