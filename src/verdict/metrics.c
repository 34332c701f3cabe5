/* What did a test measure? See metrics.h. */
#include "verdict/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

/* How much of a line is shown in a warning. */
#define SHOWN_SIZE 80
/* The longest text that is taken for a number. */
#define NUMBER_MAX 64

/* How metrics_text marks a warning; no name begins with it. */
#define WARNING_MARK '!'

#define FILE_NAME "the file of $" KTSTR_METRICS_VARIABLE

/* A piece of a line. */
struct word {
	const char *text;
	size_t length;
};

static void warn(struct metrics *metrics, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(struct metrics *metrics, const char *fmt, ...)
{
	char text[METRICS_WARNING_SIZE];
	va_list args;

	metrics->warned++;
	/* The last place is for how many more there were. */
	if (metrics->nr_warnings >= METRICS_WARNINGS - 1)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	utf8_printable(metrics->warnings[metrics->nr_warnings++], METRICS_WARNING_SIZE, text,
		       strlen(text));
}

static void count_warnings(struct metrics *metrics)
{
	if (metrics->warned > metrics->nr_warnings)
		snprintf(metrics->warnings[metrics->nr_warnings++], METRICS_WARNING_SIZE,
			 "%" PRIu64 " more warnings like these",
			 metrics->warned - (METRICS_WARNINGS - 1));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool next_word(struct word *rest, struct word *word)
{
	while (rest->length && is_blank(*rest->text)) {
		rest->text++;
		rest->length--;
	}
	*word = (struct word){ .text = rest->text };
	while (rest->length && !is_blank(*rest->text)) {
		rest->text++;
		rest->length--;
		word->length++;
	}
	return word->length;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *take_name(struct word word, struct metrics_item *item)
{
	if (word.length >= METRICS_NAME_SIZE)
		return "the name is longer than 64 characters";
	for (size_t i = 0; i < word.length; i++) {
		char c = word.text[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !is_digit(c) &&
		    (!c || !strchr("_.:/-", c)))
			return "a name has letters, digits and _ . : / - only";
	}
	memcpy(item->name, word.text, word.length);
	item->name[word.length] = '\0';
	return NULL;
}

static size_t skip_digits(const char *text)
{
	size_t count = 0;

	while (is_digit(text[count]))
		count++;
	return count;
}

/* What strtod takes as well, hexadecimal numbers, "inf" and "nan", is none here. */
static bool is_decimal(const char *text)
{
	size_t whole, fraction = 0;

	text += *text == '+' || *text == '-';
	whole = skip_digits(text);
	text += whole;
	if (*text == '.') {
		fraction = skip_digits(++text);
		text += fraction;
	}
	if (!whole && !fraction)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '+' || *text == '-';
		whole = skip_digits(text);
		if (!whole)
			return false;
		text += whole;
	}
	return !*text;
}

static const char *take_value(struct word word, struct metrics_item *item)
{
	char text[NUMBER_MAX + 1];

	if (word.length > NUMBER_MAX || memchr(word.text, '\0', word.length))
		return "the value is no decimal number";
	memcpy(text, word.text, word.length);
	text[word.length] = '\0';
	if (!is_decimal(text))
		return "the value is no decimal number";
	item->value = strtod(text, NULL);
	return isfinite(item->value) ? NULL : "the value is too large";
}

static const char *take_unit(struct word word, struct metrics_item *item)
{
	if (word.length >= METRICS_UNIT_SIZE)
		return "the unit is longer than 16 characters";
	for (size_t i = 0; i < word.length; i++)
		if (word.text[i] <= ' ' || word.text[i] > '~')
			return "a unit has printable ASCII characters only";
	if (word.length == 1 && *word.text == '-')
		word.length = 0;
	memcpy(item->unit, word.text, word.length);
	item->unit[word.length] = '\0';
	return NULL;
}

static bool word_is(struct word word, const char *text)
{
	return word.length == strlen(text) && !memcmp(word.text, text, word.length);
}

static const char *take_better(struct word word, struct metrics_item *item)
{
	if (word_is(word, "lower"))
		item->better = METRICS_LOWER;
	else if (word_is(word, "higher"))
		item->better = METRICS_HIGHER;
	else
		return "behind the unit there may be 'lower' or 'higher'";
	return NULL;
}

/* Returns what is wrong with the line, or NULL. */
static const char *parse_line(struct word line, struct metrics_item *item)
{
	struct word name, value, unit, better, more;
	const char *why;

	if (!next_word(&line, &name) || !next_word(&line, &value) || !next_word(&line, &unit))
		return "a line is NAME VALUE UNIT [lower|higher], the unit '-' for none";
	why = take_name(name, item);
	if (!why)
		why = take_value(value, item);
	if (!why)
		why = take_unit(unit, item);
	if (!why && next_word(&line, &better))
		why = take_better(better, item);
	if (!why && next_word(&line, &more))
		why = "behind 'lower' or 'higher' the line is at its end";
	return why;
}

static const char *add_line(struct metrics *metrics, struct word line)
{
	struct metrics_item item = { .better = METRICS_NEITHER };
	const char *why = parse_line(line, &item);

	if (why)
		return why;
	for (size_t i = 0; i < metrics->count; i++)
		if (!strcmp(metrics->list[i].name, item.name))
			return "its name was there before, and the first one counts";
	if (metrics->count == METRICS_MAX)
		return "there are more than 512 metrics";
	if (!metrics->list)
		metrics->list = calloc(METRICS_MAX, sizeof(*metrics->list));
	if (!metrics->list)
		return "out of memory";
	metrics->list[metrics->count++] = item;
	return NULL;
}

static void warn_of_line(struct metrics *metrics, size_t number, struct word line, const char *why)
{
	char shown[SHOWN_SIZE];

	utf8_printable(shown, sizeof(shown), line.text, line.length);
	warn(metrics, "line %zu '%s': %s", number, shown, why);
}

static bool is_empty(struct word line)
{
	struct word word;

	return !next_word(&line, &word);
}

/* @cut: the file was longer, so that the last line is no whole one, and told of elsewhere. */
static void add_lines(struct metrics *metrics, const char *text, size_t size, bool cut)
{
	for (size_t number = 1; size; number++) {
		const char *newline = memchr(text, '\n', size);
		struct word line = { text, newline ? (size_t)(newline - text) : size };
		const char *why = NULL;

		if (!newline && !cut)
			why = "it has no newline at its end, and was perhaps written in part";
		else if (newline && !is_empty(line))
			why = add_line(metrics, line);
		if (why)
			warn_of_line(metrics, number, line, why);
		if (!newline)
			return;
		size -= line.length + 1;
		text = newline + 1;
	}
}

void metrics_take(struct metrics *metrics, const void *frame, size_t length)
{
	const char *text = (const char *)frame + sizeof(struct ktstr_file);
	struct ktstr_file head;

	memcpy(&head, frame, sizeof(head));
	length -= sizeof(head);
	switch ((enum ktstr_file_state)head.state) {
	case KTSTR_FILE_READ:
		add_lines(metrics, text, length, head.size > length);
		if (head.size > length)
			warn(metrics,
			     FILE_NAME " has %" PRIu64 " bytes; what is behind the first %zu is "
				       "left out",
			     head.size, length);
		break;
	case KTSTR_FILE_GONE:
		warn(metrics, FILE_NAME " was removed");
		break;
	case KTSTR_FILE_NO_FILE:
		warn(metrics,
		     FILE_NAME " was replaced by what is no plain file of its file system");
		break;
	case KTSTR_FILE_UNREAD:
		warn(metrics, FILE_NAME " cannot be read: %s",
		     strerror((int)(head.error & 0xffff)));
		break;
	}
	count_warnings(metrics);
}

const char *metrics_better_name(enum metrics_better better)
{
	static const char *const names[] = {
		[METRICS_NEITHER] = "", [METRICS_LOWER] = "lower", [METRICS_HIGHER] = "higher"
	};

	return names[better];
}

void metrics_value(double value, char *text)
{
	/* 17 digits tell any two numbers apart, and 15 are what a person wrote. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, METRICS_VALUE_SIZE, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

char *metrics_text(const struct metrics *metrics)
{
	char *text = NULL, value[METRICS_VALUE_SIZE];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metrics_item *item = &metrics->list[i];

		metrics_value(item->value, value);
		fprintf(out, "%s %s %s %s\n", item->name, value, *item->unit ? item->unit : "-",
			metrics_better_name(item->better));
	}
	for (size_t i = 0; i < metrics->nr_warnings; i++)
		fprintf(out, "%c%s\n", WARNING_MARK, metrics->warnings[i]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

void metrics_read(struct metrics *metrics, const char *text)
{
	for (size_t number = 1; *text; number++) {
		struct word line = { text, strcspn(text, "\n") };
		const char *why;

		if (*text == WARNING_MARK && metrics->nr_warnings < METRICS_WARNINGS) {
			metrics->warned++;
			utf8_printable(metrics->warnings[metrics->nr_warnings++],
				       METRICS_WARNING_SIZE, line.text + 1, line.length - 1);
		} else {
			why = add_line(metrics, line);
			if (why)
				warn_of_line(metrics, number, line, why);
		}
		text += line.length + (text[line.length] == '\n');
	}
}

void metrics_destroy(struct metrics *metrics)
{
	free(metrics->list);
	*metrics = (struct metrics){ 0 };
}
