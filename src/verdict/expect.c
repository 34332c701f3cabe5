/* How is a test to fail? See expect.h. */
#include "verdict/expect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

/* The decimal number that is all of @text, from 1 to 255; 0: it is none. */
static unsigned int status_of(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long status;

	if (!digits || digits > 3 || text[digits])
		return 0;
	status = strtoul(text, NULL, 10);
	return status <= 255 ? (unsigned int)status : 0;
}

int expect_parse(const char *what, const char *text, struct expect *out, struct error *err)
{
	static const struct {
		const char *word;
		enum expect_kind kind;
	} forms[] = { { "status:", EXPECT_STATUS },
		      { "stdout:", EXPECT_STDOUT },
		      { "stderr:", EXPECT_STDERR },
		      { "scx:", EXPECT_SCX } };
	struct expect expect = { .kind = EXPECT_PASS };
	const char *value = text;
	char shown[120];
	int ret = 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strncmp(text, forms[i].word, strlen(forms[i].word))) {
			expect.kind = forms[i].kind;
			value = text + strlen(forms[i].word);
		}
	utf8_printable(shown, sizeof(shown), text, strlen(text));
	if (expect.kind == EXPECT_STATUS) {
		expect.status = status_of(value);
		if (!expect.status)
			return error_set(err, -EINVAL,
					 "%s '%s': takes an exit status from 1 to 255, as in "
					 "%s=status:1",
					 what, shown, what);
	} else if (expect.kind != EXPECT_PASS) {
		ret = pattern_parse(what, value, &expect.pattern, err);
	} else {
		return error_set(
			err, -EINVAL,
			"%s '%s': takes true, false or how it is to fail: status:N, the payload's "
			"exit status; stderr:LINE or stdout:LINE, a line of its output, or scx:LINE, "
			"why the scheduler was ejected, as a glob or /expression/, as in "
			"%s=\"stderr:*starved*\"",
			what, shown, what);
	}
	if (!ret)
		*out = expect;
	return ret;
}

void expect_free(struct expect *expect)
{
	pattern_free(&expect->pattern);
	expect->kind = EXPECT_PASS;
}

static bool looks(const struct expect_watch *watch, bool is_stderr)
{
	return watch->expect && !watch->seen &&
	       watch->expect->kind == (is_stderr ? EXPECT_STDERR : EXPECT_STDOUT);
}

void expect_watch_add(struct expect_watch *watch, bool is_stderr, const char *bytes, size_t count)
{
	while (count && looks(watch, is_stderr) && line_split_next(&watch->split, &bytes, &count))
		watch->seen = pattern_matches(&watch->expect->pattern, watch->split.line);
}

void expect_watch_end(struct expect_watch *watch)
{
	if ((looks(watch, false) || looks(watch, true)) && line_split_end(&watch->split))
		watch->seen = pattern_matches(&watch->expect->pattern, watch->split.line);
}
