/* How does doctor say what it found? See findings.h. */
#include "doctor/findings.h"

#include <stdarg.h>
#include <string.h>

#include "util/terminal.h"
#include "util/utf8.h"

/* "FAIL" and a space more, so that the texts stand below each other. */
#define INDENT 6

static const struct {
	const char *word, *colour;
} kinds[] = {
	[FINDING_OK] = { "ok", TERMINAL_GOOD },
	[FINDING_WARN] = { "warn", TERMINAL_MIND },
	[FINDING_FAIL] = { "FAIL", TERMINAL_BAD },
};

/* Releases and paths come from files that anybody may have made. */
static void put(struct findings *findings, const char *text)
{
	char shown[ERROR_TEXT_SIZE];

	utf8_printable(shown, sizeof(shown), text, strlen(text));
	fprintf(findings->out, "%s\n", shown);
	if (findings->copy)
		fprintf(findings->copy, "%s\n", shown);
}

void findings_title(struct findings *findings, const char *fmt, ...)
{
	char text[ERROR_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(findings, text);
}

void findings_add(struct findings *findings, enum finding kind, const char *fmt, ...)
{
	char text[ERROR_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	findings->warnings += kind == FINDING_WARN;
	findings->failures += kind == FINDING_FAIL;
	fprintf(findings->out, "%s%-*s%s", findings->colour ? kinds[kind].colour : "", INDENT,
		kinds[kind].word, findings->colour ? TERMINAL_PLAIN : "");
	if (findings->copy)
		fprintf(findings->copy, "%-*s", INDENT, kinds[kind].word);
	put(findings, text);
}

void findings_more(struct findings *findings, const char *fmt, ...)
{
	char text[ERROR_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(findings->out, "%*s", INDENT + 2, "");
	if (findings->copy)
		fprintf(findings->copy, "%*s", INDENT + 2, "");
	put(findings, text);
}

void findings_add_error(struct findings *findings, enum finding kind, const struct error *err)
{
	const char *advice = NULL, *at = err->text;

	/* The last one: what is wrong may have semicolons of its own, what to do has none. */
	while ((at = strstr(at, "; ")))
		advice = at++;
	if (!advice) {
		findings_add(findings, kind, "%s", err->text);
		return;
	}
	findings_add(findings, kind, "%.*s", (int)(advice - err->text), err->text);
	findings_more(findings, "%s", advice + 2);
}
