/* What does it mean, in one word, one line and one exit status? See verdict.h. */
#include "verdict/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"
#include "verdict/hang.h"
#include "verdict/host_noise.h"
#include "verdict/kernel_words.h"
#include "verdict/telling.h"
#include "verdict/verifier.h"

/* A guest that was heard of within this time of its end was alive: heartbeats come once a second.
 */
#define ALIVE_NS (5 * 1000000000ull)

/* How much of what a guest or KVM said goes into the cause, bytes; the reports hold all of it. */
#define QUOTE_SIZE  160
#define DETAIL_SIZE 400
/* Of a function's name. */
#define PLACE_SIZE  64

__attribute__((format(printf, 2, 3))) static void add(struct verdict *verdict, const char *fmt, ...)
{
	size_t used = strlen(verdict->cause);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(verdict->cause + used, sizeof(verdict->cause) - used, fmt, ap);
	va_end(ap);
}

static void judge(struct verdict *verdict, enum verdict_kind kind, int exit_status)
{
	verdict->kind = kind;
	verdict->exit_status = exit_status;
}

static void add_text(struct verdict *verdict, const char *text, size_t size)
{
	char shown[DETAIL_SIZE];

	utf8_printable(shown, sizeof(shown), text, strnlen(text, size));
	add(verdict, "%s", shown);
}

/* Two decimals below a second, one above: "0.04 s", "3.2 s". Nothing where a time is not known. */
static void add_span(struct verdict *verdict, const char *before, uint64_t from, uint64_t to)
{
	double seconds;

	if (!from || to < from)
		return;
	seconds = (double)(to - from) / 1e9;
	add(verdict, "%s%.*f s", before, seconds < 1 ? 2 : 1, seconds);
}

static double limit_seconds(uint64_t ms)
{
	return (double)ms / 1000;
}

/* The last line that is not blank, made printable. Returns 0, -ENODATA (none), -ENOMEM. */
static int last_line(const struct tail *tail, char out[QUOTE_SIZE])
{
	char *text = tail_lines(tail, SIZE_MAX);
	char *end, *line;
	int ret;

	if (!text)
		return -ENOMEM;
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	line = end;
	while (line > text && line[-1] != '\n')
		line--;
	utf8_printable(out, QUOTE_SIZE, line, (size_t)(end - line));
	ret = end > line ? 0 : -ENODATA;
	free(text);
	return ret;
}

/* Without memory it says nothing rather than that there is nothing. */
static void add_last_console_line(struct verdict *verdict, const struct observation *seen)
{
	char line[QUOTE_SIZE];
	int ret = last_line(&seen->console, line);

	if (!ret)
		add(verdict, "; last console line: %s", line);
	else if (ret == -ENODATA)
		add(verdict, "; the console is empty");
}

static void add_signal(struct verdict *verdict, unsigned int number)
{
	const char *name = sigabbrev_np((int)number);

	if (name)
		add(verdict, "SIG%s (signal %u)", name, number);
	else
		add(verdict, "signal %u", number);
}

/* Could an honest init have sent this? What is out of range is not folded into range. */
static bool exit_is_honest(const struct observation *seen)
{
	switch (seen->exit.kind) {
	case KTSTR_EXIT_STATUS:
		return seen->exit.value <= 255;
	case KTSTR_EXIT_SIGNAL:
		return seen->exit.value >= 1 && seen->exit.value <= 64;
	case KTSTR_EXIT_TIMEOUT:
		return seen->test_limit_ms != 0;
	case KTSTR_EXIT_EXEC:
		return seen->exit.value >= 1 && seen->exit.value <= 4095;
	}
	return false;
}

/* "exited with status 7 after 1.3 s" and the like: what follows the word "payload". */
static void add_exit(struct verdict *verdict, const struct observation *seen)
{
	unsigned int value = seen->exit.value;
	const char *name;

	if (!exit_is_honest(seen)) {
		add(verdict, "ended in an impossible way (kind %u, value %u)", seen->exit.kind,
		    value);
		return;
	}
	switch (seen->exit.kind) {
	case KTSTR_EXIT_STATUS:
		add(verdict, "exited with status %u", value);
		break;
	case KTSTR_EXIT_SIGNAL:
		add(verdict, "killed by ");
		add_signal(verdict, value);
		break;
	case KTSTR_EXIT_TIMEOUT:
		add(verdict, "still running at its time limit of %.10g s",
		    limit_seconds(seen->test_limit_ms));
		return;
	case KTSTR_EXIT_EXEC:
		if (value == ENOENT) {
			add(verdict, "not found in the guest: it, or the interpreter that it "
				     "names, is missing (ENOENT)");
			return;
		}
		name = strerrorname_np((int)value);
		if (name)
			add(verdict, "could not be executed in the guest: %s (%s)",
			    strerrordesc_np((int)value), name);
		else
			add(verdict, "could not be executed in the guest: errno %u", value);
		return;
	}
	add_span(verdict, " after ", seen->started_ns, seen->exited_ns);
}

