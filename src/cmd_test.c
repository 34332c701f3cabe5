/* ktstr-launch test: many tests, on many machines, at once, with reports for people and for CI. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "embed/embed.h"
#include "fleet/fleet.h"
#include "fleet/job.h"
#include "host/capacity.h"
#include "host/memory.h"
#include "host/tsc.h"
#include "report/artefacts.h"
#include "run/invocation.h"
#include "run/options.h"
#include "run/tracer.h"
#include "stats/sequential.h"
#include "suite/bases.h"
#include "suite/kept.h"
#include "suite/kernels.h"
#include "suite/last_failed.h"
#include "suite/live.h"
#include "suite/load.h"
#include "suite/rounds.h"
#include "suite/sinks.h"
#include "suite/stream.h"
#include "suite/suite.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/terminal.h"
#include "util/utf8.h"
#include "wprof/wprof.h"

struct command_state {
	const struct run_options *options;
	struct tests tests;
	struct variants variants;
	struct bases bases;
	struct worker_settings settings;
	struct kernels kernels;
	struct last_failed last_failed;
	struct sinks sinks;
	bool text, live, colour;
	struct kept kept;			/* for the text's end */
	const struct variant **result_variants; /* of each of them */
	struct bisect_votes votes;
	struct rounds rounds;
	unsigned int nodes;	 /* of Slurm's, at most */
	unsigned int name_width; /* of the longest name, for the text's columns */
};

static void complain(const char *line)
{
	command_complain("test: %s", line);
}

static const char *out_folder(const struct command_state *state)
{
	return state->options->out_dir ? state->options->out_dir : ARTEFACTS_DEFAULT_OUT;
}

static void say(void *data, const char *line)
{
	const struct command_state *state = data;

	if (!state->options->quiet)
		command_complain("test: %s", line);
}

/* Tests of the host alone need none. */
static int find_kernels(struct command_state *state, struct error *err)
{
	const struct option_list *kernels = &state->options->kernels;
	const struct kernel_source source = { .root = "", .say = say, .say_data = state };
	bool needed = kernels->count;

	for (size_t i = 0; i < state->tests.count; i++)
		needed |= !state->tests.list[i].host_only;
	return needed ? kernels_open(&source, kernels->items, kernels->count, &state->kernels, err)
		      : 0;
}

static struct sinks_wish sinks_wish(const struct run_options *options)
{
	return (struct sinks_wish){ .tap = options->tap,
				    .ktap = options->ktap,
				    .open = options->until_confident,
				    .junit = options->junit,
				    .json = options->json,
				    .html = options->html,
				    .history = options->history };
}

static int open_reports(struct command_state *state, struct error *err)
{
	const struct run_options *options = state->options;
	const struct sinks_wish wish = sinks_wish(options);
	const struct suite_part *part = &state->variants.part;
	int ret = sinks_open(&state->sinks, &wish, (unsigned int)state->variants.count,
			     part->shards ? part : NULL, err);

	state->text = !state->sinks.use_stdout;
	state->colour = terminal_wants_colour(STDOUT_FILENO);
	for (size_t i = 0; i < state->variants.count; i++)
		if (strlen(state->variants.list[i].name) > state->name_width)
			state->name_width = (unsigned int)strlen(state->variants.list[i].name);
	state->live = state->text && !options->quiet && live_wanted();
	return ret;
}

static void on_result(void *data, const struct variant *variant, const struct suite_result *result)
{
	struct command_state *state = data;
	struct suite_result told = *result;

	/* That folder may be gone at the end; the rates name those that stay. */
	if (rounds_goes(&state->rounds, result))
		told.folder = NULL;
	rounds_add(&state->rounds, variant, result);
	live_clear(state->live);
	if (state->text && (!state->options->quiet || outcome_is_bad(result->outcome))) {
		suite_text_result(stdout, &told, state->name_width, state->colour);
		fflush(stdout);
	}
	sinks_add(&state->sinks, &told);
	bisect_vote(&state->votes, result->outcome, result->bisect);
	state->result_variants[state->kept.count] = variant;
	kept_add(&state->kept, result, result->name);
}

static bool on_enough(void *data, const struct variant *variant)
{
	return rounds_enough(&((const struct command_state *)data)->rounds, variant);
}

