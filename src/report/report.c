/* What does the user get to see? The lines on the terminal; the JSON files are json.c's. */
#include "report/report.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/ejection.h"
#include "report/host.h"
#include "report/inside.h"
#include "report/lines.h"
#include "report/metrics.h"
#include "util/file.h"
#include "util/shell_quote.h"
#include "util/terminal.h"
#include "util/utf8.h"

/* How much of the guest's own words is shown; the dump holds more. */
#define CONSOLE_LINES	10
#define TRACER_LINES	5
#define SCHEDULER_LINES 16
#define DROPS_LINES	3
#define INIT_LINES	5
/* Thirty lines in all: above these the cause, below them metrics and what is wrong with them, paths
 * and the replay command. */
#define DETAIL_LINES	18
#define REST_LINES	9

#define DROPS_PREFIX "!!! Drops"

static void put_text(FILE *out, const char *text)
{
	char shown[1024];

	utf8_printable(shown, sizeof(shown), text, strlen(text));
	fputs(shown, out);
}

/* Is it as it should be? A word says the opposite of the verdict. */
static bool is_good(const struct report *report)
{
	return (report->first.verdict->kind == VERDICT_PASS) != !!report->word;
}

static void put_first_line(FILE *out, const struct report *report, bool colour)
{
	const struct verdict *verdict = report->first.verdict;
	const char *word = report->word ? report->word : verdict_name(verdict->kind);

	if (colour)
		fputs(is_good(report) ? TERMINAL_GOOD : TERMINAL_BAD, out);
	for (const char *name = word; *name; name++)
		fputc(toupper((unsigned char)*name), out);
	if (colour)
		fputs(TERMINAL_PLAIN, out);
	fputc(' ', out);
	put_text(out, report->test);
	fputs(": ", out);
	put_text(out, verdict->cause);
	fputc('\n', out);
}

static void put_lines(FILE *out, const struct tail *tail, const char *prefix, size_t most)
{
	struct lines lines;
	const char *line;

	if (lines_begin(&lines, tail, prefix, most)) {
		fputs("    | (not shown: out of memory)\n", out);
	} else {
		while ((line = lines_next(&lines)))
			lines_put(out, line);
	}
	lines_end(&lines);
}

/* Lost events make a trace lie by omission: said whether or not anything else went wrong. */
static void put_drops(FILE *out, const struct tail *text, const char *which)
{
	struct lines lines;
	bool any = !lines_begin(&lines, text, DROPS_PREFIX, DROPS_LINES) && lines_next(&lines);
	size_t left_out = lines.left_out;

	lines_end(&lines);
	if (!any)
		return;
	fprintf(out, "  %s: warning: events were lost%s\n", which,
		left_out ? " (more lines in the dump)" : "");
	put_lines(out, text, DROPS_PREFIX, DROPS_LINES);
}

/* What went wrong with the tracer of one VM, in its own words. Nothing when nothing did. */
static void put_tracer(FILE *out, const struct observation *seen, const char *which)
{
	switch (seen->tracer) {
	case TRACER_OFF:
		return;
	case TRACER_SILENT:
		fprintf(out, "  %s: the guest never reported on it\n", which);
		break;
	case TRACER_READY:
		fprintf(out, "  %s: still recording when the guest ended\n", which);
		break;
	case TRACER_DONE:
		if (seen->trace == TRACE_NONE)
			fprintf(out, "  %s: finished, but sent no trace\n", which);
		break;
	case TRACER_FAILED:
		fprintf(out, "  %s: failed: ", which);
		put_text(out, seen->tracer_reason);
		fputc('\n', out);
		put_lines(out, &seen->tracer_text, "", TRACER_LINES);
		break;
	}
	if (seen->trace == TRACE_INCOMPLETE) {
		fprintf(out, "  %s: its trace arrived incomplete and was dropped\n", which);
	} else if (seen->trace == TRACE_UNWRITTEN) {
		fprintf(out, "  %s: its trace was not kept: ", which);
		put_text(out, seen->trace_error);
		fputc('\n', out);
	}
	put_drops(out, &seen->tracer_text, which);
}

static void put_repro(FILE *out, const struct report *report)
{
	const struct report_vm *repro = report->repro;
	const char *tracer = " without a working tracer";

	if (repro && (repro->seen->tracer == TRACER_READY || repro->seen->tracer == TRACER_DONE))
		tracer = " with the tracer on";
	switch (report->repro_result) {
	case REPRO_NOT_RUN:
		return;
	case REPRO_SAME:
		fputs("  repro: same failure", out);
		break;
	case REPRO_OTHER:
		fputs("  repro: another failure", out);
		break;
	case REPRO_PASSED:
		fputs("  repro: passed this time", out);
		break;
	case REPRO_UNDECIDED:
		fputs("  repro: undecided", out);
		tracer = "";
		break;
	}
	if (repro) {
		fputs(" (", out);
		put_text(out, repro->verdict->cause);
		fprintf(out, ")%s", tracer);
	}
	fputc('\n', out);
}