/* Where in the run something happened, as far as the guest had told. */
static void add_phase(struct verdict *verdict, const struct observation *seen)
{
	if (seen->exited) {
		add(verdict, "after the payload had ended (");
		add_exit(verdict, seen);
		add(verdict, ")");
	} else if (seen->started) {
		add(verdict, "while the payload ran");
	} else if (seen->hello) {
		add(verdict, "before the payload started");
	} else {
		add(verdict, "before init's first word");
	}
}

/* Its words tell that the kernel died, and an earlier line why. */
static bool is_second_hand(const char *panic, size_t size)
{
	static const char *const words[] = {
		"Fatal exception", "panic_on_warn", "softlockup: ",
		"RCU Stall",	   "hung_task: ",   "panic_on_kernel"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(panic, strnlen(panic, size), words[i], strlen(words[i])))
			return true;
	return false;
}

static void find_why_it_died(const struct observation *seen, char line[SPLAT_LINE_SIZE])
{
	const struct printk_log *log = &seen->inside.log;
	char *text, *next;

	*line = '\0';
	for (size_t i = 0; i < log->nr; i++)
		splats_died_of(line, log->records[i].text);
	text = log->nr ? NULL : tail_lines(&seen->console, SIZE_MAX);
	for (char *at = text; at; at = next) {
		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		splats_died_of(line, at);
	}
	free(text);
}

/* The function that the CPU was in which panicked. */
static void add_panic_place(struct verdict *verdict, const struct observation *seen)
{
	const struct inspect_machine *machine = seen->inside.machine;

	for (unsigned int i = 0; machine && i < machine->nr_cpus; i++) {
		const struct backtrace *trace = &machine->cpus[i].trace;

		if (!telling_has_panicked(trace) || !*telling_function(trace, false))
			continue;
		add(verdict, ", in ");
		add_text(verdict, telling_function(trace, false), PLACE_SIZE);
		return;
	}
}

static void judge_panic(struct verdict *verdict, const struct observation *seen)
{
	static const char usual[] = "Kernel panic - not syncing: ";
	const char *line = seen->panic_line;
	char why[SPLAT_LINE_SIZE] = "";
	size_t size;

	if (!strncmp(line, usual, strlen(usual)))
		line += strlen(usual);
	size = sizeof(seen->panic_line) - (size_t)(line - seen->panic_line);
	judge(verdict, VERDICT_PANIC, EXIT_GUEST_PANIC);
	add(verdict, "kernel panic ");
	add_phase(verdict, seen);
	if (is_second_hand(line, size))
		find_why_it_died(seen, why);
	if (*why) {
		add(verdict, ": %s", why);
		add_panic_place(verdict, seen);
		add(verdict, " (");
	} else if (*line) {
		add(verdict, ": ");
	}
	if (*line) {
		add_text(verdict, line, size);
		add(verdict, "%s", *why ? ")" : "");
	}
}

static void judge_died(struct verdict *verdict, const struct observation *seen)
{
	char line[QUOTE_SIZE];

	judge(verdict, VERDICT_DIED, EXIT_GUEST_DIED);
	add(verdict, "guest %s",
	    seen->vmm.end == VMM_END_POWEROFF ? "powered itself off" : "reset");
	add_span(verdict, " ", seen->begin_ns, seen->end_ns);
	add(verdict, " after start, ");
	if (seen->started && !seen->exited)
		add(verdict, "before the payload ended");
	else
		add_phase(verdict, seen);
	if (!last_line(&seen->init_log, line))
		add(verdict, "; last word from init: %s", line);
	add_last_console_line(verdict, seen);
}

/* The kernel killed for want of memory while the payload ran. */
static void add_oom(struct verdict *verdict, const struct observation *seen)
{
	struct oom_victim victim = { .pid = 0 };

	if (!kernel_words_oom(seen->splats.oom_line, &victim))
		add(verdict, "memory ran out, and the kernel killed %s",
		    seen->exit.oom_kills > 1 ? "processes" : "a process");
	else if (victim.cgroup)
		add(verdict, "a memory cgroup ran out, and the kernel killed '%s' (pid %u)",
		    victim.comm, victim.pid);
	else
		add(verdict, "memory ran out, and the kernel killed '%s' (pid %u)", victim.comm,
		    victim.pid);
	if (!victim.cgroup)
		add(verdict, ": the guest has %llu MiB, --memory gives it more",
		    (unsigned long long)seen->memory_mib);
}

