/* ktstr-launch compare: what differs between the results of two suites, and how sure is that? */
#include "command.h"
#include "compare/asked.h"

/* A file that is not whole is used as far as it goes, which is said. */
static int read_side(const char *path, struct results *results, struct error *err)
{
	int ret = results_read(path, results, err);

	if (!ret && *results->cut_off)
		command_complain("compare: warning: '%s': %s; what is there is compared", path,
				 results->cut_off);
	return ret;
}

int cmd_compare(const struct run_options *options)
{
	const char *const *files = options->operands;
	struct results a = { 0 }, b = { 0 };
	struct error err = { "" };
	int ret;

	if (compare_check(options, &err))
		return command_misused("compare", "%s", err.text);
	if (!files || !files[1] || files[2])
		return command_misused("compare",
				       "give two files of `test --json`, the baseline first");
	ret = read_side(files[0], &a, &err);
	if (!ret)
		ret = read_side(files[1], &b, &err);
	if (!ret)
		ret = compare_show(options, &(struct compare_source){ files[0], &a },
				   &(struct compare_source){ files[1], &b }, &err);
	if (ret < 0) {
		command_complain("compare: %s", err.text);
		ret = COMMAND_CANNOT;
	}
	results_destroy(&a);
	results_destroy(&b);
	return ret;
}