/* Of all variants that had several rounds. */
static void tell_rates(struct command_state *state)
{
	struct rates_told told = { .sinks = &state->sinks,
				   .text = state->text,
				   .quiet = state->options->quiet,
				   .colour = state->colour,
				   .name_width = state->name_width };
	struct suite_rate rate;

	for (size_t i = 0; i < state->rounds.count; i++)
		if (rounds_rate(&state->rounds, i, &rate))
			rates_tell(&told, &rate);
}

/* A line of a test's own; where standard output has a report, it is no place for it. */
static void on_line(void *data, const struct variant *variant, const char *line, size_t length)
{
	const struct command_state *state = data;
	/* Nothing of it becomes longer; utf8_printable wants 4 at least. */
	char shown[sizeof(((struct stream *)0)->line) + 4];

	live_clear(state->live);
	utf8_printable(shown, sizeof(shown), line, length);
	fprintf(state->text ? stdout : stderr, "%s: %s\n", variant->name, shown);
	fflush(state->text ? stdout : stderr);
}

static void on_note(void *data, const char *line)
{
	live_clear(((const struct command_state *)data)->live);
	say(data, line);
}

static void on_progress(void *data, const struct suite_progress *progress)
{
	const struct command_state *state = data;

	if (state->live)
		live_show(progress);
}

static void print_plan(const struct command_state *state)
{
	for (size_t i = 0; i < state->variants.count; i++) {
		const struct variant *variant = &state->variants.list[i];
		const char *why = *variant->skip ? variant->skip : variant->fault;
		char spec[TOPOLOGY_SPEC_SIZE] = "host", said[sizeof(variant->fault)];

		/* A test's own words may be in it. */
		utf8_printable(said, sizeof(said), why, strlen(why));
		if (variant->kernel)
			topology_format(&variant->plan.topology, spec);
		printf("%-44s %-12s %6" PRIu64 " MiB  %s%s%s\n", variant->name, spec,
		       variant->kernel ? variant->plan.memory_mib : 0,
		       variant->kernel ? variant->release : "",
		       *variant->skip	 ? "  SKIP "
		       : *variant->fault ? "  ERROR "
					 : "",
		       said);
	}
	printf("%zu variant%s", state->variants.count, state->variants.count == 1 ? "" : "s");
	if (state->options->slurm)
		printf(" in %u shards", state->variants.part.shards);
	else if (state->variants.part.shards)
		printf(" of %zu in shard %u/%u", state->variants.part.count, state->options->shard,
		       state->options->shards);
	/* Machines that boot once, for several of them. */
	if (state->bases.count)
		printf(", %zu base%s", state->bases.count, state->bases.count == 1 ? "" : "s");
	putchar('\n');
}

/* Can it be decided at all? */
static int check_limit(const struct run_options *options, struct error *err)
{
	double limit = options->until_limit;
	unsigned int least;
	char advice[48] = "";

	if (sequential_decide(options->max_repeat, options->max_repeat, limit, RATES_CONFIDENCE) !=
	    SEQUENTIAL_OPEN)
		return 0;
	least = sequential_least(limit, RATES_CONFIDENCE, OPTIONS_MAX_COUNT);
	if (least)
		snprintf(advice, sizeof(advice), "--max-repeat %u or more, or ", least);
	return error_set(err, -EINVAL,
			 "--until-confident=%.10g: not even if all %u rounds of --max-repeat pass "
			 "is that known; give %sa lower rate",
			 limit, options->max_repeat, advice);
}

/* What does not go with a number of rounds that shows while they run. */
static int check_until(const struct run_options *options, struct error *err)
{
	const char *other = options->shards	 ? "--shard: each part would decide for itself"
			    : options->fail_fast ? "--fail-fast: it would end at the first failure"
			    : options->ktap	 ? "--ktap: its first line says how many there are"
						 : NULL;

	if (!options->until_confident)
		return 0;
	if (other)
		return error_set(err, -EINVAL,
				 "--until-confident does not go with %s; leave one of them out",
				 other);
	if (options->repeat > options->max_repeat)
		return error_set(err, -EINVAL, "--repeat %u: more than the %u of --max-repeat",
				 options->repeat, options->max_repeat);
	return options->until_limit > 0 ? check_limit(options, err) : 0;
}

