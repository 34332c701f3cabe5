/* ktstr-launch ab: tests on two sides in turns, and what differs between them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "compare/asked.h"
#include "embed/embed.h"
#include "host/capacity.h"
#include "host/tsc.h"
#include "report/artefacts.h"
#include "run/invocation.h"
#include "suite/kept.h"
#include "suite/load.h"
#include "suite/side_records.h"
#include "suite/sides.h"
#include "suite/suite.h"
#include "util/clock.h"
#include "util/utf8.h"

#define DEFAULT_REPEAT 10

struct ab {
	const struct run_options *options;
	struct tests tests;
	struct side sides[2];
	struct side_records records;
	struct variants all;
	struct bases bases;
	struct worker_settings settings;
	struct kept kept; /* for the text's end */
};

static void complain(const char *line)
{
	command_complain("ab: %s", line);
}

static void say(void *data, const char *line)
{
	const struct ab *ab = data;

	if (!ab->options->quiet)
		complain(line);
}

static int side_of(const struct ab *ab, const struct variant *variant)
{
	return variant->options == &ab->sides[1].options;
}

static void on_result(void *data, const struct variant *variant, const struct suite_result *result)
{
	struct ab *ab = data;
	struct suite_result shown = *result;
	char *name;

	side_records_add(&ab->records, side_of(ab, variant), (size_t)(variant - ab->all.list) / 2,
			 result);
	if (asprintf(&name, "%c: %s", "AB"[side_of(ab, variant)], result -> name) < 0)
		return;
	kept_add(&ab->kept, result, name);
	/* Standard output is the table's. */
	shown.name = name;
	if (!ab->options->quiet || outcome_is_bad(result->outcome))
		suite_text_result(stderr, &shown, 0, false);
	free(name);
}

static void on_progress(void *data, const struct suite_progress *progress)
{
	(void)data;
	(void)progress;
}

static bool was_said(const struct run_options *options, const char *word)
{
	for (size_t i = 0; i < options->nr_said; i++)
		if (!strcmp(options->said[i].text, word))
			return true;
	return false;
}

/* The variants of one side, all with its options. */
static int make_side(struct ab *ab, struct side *side, const struct capacity *capacity, bool tsc,
		     struct error *err)
{
	const struct run_options *options = &side->options;
	const struct kernel_source source = { .root = "", .say = say, .say_data = ab };
	const struct variant_source made_of = {
		.tests = ab->tests.list,
		.nr_tests = ab->tests.count,
		.kernels = &side->kernels,
		.gauntlet = options->gauntlet,
		.override = &options->override,
		.wprof = options->wprof,
		.wprof_args = options->wprof_args,
		.record = options->record,
		.tsc_reliable = tsc,
		.host_memory_mib = capacity->memory_mib,
		.repeat = was_said(ab->options, "--repeat") ? options->repeat : DEFAULT_REPEAT,
	};
	const struct variant_choice choice = { .filters = options->filters.items,
					       .excludes = options->excludes.items };
	bool needs_kernel = options->kernels.count;
	int ret = 0;

	for (size_t i = 0; i < ab->tests.count; i++)
		needs_kernel |= !ab->tests.list[i].host_only;
	if (needs_kernel)
		ret = kernels_open(&source, options->kernels.items, options->kernels.count,
				   &side->kernels, err);
	if (!ret)
		ret = variants_make(&made_of, &choice, &side->variants, err);
	for (size_t i = 0; !ret && i < side->variants.count; i++)
		side->variants.list[i].options = options;
	return ret;
}

static int prepare(struct ab *ab, struct capacity *capacity, struct error *err)
{
	bool tsc = host_tsc_read();
	int used_own, ret, bad = tests_load(ab->options->operands, &ab->tests, complain, err);

	if (bad)
		return bad < 0 ? bad
			       : error_set(err, -EINVAL,
					   "%d test%s cannot be used, see above; nothing was run",
					   bad, bad == 1 ? "" : "s");
	capacity_read(capacity);
	ret = embed_export_wprof(&used_own, err);
	ab->settings.options = ab->options;
	ab->settings.own_tracer = !ret && used_own;
	for (size_t i = 0; ret >= 0 && i < 2; i++) {
		ret = make_side(ab, &ab->sides[i], capacity, tsc, err);
		if (ret)
			return error_prefix(err, ret, i ? "--b" : "--a");
	}
	if (ret < 0)
		return ret;
	ret = sides_interleave(ab->sides, &ab->all, err);
	if (!ret && !ab->all.count)
		ret = error_set(err, -ENOENT, "--filter and --exclude leave no variant to run");
	return ret ? ret : bases_find(&ab->all, ab->options, &ab->bases, err);
}

static void print_plan(const struct ab *ab)
{
	for (size_t i = 0; i < ab->all.count; i++) {
		const struct variant *variant = &ab->all.list[i];
		char spec[TOPOLOGY_SPEC_SIZE] = "host", skip[sizeof(variant->skip)];

		utf8_printable(skip, sizeof(skip), variant->skip, strlen(variant->skip));
		if (variant->kernel)
			topology_format(&variant->plan.topology, spec);
		printf("%c: %-41s %-12s %s%s%s\n", "AB"[side_of(ab, variant)], variant -> name,
		       spec, variant -> kernel ? variant -> release : "",
		       *variant->skip ? "  SKIP " : "", skip);
	}
}

/* What the lines of the results leave to be said: the skips, and how what failed is run again. */
static void tell_end(const struct ab *ab, const struct suite_counts *counts, double seconds,
		     bool interrupted)
{
	bool bad = false;

	for (size_t i = 0; i < ab->kept.count; i++)
		bad |= outcome_is_bad(ab->kept.list[i].outcome);
	if (bad || !ab->options->quiet)
		suite_text_end(stderr, ab->kept.list, ab->kept.count, counts, seconds, interrupted,
			       false);
}

