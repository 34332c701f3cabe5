/*
 * What does a suite look like to a program? JSON lines (https://jsonlines.org): one object a line.
 *
 * Each line:
 *	type            "plan" (the first), "result" (one for each variant), "summary" (the last; a
 *	                report without one was cut off)
 *	schema_version  1; goes up when a field changes its meaning or goes away
 *
 * "plan":
 *	planned         number of variants that this file is about; with --until-confident the most
 *	                that there may be
 *	shard           of test --shard, else null; an object:
 *		number, of      the shard, from 1, and how many there are
 *		plan            the whole suite's variants in their order, a list of objects: name,
 *		                shard (the one that it belongs to)
 *
 * "result", in the order in which they ended; null: not known, or there is none
 *	name            the variant's: "fair", "gauntlet/fair/smt-2llc"
 *	number          its place in the plan, from 1; of a shard: in the whole suite's
 *	test            of its name, without preset and kernel: "fair"
 *	preset          of the gauntlet: "smt-2llc"
 *	round           number, of --repeat, from 1
 *	outcome         "pass", "fail", "timeout", "xfail", "xpass", "skip",
 *	                "inconclusive", "error", "not-run"
 *	bad             bool: makes the suite fail (fail, timeout, xpass, inconclusive, error)
 *	cause           one line: why
 *	detail          more lines, with '\n' between them; of a failure also the last ones of both
 *	                streams, behind "stdout: " and "stderr: "
 *	output          the payload's last lines
 *	kernel          release, or the image's path where the release did not come to be known
 *	topology        "1n2l2c2t"
 *	memory_mib      number
 *	start           "forked", from a machine that booted once for several variants, or "booted":
 *	                of the first VM; null: it had none
 *	metrics         list of what the test measured, of its first VM, in its order; each an
 *	                object: name, value (number), unit (null: none), better ("lower",
 *	                "higher"; null: neither)
 *	metrics_warnings
 *	                list of texts: why what the test wrote to $KTSTR_METRICS is no metric
 *	host_took       object: percent, ran_s, waited_s, stood_still_s, guest_steal_s,
 *	                memory_stall_s, absent: what the host kept of its first VM's time, as
 *	                `ktstr-launch schema` has it
 *	seconds         number, wall time of all of it, the repro included
 *	folder, dump, trace
 *	                paths of the artefacts' folder, the failure dump and the Perfetto trace
 *	replay          the command that runs this variant again, quoted for a shell
 *
 * "rate", of a variant that had several rounds, behind the results
 *	name            the variant's
 *	verdict         "pass", "fail", "flaky", "unknown": no round told anything
 *	passed, failed  number of rounds; timeouts and unexpected passes are failed
 *	neither         number of rounds that were an error or inconclusive: they do not count
 *	low, high       numbers, from 0 to 1: the interval of the rate of passes
 *	method          of the interval: "Wilson", or "sequential mixture", which holds at any time
 *	confidence      number: of the interval
 *	limit           number, of --until-confident=P; else null
 *	width           number, of --until-confident; else null
 *	decision        "known" (to within the width), "at-least", "below" (the limit), "open";
 *	                null: nothing was asked
 *	good, bad       folders of the artefacts of one round that passed and one that failed
 *
 * "summary":
 *	planned         as above, but for rounds that were not needed any more
 *	counts          object: outcome -> number, all nine
 *	failed          bool: one at least was bad
 *	interrupted     bool: ended by a signal or by --fail-fast before all had had their turn
 *	seconds         number, wall time
 *
 * All strings are UTF-8: bytes that are not read as U+FFFD.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "report/host.h"
#include "report/metrics.h"
#include "report/suite_format.h"
#include "util/json.h"

static struct json line_begin(const char *type)
{
	struct json json = json_begin();

	json_put_text(&json, "type", type);
	json_put_number(&json, "schema_version", SUITE_JSON_VERSION);
	return json;
}

/* The line is whole or not there. */
static int line_write(struct json *json, FILE *out, struct error *err)
{
	size_t size = 0;
	char *line = json_text(json_end(json), false, &size);

	if (!line)
		return error_set(err, -ENOMEM, "JSON report: out of memory");
	fwrite(line, 1, size, out);
	free(line);
	return 0;
}

struct planned_list {
	const struct suite_part *part;
	size_t at;
};

static struct json_object *next_planned(void *data, bool *end)
{
	struct planned_list *list = data;
	const struct suite_planned *planned = &list->part->plan[list->at];
	struct json json;

	*end = list->at++ == list->part->count;
	if (*end)
		return NULL;
	json = json_begin();
	json_put_text(&json, "name", planned->name);
	json_put_number(&json, "shard", planned->shard);
	return json_end(&json);
}

static struct json_object *shard_value(const struct suite_part *part)
{
	struct planned_list list = { part, 0 };
	struct json json = json_begin();

	json_put_number(&json, "number", part->shard);
	json_put_number(&json, "of", part->shards);
	json_put_list(&json, "plan", next_planned, &list);
	return json_end(&json);
}

static int report_begin(struct suite_writer *writer, struct error *err)
{
	struct json json = line_begin("plan");

	json_put_number(&json, "planned", writer->planned);
	if (writer->part)
		json_put(&json, "shard", shard_value(writer->part));
	else
		json_put_null(&json, "shard");
	return line_write(&json, writer->out, err);
}

