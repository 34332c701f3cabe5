/*
 * Which lines does the user mean? See pattern.h. Both forms are regular expressions in the end: the
 * C library's fnmatch takes exponential time for some lines.
 */
#include "util/pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Behind the '[' at @at: where the set ends, its ']'; NULL when it does not end. */
static const char *set_end(const char *at)
{
	at += 1 + (at[1] == '!' || at[1] == '^');
	/* The first one is of the set. */
	return *at ? strchr(at + 1, ']') : NULL;
}

/* The glob as an expression for the whole line; @out: 2 * strlen(@glob) + 3 bytes. */
static void translate(const char *glob, char *out)
{
	*out++ = '^';
	for (const char *at = glob; *at; at++) {
		const char *end = *at == '[' ? set_end(at) : NULL;

		if (end) {
			*out++ = *at++;
			if (*at == '!') {
				*out++ = '^';
				at++;
			}
			while (at <= end)
				*out++ = *at++;
			at--;
		} else if (*at == '*') {
			*out++ = '.';
			*out++ = '*';
		} else if (*at == '?') {
			*out++ = '.';
		} else {
			if (*at == '\\' && at[1])
				at++;
			/* Before a letter it would have a meaning of its own. */
			if (ispunct((unsigned char)*at))
				*out++ = '\\';
			*out++ = *at;
		}
	}
	*out++ = '$';
	*out = '\0';
}

/* What makes an expression too dear to be matched against any line; NULL: nothing. */
static const char *too_dear(const char *expression)
{
	for (const char *at = expression; *at; at++) {
		if (*at == '{')
			return "a repeat with a count, '{'";
		if (*at == '\\' && isdigit((unsigned char)at[1]))
			return "a back-reference";
		at += *at == '\\' && at[1];
	}
	return NULL;
}

static int compile(const char *what, const char *shown, const char *expression, regex_t *out,
		   struct error *err)
{
	char why[128];
	int ret = regcomp(out, expression, REG_EXTENDED | REG_NOSUB);

	if (!ret)
		return 0;
	if (ret == REG_ESPACE)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	regerror(ret, out, why, sizeof(why));
	return error_set(err, -EINVAL,
			 "%s '%s': %s; give a glob for the whole line, as in *starved*, or an "
			 "extended regular expression between slashes, as in /starv(ed|ing)/",
			 what, shown, why);
}

int pattern_parse(const char *what, const char *text, struct pattern *out, struct error *err)
{
	char expression[2 * PATTERN_MAX + 3];
	size_t length = strlen(text);
	struct pattern pattern;
	int ret;

	if (!length || length > PATTERN_MAX)
		return error_set(err, -EINVAL, "%s: a pattern is of 1 to %d characters", what,
				 PATTERN_MAX);
	if (*text == '/' && length > 2 && text[length - 1] == '/') {
		const char *dear;

		memcpy(expression, text + 1, length - 2);
		expression[length - 2] = '\0';
		dear = too_dear(expression);
		if (dear)
			return error_set(err, -EINVAL,
					 "%s '%s': %s is not taken, since some lines would take "
					 "very long; write it out",
					 what, text, dear);
	} else {
		translate(text, expression);
	}
	ret = compile(what, text, expression, &pattern.regex, err);
	if (ret)
		return ret;
	pattern.text = strdup(text);
	if (!pattern.text) {
		regfree(&pattern.regex);
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	}
	*out = pattern;
	return 0;
}

bool pattern_matches(const struct pattern *pattern, const char *line)
{
	return !regexec(&pattern->regex, line, 0, NULL, 0);
}

void pattern_free(struct pattern *pattern)
{
	if (pattern->text)
		regfree(&pattern->regex);
	free(pattern->text);
	pattern->text = NULL;
}

int patterns_add(struct patterns *patterns, const char *what, const char *text, struct error *err)
{
	struct pattern *grown = reallocarray(patterns->items, patterns->count + 1, sizeof(*grown));
	int ret;

	if (!grown)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	patterns->items = grown;
	ret = pattern_parse(what, text, &grown[patterns->count], err);
	if (!ret)
		patterns->count++;
	return ret;
}

bool patterns_match(const struct patterns *patterns, const char *line)
{
	for (size_t i = 0; patterns && i < patterns->count; i++)
		if (pattern_matches(&patterns->items[i], line))
			return true;
	return false;
}

void patterns_free(struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		pattern_free(&patterns->items[i]);
	free(patterns->items);
	*patterns = (struct patterns){ 0 };
}