static int finish(struct ab *ab, double seconds, int signal_number, struct error *err)
{
	struct results results[2] = { 0 };
	struct compare_source sources[2];
	char names[2][256];
	int status = side_records_end(&ab->records, seconds, signal_number, results, complain, err);
	bool lacks;

	for (size_t i = 0; i < 2; i++) {
		snprintf(names[i], sizeof(names[i]), "%c%s%s", "AB"[i],
			 *ab -> sides[i].said ? ": " : "", ab->sides[i].said);
		sources[i] = (struct compare_source){ .name = names[i], .results = &results[i] };
	}
	if (!status)
		status = compare_show(ab->options, &sources[0], &sources[1], err);
	for (size_t i = 0; i < 2; i++)
		results_destroy(&results[i]);
	if (status < 0)
		return status;
	if (signal_number)
		return 128 + signal_number;
	/* Said in any case. */
	lacks = side_records_lack(&ab->records, &ab->sides[0].variants, complain);
	return ab->records.incomplete || (!status && lacks) ? COMMAND_CANNOT : status;
}

static int run_all(struct ab *ab, const struct capacity *capacity, struct error *err)
{
	const struct suite_limits limits = { .jobs = ab->options->jobs,
					     .memory_wait_ms = ab->options->memory_wait_ms,
					     .cpus = capacity->cpus,
					     .memory_mib = capacity->free_mib,
					     .in_order = true };
	const struct suite_listener listener = {
		.data = ab, .result = on_result, .note = say, .progress = on_progress
	};
	int signal_fd = invocation_signals(NULL, err), ret;
	uint64_t begin = now_ns();
	struct suite_counts counts;
	double seconds;

	if (signal_fd < 0)
		return signal_fd;
	ret = suite_run(&ab->all, &ab->bases, &ab->settings, &limits, false, signal_fd, &listener,
			&counts, err);
	close(signal_fd);
	/* A suite that went well keeps nothing; fails, rightly, when something is in it. */
	if (!ab->options->out_dir)
		rmdir(ARTEFACTS_DEFAULT_OUT);
	seconds = (double)(now_ns() - begin) / 1e9;
	if (ret < 0)
		return ret;
	tell_end(ab, &counts, seconds, ret);
	return finish(ab, seconds, ret, err);
}

static void destroy(struct ab *ab)
{
	for (size_t i = 0; i < 2; i++) {
		side_destroy(&ab->sides[i]);
	}
	side_records_destroy(&ab->records);
	bases_destroy(&ab->bases);
	kept_destroy(&ab->kept);
	free(ab->all.list);
	tests_destroy(&ab->tests);
}

/* By whatever name; into /dev/null nothing mixes. */
static bool is_stdout(const char *path)
{
	struct stat st, out;

	if (!path)
		return false;
	if (!strcmp(path, "-"))
		return true;
	return strcmp(path, "/dev/null") && !stat(path, &st) && !fstat(STDOUT_FILENO, &out) &&
	       st.st_dev == out.st_dev && st.st_ino == out.st_ino;
}

/* Standard output is the table's, and each side has a file of its own. */
static int check_files(const struct run_options *options, struct error *err)
{
	const char *a = options->json_a, *b = options->json_b;
	bool stdout_a = is_stdout(a);

	if (stdout_a || is_stdout(b))
		return error_set(err, -EINVAL,
				 "--json-%c %s: the table goes to standard output; name another "
				 "file",
				 stdout_a ? 'a' : 'b', stdout_a ? a : b);
	if (a && b && !strcmp(a, b))
		return error_set(
			err, -EINVAL,
			"--json-a and --json-b both write to the file '%s'; give two files", a);
	return 0;
}

static int parse_side(struct side *side, const char *what, const char *said,
		      const struct run_options *both, struct error *err)
{
	int ret = side_parse(side, what, said, both, OPTIONS_OF_AB, err);

	if (!ret && variants_check(&side->options, err))
		ret = error_prefix(err, -EINVAL, "%s", what);
	return ret;
}

int cmd_ab(const struct run_options *options)
{
	struct ab ab = { .options = options };
	struct capacity capacity;
	struct error err = { "" };
	int ret = compare_check(options, &err);

	if (!ret)
		ret = check_files(options, &err);
	if (!ret && (!options->side_a || !options->side_b))
		ret = error_set(&err, -EINVAL, "give both sides, as in --a 'append=x' --b ''");
	if (!ret && !options->operands)
		ret = error_set(&err, -EINVAL, "no test given");
	if (!ret)
		ret = parse_side(&ab.sides[0], "--a", options->side_a, options, &err);
	if (!ret)
		ret = parse_side(&ab.sides[1], "--b", options->side_b, options, &err);
	if (ret) {
		destroy(&ab);
		return command_misused("ab", "%s", err.text);
	}
	ret = prepare(&ab, &capacity, &err);
	if (!ret && options->dry_run) {
		print_plan(&ab);
	} else if (!ret) {
		ret = kept_init(&ab.kept, ab.all.count, &err);
		if (!ret)
			ret = side_records_open(&ab.records, ab.sides, options->json_a,
						options->json_b, &err);
		if (!ret)
			ret = run_all(&ab, &capacity, &err);
	}
	if (ret < 0) {
		command_complain("ab: %s", err.text);
		ret = COMMAND_CANNOT;
	}
	destroy(&ab);
	return ret;
}