/* What the guest's init warns of: also of a test that passed, a process that cannot be killed, say.
 */
static void put_init_log(FILE *out, const struct tail *log, const char *which)
{
	struct lines lines;
	const char *line;

	if (!lines_begin(&lines, log, "", INIT_LINES)) {
		while ((line = lines_next(&lines))) {
			fprintf(out, "  %s: ", which);
			put_text(out, line);
			fputc('\n', out);
		}
		if (lines.left_out)
			fprintf(out, "  %s: (%zu more before these)\n", which, lines.left_out);
	}
	lines_end(&lines);
}

/*
 * What the kernel did that nobody asked for: beyond the first such line, which the cause has, and
 * what is allowed, also of a test that passed.
 */
static void put_kernel(FILE *out, const struct report_vm *vm, const char *which)
{
	const struct splats *splats = &vm->seen->splats;
	/* A verdict that is about something else has none of them. */
	uint64_t said = vm->verdict->splat ? 1 : 0;

	if (splats->found > said) {
		fprintf(out, "  %s: %" PRIu64 "%s that nobody asked for:\n", which,
			splats->found - said, said ? " more" : "");
		for (uint64_t i = said; i < splats->found && i < SPLATS_KEPT; i++)
			lines_put(out, splats->kept[i].line);
	}
	if (splats->allowed_count && !splats->all_allowed) {
		fprintf(out, "  %s: %" PRIu64 " allowed by allow_splat:\n", which,
			splats->allowed_count);
		lines_put(out, splats->allowed_first.line);
	}
}

/* A path is the user's own and goes out as it is, so that it can be copied. */
static void put_path(FILE *out, const char *label, const char *path, const char *note)
{
	if (path)
		fprintf(out, "  %-12s  %s%s\n", label, path, note);
}

/* Of one that the kernel ejected its dump tells most; of any other one its own last words. */
static void put_scheduler(FILE *out, const struct report_vm *vm)
{
	const struct scheduler_seen *scheduler = &vm->seen->scheduler;

	if (!vm->verdict->scheduler && scheduler->state != SCHEDULER_FAILED)
		return;
	if (scheduler_was_ejected(scheduler) && report_ejection(out, scheduler))
		return;
	put_lines(out, &scheduler->text, "", SCHEDULER_LINES);
}

/* What tells why it failed. */
static void put_evidence(FILE *out, const struct report *report)
{
	const struct report_vm *first = &report->first;
	enum verdict_kind kind = first->verdict->kind;
	enum stop_reason stop = first->seen->stop;
	bool is_stuck = kind == VERDICT_STALL &&
			(stop == STOP_HARD_LOCKUP || stop == STOP_SOFT_LOCKUP);

	report_quote_text(out, first->quote, "trace");
	report_inside_text(out, &first->seen->inside, kind,
			   is_stuck ? (int)first->seen->stuck_vcpu : -1,
			   verdict_stuck_frame(first->seen));
	/* What the guest itself showed says more than how its console ends. */
	if (!first->seen->inside.machine &&
	    (kind == VERDICT_PANIC || kind == VERDICT_STALL || kind == VERDICT_DIED))
		put_lines(out, &first->seen->console, "", CONSOLE_LINES);
	if ((kind == VERDICT_FAIL || kind == VERDICT_NOT_RUN) && *first->seen->lacks_library)
		fprintf(out,
			"  hint: %s is in the guest without its standard library; give --with %s\n",
			first->seen->lacks_library, first->seen->lacks_library);
	put_scheduler(out, first);
	put_kernel(out, first, "kernel");
	if (first->verdict->splat)
		fputs("  hint: allow_splat=\"GLOB\" in the test's file, or --allow-splat, takes a line of "
		      "the kernel's that is known\n",
		      out);
}

/* What the repro did, and what went wrong with the means. */
static void put_rest(FILE *out, const struct report *report)
{
	const struct report_vm *first = &report->first, *repro = report->repro;

	put_repro(out, report);
	/* Where the first trace has told of it, it is enough. */
	if (repro && !(first->quote && first->quote->by && !*first->quote->why))
		report_quote_text(out, repro->quote, "repro trace");
	put_init_log(out, &first->seen->init_log, "guest");
	put_tracer(out, first->seen, "tracer");
	if (report->recording.error) {
		fputs("  flight recorder: no trace: ", out);
		put_text(out, report->recording.error);
		fputc('\n', out);
	}
	if (repro) {
		put_kernel(out, repro, "repro kernel");
		put_init_log(out, &repro->seen->init_log, "repro guest");
		put_tracer(out, repro->seen, first->seen->tracer ? "repro tracer" : "tracer");
	}
}