/* Options that do not go together. */
static int check_options(const struct run_options *options, struct error *err)
{
	const struct sinks_wish wish = sinks_wish(options);

	if (!options->operands && !options->attach)
		return error_set(err, -EINVAL, "no test given");
	if (options->shards && options->history)
		return error_set(err, -EINVAL,
				 "--history does not go with --shard: a part is no run to compare "
				 "with; give it to `ktstr-launch merge`");
	if (options->shards && options->bisect)
		return error_set(err, -EINVAL,
				 "--bisect does not go with --shard: a part cannot say what "
				 "`git bisect run` asks of the whole suite; leave one of them out");
	if (variants_check(options, err) || fleet_check(options, err))
		return -EINVAL;
	return sinks_check(&wish, err) ? -EINVAL : check_until(options, err);
}

/* The operator's own numbers are no test's wish: what they are too large for is an error, no skip.
 */
static int check_host(const struct run_options *options, uint64_t host_mib, struct error *err)
{
	const struct plan_override *override = &options->override;
	/* Arguments that are the operator's count with a tracer that is the operator's, too. */
	struct plan_wish wish = { .topology = override->topology,
				  .wprof = options->wprof_args && options->wprof > WPROF_OFF,
				  .wprof_args = options->wprof_args };
	const struct record_word silent = { .said = false };
	unsigned int cpus = override->has_topology ? topology_cpus(&override->topology) : 1;
	uint64_t most_mib = host_memory_largest_guest(host_mib, cpus), least_mib;
	char spec[TOPOLOGY_SPEC_SIZE], record[48] = "";

	plan_wish_record(&wish, &options->record, &silent, false);
	if (wish.record_asked)
		snprintf(record, sizeof(record), " --record-mib %" PRIu64, wish.record_mib);
	if (override->memory_mib > most_mib)
		return error_set(err, -EINVAL,
				 "--memory %" PRIu64 "M: more than the %" PRIu64
				 " MiB that a guest can have here",
				 override->memory_mib, most_mib);
	if (!override->has_topology || override->memory_mib)
		return 0;
	least_mib = plan_test_memory_mib(&wish);
	if (least_mib <= most_mib)
		return 0;
	topology_format(&override->topology, spec);
	return error_set(err, -EINVAL,
			 "--topology %s%s%s%s: %u CPUs get %" PRIu64 " MiB, more than the %" PRIu64
			 " MiB that a guest can have here; give fewer CPUs, %s%sor --memory",
			 spec, record, wish.wprof ? " --wprof-args " : "",
			 wish.wprof ? wish.wprof_args : "", cpus, least_mib, most_mib,
			 *record ? "a smaller --record-mib, " : "",
			 wish.wprof ? "smaller ring buffers, " : "");
}

/* What is wrong for every test is said once, before the first. */
static int check_tracer(const struct run_options *options, bool own_tracer, struct error *err)
{
	struct wprof_config config;
	int ret;

	if (!options->wprof_args || options->wprof == WPROF_OFF)
		return 0;
	ret = run_configure_tracer(&config, own_tracer, options->wprof_args, err);
	if (!ret)
		wprof_config_destroy(&config);
	return ret;
}

static int count_variants(const struct variant_source *source, const struct variant_choice *choice,
			  size_t *count, struct error *err)
{
	struct variants variants;
	int ret = variants_make(source, choice, &variants, err);

	if (ret)
		return ret;
	*count = variants.count;
	variants_destroy(&variants);
	return 0;
}

/* Into how many shards for Slurm? */
static int choose_shards(struct command_state *state, const struct variant_source *source,
			 struct variant_choice *choice, struct error *err)
{
	size_t count = 0;
	int ret = 0;

	state->nodes = state->options->nodes;
	if (!state->nodes)
		ret = job_nodes(&state->nodes, err);
	if (!ret)
		ret = count_variants(source, choice, &count, err);
	choice->shards = fleet_shards(count, state->nodes);
	return ret;
}

