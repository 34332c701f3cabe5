/* How do the tasks of a job array stand? See array.h. */
#include "fleet/array.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/slurm.h"

/* What follows " KEY=" in a line, up to the next blank; NULL where there is none. */
static const char *find(const char *line, size_t length, const char *key, size_t *size)
{
	size_t key_length = strlen(key);

	for (const char *at = line; at + key_length < line + length; at++) {
		if ((at > line && at[-1] != ' ') || strncmp(at, key, key_length) ||
		    at[key_length] != '=')
			continue;
		at += key_length + 1;
		for (*size = 0; at + *size < line + length && at[*size] != ' ';)
			++*size;
		return at;
	}
	return NULL;
}

/* The same as a text; "" where there is none. */
static void field(const char *line, size_t length, const char *key, char *value, size_t size)
{
	size_t found = 0;
	const char *at = find(line, length, key, &found);

	snprintf(value, size, "%.*s", (int)(found < size ? found : size - 1), at ? at : "");
}

static enum task_kind kind_of(const char *word)
{
	static const char *const waiting[] = { "PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED",
					       "SPECIAL_EXIT" };
	static const char *const running[] = { "RUNNING",   "CONFIGURING", "COMPLETING",
					       "SUSPENDED", "STAGE_OUT",   "SIGNALING",
					       "STOPPED",   "RESIZING" };

	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++)
		if (!strcmp(word, waiting[i]))
			return TASK_WAITS;
	for (size_t i = 0; i < sizeof(running) / sizeof(running[0]); i++)
		if (!strcmp(word, running[i]))
			return TASK_RUNS;
	return TASK_ENDED;
}

/* "7", "3-5,8%2", "1-7:2": those that share a line have not begun. */
static void put(const char *ids, const struct task_state *state, struct task_state *tasks,
		unsigned int count)
{
	while (*ids >= '0' && *ids <= '9') {
		char *end;
		unsigned long first = strtoul(ids, &end, 10), last = first, step = 1;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (*end == ':')
			step = strtoul(end + 1, &end, 10);
		for (unsigned long id = first; id && id <= last && id <= count; id += step) {
			tasks[id - 1] = *state;
			/* Also of a step that leads nowhere. */
			if (!step || step > count)
				break;
		}
		ids = *end == ',' ? end + 1 : "";
	}
}

void array_parse(const char *text, struct task_state *tasks, unsigned int count)
{
	memset(tasks, 0, count * sizeof(*tasks));
	while (*text) {
		size_t length = strcspn(text, "\n");
		struct task_state state = { .kind = TASK_UNKNOWN };
		char status[32], restarts[32];
		size_t size;
		const char *ids = find(text, length, "ArrayTaskId", &size);

		field(text, length, "JobState", state.word, sizeof(state.word));
		field(text, length, "Reason", state.reason, sizeof(state.reason));
		field(text, length, "NodeList", state.nodes, sizeof(state.nodes));
		field(text, length, "ExitCode", status, sizeof(status));
		field(text, length, "Restarts", restarts, sizeof(restarts));
		if (!strcmp(state.nodes, "(null)"))
			*state.nodes = '\0';
		state.exit_status = atoi(status);
		state.restarts = (unsigned int)strtoul(restarts, NULL, 10);
		state.kind = kind_of(state.word);
		if (ids)
			put(ids, &state, tasks, count);
		text += length + (text[length] == '\n');
	}
}

int array_ask(const char *number, int cancel_fd, struct task_state *tasks, unsigned int count,
	      struct error *err)
{
	const char *const argv[] = { "scontrol", "-o", "show", "job", number, NULL };
	struct tool_said said;
	int ret = slurm_run(argv, cancel_fd, &said, err);

	if (ret) {
		tool_said_destroy(&said);
		return ret;
	}
	if (!said.status) {
		array_parse(said.out, tasks, count);
	} else if (strstr(said.errors, "Invalid job id")) {
		array_parse("", tasks, count);
	} else {
		said.errors[strcspn(said.errors, "\n")] = '\0';
		ret = error_set(err, -EAGAIN, "scontrol: %.300s", said.errors);
	}
	tool_said_destroy(&said);
	return ret;
}
