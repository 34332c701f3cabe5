/* What did ktstr-work say of itself? See work_said.h. */
#include "verdict/work_said.h"

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