/* Nothing is chosen: whose doing is it? Returns 0 for this shard's alone. */
static int nothing_chosen(const struct run_options *options, const struct variant_source *source,
			  const struct variant_choice *choice, struct error *err)
{
	const struct variant_choice remembered = { .names = choice->names };
	struct variant_choice whole = *choice;
	size_t count;
	int ret;

	if (options->failed) {
		/* By the other choices, or are they of another suite? */
		ret = count_variants(source, &remembered, &count, err);
		if (ret)
			return ret;
		if (!count)
			return error_set(
				err, -ENOENT,
				"--failed: these tests include none of those that failed, such as "
				"'%s'; give the tests, kernels and --gauntlet of that run",
				*choice->names);
	}
	/* Other shards may have them all: no fault of this one, whose reports are empty. */
	whole.shard = whole.shards = 0;
	ret = options->shards ? count_variants(source, &whole, &count, err) : 0;
	if (ret)
		return ret;
	if (!options->shards || !count)
		return error_set(
			err, -ENOENT,
			"--filter, --exclude, --failed and --shard leave no variant to run");
	if (!options->quiet)
		command_complain("test: shard %u/%u has none of the %zu variants", options->shard,
				 options->shards, count);
	return 0;
}

static int prepare(struct command_state *state, struct capacity *capacity, struct error *err)
{
	const struct run_options *options = state->options;
	struct variant_source source = { .gauntlet = options->gauntlet,
					 .override = &options->override,
					 .wprof = options->wprof,
					 .wprof_args = options->wprof_args,
					 .record = options->record,
					 .repeat = options->until_confident && !options->dry_run
							   ? options->max_repeat
							   : options->repeat };
	struct variant_choice choice = { .filters = options->filters.items,
					 .excludes = options->excludes.items,
					 .shard = options->shard,
					 .shards = options->shards,
					 .has_seed = options->has_seed,
					 .seed = options->seed };
	int used_own, bad, ret = 0;

	bad = tests_load(options->operands, &state->tests, complain, err);
	if (bad)
		return bad < 0 ? bad
			       : error_set(err, -EINVAL,
					   "%d test%s cannot be used, see above; "
					   "nothing was run",
					   bad, bad == 1 ? "" : "s");
	ret = find_kernels(state, err);
	if (!ret && options->failed)
		ret = last_failed_read(&state->last_failed, out_folder(state), err);
	if (!ret)
		ret = embed_export_wprof(&used_own, err);
	if (ret)
		return ret;
	state->settings.options = options;
	state->settings.own_tracer = used_own;
	capacity_read(capacity);
	source.tests = state->tests.list;
	source.nr_tests = state->tests.count;
	source.kernels = &state->kernels;
	source.host_memory_mib = capacity->memory_mib;
	source.tsc_reliable = host_tsc_read();
	choice.names = (const char *const *)state->last_failed.names;
	ret = check_host(options, capacity->memory_mib, err);
	if (!ret)
		ret = check_tracer(options, used_own, err);
	if (ret)
		return ret;
	if (options->slurm)
		ret = choose_shards(state, &source, &choice, err);
	if (!ret)
		ret = variants_make(&source, &choice, &state->variants, err);
	if (!ret)
		ret = bases_find(&state->variants, options, &state->bases, err);
	if (ret || state->variants.count)
		return ret;
	return nothing_chosen(options, &source, &choice, err);
}

int command_suite_status(const struct suite_counts *counts, int signal_number)
{
	if (signal_number)
		return 128 + signal_number;
	if (counts->fail || counts->timeout || counts->xpass)
		return 1;
	if (counts->error || counts->inconclusive || counts->not_run)
		return COMMAND_CANNOT;
	return counts->pass || counts->xfail || !counts->planned ? 0 : 4;
}

static int exit_status(const struct command_state *state, const struct suite_counts *counts,
		       int signal_number)
{
	const struct run_options *options = state->options;
	int status = command_suite_status(counts, signal_number);

	/* Not each round counts then, but what was decided of all. */
	if (options->until_limit > 0)
		status = signal_number ? status : rounds_status(&state->rounds, status);
	else if (options->bisect)
		return bisect_votes_status(&state->votes);
	return options->bisect && status != 0 && status != BISECT_BAD ? BISECT_SKIP : status;
}

