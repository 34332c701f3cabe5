/* How are the words of a command line read? See words.h. */
#include "words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	enum word_type type;
	const char *name;
	uint64_t factor;
} units[] = {
	/* Ascending within a type. */
	{ WORD_DURATION, "ns", 1 },	     { WORD_DURATION, "us", WORK_US },
	{ WORD_DURATION, "ms", WORK_MS },    { WORD_DURATION, "s", WORK_S },
	{ WORD_DURATION, "m", 60 * WORK_S }, { WORD_SIZE, "B", 1 },
	{ WORD_SIZE, "KiB", 1 << 10 },	     { WORD_SIZE, "MiB", 1 << 20 },
	{ WORD_SIZE, "GiB", 1 << 30 },	     { WORD_COUNT, "", 1 },
	{ WORD_PERCENT, "%", 100 },
};

#define NR_UNITS (sizeof(units) / sizeof(units[0]))

static const char *const examples[] = {
	[WORD_DURATION] = "a duration, for one 200us, 5ms, 2s",
	[WORD_SIZE] = "a size, for one 64KiB, 4MiB",
	[WORD_COUNT] = "a whole number",
	[WORD_PERCENT] = "a percentage, for one 15%",
};

const char word_name_rule[] = "a name is 1 to 31 letters, digits, '_' and '-', a letter first";

bool word_is_name(const char *text, size_t length)
{
	if (!length || length > WORD_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (!i || !((c >= '0' && c <= '9') || c == '_' || c == '-')))
			return false;
	}
	return true;
}

/* Digits with at most one point in them; -ERANGE where they are more than a value can be. */
static int scale(const char **text, uint64_t factor, uint64_t *value)
{
	const char *c = *text;
	uint64_t whole = 0, rest = 0, part = factor;

	for (; *c >= '0' && *c <= '9'; c++) {
		whole = whole * 10 + (uint64_t)(*c - '0');
		if (whole > WORD_MAX / factor)
			return -ERANGE;
	}
	if (*c == '.')
		for (c++; *c >= '0' && *c <= '9'; c++) {
			/* What is finer than one nanosecond, byte or hundredth is refused. */
			if (*c != '0' && part % 10)
				return -EDOM;
			part /= 10;
			rest += part * (uint64_t)(*c - '0');
		}
	*text = c;
	*value = whole * factor + rest;
	return 0;
}

static const struct unit *unit_of(enum word_type type, const char *name)
{
	for (size_t i = 0; i < NR_UNITS; i++)
		if (units[i].type == type && !strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

int word_parse(const char *what, const char *text, enum word_type type, uint64_t min, uint64_t max,
	       uint64_t *value, struct failure *failure)
{
	const char *c = text + strspn(text, "0123456789.");
	const struct unit *unit = unit_of(type, c);
	const char *end = text;
	char low[32], high[32];
	int ret;

	if (text[0] < '0' || text[0] > '9' || !unit)
		return failure_set(failure, -EINVAL, "%s: '%s' is not %s", what, text,
				   examples[type]);
	ret = scale(&end, unit->factor, value);
	if (ret == -EDOM || (!ret && end != c))
		return failure_set(failure, -EINVAL, "%s: '%s' is not %s%s", what, text,
				   examples[type], ret ? ", none so fine" : "");
	if (!ret && *value >= min && *value <= max)
		return 0;
	return failure_set(failure, -EINVAL, "%s: '%s' is not between %s and %s", what, text,
			   word_print(type, min, low, sizeof(low)),
			   word_print(type, max, high, sizeof(high)));
}

const char *word_print(enum word_type type, uint64_t value, char *text, size_t size)
{
	const struct unit *best = NULL;

	for (size_t i = 0; i < NR_UNITS; i++)
		if (units[i].type == type && (!best || (value && value % units[i].factor == 0)))
			best = &units[i];
	if (type == WORD_PERCENT)
		snprintf(text, size, "%" PRIu64 ".%02" PRIu64 "%%", value / 100, value % 100);
	else
		snprintf(text, size, "%" PRIu64 "%s", value / best->factor, best->name);
	if (type == WORD_PERCENT && value % 100 == 0)
		snprintf(text, size, "%" PRIu64 "%%", value / 100);
	return text;
}