/* What the kernel did that nobody asked for, and that is not allowed. */
static void add_splat(struct verdict *verdict, const struct observation *seen)
{
	const struct splat *splat = &seen->splats.kept[0];

	if (!strcmp(splat->name, SPLAT_OOM)) {
		add_oom(verdict, seen);
		return;
	}
	add(verdict, "kernel %s while the payload ran: ", splat->name);
	add_text(verdict, splat->line, sizeof(splat->line));
}

static void add_scheduler_end(struct verdict *verdict, const struct ktstr_sched *end)
{
	if (end->kind == KTSTR_EXIT_SIGNAL) {
		add(verdict, "was killed by ");
		add_signal(verdict, end->value);
	} else {
		add(verdict, "exited with status %u", end->value);
	}
}

/* When it failed; @otherwise: where that was not seen. */
static void add_scheduler_time(struct verdict *verdict, const struct observation *seen,
			       const char *otherwise)
{
	double seconds;

	if (!scheduler_end_s(&seen->scheduler, seen->exit.start_ns, &seconds))
		add(verdict, "%s", otherwise);
	else if (seconds < 0)
		add(verdict, " before the payload's start");
	else
		add(verdict, " %.1f s after the payload's start", seconds);
}

/* The scheduler failed, before the payload had ended. */
static void add_scheduler(struct verdict *verdict, const struct observation *seen)
{
	const struct scheduler_seen *scheduler = &seen->scheduler;

	add(verdict, "scheduler '%s' ", scheduler->ops);
	if (scheduler_was_ejected(scheduler)) {
		add(verdict, "was ejected by the kernel");
		add_scheduler_time(verdict, seen, "");
		add(verdict, ": %s%s%s", scheduler->reason, *scheduler->message ? ": " : "",
		    scheduler->message);
	} else if (scheduler_has_exited(scheduler)) {
		if (scheduler->end.flags & KTSTR_SCHED_KILLED)
			add(verdict, "was not enabled any more");
		else
			add_scheduler_end(verdict, &scheduler->end);
		add_scheduler_time(verdict, seen, " while the payload ran");
		if (scheduler->end.flags & KTSTR_SCHED_STAYS)
			add(verdict, ", and what it had attached stayed: it is to stay in the "
				     "foreground");
	}
	if (scheduler->expected && !scheduler_matches(scheduler, scheduler->expected))
		add(verdict, "%s, and its ejection as '%s' is expected",
		    scheduler_has_failed(scheduler) ? "" : "was not ejected",
		    scheduler->expected->text);
	add(verdict, "; ");
}

/* How it failed, in a word; NULL: it did not, or as expected. */
static const char *scheduler_failure(const struct scheduler_seen *scheduler)
{
	if (scheduler->state == SCHEDULER_NONE)
		return NULL;
	if (scheduler->expected) {
		if (scheduler_matches(scheduler, scheduler->expected))
			return NULL;
		if (!scheduler_has_failed(scheduler))
			return "not-ejected";
	}
	return scheduler_has_failed(scheduler) ? scheduler_word(scheduler) : NULL;
}

/* Which one it was in the end, when none has failed. */
static void add_under(struct verdict *verdict, const struct scheduler_seen *scheduler)
{
	if (scheduler->state == SCHEDULER_FAILED)
		add(verdict, "; the scheduler that was to replace '%s' was never attached: %s",
		    scheduler->ops, scheduler->fail_reason);
	else
		add(verdict, " under scheduler '%s'", scheduler->ops);
	if (scheduler->replaced)
		add(verdict, " (replaced %u time%s)", scheduler->replaced,
		    scheduler->replaced == 1 ? "" : "s");
}

/* A command of the setup failed: nothing was tested. */
static void judge_setup(struct verdict *verdict, const struct observation *seen)
{
	const struct ktstr_setup *setup = &seen->setup;
	char command[QUOTE_SIZE];

	utf8_printable(command, sizeof(command), seen->setup_commands[setup->index],
		       strlen(seen->setup_commands[setup->index]));
	judge(verdict, VERDICT_ERROR, EXIT_HOST_ERROR);
	add(verdict, "setup '%s' ", command);
	switch ((enum ktstr_exit_kind)setup->kind) {
	case KTSTR_EXIT_STATUS:
		add(verdict, "ended with status %u", setup->value);
		break;
	case KTSTR_EXIT_SIGNAL:
		add(verdict, "was killed by ");
		add_signal(verdict, setup->value);
		break;
	case KTSTR_EXIT_TIMEOUT:
		add(verdict,
		    "did not end within the setup's limit of %.10g s; --setup-timeout gives more",
		    limit_seconds(seen->setup_limit_ms));
		break;
	case KTSTR_EXIT_EXEC:
		add(verdict, "could not be started: %s", strerror((int)setup->value));
		break;
	}
}

