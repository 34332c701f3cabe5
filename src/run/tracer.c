/* Which tracer does a run use? See tracer.h. */
#include "run/tracer.h"

#include <string.h>

#include "embed/embed.h"
#include "wprof/args.h"

int run_configure_tracer(struct wprof_config *config, bool own_tracer, const char *args,
			 struct error *err)
{
	bool bpf = own_tracer || strcmp(embed_find("wprof")->provider, "builtin");
	int ret = bpf ? wprof_args_check(args, err) : 0;

	if (!ret)
		ret = wprof_config_from_env(config, !own_tracer, args, err);
	if (!ret)
		config->bpf = bpf;
	return ret;
}