/* The text that @put writes, owned by the caller; NULL: no memory. */
static char *text_of(void (*put)(FILE *, const struct report *), const struct report *report)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put(out, report);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static size_t count_lines(const char *text)
{
	size_t nr = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		nr++;
	}
	return nr;
}

/* @most lines, the last of which tells how many are left out. */
static void put_cut(FILE *out, const char *text, size_t most)
{
	size_t nr = count_lines(text);

	for (size_t i = 0; i < nr && (nr <= most || i + 1 < most); i++) {
		size_t length = strcspn(text, "\n") + 1;

		fwrite(text, 1, length, out);
		text += length;
	}
	if (nr > most)
		fprintf(out, "  (%zu more lines of this are in the failure dump)\n", nr - most + 1);
}

/* What there is to be said below the first line, but for paths and the replay command. */
static void put_detail(FILE *out, const struct report *report)
{
	char *evidence = text_of(put_evidence, report), *rest = text_of(put_rest, report);

	if (!evidence || !rest) {
		fputs("  (not shown: out of memory)\n", out);
	} else {
		size_t others = count_lines(rest) < REST_LINES ? count_lines(rest) : REST_LINES;

		put_cut(out, evidence, DETAIL_LINES - others);
		put_cut(out, rest, REST_LINES);
	}
	free(evidence);
	free(rest);
}

char *report_detail(const struct report *report)
{
	return text_of(put_detail, report);
}

/* How the first VM came to be; a replay may get another one. */
static void put_start(FILE *out, const struct observation *seen)
{
	char base[64] = "";

	if (seen->forked)
		snprintf(base, sizeof(base), " (its base booted in %.1f s)",
			 (double)seen->base_boot_ns / 1e9);
	put_path(out, "vm", observation_start(seen), base);
}

/* The trace that ends at the failure; a test that passed leaves none. */
static void put_recording(FILE *out, const struct report_recording *recording)
{
	char note[128];

	snprintf(note, sizeof(note), "  (Perfetto; the %.1f s up to the failure)",
		 (double)recording->span_ns / 1e9);
	put_path(out, "first trace", recording->path, note);
	if (recording->path && recording->unreadable)
		fprintf(out, "  flight recorder: the events of %u CPUs could not be read\n",
			recording->unreadable);
}

/* What makes a page of the traces, and of all else that is there. */
static void put_page(FILE *out, const struct report *report, const char *dump_path)
{
	const char *const argv[] = { "ktstr-launch", "report", dump_path, NULL };
	const struct report_vm *repro = report->repro;
	char *line;

	if (!dump_path ||
	    (!report->recording.path && !report->first.trace_path && !(repro && repro->trace_path)))
		return;
	line = shell_quote(argv);
	put_path(out, "page", line, "");
	free(line);
}

static void put_report(FILE *out, const struct report *report, const char *dump_path,
		       const char *repro_dump_path, bool colour)
{
	const struct report_vm *first = &report->first, *repro = report->repro;

	put_first_line(out, report, colour);
	put_detail(out, report);
	/* Those of the repro VM, which ran with the tracer on, are in its dump. */
	report_metrics_text(out, "  ", &first->seen->metrics);
	put_path(out, "failure dump", dump_path, "");
	put_path(out, "repro dump", repro_dump_path, "");
	put_recording(out, &report->recording);
	put_path(out, "trace", first->trace_path, "  (Perfetto)");
	if (repro)
		put_path(out, first->trace_path ? "repro trace" : "trace", repro->trace_path,
			 "  (Perfetto)");
	put_page(out, report, dump_path);
	put_path(out, "vmcore", report->vmcore_path, "  (crash, drgn)");
	if (is_good(report))
		return;
	put_start(out, first->seen);
	report_host_text(out, "  ", &first->seen->host_took);
	put_path(out, "replay", report->replay, "");
}

void report_print(int fd, const struct report *report, const char *dump_path,
		  const char *repro_dump_path)
{
	bool colour = terminal_wants_colour(fd);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	/* Put together first and written at once: runs side by side share one terminal. */
	if (out) {
		put_report(out, report, dump_path, repro_dump_path, colour);
		failed = ferror(out);
		failed |= fclose(out) != 0;
	} else {
		failed = true;
	}
	if (failed) {
		dprintf(fd, "%s %s: %s\n", verdict_name(report->first.verdict->kind), report->test,
			report->first.verdict->cause);
		size = 0;
	}
	/* Nobody is left to be told. */
	(void)file_write_all(fd, text, size);
	free(text);
}
