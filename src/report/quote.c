/* How is it said what the task did that a failure names? See quote.h. */
#include "report/quote.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void put_task(FILE *out, const struct quote_task *task)
{
	fprintf(out, "%s (pid %" PRId32 ")", *task->name ? task->name : "?", task->pid);
}

static void put_what(FILE *out, const struct quote *quote)
{
	const bool waits = !strcmp(quote->state, "waiting");

	fputs(waits ? "waited" : !strcmp(quote->state, "running") ? "ran" : "slept", out);
	if (quote->letter)
		fprintf(out, " (%c)", quote->letter);
	/* A wake-up stands among the events of the CPU of whoever woke it. */
	if (quote->nr_missing && !quote->is_shorter && !strcmp(quote->state, "sleeping"))
		fputs(" or waited", out);
	if (quote->cpu >= 0 && strcmp(quote->state, "sleeping"))
		fprintf(out, " on CPU %d", quote->cpu);
	if (waits && quote->behind.pid) {
		fputs(" behind ", out);
		put_task(out, &quote->behind);
	} else if (waits && quote->is_idle) {
		fputs(", where nothing else ran,", out);
	}
	fprintf(out, " for %s%.3f s",
		quote->is_shorter  ? "at most "
		: quote->is_longer ? "at least "
				   : "",
		(double)quote->for_ns / 1e9);
}

static void put_queue(FILE *out, const struct quote *quote)
{
	if (quote->is_shorter)
		fputs("; what ended it is not in the trace", out);
	if (strcmp(quote->state, "waiting") || quote->cpu < 0)
		return;
	if (quote->queue_ns != quote->for_ns)
		fprintf(out, "; there for the last %.3f s", (double)quote->queue_ns / 1e9);
	if (!quote->behind.pid && !quote->is_idle)
		fputs("; the trace does not show what ran there", out);
}

static void put_missing(FILE *out, const struct quote *quote)
{
	if (!quote->nr_missing)
		return;
	if (quote->nr_missing == 1 && quote->is_all_missing) {
		fprintf(out, "; the trace has nothing of CPU %d", quote->missing_cpu);
		return;
	}
	fprintf(out, "; events of CPU %d", quote->missing_cpu);
	if (quote->nr_missing > 1)
		fprintf(out, " and %u other%s", quote->nr_missing - 1,
			quote->nr_missing > 2 ? "s" : "");
	fputs(" are missing", out);
}

void report_quote_text(FILE *out, const struct quote *quote, const char *which)
{
	if (!quote || !quote->by || (*quote->why && !quote->is_expected))
		return;
	fprintf(out, "  %s: ", which);
	if (*quote->why) {
		fputs("nothing of ", out);
		put_task(out, &quote->task);
		fprintf(out, ": %s\n", quote->why);
		return;
	}
	put_task(out, &quote->task);
	fputc(' ', out);
	put_what(out, quote);
	if (quote->has_start)
		fprintf(out, ",\n    from %.3f s %s the payload's start on",
			fabs((double)quote->from_ns / 1e9),
			quote->from_ns < 0 ? "before" : "after");
	else
		fprintf(out, ",\n    from %.3f s on", (double)quote->from_ns / 1e9);
	put_queue(out, quote);
	if (quote->behind.pid)
		fprintf(out, "; that one ran for %.3f s of it", (double)quote->behind_ns / 1e9);
	if (quote->woken_by.pid > 0) {
		fputs("; woken while ", out);
		put_task(out, &quote->woken_by);
		fputs(" ran", out);
	}
	put_missing(out, quote);
	if (quote->is_cut_off)
		fputs("; the trace is cut off", out);
	fputc('\n', out);
}

static void put_task_json(struct json *json, const char *key, const struct quote_task *task,
			  bool has_time, uint64_t ns)
{
	struct json value;

	if (task->pid <= 0) {
		json_put_null(json, key);
		return;
	}
	value = json_begin();
	json_put_text(&value, "task", task->name);
	json_put_int(&value, "pid", task->pid);
	if (has_time)
		json_put_seconds(&value, "for_s", (double)ns / 1e9);
	json_put(json, key, json_end(&value));
}

void report_quote_json(struct json *json, const struct quote *quote)
{
	const bool there = quote && quote->by && !*quote->why;
	char from[32], letter[2] = "";
	struct json value;

	if (!quote || !quote->by) {
		json_put_null(json, "quote");
		return;
	}
	if (there)
		letter[0] = quote->letter;
	value = json_begin();
	json_put_text(&value, "named_by", quote->by);
	json_put_text(&value, "task", quote->task.name);
	json_put_int(&value, "pid", quote->task.pid);
	json_put_text(&value, "why", quote->why);
	json_put_text(&value, "state", there ? quote->state : NULL);
	json_put_text(&value, "state_letter", letter);
	if (there && quote->cpu >= 0)
		json_put_int(&value, "cpu", quote->cpu);
	else
		json_put_null(&value, "cpu");
	if (there) {
		snprintf(from, sizeof(from), "%.6f", (double)quote->from_ns / 1e9);
		json_put_double(&value, "from_s", (double)quote->from_ns / 1e9, from);
		json_put_seconds(&value, "for_s", (double)quote->for_ns / 1e9);
	} else {
		json_put_null(&value, "from_s");
		json_put_null(&value, "for_s");
	}
	json_put_bool(&value, "at_least", there && quote->is_longer);
	json_put_bool(&value, "events_lost", there && quote->nr_missing);
	json_put_bool(&value, "at_most", there && quote->is_shorter);
	if (there && !strcmp(quote->state, "waiting"))
		json_put_seconds(&value, "queued_s", (double)quote->queue_ns / 1e9);
	else
		json_put_null(&value, "queued_s");
	put_task_json(&value, "behind", &quote->behind, true, quote->behind_ns);
	put_task_json(&value, "woken_by", &quote->woken_by, false, 0);
	json_put(json, "quote", json_end(&value));
}
