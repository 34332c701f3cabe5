/* ktstr-launch licenses: under which licences is what this file holds? */

#include "command.h"

int cmd_licenses(const struct run_options *options)
{
	if (options->operands)
		return command_misused("licenses", "argument '%s': not known", *options->operands);
	return command_print_blob("licenses", "licenses");
}
