/* Which frames of a backtrace tell why a task is where it is? See telling.h. */
#include "verdict/telling.h"

#include <string.h>

/* The compiler puts ".constprop.0" and the like behind a name. */
static bool is_one_of(const struct backtrace_frame *frame, const char *const *names)
{
	size_t length = strcspn(frame->symbol, ".");

	for (; *names && frame->kind != FRAME_SCAN; names++)
		if (strlen(*names) == length && !memcmp(frame->symbol, *names, length))
			return true;
	return false;
}

static bool begins(const struct backtrace_frame *frame, const char *prefix)
{
	return frame->kind != FRAME_SCAN && !strncmp(frame->symbol, prefix, strlen(prefix));
}

/* One behind panic(); 0: it is not there. */
static unsigned int behind_panic(const struct backtrace *trace)
{
	static const char *const dying[] = { "panic", "vpanic", NULL };
	unsigned int first = 0;

	for (unsigned int i = 0; i < trace->nr; i++)
		if (is_one_of(&trace->frames[i], dying))
			first = i + 1;
	return first;
}

/* Behind the entry of an exception that led to panic(). One that came from user mode has nothing
 * behind it: what the kernel made of it is all there is. */
static unsigned int behind_exception(const struct backtrace *trace, unsigned int first)
{
	unsigned int last = first + 8 < trace->nr ? first + 8 : trace->nr;

	for (unsigned int i = first; i + 1 < last; i++)
		if (begins(&trace->frames[i], "asm_exc_"))
			first = i + 1;
	return first;
}

/* One behind the last entry of an interrupt; 0: there is none. */
static unsigned int behind_interrupts(const struct backtrace *trace)
{
	unsigned int first = 0;

	for (unsigned int i = 0; i < trace->nr; i++)
		if (begins(&trace->frames[i], "asm_sysvec_") ||
		    begins(&trace->frames[i], "asm_common_interrupt"))
			first = i + 1;
	return first;
}

static bool is_entry(const struct backtrace_frame *frame)
{
	return begins(frame, "asm_");
}

/* Is @rip in that function? A guess does not tell. */
static bool is_in(const struct backtrace_frame *frame, uint64_t rip)
{
	return frame->kind != FRAME_SCAN && *frame->symbol &&
	       rip - (frame->address - frame->offset) < frame->size;
}

/* The first frame of the innermost part of the backtrace that has @rip; trace->nr: none has. What
 * interrupts may call the same as what is interrupted. */
static unsigned int part_with(const struct backtrace *trace, uint64_t rip)
{
	unsigned int first = 0;

	for (unsigned int i = 0; i < trace->nr; i++) {
		if (is_in(&trace->frames[i], rip))
			return first;
		if (is_entry(&trace->frames[i]) && i + 1 < trace->nr)
			first = i + 1;
	}
	return trace->nr;
}

unsigned int telling_lockup(const struct inspect_cpu *cpu, const uint64_t *rips, unsigned int nr)
{
	const struct backtrace *trace = &cpu->trace;
	unsigned int goes_on = trace->nr;

	for (unsigned int i = 0; i < nr && rips[i]; i++) {
		unsigned int first = part_with(trace, rips[i]);

		if (first < trace->nr && (goes_on == trace->nr || first > goes_on))
			goes_on = first;
	}
	if (goes_on < trace->nr)
		return goes_on;
	if (!cpu->takes_interrupts)
		for (unsigned int i = 0; i + 1 < trace->nr; i++)
			if (is_entry(&trace->frames[i]))
				return i + 1;
	return 0;
}

bool telling_has_panicked(const struct backtrace *trace)
{
	unsigned int first = behind_panic(trace);

	return first && first < trace->nr;
}

unsigned int telling_first(const struct backtrace *trace, bool behind_interrupt)
{
	static const char *const sleeping[] = { "__schedule",
						"schedule",
						"preempt_schedule",
						"schedule_preempt_disabled",
						"schedule_timeout",
						"schedule_idle",
						"io_schedule",
						"schedule_hrtimeout_range_clock",
						"schedule_hrtimeout_range",
						NULL };
	unsigned int first = behind_panic(trace);

	if (first == trace->nr)
		first = 0;
	if (first)
		return behind_exception(trace, first);
	if (behind_interrupt)
		first = behind_interrupts(trace);
	while (first + 1 < trace->nr && is_one_of(&trace->frames[first], sleeping))
		first++;
	return first;
}

unsigned int telling_end(const struct backtrace *trace, unsigned int first)
{
	static const char *const entry[] = { "entry_SYSCALL_64_after_hwframe",
					     "do_syscall_64",
					     "x64_sys_call",
					     "ret_from_fork",
					     "ret_from_fork_asm",
					     "secondary_startup_64_no_verify",
					     "common_startup_64",
					     NULL };
	unsigned int end = trace->nr;

	/* One that ends too early ends with what is known. */
	if (*trace->why)
		return end;
	while (end > first + 1 && is_one_of(&trace->frames[end - 1], entry))
		end--;
	return end;
}

bool telling_is_user(const struct inspect_cpu *cpu)
{
	return cpu->is_in_user || (cpu->trace.nr && cpu->trace.end == BACKTRACE_USER &&
				   behind_interrupts(&cpu->trace) == cpu->trace.nr);
}

bool telling_is_idle(const struct inspect_cpu *cpu)
{
	if (telling_has_panicked(&cpu->trace))
		return false;
	return *cpu->why_task ? !cpu->is_in_user && cpu->takes_interrupts : cpu->task.pid <= 1;
}

const char *telling_function(const struct backtrace *trace, bool behind_interrupt)
{
	unsigned int first = telling_first(trace, behind_interrupt);

	return first < trace->nr ? trace->frames[first].symbol : "";
}
