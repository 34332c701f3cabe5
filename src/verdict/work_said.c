/* What did ktstr-work say of itself? See work_said.h. */
#include "verdict/work_said.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

/* A number of up to @digits digits and the blank behind it. Returns false: there is none. */
static bool take_number(const char **at, size_t digits, uint64_t *number)
{
	const size_t length = strspn(*at, "0123456789");

	if (!length || length > digits || (*at)[length] != ' ')
		return false;
	*number = strtoull(*at, NULL, 10);
	*at += length + 1;
	return true;
}

/* "task PID FROM FOR NAME", times in ns. Any bytes: what is no such line names no task. */
static void take_task(struct work_task *task, const char *line, size_t length)
{
	char text[160] = "";
	const char *at = text + strlen("task ");
	uint64_t pid, from, span;

	memcpy(text, line, length < sizeof(text) - 1 ? length : sizeof(text) - 1);
	/* Pids are below 2^22. */
	if (task->pid || !take_number(&at, 7, &pid) || !take_number(&at, 18, &from) ||
	    !take_number(&at, 18, &span) || !pid || !*at)
		return;
	*task = (struct work_task){ .pid = (int32_t)pid, .from_ns = from, .for_ns = span };
	utf8_printable(task->name, sizeof(task->name), at, strlen(at));
}

/* A decimal number that is finite. */
static bool is_number(const char *word, double *value)
{
	char *end;

	if (strspn(word, "+-.0123456789e") != strlen(word))
		return false;
	*value = strtod(word, &end);
	return end != word && !*end && isfinite(*value);
}

static bool is_one_of(const char *word, const char *const words[], size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* "check VERDICT VALUE OP LIMIT UNIT NAME", VALUE "-" where there is none. Likewise any bytes. */
static void take_check(struct work_said *said, const char *line, size_t length)
{
	static const char *const verdicts[] = { "holds", "failed", "inconclusive" };
	static const char *const ops[] = { "<", "<=", ">", ">=" };
	struct work_said_check check = { .name = "" };
	char text[256] = "", *words[7], *word, *rest;
	size_t nr = 0;

	if (length >= sizeof(text) || said->nr_checks == WORK_SAID_CHECKS)
		return;
	memcpy(text, line, length);
	word = strtok_r(text, " ", &rest);
	for (; word && nr < 7; word = strtok_r(NULL, " ", &rest))
		words[nr++] = word;
	if (nr < 7 || word || !is_one_of(words[1], verdicts, 3) || !is_one_of(words[3], ops, 4) ||
	    !is_number(words[4], &check.limit))
		return;
	check.has_value = is_number(words[2], &check.value);
	if (!check.has_value && strcmp(words[2], "-"))
		return;
	strcpy(check.verdict, words[1]);
	strcpy(check.op, words[3]);
	utf8_printable(check.unit, sizeof(check.unit), words[5], strlen(words[5]));
	utf8_printable(check.name, sizeof(check.name), words[6], strlen(words[6]));
	said->checks[said->nr_checks++] = check;
}

static void take_line(struct work_said *said, const char *line, size_t length)
{
	const struct {
		const char *word;
		char *out;
	} words[] = { { "error ", said->error },
		      { "inconclusive ", said->inconclusive },
		      { "failed ", said->failed } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t skip = strlen(words[i].word);

		if (length > skip && !memcmp(line, words[i].word, skip) && !*words[i].out)
			utf8_printable(words[i].out, WORK_SAID_SIZE, line + skip, length - skip);
	}
	said->nr_failed += length > 7 && !memcmp(line, "failed ", 7);
	said->nr_timed += length > 6 && !memcmp(line, "timed ", 6);
	if (length > 5 && !memcmp(line, "task ", 5))
		take_task(&said->task, line, length);
	if (length > 6 && !memcmp(line, "check ", 6))
		take_check(said, line, length);
}

void work_said_take(struct work_said *said, const char *text, size_t size)
{
	while (size) {
		const char *newline = memchr(text, '\n', size);
		size_t length = newline ? (size_t)(newline - text) : size;

		take_line(said, text, length);
		length += !!newline;
		text += length;
		size -= length;
	}
}

bool work_said_is_timed(const struct work_said *said)
{
	return said->nr_failed && said->nr_failed == said->nr_timed;
}
