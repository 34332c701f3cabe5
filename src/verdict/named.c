/* Which task does a failure name, and for when? See named.h. */
#include "verdict/named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

static bool by_work(const struct work_said *said, struct named *named)
{
	if (!said->task.pid)
		return false;
	named->by = "ktstr-work";
	named->pid = said->task.pid;
	memcpy(named->task, said->task.name, sizeof(named->task));
	named->for_ns = said->task.for_ns;
	named->to_ns = said->task.from_ns + said->task.for_ns;
	return true;
}

/* "NAME[PID] failed to run for 2.200s", as scx_watchdog says it; the name may hold anything. */
static bool by_scheduler(const struct scheduler_seen *seen, struct named *named)
{
	static const char words[] = "] failed to run for ";
	const char *end = NULL, *at = seen->message, *start;
	double seconds;
	long pid;

	while ((at = strstr(at, words)))
		end = at++;
	if (!end)
		return false;
	for (start = end; start > seen->message && start[-1] >= '0' && start[-1] <= '9';)
		start--;
	if (start == end || end - start > 9 || start == seen->message || start[-1] != '[')
		return false;
	pid = strtol(start, NULL, 10);
	seconds = strtod(end + sizeof(words) - 1, NULL);
	if (pid <= 0 || !(seconds > 0) || seconds > 1e6)
		return false;
	named->by = "sched_ext";
	named->pid = (int32_t)pid;
	named->for_ns = (uint64_t)(seconds * 1e9);
	named->to_ns = seen->end.end_ns;
	utf8_printable(named->task, sizeof(named->task), seen->message,
		       (size_t)(start - 1 - seen->message));
	return true;
}

static bool by_queues(const struct inside *inside, struct named *named)
{
	const struct waiting *waiting = inside->machine ? machine_longest_queued(inside->machine)
							: NULL;

	if (!waiting || waiting->waited_ns < NAMED_WAIT_MIN_NS || waiting->task.pid <= 0)
		return false;
	named->by = "run queue";
	named->pid = waiting->task.pid;
	named->for_ns = waiting->waited_ns;
	utf8_printable(named->task, sizeof(named->task), waiting->task.comm,
		       strnlen(waiting->task.comm, sizeof(waiting->task.comm)));
	return true;
}

bool named_find(const struct observation *seen, struct named *named)
{
	*named = (struct named){ .by = NULL };
	return by_work(&seen->work, named) || by_scheduler(&seen->scheduler, named) ||
	       by_queues(&seen->inside, named);
}