static int report_result(struct suite_writer *writer, const struct suite_result *result,
			 struct error *err)
{
	struct json json;

	if (result->line) {
		json = (struct json){ .object = json_object_get(result->line) };
		return line_write(&json, writer->out, err);
	}
	json = line_begin("result");
	json_put_text(&json, "name", result->name);
	json_put_number(&json, "number", result->number);
	json_put_text(&json, "test", result->test);
	json_put_text(&json, "preset", result->preset);
	if (result->round)
		json_put_number(&json, "round", result->round);
	else
		json_put_null(&json, "round");
	json_put_text(&json, "outcome", outcome_name(result->outcome));
	json_put_bool(&json, "bad", outcome_is_bad(result->outcome));
	json_put_text(&json, "cause", result->cause);
	json_put_text(&json, "detail", result->detail);
	json_put_text(&json, "output", result->output);
	json_put_text(&json, "kernel", result->kernel);
	json_put_text(&json, "topology", result->topology);
	if (result->memory_mib)
		json_put_number(&json, "memory_mib", result->memory_mib);
	else
		json_put_null(&json, "memory_mib");
	json_put_text(&json, "start", result->start && *result->start ? result->start : NULL);
	report_metrics_json(&json, result->metrics);
	report_host_json(&json, result->host_took);
	json_put_seconds(&json, "seconds", suite_seconds(result->seconds));
	json_put_text(&json, "folder", result->folder);
	json_put_text(&json, "dump", result->dump);
	json_put_text(&json, "trace", result->trace);
	json_put_text(&json, "replay", result->replay);
	return line_write(&json, writer->out, err);
}

static void put_share(struct json *json, const char *key, double share)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6f", share);
	json_put_double(json, key, share, text);
}

/* Null for what was not asked. */
static void put_asked(struct json *json, const char *key, double share)
{
	if (share > 0)
		put_share(json, key, share);
	else
		json_put_null(json, key);
}

static int report_rate(struct suite_writer *writer, const struct suite_rate *rate,
		       struct error *err)
{
	static const char *const decisions[] = {
		[SUITE_RATE_COUNTED] = NULL,	    [SUITE_RATE_NARROW] = "known",
		[SUITE_RATE_AT_LEAST] = "at-least", [SUITE_RATE_BELOW] = "below",
		[SUITE_RATE_OPEN] = "open",
	};
	struct json json = line_begin("rate");

	json_put_text(&json, "name", rate->name);
	json_put_text(&json, "verdict",
		      rate->passed   ? rate->failed ? "flaky" : "pass"
		      : rate->failed ? "fail"
				     : "unknown");
	json_put_number(&json, "passed", rate->passed);
	json_put_number(&json, "failed", rate->failed);
	json_put_number(&json, "neither", rate->neither);
	put_share(&json, "low", rate->passes.low);
	put_share(&json, "high", rate->passes.high);
	json_put_text(&json, "method", rate->method);
	put_share(&json, "confidence", rate->confidence);
	put_asked(&json, "limit", rate->limit);
	put_asked(&json, "width", rate->width);
	json_put_text(&json, "decision", decisions[rate->end]);
	json_put_text(&json, "good", rate->good_json ? rate->good_json : rate->good);
	json_put_text(&json, "bad", rate->bad_json ? rate->bad_json : rate->bad);
	return line_write(&json, writer->out, err);
}

static struct json_object *counts_value(const struct suite_counts *counts)
{
	struct json json = json_begin();

	json_put_number(&json, outcome_name(OUTCOME_PASS), counts->pass);
	json_put_number(&json, outcome_name(OUTCOME_FAIL), counts->fail);
	json_put_number(&json, outcome_name(OUTCOME_TIMEOUT), counts->timeout);
	json_put_number(&json, outcome_name(OUTCOME_XFAIL), counts->xfail);
	json_put_number(&json, outcome_name(OUTCOME_XPASS), counts->xpass);
	json_put_number(&json, outcome_name(OUTCOME_SKIP), counts->skip);
	json_put_number(&json, outcome_name(OUTCOME_INCONCLUSIVE), counts->inconclusive);
	json_put_number(&json, outcome_name(OUTCOME_ERROR), counts->error);
	json_put_number(&json, outcome_name(OUTCOME_NOT_RUN), suite_not_run(counts));
	return json_end(&json);
}

static int report_end(struct suite_writer *writer, const struct suite_counts *counts,
		      double seconds, bool interrupted, struct error *err)
{
	struct json json = line_begin("summary");

	json_put_number(&json, "planned", counts->planned);
	json_put(&json, "counts", counts_value(counts));
	json_put_bool(&json, "failed",
		      counts->fail || counts->timeout || counts->xpass || counts->inconclusive ||
			      counts->error);
	json_put_bool(&json, "interrupted", interrupted);
	json_put_seconds(&json, "seconds", suite_seconds(seconds));
	return line_write(&json, writer->out, err);
}

const struct suite_format suite_json = {
	.name = "JSON",
	.begin = report_begin,
	.result = report_result,
	.rate = report_rate,
	.end = report_end,
};