/* It was never attached: nothing was tested. */
static void judge_unattached(struct verdict *verdict, const struct observation *seen)
{
	char line[QUOTE_SIZE], *text = tail_lines(&seen->scheduler.text, SIZE_MAX);

	judge(verdict, VERDICT_ERROR, EXIT_HOST_ERROR);
	add(verdict, "scheduler was never attached: %s", seen->scheduler.fail_reason);
	verifier_reason(text ? text : "", line, sizeof(line));
	free(text);
	if (*line)
		add(verdict, "; the verifier: %s", line);
	if (*seen->scheduler.reason)
		add(verdict, "; the kernel: %s%s%s", seen->scheduler.reason,
		    *seen->scheduler.message ? ": " : "", seen->scheduler.message);
	if (!last_line(&seen->scheduler.text, line))
		add(verdict, "; its last line: %s", line);
}

/* Why it does not come to its end, where the guest shows that. */
static void add_hang(struct verdict *verdict, const struct observation *seen)
{
	char why[HANG_SIZE];

	if (seen->inside.machine && hang_describe(seen->inside.machine, seen->test_limit_ms, why))
		add(verdict, "; %s", why);
}

/* The payload ended by itself or at its limit: what is to be said besides, and how much it counts.
 */
static void weigh(struct verdict *verdict, const struct observation *seen)
{
	bool passed = verdict->kind == VERDICT_PASS;
	bool oom = !passed && observation_any_oom(seen);

	verdict->splat = seen->splats.found ? seen->splats.kept[0].name : NULL;
	verdict->said_it = seen->expected.seen;
	verdict->scheduler = scheduler_failure(&seen->scheduler);
	if (seen->expected.expect && seen->expected.expect->kind == EXPECT_SCX)
		verdict->said_it =
			scheduler_matches(&seen->scheduler, &seen->expected.expect->pattern);
	if (verdict->scheduler) {
		judge(verdict, VERDICT_FAIL, EXIT_SCHEDULER);
		verdict->signal = 0;
		add_scheduler(verdict, seen);
	}
	if (verdict->splat && passed) {
		if (!verdict->scheduler)
			judge(verdict, VERDICT_FAIL, EXIT_GUEST_SPLAT);
		add_splat(verdict, seen);
		add(verdict, "; ");
	}
	add(verdict, "payload ");
	add_exit(verdict, seen);
	if (verdict->kind == VERDICT_TIMEOUT)
		add_hang(verdict, seen);
	if (seen->scheduler.state != SCHEDULER_NONE && !verdict->scheduler)
		add_under(verdict, &seen->scheduler);
	verdict_add_work(verdict, &seen->work);
	/* Likely why it failed, also where it is allowed. */
	if (oom) {
		add(verdict, "; ");
		add_oom(verdict, seen);
	}
	if (verdict->splat && !passed && !(oom && !strcmp(verdict->splat, SPLAT_OOM))) {
		add(verdict, "; ");
		add_splat(verdict, seen);
	}
	if (!passed && !verdict->splat)
		verdict_add_expected(verdict, seen->expected.expect);
}

/* @why: printable */
static void put_before(struct verdict *verdict, const char *what, const char *why)
{
	char cause[sizeof(verdict->cause)];

	memcpy(cause, verdict->cause, sizeof(cause));
	verdict->cause[0] = '\0';
	add(verdict, "ktstr-work %s: %s; %s", what, why, cause);
}

void verdict_add_work(struct verdict *verdict, const struct work_said *said)
{
	bool passed = verdict->kind == VERDICT_PASS, failed = verdict->kind == VERDICT_FAIL;
	bool outweighed = (!passed && !failed) || verdict->splat || verdict->scheduler ||
			  verdict->signal || verdict->exit_status == EXIT_SKIP ||
			  (failed && *said->failed);
	const char *what = *said->error ? "could not do it" : "is inconclusive";
	const char *why = *said->error ? said->error : said->inconclusive;

	if (failed && *said->failed)
		add(verdict, "; ktstr-work: %s", said->failed);
	if (!*why)
		return;
	if (outweighed) {
		add(verdict, "; ktstr-work %s: %s", what, why);
		return;
	}
	verdict->by_work = failed;
	judge(verdict, *said->error ? VERDICT_ERROR : VERDICT_INCONCLUSIVE,
	      failed ? verdict->exit_status : EXIT_HOST_ERROR);
	put_before(verdict, what, why);
}

