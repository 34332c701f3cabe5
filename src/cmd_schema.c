/* ktstr-launch schema: what do failure dumps and result files hold? */

#include "command.h"

int cmd_schema(const struct run_options *options)
{
	if (options->operands)
		return command_misused("schema", "argument '%s': not known", *options->operands);
	return command_print_blob("schema", "schema");
}
