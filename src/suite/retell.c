/* How does a suite's report come about from result files? See retell.h. */
#include "suite/retell.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "results/retold.h"
#include "util/terminal.h"

struct telling {
	const struct retell *retell;
	const struct suite_part *plan;
	struct retold *retold;	      /* owned; by variant */
	struct suite_result *results; /* likewise */
	char **causes;		      /* likewise, of those that no file has */
	struct sinks sinks;
};

/* From where on JSON's paths are. */
static void find_json_folder(const struct retell *retell, char folder[PATH_MAX])
{
	const char *json = retell->reports.json;
	char copy[PATH_MAX];

	if (json && strlen(json) < sizeof(copy)) {
		strcpy(copy, json);
		if (realpath(dirname(copy), folder))
			return;
	}
	if (!getcwd(folder, PATH_MAX))
		strcpy(folder, "/");
}

static int make_missing(struct telling *telling, size_t index, struct error *err)
{
	const struct retell *retell = telling->retell;
	struct suite_result *result = &telling->results[index];
	char reason[MERGE_REASON_SIZE];

	*result = (struct suite_result){ .name = telling->plan->plan[index].name,
					 .number = (unsigned int)index + 1,
					 .outcome = OUTCOME_ERROR };
	if (retell->missing) {
		retell->missing(retell->data, index, result);
	} else {
		merge_why_missing(retell->merge, index, reason);
		result->cause = reason;
	}
	telling->causes[index] = strdup(result->cause);
	result->cause = telling->causes[index];
	return result->cause ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int make_results(struct telling *telling, struct suite_counts *counts, struct error *err)
{
	char folder[PATH_MAX];
	int ret = 0;

	find_json_folder(telling->retell, folder);
	for (size_t i = 0; !ret && i < telling->plan->count; i++) {
		const struct merge_choice *choice = &telling->retell->merge->chosen[i];

		if (choice->item) {
			ret = retold_make(choice->item, choice->file->path, folder,
					  &telling->retold[i], err);
			telling->results[i] = telling->retold[i].result;
		} else {
			ret = make_missing(telling, i, err);
		}
		suite_count(counts, telling->results[i].outcome);
	}
	return ret;
}

static unsigned int widest(const struct suite_part *plan)
{
	size_t width = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (strlen(plan->plan[i].name) > width)
			width = strlen(plan->plan[i].name);
	return (unsigned int)width;
}

static void tell_text(const struct telling *telling, const struct suite_counts *counts,
		      double seconds)
{
	const struct retell *retell = telling->retell;
	bool colour = terminal_wants_colour(STDOUT_FILENO);
	unsigned int width = widest(telling->plan);

	for (size_t i = 0; i < telling->plan->count; i++)
		if (retell->said && retell->merge->chosen[i].item)
			continue;
		else if (!retell->quiet || outcome_is_bad(telling->results[i].outcome))
			suite_text_result(stdout, &telling->results[i], width, colour);
	suite_text_end(stdout, telling->results, telling->plan->count, counts, seconds,
		       counts->not_run, colour);
}

static double longest(const struct merge *merge)
{
	double seconds = 0;

	for (size_t f = 0; f < merge->count; f++)
		if (merge->files[f]->results.seconds > seconds)
			seconds = merge->files[f]->results.seconds;
	return seconds;
}

static int tell(struct telling *telling, const struct suite_counts *counts, struct error *err)
{
	const struct retell *retell = telling->retell;
	double seconds = retell->seconds < 0 ? longest(retell->merge) : retell->seconds;
	int ret = sinks_open(&telling->sinks, &retell->reports, (unsigned int)telling->plan->count,
			     NULL, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < telling->plan->count; i++)
		sinks_add(&telling->sinks, &telling->results[i]);
	if (!telling->sinks.use_stdout)
		tell_text(telling, counts, seconds);
	return (int)sinks_end(&telling->sinks, counts, seconds, counts->not_run, retell->complain);
}

int retell(const struct retell *retell, struct suite_counts *counts, struct error *err)
{
	struct telling telling = { .retell = retell, .plan = merge_plan(retell->merge) };
	size_t count = telling.plan->count;
	int ret;

	*counts = (struct suite_counts){ .planned = (unsigned int)count };
	telling.retold = calloc(count + 1, sizeof(*telling.retold));
	telling.results = calloc(count + 1, sizeof(*telling.results));
	telling.causes = calloc(count + 1, sizeof(*telling.causes));
	if (telling.retold && telling.results && telling.causes)
		ret = make_results(&telling, counts, err);
	else
		ret = error_set(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = tell(&telling, counts, err);
	for (size_t i = 0; telling.retold && telling.causes && i < count; i++) {
		retold_destroy(&telling.retold[i]);
		free(telling.causes[i]);
	}
	free(telling.retold);
	free(telling.results);
	free(telling.causes);
	return ret;
}
