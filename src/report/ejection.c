/* Why did the kernel eject a sched_ext scheduler? See ejection.h. */
#include "report/ejection.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/lines.h"

/* So many lines of a backtrace, and of what stands below a task. */
#define FRAMES	   7u
#define TASK_LINES 10u

/* What comes before a line of the dump where it came by the tracepoint. */
#define PREFIX "sched_ext_dump: "

static const char *next(struct lines *lines)
{
	const char *line = lines_next(lines), *words = line ? strstr(line, PREFIX) : NULL;

	return words ? words + strlen(PREFIX) : line;
}

/* "asked[103] triggered exit kind 1025 on CPU 1:", and the backtrace below that. That of the
 * kernel's watchdog tells nothing. */
static bool put_place(FILE *out, struct lines *lines, bool with_backtrace)
{
	unsigned int shown = 0;
	const char *line;

	while ((line = next(lines)) && !strstr(line, " triggered exit kind "))
		;
	if (!line)
		return false;
	fputs("  its end, by the kernel's dump:\n", out);
	lines_put(out, line);
	while (with_backtrace && (line = next(lines)) && strcmp(line, "Backtrace:"))
		;
	while (with_backtrace && shown < FRAMES && (line = next(lines)) && *line == ' ') {
		if (strstr(line, " scx_exit") || strstr(line, " scx_bpf_error"))
			continue;
		lines_put(out, line);
		shown++;
	}
	return true;
}

/* What stands behind " *R " or "  R " of a task's line; NULL: it is another one. */
static const char *task_of(const char *line)
{
	return strlen(line) > 4 && *line == ' ' && line[2] == 'R' && line[3] == ' ' ? line + 4
										    : NULL;
}

/* "name[pid] *root -2200ms": for how long it has waited. */
static long waited_ms(const char *task)
{
	const char *time = strrchr(task, '-');

	return time ? strtol(time + 1, NULL, 10) : -1;
}

/* The line of the task of that name, or of the one that has waited longest, and what is further in
 * below it. */
static void put_task(FILE *out, struct lines *lines, const char *name, size_t length)
{
	const char *from = lines->at, *found = NULL, *line, *task;
	unsigned int shown = 1;
	long longest = 0;

	while ((line = next(lines))) {
		task = task_of(line);
		if (!task || (length && (strncmp(task, name, length) || task[length] != ' ')))
			continue;
		if (!length && waited_ms(task) <= longest)
			continue;
		longest = waited_ms(task);
		found = line;
		if (length)
			break;
	}
	lines->at = from;
	while (found && (line = next(lines)) && line != found)
		;
	if (!found)
		return;
	lines_put(out, found);
	while (shown < TASK_LINES && (line = next(lines)) && !strncmp(line, "    ", 4)) {
		lines_put(out, line);
		shown++;
	}
}

/* How long is the name in "name[pid] failed to run for 2.2s"? 0: it is another message. */
static size_t starved(const char *message)
{
	const char *end = strstr(message, "] failed to run");

	return end ? (size_t)(end - message) + 1 : 0;
}

bool report_ejection(FILE *out, const struct scheduler_seen *scheduler)
{
	bool is_stall = strstr(scheduler->reason, "stall");
	const struct tail *dumps[] = { &scheduler->dump, &scheduler->text };
	bool found = false;

	for (size_t i = 0; i < 2 && !found; i++) {
		struct lines lines;

		if (!lines_begin(&lines, dumps[i], "", SIZE_MAX)) {
			found = put_place(out, &lines, !is_stall);
			if (found && is_stall)
				put_task(out, &lines, scheduler->message,
					 starved(scheduler->message));
		}
		lines_end(&lines);
	}
	return found;
}
