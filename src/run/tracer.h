/* Which tracer does a run use, and with which arguments? */
#ifndef KTSTR_RUN_TRACER_H
#define KTSTR_RUN_TRACER_H

#include <stdbool.h>

#include "util/error.h"
#include "wprof/wprof.h"

/*
 * run_configure_tracer - wprof_config_from_env, after embed_export_wprof, whose @own_tracer
 * (used_own) says whether it is the user's. Where the tracer is not the built-in one, its arguments
 * have to pass wprof_args_check as well.
 */
int run_configure_tracer(struct wprof_config *config, bool own_tracer, const char *args,
			 struct error *err);

#endif