void verdict_add_expected(struct verdict *verdict, const struct expect *expect)
{
	int status = verdict->signal ? 0 : verdict->exit_status;

	if (expect && expect->kind == EXPECT_ERROR && verdict->by_work)
		add(verdict,
		    "; that is not the failure that expect_err takes, unless it says how, "
		    "as in expect_err=status:%d",
		    status);
	if (!expect || (verdict->kind != VERDICT_FAIL && verdict->kind != VERDICT_TIMEOUT))
		return;
	switch (expect->kind) {
	case EXPECT_PASS:
		break;
	case EXPECT_ERROR:
		if (status == EXIT_NOT_FOUND || status == EXIT_NOT_EXECUTABLE)
			add(verdict,
			    ": a shell's word for a command that it cannot run, which expect_err "
			    "does not take for the error; if it is the one that you expect, say "
			    "expect_status=%d",
			    status);
		break;
	case EXPECT_STATUS:
		if (status != (int)expect->status)
			add(verdict, "; status %u is expected", expect->status);
		break;
	case EXPECT_SCX:
		if (!verdict->said_it)
			add(verdict, "; that the scheduler is ejected as '%s' is expected",
			    expect->pattern.text);
		break;
	case EXPECT_STDOUT:
	case EXPECT_STDERR:
		if (!verdict->said_it)
			add(verdict, "; no line of its standard %s matches '%s', which is expected",
			    expect->kind == EXPECT_STDOUT ? "output" : "error",
			    expect->pattern.text);
		break;
	}
}

static const struct inspect_cpu *cpu_of(const struct inspect_machine *machine, unsigned int vcpu)
{
	const struct inspect_cpu *cpu = machine && vcpu < machine->nr_cpus ? &machine->cpus[vcpu]
									   : NULL;

	return cpu && cpu->trace.nr ? cpu : NULL;
}

static const char *place_in(const struct inspect_cpu *cpu, unsigned int frame)
{
	return cpu && *cpu->trace.frames[frame].symbol ? cpu->trace.frames[frame].symbol : NULL;
}

/* What the vCPU was in; NULL: that could not be read from outside. */
static const char *place_of(const struct inspect_machine *machine, unsigned int vcpu)
{
	return place_in(cpu_of(machine, vcpu), 0);
}

unsigned int verdict_stuck_frame(const struct observation *seen)
{
	const struct inspect_cpu *cpu = cpu_of(seen->inside.machine, seen->stuck_vcpu);

	return cpu && seen->stop == STOP_SOFT_LOCKUP
		       ? telling_lockup(cpu, seen->stuck_rips, OBSERVATION_RIPS)
		       : 0;
}

/* What the vCPU was in; else its bare address. */
static void add_stuck_place(struct verdict *verdict, const struct observation *seen)
{
	const char *place =
		place_in(cpu_of(seen->inside.machine, seen->stuck_vcpu), verdict_stuck_frame(seen));

	if (place) {
		add(verdict, " in ");
		add_text(verdict, place, SIZE_MAX);
	} else {
		add(verdict, " at RIP %#llx", (unsigned long long)seen->stuck_rip);
	}
}

static bool waits_for_lock(const char *place)
{
	return place && (strstr(place, "lock_slowpath") || strstr(place, "spin_lock"));
}

/*
 * One that waits for a lock with interrupts off is as stuck as who keeps it, and may be found
 * first. Returns the vCPU of which more is to be told, where there is one.
 */
static unsigned int stuck_for(const struct observation *seen)
{
	const struct inspect_machine *machine = seen->inside.machine;

	if (!waits_for_lock(place_of(machine, seen->stuck_vcpu)))
		return seen->stuck_vcpu;
	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		const struct inspect_cpu *cpu = &machine->cpus[i];
		const char *place = place_of(machine, i);

		if (place && !waits_for_lock(place) && !*cpu->why_registers && !cpu->is_in_user &&
		    !cpu->takes_interrupts && cpu->task.pid)
			return i;
	}
	return seen->stuck_vcpu;
}

static void add_hard_lockup(struct verdict *verdict, const struct observation *seen)
{
	unsigned int keeper = stuck_for(seen);

	add(verdict, "hard lockup: ");
	if (keeper != seen->stuck_vcpu) {
		add(verdict, "CPU %u is with interrupts off in ", keeper);
		add_text(verdict, place_of(seen->inside.machine, keeper), SIZE_MAX);
		add(verdict, ", and ");
	}
	add(verdict, "CPU %u ran for %.1f s with interrupts off", seen->stuck_vcpu,
	    (double)seen->stuck_ns / 1e9);
	add_stuck_place(verdict, seen);
	add(verdict, ", ");
	add_phase(verdict, seen);
}

/* As "yes[189]". */
static void add_task(struct verdict *verdict, const struct inspect_task *task)
{
	add_text(verdict, task->comm, sizeof(task->comm));
	add(verdict, "[%d]", (int)task->pid);
}

