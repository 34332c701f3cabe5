/* How did the scheduler do that was tested? See scheduler.h. Every byte here is the guest's. */
#include "verdict/scheduler.h"

#include <stdio.h>
#include <string.h>

#include "util/utf8.h"

int scheduler_seen_init(struct scheduler_seen *seen)
{
	int ret = tail_init(&seen->text, SCHEDULER_TEXT_SIZE);

	return ret ? ret : tail_init(&seen->dump, SCHEDULER_DUMP_SIZE);
}

void scheduler_seen_destroy(struct scheduler_seen *seen)
{
	tail_destroy(&seen->text);
	tail_destroy(&seen->dump);
}

/* Another one comes, or the first: forget what was before it, unless that has failed. */
static void begin_next(struct scheduler_seen *seen, bool is_attached)
{
	if (seen->state != SCHEDULER_NONE) {
		seen->replaced++;
		seen->stays_failed |= scheduler_has_failed(seen);
	} else if (!is_attached) {
		return; /* what the kernel has said is why */
	}
	if (seen->stays_failed)
		return;
	*seen->reason = *seen->message = *seen->named = *seen->fail_reason = '\0';
	seen->end = (struct ktstr_sched){ 0 };
}

static void begin_life(struct scheduler_seen *seen, const struct ktstr_sched *sched)
{
	struct scheduler_life *life;

	if (seen->nr_lives == SCHEDULER_LIVES)
		memmove(&seen->lives[0], &seen->lives[1],
			--seen->nr_lives * sizeof(seen->lives[0]));
	life = &seen->lives[seen->nr_lives++];
	*life = (struct scheduler_life){ .attached_ns = sched->end_ns };
	memcpy(life->ops, seen->ops_at_end, sizeof(life->ops));
}

static void end_life(struct scheduler_seen *seen, const struct ktstr_sched *sched)
{
	struct scheduler_life *life;

	if (!seen->nr_lives)
		return;
	life = &seen->lives[seen->nr_lives - 1];
	if (life->end_ns)
		return;
	life->end_ns = sched->end_ns ? sched->end_ns : sched->gone_ns;
	life->was_stopped = sched->flags & KTSTR_SCHED_STOPPED;
	/* Of those that come behind one that failed the kernel's words are not kept. */
	if (!seen->stays_failed && *seen->reason)
		snprintf(life->why, sizeof(life->why), "%s: %.*s", seen->reason,
			 (int)(sizeof(life->why) - sizeof(seen->reason) - 2), seen->message);
}

void scheduler_seen_report(struct scheduler_seen *seen, const struct ktstr_sched *sched)
{
	if (sched->state != KTSTR_SCHED_ENDED) {
		begin_next(seen, sched->state == KTSTR_SCHED_ATTACHED);
		utf8_printable(seen->ops_at_end, sizeof(seen->ops_at_end), sched->ops,
			       strnlen(sched->ops, sizeof(sched->ops)));
	}
	if (sched->state == KTSTR_SCHED_ATTACHED)
		begin_life(seen, sched);
	else if (sched->state == KTSTR_SCHED_ENDED)
		end_life(seen, sched);
	if (seen->stays_failed)
		return;
	switch ((enum ktstr_sched_state)sched->state) {
	case KTSTR_SCHED_ATTACHED:
		seen->state = SCHEDULER_ATTACHED;
		memcpy(seen->ops, seen->ops_at_end, sizeof(seen->ops));
		break;
	case KTSTR_SCHED_FAILED:
		seen->state = SCHEDULER_FAILED;
		seen->end = *sched;
		utf8_printable(seen->fail_reason, sizeof(seen->fail_reason), sched->reason,
			       strnlen(sched->reason, sizeof(sched->reason)));
		break;
	case KTSTR_SCHED_ENDED:
		seen->state = SCHEDULER_ENDED;
		seen->end = *sched;
		break;
	}
}

void scheduler_seen_events(struct scheduler_seen *seen, const char *bytes, size_t count)
{
	if (count > sizeof(seen->events) - 1)
		count = sizeof(seen->events) - 1;
	memcpy(seen->events, bytes, count);
	seen->events[count] = '\0';
}

