/* Which of the kernel's lines tell that something is wrong with it? See splats.h. */
#include "verdict/splats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"
#include "verdict/kernel_words.h"

/* include/linux/panic.h */
#define TAINT_BAD_PAGE	 (1u << 5)
#define TAINT_DIE	 (1u << 7)
#define TAINT_WARN	 (1u << 9)
#define TAINT_WORKAROUND (1u << 11)
#define TAINT_SOFTLOCKUP (1u << 14)

/*
 * The first that matches counts. A line begins with the first part, behind a prefix such as
 * "rcu: ", and has the others behind that, in this order: the names of tasks, which can hold any
 * words, never stand first. What only begins with "WARNING: " is often a driver's, and no splat.
 */
static const struct {
	struct splat_mark mark;
	const char *parts[3];
} marks[] = {
	/* kernel/panic.c; of 6.19 on the place comes first. */
	{ { "warning", TAINT_WARN | TAINT_WORKAROUND }, { "WARNING: CPU: ", " PID: ", " at " } },
	{ { "warning", TAINT_WARN | TAINT_WORKAROUND }, { "WARNING: ", "at ", ", CPU#" } },

	/* kernel/locking/lockdep.c */
	{ { "lockdep report", 0 }, { "WARNING: possible ", "lock", "detected" } },
	{ { "lockdep report", 0 }, { "WARNING: inconsistent lock state" } },
	{ { "lockdep report", 0 }, { "WARNING: ", "-safe -> ", "-unsafe lock order detected" } },
	{ { "lockdep report", 0 }, { "WARNING: bad unlock balance detected" } },
	{ { "lockdep report", 0 }, { "WARNING: bad contention detected" } },
	{ { "lockdep report", 0 }, { "WARNING: Nested lock was not taken" } },
	{ { "lockdep report", 0 }, { "WARNING: held lock freed" } },
	{ { "lockdep report", 0 }, { "WARNING: lock held when returning to user space" } },
	{ { "lockdep report", 0 }, { "WARNING: ", "/", " still has locks held" } },
	{ { "lockdep report", 0 }, { "WARNING: suspicious RCU usage" } },
	{ { "lockdep report", 0 }, { "[ BUG: " } },
	{ { "lockdep report", 0 }, { "INFO: trying to register non-static key" } },

	{ { "KASAN report", TAINT_BAD_PAGE }, { "BUG: KASAN: " } },
	{ { "KFENCE report", TAINT_BAD_PAGE }, { "BUG: KFENCE: " } },
	{ { "KMSAN report", TAINT_BAD_PAGE }, { "BUG: KMSAN: " } },
	{ { "KCSAN report", 0 }, { "BUG: KCSAN: " } },
	{ { "UBSAN report", TAINT_WARN }, { "UBSAN: ", " in " } },

	{ { "soft lockup", TAINT_SOFTLOCKUP }, { "BUG: soft lockup - CPU#" } },
	/* "CPU0: " before it from 6.13 on */
	{ { "hard lockup", 0 }, { "Watchdog detected hard LOCKUP on cpu" } },
	{ { "hard lockup", 0 }, { "CPU", ": Watchdog detected hard LOCKUP on cpu" } },
	/* kernel/rcu/tree_stall.h, tasks.h */
	{ { "RCU stall", 0 }, { "INFO: rcu", " detected ", "stall" } },
	{ { "RCU stall", 0 }, { "INFO: rcu", "self-detected stall" } },
	{ { "RCU stall", 0 }, { "rcu_", " kthread starved for " } },
	/* kernel/hung_task.c; what it waits for stands before "for" from 6.19 on. */
	{ { "hung task", 0 }, { "INFO: task ", " blocked ", "for more than " } },

	{ { "scheduling while atomic", TAINT_WARN }, { "BUG: scheduling while atomic: " } },
	{ { "sleep in atomic context", TAINT_WARN },
	  { "BUG: sleeping function called from invalid context" } },
	{ { "workqueue lockup", 0 }, { "BUG: workqueue lockup - " } },
	{ { "bug", TAINT_BAD_PAGE | TAINT_DIE | TAINT_WARN }, { "BUG: " } },
	{ { "bug", TAINT_DIE }, { "kernel BUG at " } },
	/* mm/slub.c: "BUG kmalloc-64 (Not tainted): Poison overwritten" */
	{ { "slab corruption", TAINT_BAD_PAGE | TAINT_WARN }, { "BUG ", "ainted", "): " } },
	/* arch/x86/kernel/traps.c, dumpstack.c: "general protection fault: 0000 [#1] SMP" */
	{ { "oops", TAINT_DIE }, { "Oops: " } },
	{ { "oops", TAINT_DIE }, { "general protection fault", " [#" } },
	{ { "oops", TAINT_DIE }, { "invalid opcode: ", " [#" } },
	{ { "oops", TAINT_DIE }, { "divide error: ", " [#" } },
	{ { "oops", TAINT_DIE }, { "stack segment: ", " [#" } },
	{ { "oops", TAINT_DIE }, { "int3: ", " [#" } },

	/* mm/oom_kill.c */
	{ { SPLAT_OOM, 0 }, { "Out of memory", ": Killed process " } },
	{ { SPLAT_OOM, 0 }, { "Memory cgroup out of memory", ": Killed process " } },
};