/* Where it waits. */
static void add_queue(struct verdict *verdict, const struct observation *seen)
{
	const struct waiting *waiting = &seen->stuck_waiting;
	const char *ops = seen->scheduler.ops;

	switch (waiting->dsq) {
	case DSQ_NONE:
		add(verdict, " in its run queue (%s)", task_class_name(waiting->task.class));
		return;
	case DSQ_BPF:
		add(verdict, " with the BPF scheduler, in no queue of the kernel's");
		break;
	case DSQ_LOCAL:
		add(verdict, " in the local queue of sched_ext");
		break;
	case DSQ_GLOBAL:
		add(verdict, " in the global queue of sched_ext");
		break;
	case DSQ_BYPASS:
		add(verdict, " in the bypass queue of sched_ext");
		break;
	case DSQ_BUILTIN:
	case DSQ_USER:
		add(verdict, " in the BPF scheduler's queue %#llx",
		    (unsigned long long)waiting->dsq_id);
		break;
	}
	if (*ops)
		add(verdict, ", scheduler '%s'", ops);
}

/* Seen from outside, long before a limit. */
static void judge_stuck(struct verdict *verdict, const struct observation *seen)
{
	double seconds = (double)seen->stuck_ns / 1e9;

	judge(verdict, VERDICT_STALL, EXIT_GUEST_STALL);
	switch (seen->stop) {
	case STOP_HARD_LOCKUP:
		add_hard_lockup(verdict, seen);
		break;
	case STOP_SOFT_LOCKUP:
		add(verdict, "soft lockup: CPU %u ran ", seen->stuck_vcpu);
		add_task(verdict, &seen->stuck_task);
		add(verdict, " for %.1f s in the kernel without a switch", seconds);
		add_stuck_place(verdict, seen);
		add(verdict, ", though ");
		add_task(verdict, &seen->stuck_waiting.task);
		add(verdict, " waits, ");
		add_phase(verdict, seen);
		break;
	case STOP_FORGOTTEN:
		add(verdict, "forgotten task: ");
		if (seen->cpus_online == 1)
			add(verdict, "the only CPU idles, though ");
		else
			add(verdict, "all %u CPUs idle, though ", seen->cpus_online);
		add_task(verdict, &seen->stuck_waiting.task);
		add(verdict, " has been runnable for %.1f s on CPU %d", seconds,
		    (int)seen->stuck_waiting.task.cpu);
		add_queue(verdict, seen);
		break;
	default:
		add(verdict,
		    "guest stopped responding: no heartbeat for %.1f s, while its CPUs were idle",
		    seconds);
		break;
	}
	/* Where the guest shows nothing itself its console may. */
	if (!seen->inside.machine)
		add_last_console_line(verdict, seen);
}

static bool is_stuck(const struct observation *seen)
{
	return seen->stop == STOP_HARD_LOCKUP || seen->stop == STOP_SOFT_LOCKUP ||
	       seen->stop == STOP_ALL_IDLE || seen->stop == STOP_FORGOTTEN;
}