/* 'sched_ext: BPF scheduler "NAME" disabled (REASON)' of scx_disable_workfn, kernel/sched/ext.c */
static void take_reason(struct scheduler_seen *seen, const char *line)
{
	static const char begin[] = "sched_ext: BPF scheduler \"", middle[] = "\" disabled (";
	const char *name = strstr(line, begin);
	const char *found = name ? strstr(name, middle) : NULL;
	const char *end = found ? strrchr(found, ')') : NULL;

	if (!end)
		return;
	found += strlen(middle);
	/* Its own end, and what scx_bpf_exit does: those are exits. */
	if (end < found || !strncmp(found, "unregistered", strlen("unregistered")))
		return;
	utf8_printable(seen->reason, sizeof(seen->reason), found, (size_t)(end - found));
	name += strlen(begin);
	snprintf(seen->named, sizeof(seen->named), "%.*s", (int)(found - strlen(middle) - name),
		 name);
}

/* Behind it: "sched_ext: NAME: MESSAGE" */
static void take_message(struct scheduler_seen *seen, const char *line)
{
	const char *name = strstr(line, "sched_ext: ");
	size_t length = strlen(seen->named);

	if (!name || !length)
		return;
	name += strlen("sched_ext: ");
	if (strncmp(name, seen->named, length) || strncmp(name + length, ": ", 2))
		return;
	name += length + 2;
	utf8_printable(seen->message, sizeof(seen->message), name, strlen(name));
}

void scheduler_seen_hold(struct scheduler_seen *seen)
{
	seen->held = true;
}

void scheduler_seen_kernel(struct scheduler_seen *seen, const char *bytes, size_t count)
{
	while (count && line_split_next(&seen->split, &bytes, &count)) {
		/* What comes behind an end is about the next one's start. */
		if (seen->stays_failed || seen->held || seen->state == SCHEDULER_ENDED)
			continue;
		if (!*seen->reason)
			take_reason(seen, seen->split.line);
		else if (!*seen->message)
			take_message(seen, seen->split.line);
	}
}

bool scheduler_was_ejected(const struct scheduler_seen *seen)
{
	return (seen->state == SCHEDULER_ATTACHED || seen->state == SCHEDULER_ENDED) &&
	       *seen->reason;
}

bool scheduler_has_exited(const struct scheduler_seen *seen)
{
	return seen->state == SCHEDULER_ENDED && !*seen->reason &&
	       !(seen->end.flags & KTSTR_SCHED_STOPPED);
}

bool scheduler_has_failed(const struct scheduler_seen *seen)
{
	return scheduler_was_ejected(seen) || scheduler_has_exited(seen);
}

bool scheduler_end_s(const struct scheduler_seen *seen, uint64_t start_ns, double *seconds)
{
	uint64_t end = seen->end.end_ns;

	if (seen->state != SCHEDULER_ENDED || !end || !start_ns)
		return false;
	*seconds = end >= start_ns ? (double)(end - start_ns) / 1e9
				   : -((double)(start_ns - end) / 1e9);
	return true;
}

bool scheduler_matches(const struct scheduler_seen *seen, const struct pattern *pattern)
{
	char both[sizeof(seen->reason) + sizeof(seen->message) + 2];

	if (!scheduler_was_ejected(seen))
		return false;
	snprintf(both, sizeof(both), "%s: %s", seen->reason, seen->message);
	return pattern_matches(pattern, both) || pattern_matches(pattern, seen->reason) ||
	       pattern_matches(pattern, seen->message);
}

const char *scheduler_word(const struct scheduler_seen *seen)
{
	if (seen->state == SCHEDULER_NONE)
		return NULL;
	if (seen->state == SCHEDULER_FAILED)
		return "never-attached";
	if (scheduler_was_ejected(seen))
		return "ejected";
	if (scheduler_has_exited(seen))
		return "exited";
	return seen->state == SCHEDULER_ATTACHED ? "attached" : "fine";
}
