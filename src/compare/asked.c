/* Which comparison do the options ask for? See asked.h. */
#include "compare/asked.h"

#include <errno.h>

#define ALPHA 0.05

int compare_check(const struct run_options *options, struct error *err)
{
	if (options->markdown + options->csv + options->compare_json > 1)
		return error_set(err, -EINVAL, "--markdown, --csv and --json: give one of them");
	if (options->permutation && options->welch)
		return error_set(err, -EINVAL, "--permutation and --welch: give one of them");
	return 0;
}

int compare_show(const struct run_options *options, const struct compare_source *a,
		 const struct compare_source *b, struct error *err)
{
	const struct compare_settings settings = {
		.method = options->welch ? COMPARE_WELCH : COMPARE_PERMUTATION,
		.alpha = options->alpha > 0 ? options->alpha : ALPHA,
	};
	enum compare_format format = options->markdown	     ? COMPARE_MARKDOWN
				     : options->csv	     ? COMPARE_CSV
				     : options->compare_json ? COMPARE_JSON
							     : COMPARE_TEXT;
	struct compare_table table;
	int ret = compare_make(a->results, b->results, &settings, &table, err);

	if (ret)
		return ret;
	ret = compare_print(stdout, format, a, b, &table);
	if (ret)
		error_set(err, ret, "out of memory");
	else
		ret = table.verdicts[COMPARE_WORSE] ? 1 : 0;
	compare_destroy(&table);
	return ret;
}