static void judge_payload(struct verdict *verdict, const struct observation *seen)
{
	int value = (int)seen->exit.value;

	if (!exit_is_honest(seen)) {
		judge(verdict, VERDICT_PROTOCOL, EXIT_GUEST_PROTOCOL);
		add(verdict, "guest broke the protocol: payload ");
		add_exit(verdict, seen);
		return;
	}
	/* A guest that dies once its payload has passed is what a kernel's tests are there to find.
	 */
	if (seen->exit.kind == KTSTR_EXIT_STATUS && !value && seen->stop == STOP_NONE) {
		judge_died(verdict, seen);
		return;
	}
	if (seen->exit.kind == KTSTR_EXIT_STATUS && !value && seen->stop == STOP_FINISH_SILENCE) {
		judge(verdict, VERDICT_STALL, EXIT_GUEST_STALL);
		add(verdict, "guest stopped responding ");
		add_phase(verdict, seen);
		add_last_console_line(verdict, seen);
		return;
	}
	if (seen->exit.kind == KTSTR_EXIT_STATUS && !value && is_stuck(seen)) {
		judge_stuck(verdict, seen);
		return;
	}
	switch (seen->exit.kind) {
	case KTSTR_EXIT_STATUS:
		judge(verdict, value ? VERDICT_FAIL : VERDICT_PASS, value);
		break;
	case KTSTR_EXIT_SIGNAL:
		judge(verdict, VERDICT_FAIL, EXIT_SIGNAL_BASE + value);
		verdict->signal = value;
		break;
	case KTSTR_EXIT_TIMEOUT:
		judge(verdict, VERDICT_TIMEOUT, EXIT_TIMEOUT);
		break;
	case KTSTR_EXIT_EXEC:
		judge(verdict, VERDICT_NOT_RUN,
		      value == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
		break;
	}
	if (verdict->kind == VERDICT_NOT_RUN) {
		add(verdict, "payload ");
		add_exit(verdict, seen);
	} else {
		weigh(verdict, seen);
	}
	/* The payload's verdict stands, but what came after it is not kept back. */
	if (seen->stop == STOP_FINISH_TIMEOUT || seen->stop == STOP_FINISH_SILENCE ||
	    is_stuck(seen))
		add(verdict, "; the guest did not finish after that");
	else if (seen->vmm.end == VMM_END_RESET)
		add(verdict, "; the guest reset after that");
}

static void judge_test_timeout(struct verdict *verdict, const struct observation *seen)
{
	double limit = limit_seconds(seen->test_limit_ms);
	uint64_t last_word = seen->hello_ns;

	if (seen->started_ns > last_word)
		last_word = seen->started_ns;
	if (seen->heartbeat_ns > last_word)
		last_word = seen->heartbeat_ns;
	/* Without a limit only silence makes the watch stop it. */
	if (seen->test_limit_ms &&
	    (seen->end_ns < last_word || seen->end_ns - last_word < ALIVE_NS)) {
		judge(verdict, VERDICT_TIMEOUT, EXIT_TIMEOUT);
		add(verdict,
		    "payload still running past its time limit of %.10g s; stopped from outside",
		    limit);
		add_hang(verdict, seen);
		return;
	}
	judge(verdict, VERDICT_STALL, EXIT_GUEST_STALL);
	add(verdict, "guest stopped responding");
	add_span(verdict, ": no heartbeat for ", last_word, seen->end_ns);
	if (seen->test_limit_ms)
		add(verdict, " when stopped past the payload's time limit of %.10g s", limit);
	add_last_console_line(verdict, seen);
}

static void judge_prepare_timeout(struct verdict *verdict, const struct observation *seen)
{
	judge(verdict, VERDICT_STALL, EXIT_GUEST_STALL);
	add(verdict, "payload not started");
	/* A fork's init had its first word in the base. */
	add_span(verdict, " ", seen->forked ? seen->begin_ns : seen->hello_ns, seen->end_ns);
	add(verdict, " after %s", seen->forked ? "the fork's start" : "init's first word");
	if (seen->tracer == TRACER_SILENT)
		add(verdict, ", and no word about the tracer either");
	add_last_console_line(verdict, seen);
}

static void judge_init_gave_up(struct verdict *verdict, const struct observation *seen)
{
	char line[QUOTE_SIZE];
	int ret = last_line(&seen->init_log, line);

	judge(verdict, VERDICT_ERROR, EXIT_HOST_ERROR);
	add(verdict, "guest's init gave up %s",
	    seen->started ? "while the payload ran" : "before the payload started");
	if (!ret)
		add(verdict, ": %s", line);
	else if (ret == -ENODATA)
		add(verdict, " and gave no reason");
}

/* The machine ended, no panic was seen and the payload has no verdict. */
static void judge_unfinished(struct verdict *verdict, const struct observation *seen)
{
	switch (seen->stop) {
	case STOP_BYE:
		judge_init_gave_up(verdict, seen);
		return;
	case STOP_BOOT_TIMEOUT:
		judge(verdict, VERDICT_STALL, EXIT_GUEST_STALL);
		add(verdict, "no word from init within %.10g s (boot budget)",
		    limit_seconds(seen->boot_limit_ms));
		add_last_console_line(verdict, seen);
		return;
	case STOP_PREPARE_TIMEOUT:
		judge_prepare_timeout(verdict, seen);
		return;
	case STOP_HARD_LOCKUP:
	case STOP_SOFT_LOCKUP:
	case STOP_ALL_IDLE:
	case STOP_FORGOTTEN:
		judge_stuck(verdict, seen);
		return;
	case STOP_TEST_TIMEOUT:
		judge_test_timeout(verdict, seen);
		return;
	case STOP_FINISH_SILENCE:
	case STOP_FINISH_TIMEOUT:
		judge(verdict, VERDICT_STALL, EXIT_GUEST_STALL);
		add(verdict, "guest did not finish, and did not tell how the payload ended");
		add_last_console_line(verdict, seen);
		return;
	case STOP_OTHER_MACHINE:
	case STOP_NONE:
	case STOP_PANIC:
	case STOP_SIGNAL:
		break;
	}
	if (seen->vmm.end == VMM_END_POWEROFF || seen->vmm.end == VMM_END_RESET) {
		judge_died(verdict, seen);
		return;
	}
	judge(verdict, VERDICT_ERROR, EXIT_HOST_ERROR);
	add(verdict,
	    "the launcher stopped the guest without a reason (stop %d, end %d); this is "
	    "a fault of the launcher",
	    (int)seen->stop, (int)seen->vmm.end);
}

/*
 * The order is the meaning: what the user or the host did comes before what the guest did, broken
 * words before words, a panic before anything that a payload said, and words before silence.
 */
void verdict_of(const struct observation *observation, struct verdict *verdict)
{
	const struct observation *seen = observation;

	memset(verdict, 0, sizeof(*verdict));
	if (seen->stop == STOP_SIGNAL) {
		judge(verdict, VERDICT_INTERRUPTED, EXIT_SIGNAL_BASE + seen->signal);
		add(verdict, "interrupted by ");
		add_signal(verdict, (unsigned int)seen->signal);
		add(verdict, " ");
		add_phase(verdict, seen);
	} else if (seen->vmm.end == VMM_END_KVM_ERROR) {
		judge(verdict, VERDICT_ERROR, EXIT_HOST_ERROR);
		add(verdict, "KVM could not run the guest any further: ");
		add_text(verdict, seen->vmm.detail, sizeof(seen->vmm.detail));
	} else if (seen->vmm.end == VMM_END_PROTOCOL && seen->stop == STOP_NONE) {
		/* Behind a stop it was only waited for what else a failing guest says. */
		judge(verdict, VERDICT_PROTOCOL, EXIT_GUEST_PROTOCOL);
		add(verdict, "guest broke the protocol: ");
		add_text(verdict, seen->vmm.detail, sizeof(seen->vmm.detail));
	} else if (seen->stop == STOP_OTHER_MACHINE) {
		judge(verdict, VERDICT_ERROR, EXIT_HOST_ERROR);
		add(verdict,
		    "the guest came up with %u of %u CPUs and %u of %u NUMA nodes: its kernel's "
		    "CONFIG_NR_CPUS is too small or CONFIG_ACPI_NUMA is off, or a CPU did not start",
		    seen->cpus_online, seen->cpus_wanted, seen->nodes_online, seen->nodes_wanted);
	} else if (seen->panic || seen->stop == STOP_PANIC) {
		judge_panic(verdict, seen);
	} else if (seen->setup_failed) {
		judge_setup(verdict, seen);
	} else if (seen->scheduler.state == SCHEDULER_FAILED && !seen->started) {
		judge_unattached(verdict, seen);
	} else if (seen->exited) {
		judge_payload(verdict, seen);
	} else {
		judge_unfinished(verdict, seen);
	}
	host_noise_judge(verdict, seen);
}

const char *verdict_name(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_PASS:
		return "pass";
	case VERDICT_FAIL:
		return "fail";
	case VERDICT_TIMEOUT:
		return "timeout";
	case VERDICT_PANIC:
		return "panic";
	case VERDICT_STALL:
		return "stall";
	case VERDICT_DIED:
		return "died";
	case VERDICT_PROTOCOL:
		return "protocol";
	case VERDICT_NOT_RUN:
		return "not-run";
	case VERDICT_INCONCLUSIVE:
		return "inconclusive";
	case VERDICT_ERROR:
		return "error";
	case VERDICT_INTERRUPTED:
		return "interrupted";
	}
	return "unknown";
}