#define NR_MARKS (sizeof(marks) / sizeof(marks[0]))

/* What files of the kernel put before each of their lines. */
static const char *skip_prefixes(const char *line)
{
	static const char *const prefixes[] = { "rcu: ", "watchdog: ", "NMI watchdog: ",
						"workqueue: ", "mce: " };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(line, prefixes[i], strlen(prefixes[i])))
			return line + strlen(prefixes[i]);
	return line;
}

const struct splat_mark *splat_mark_of(const char *line)
{
	const char *text = skip_prefixes(line);

	for (size_t i = 0; i < NR_MARKS; i++) {
		const char *const *parts = marks[i].parts;
		const char *at = text;
		size_t part;

		if (strncmp(text, parts[0], strlen(parts[0])))
			continue;
		at += strlen(parts[0]);
		for (part = 1; part < 3 && parts[part]; part++) {
			at = strstr(at, parts[part]);
			if (!at)
				break;
			at += strlen(parts[part]);
		}
		if (at)
			return &marks[i].mark;
	}
	return NULL;
}

/* Behind "[    1.234567] ". A line that was printed together with the one before it has no time. */
static const char *skip_time(const char *line)
{
	size_t time = *line == '[' ? 1 + strspn(line + 1, " 0123456789.") : 0;

	return time && line[time] == ']' && line[time + 1] == ' ' ? line + time + 2 : line;
}

static void set(struct splat *splat, const char *name, const char *line)
{
	splat->name = name;
	utf8_printable(splat->line, sizeof(splat->line), line, strlen(line));
}

static void note(struct splats *splats, const char *name, const char *line)
{
	if (splats->all_allowed || patterns_match(splats->allowed, line)) {
		if (!splats->allowed_count++)
			set(&splats->allowed_first, name, line);
	} else {
		if (splats->found < SPLATS_KEPT)
			set(&splats->kept[splats->found], name, line);
		splats->found++;
	}
}

void splats_died_of(char line[SPLAT_LINE_SIZE], const char *text)
{
	const char *words = skip_time(text);
	const struct splat_mark *mark = splat_mark_of(words);

	/* "Oops: 0002 [#1]" follows on what tells more. */
	if (!mark || (*line && !strcmp(mark->name, "oops")))
		return;
	utf8_printable(line, SPLAT_LINE_SIZE, words, strcspn(words, "\r\n"));
}

/* What the kernel finds by its clock, which goes on while it stands still. */
static bool is_stall(const struct splat_mark *mark)
{
	static const char *const names[] = { "soft lockup", "hard lockup", "RCU stall", "hung task",
					     "workqueue lockup" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(mark->name, names[i]))
			return true;
	return false;
}

void splats_add(struct splats *splats, const char *bytes, size_t count)
{
	while (count && line_split_next(&splats->split, &bytes, &count)) {
		const char *line = skip_time(splats->split.line);
		const struct splat_mark *mark = splat_mark_of(line);

		if (!mark)
			continue;
		splats->explained |= mark->explained;
		if (!strcmp(mark->name, SPLAT_OOM))
			utf8_printable(splats->oom_line, sizeof(splats->oom_line), line,
				       strlen(line));
		if (!splats->has_stood || !is_stall(mark))
			note(splats, mark->name, line);
	}
}

void splats_finish(struct splats *splats, const struct ktstr_exited *exited)
{
	uint64_t taints = exited->tainted & ~splats->explained;
	char line[SPLAT_LINE_SIZE], letter[64];

	if (exited->oom_kills && !*splats->oom_line) {
		snprintf(line, sizeof(line), "Out of memory: killed %" PRIu64 ", not in the log",
			 exited->oom_kills);
		note(splats, SPLAT_OOM, line);
	}
	if (exited->cpus_lost == 1)
		snprintf(line, sizeof(line), "CPU %u is offline", exited->cpu_lost);
	else if (exited->cpus_lost)
		snprintf(line, sizeof(line), "CPU %u is offline, and %u more", exited->cpu_lost,
			 exited->cpus_lost - 1);
	if (exited->cpus_lost)
		note(splats, "CPU loss", line);
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (!(taints >> bit & 1))
			continue;
		kernel_words_taint(bit, letter, sizeof(letter));
		snprintf(line, sizeof(line), "tainted: %s", letter);
		note(splats, "taint", line);
	}
}