static int run_all(struct command_state *state, const struct capacity *capacity, int signal_fd)
{
	const struct run_options *options = state->options;
	struct suite_limits limits = { .jobs = options->jobs,
				       .memory_wait_ms = options->memory_wait_ms,
				       .cpus = capacity->cpus,
				       .memory_mib = capacity->free_mib };
	struct suite_listener listener = { .data = state,
					   .result = on_result,
					   .enough = options->until_confident ? on_enough : NULL,
					   .line = options->verbose ? on_line : NULL,
					   .note = on_note,
					   .progress = on_progress };
	struct suite_counts counts;
	uint64_t begin = now_ns();
	struct error err = { "" };
	double seconds;
	int ret, status;

	ret = suite_run(&state->variants, &state->bases, &state->settings, &limits,
			options->fail_fast, signal_fd, &listener, &counts, &err);
	seconds = (double)(now_ns() - begin) / 1e9;
	live_clear(state->live);
	if (ret < 0)
		command_complain("test: %s", err.text);
	status = ret < 0 ? COMMAND_CANNOT : exit_status(state, &counts, ret);
	rounds_tidy(&state->rounds);
	tell_rates(state);
	if (state->text)
		suite_text_end(stdout, state->kept.list, state->kept.count, &counts, seconds,
			       ret > 0 || counts.not_run, state->colour);
	if (sinks_end(&state->sinks, &counts, seconds, ret > 0 || counts.not_run, complain) &&
	    !status)
		status = COMMAND_CANNOT;
	if (last_failed_write(out_folder(state), state->kept.list, state->result_variants,
			      state->kept.count, &err))
		command_complain("test: %s", err.text);
	/* A suite that went well keeps nothing; fails, rightly, when something is in it. */
	if (!options->out_dir)
		rmdir(ARTEFACTS_DEFAULT_OUT);
	return status;
}

static int run_on_fleet(const struct command_state *state)
{
	const struct sinks_wish wish = sinks_wish(state->options);

	return fleet_run(state->options, out_folder(state), &state->variants.part, state->nodes,
			 state->settings.own_tracer, &wish);
}

static int begin_rounds(struct command_state *state, struct error *err)
{
	const struct run_options *options = state->options;
	bool several = options->repeat > 1 || options->until_confident;
	const struct rounds_wish wish = { .until = options->until_confident,
					  .least = options->repeat,
					  .limit = options->until_limit,
					  .width = options->rate_width,
					  .bisect = options->bisect,
					  .tidy = several && !options->out_dir };

	state->settings.keep_good = several;
	return rounds_init(&state->rounds, &state->variants, &wish, err);
}

static void state_destroy(struct command_state *state)
{
	kept_destroy(&state->kept);
	free(state->result_variants);
	sinks_abandon(&state->sinks);
	rounds_destroy(&state->rounds);
	kernels_close(&state->kernels);
	last_failed_destroy(&state->last_failed);
	bases_destroy(&state->bases);
	variants_destroy(&state->variants);
	tests_destroy(&state->tests);
}

int cmd_test(const struct run_options *options)
{
	struct command_state state = { .options = options, .text = true };
	struct capacity capacity;
	struct error err = { "" };
	int status = COMMAND_CANNOT, signal_fd = -1, ret;

	if (check_options(options, &err))
		return command_misused("test", "%s", err.text);
	if (options->attach)
		return run_on_fleet(&state);
	ret = prepare(&state, &capacity, &err);
	if (!ret && *state.variants.warning && !options->quiet)
		command_complain("test: warning: %s", state.variants.warning);
	if (!ret && options->dry_run) {
		print_plan(&state);
		status = 0;
		goto out;
	}
	if (!ret && options->slurm && state.variants.count) {
		status = run_on_fleet(&state);
		goto out;
	}
	if (!ret)
		ret = open_reports(&state, &err);
	if (!ret)
		ret = kept_init(&state.kept, state.variants.count, &err);
	if (!ret) {
		state.result_variants = calloc(state.variants.count + 1, sizeof(struct variant *));
		if (!state.result_variants)
			ret = error_set(&err, -ENOMEM, "out of memory");
	}
	if (!ret)
		ret = begin_rounds(&state, &err);
	if (ret) {
		command_complain("test: %s", err.text);
		goto out;
	}
	signal_fd = invocation_signals(NULL, &err);
	if (signal_fd < 0)
		command_complain("test: %s", err.text);
	else
		status = run_all(&state, &capacity, signal_fd);
out:
	if (signal_fd >= 0)
		close(signal_fd);
	state_destroy(&state);
	return status;
}