bool verdict_wants_repro(enum verdict_kind kind)
{
	return kind == VERDICT_FAIL || kind == VERDICT_TIMEOUT || kind == VERDICT_PANIC ||
	       kind == VERDICT_STALL || kind == VERDICT_DIED;
}

enum repro_result verdict_compare(const struct verdict *first, const struct verdict *repro)
{
	if (!repro)
		return REPRO_NOT_RUN;
	if (repro->kind == VERDICT_ERROR || repro->kind == VERDICT_INCONCLUSIVE ||
	    repro->kind == VERDICT_INTERRUPTED)
		return REPRO_UNDECIDED;
	if (repro->kind == VERDICT_PASS)
		return REPRO_PASSED;
	if (repro->kind == first->kind && repro->exit_status == first->exit_status &&
	    repro->signal == first->signal &&
	    !strcmp(repro->splat ? repro->splat : "", first->splat ? first->splat : "") &&
	    !strcmp(repro->scheduler ? repro->scheduler : "",
		    first->scheduler ? first->scheduler : ""))
		return REPRO_SAME;
	return REPRO_OTHER;
}

const char *repro_result_name(enum repro_result result)
{
	switch (result) {
	case REPRO_NOT_RUN:
		return "not-run";
	case REPRO_SAME:
		return "same-failure";
	case REPRO_OTHER:
		return "other-failure";
	case REPRO_PASSED:
		return "passed";
	case REPRO_UNDECIDED:
		return "undecided";
	}
	return "unknown";
}
