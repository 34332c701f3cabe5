/* How does a suite's report come about from result files? See retell.h. */
#include "suite/retell.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "results/retold.h"
#include "suite/rates.h"
#include "util/input.h"
#include "util/terminal.h"

/* Of one variant. */
struct rounds_told {
	struct suite_rate rate;
	char *good, *good_json; /* owned, where they are not a result's; or NULL */
};

struct telling {
	const struct retell *retell;
	const struct suite_part *plan;
	struct retold *retold;	      /* owned; by variant */
	struct suite_result *results; /* likewise */
	char **causes;		      /* likewise, of those that no file has */
	struct rounds_told *rounds;   /* owned; in the plan's order */
	size_t nr_rounds;
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

/* @folder: from where on JSON's paths are */
static int make_results(struct telling *telling, const char *folder, struct suite_counts *counts,
			struct error *err)
{
	int ret = 0;

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

/* A good round's folder stays beside a bad one; its result is told before that is known, and so its
 * file's rate names it alone. */
static int find_good(const struct merge_file *file, struct rounds_told *rounds, const char *folder,
		     struct error *err)
{
	const struct results *results = &file->results;
	size_t i = 0;

	while (i < results->nr_rates && strcmp(results->rates[i].name, rounds->rate.name))
		i++;
	if (i == results->nr_rates || !results->rates[i].good)
		return 0;
	rounds->good = retold_locate(results->rates[i].good, file->path);
	rounds->good_json = rounds->good ? retold_relative(rounds->good, folder) : NULL;
	if (!rounds->good_json)
		return error_set(err, -ENOMEM, "out of memory");
	rounds->rate.good = rounds->good;
	rounds->rate.good_json = rounds->good_json;
	return 0;
}

static void count_round(struct suite_rate *rate, const struct suite_result *result)
{
	rate->name = result->name;
	rates_count(rate, result->outcome);
	if (!rate->bad && rates_is_fail(result->outcome)) {
		rate->bad = result->folder;
		rate->bad_json = input_text(result->line, "folder");
	}
	if (!rate->good && rates_is_pass(result->outcome)) {
		rate->good = result->folder;
		rate->good_json = input_text(result->line, "folder");
	}
}

static int make_rates(struct telling *telling, const char *folder, struct error *err)
{
	const struct suite_part *plan = telling->plan;
	const char **names = calloc(plan->count + 1, sizeof(*names));
	size_t *of = calloc(plan->count + 1, sizeof(*of));
	int ret = 0;

	telling->rounds = calloc(plan->count + 1, sizeof(*telling->rounds));
	if (!names || !of || !telling->rounds)
		ret = error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < plan->count; i++)
		names[i] = plan->plan[i].name;
	if (!ret)
		ret = rates_group(names, plan->count, of, &telling->nr_rounds, err);
	for (size_t i = 0; !ret && i < plan->count; i++)
		count_round(&telling->rounds[of[i]].rate, &telling->results[i]);
	for (size_t i = 0; !ret && i < plan->count; i++) {
		struct rounds_told *rounds = &telling->rounds[of[i]];

		if (rounds->rate.failed && !rounds->rate.good &&
		    rates_is_pass(telling->results[i].outcome))
			ret = find_good(telling->retell->merge->chosen[i].file, rounds, folder,
					err);
	}
	free(names);
	free(of);
	return ret;
}

static void tell_rates(struct telling *telling)
{
	struct rates_told told = { .sinks = &telling->sinks,
				   .text = !telling->sinks.use_stdout,
				   .quiet = telling->retell->quiet,
				   .colour = terminal_wants_colour(STDOUT_FILENO),
				   .name_width = widest(telling->plan) };

	for (size_t i = 0; i < telling->nr_rounds; i++)
		if (rates_finish(&telling->rounds[i].rate, false))
			rates_tell(&told, &telling->rounds[i].rate);
}

static void tell_text(const struct telling *telling)
{
	const struct retell *retell = telling->retell;
	bool colour = terminal_wants_colour(STDOUT_FILENO);
	unsigned int width = widest(telling->plan);

	for (size_t i = 0; i < telling->plan->count; i++)
		if (retell->said && retell->merge->chosen[i].item)
			continue;
		else if (!retell->quiet || outcome_is_bad(telling->results[i].outcome))
			suite_text_result(stdout, &telling->results[i], width, colour);
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
	struct sinks_wish reports = retell->reports;
	int ret;

	reports.retold = true;
	ret = sinks_open(&telling->sinks, &reports, (unsigned int)telling->plan->count, NULL, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < telling->plan->count; i++)
		sinks_add(&telling->sinks, &telling->results[i]);
	if (!telling->sinks.use_stdout)
		tell_text(telling);
	tell_rates(telling);
	if (!telling->sinks.use_stdout)
		suite_text_end(stdout, telling->results, telling->plan->count, counts, seconds,
			       counts->not_run, terminal_wants_colour(STDOUT_FILENO));
	return (int)sinks_end(&telling->sinks, counts, seconds, counts->not_run, retell->complain);
}

int retell(const struct retell *retell, struct suite_counts *counts, struct error *err)
{
	struct telling telling = { .retell = retell, .plan = merge_plan(retell->merge) };
	size_t count = telling.plan->count;
	char folder[PATH_MAX];
	int ret;

	find_json_folder(retell, folder);
	*counts = (struct suite_counts){ .planned = (unsigned int)count };
	telling.retold = calloc(count + 1, sizeof(*telling.retold));
	telling.results = calloc(count + 1, sizeof(*telling.results));
	telling.causes = calloc(count + 1, sizeof(*telling.causes));
	if (telling.retold && telling.results && telling.causes)
		ret = make_results(&telling, folder, counts, err);
	else
		ret = error_set(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = make_rates(&telling, folder, err);
	if (!ret)
		ret = tell(&telling, counts, err);
	for (size_t i = 0; telling.retold && telling.causes && i < count; i++) {
		retold_destroy(&telling.retold[i]);
		free(telling.causes[i]);
	}
	for (size_t i = 0; i < telling.nr_rounds; i++) {
		free(telling.rounds[i].good);
		free(telling.rounds[i].good_json);
	}
	free(telling.rounds);
	free(telling.retold);
	free(telling.results);
	free(telling.causes);
	return ret;
}
