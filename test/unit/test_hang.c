/* Is it told why a payload does not come to its end, and of a backtrace what tells that? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "verdict/hang.h"
#include "verdict/telling.h"

#define SECOND 1000000000ull
#define MOST   16

static struct backtrace_frame all_frames[8][MOST];

/* In frames of their own number @at. */
static struct backtrace trace_of(unsigned int at, const char *const *symbols,
				 enum backtrace_end end)
{
	struct backtrace trace = { .frames = all_frames[at], .end = end };

	for (; symbols[trace.nr]; trace.nr++) {
		trace.frames[trace.nr] = (struct backtrace_frame){ .kind = FRAME_ORC };
		strcpy(trace.frames[trace.nr].symbol, symbols[trace.nr]);
	}
	return trace;
}

static struct inspect_task task_of(int pid, const char *comm)
{
	struct inspect_task task = { .pid = pid, .tgid = pid, .cpu = 0 };

	memcpy(task.comm, comm, strlen(comm));
	return task;
}

static void assert_hang(const struct inspect_machine *machine, const char *expected)
{
	char text[HANG_SIZE];

	assert_true(hang_describe(machine, 8000, text));
	assert_string_equal(text, expected);
}

/* Each of what is told counts more than those before it. */
static void the_reason_that_counts_most_is_told(void **state)
{
	static const char *const sleeps[] = { "__schedule", "schedule", "do_nanosleep",
					      "entry_SYSCALL_64_after_hwframe", NULL };
	static const char *const spins[] = { "hrtimer_interrupt", "asm_sysvec_apic_timer_interrupt",
					     "spin_in_kernel", NULL };
	static const char *const ticks[] = { "hrtimer_interrupt", "asm_sysvec_apic_timer_interrupt",
					     NULL };
	static const char *const locked[] = { "__schedule", "schedule", "schedule_preempt_disabled",
					      "__mutex_lock.constprop.0", NULL };
	struct inspect_cpu cpus[2] = {
		{ .cpu = 1, .task = task_of(0, "swapper/0") },
		{ .cpu = 0, .task = task_of(1, "init"), .is_in_user = true }
	};
	struct inspect_blocked sleeping[] = { { .task = task_of(9, "sh") },
					      { .task = task_of(10, "sl\x1b") } };
	struct inspect_blocked blocked[] = {
		{ .task = task_of(11, "short"), .is_known = true, .not_run_ns = 1 * SECOND },
		{ .task = task_of(12, "long"), .is_known = true, .not_run_ns = 3 * SECOND },
		{ .task = task_of(13, "kworker"), .is_known = true, .not_run_ns = 7 * SECOND },
		{ .task = task_of(14, "unknown"), .not_run_ns = 7 * SECOND },
	};
	struct inspect_machine machine = {
		.cpus = cpus, .nr_cpus = 2, .sleeping = sleeping, .blocked = blocked
	};
	char text[HANG_SIZE];

	(void)state;
	assert_false(hang_describe(&machine, 8000, text));
	blocked[0].trace = trace_of(2, locked, BACKTRACE_USER);
	machine.nr_blocked = 1;
	assert_hang(&machine, "all CPUs are idle, and short[11] is blocked in "
			      "__mutex_lock.constprop.0");
	sleeping[1].trace = trace_of(0, sleeps, BACKTRACE_USER);
	machine.nr_sleeping = 2;
	assert_hang(&machine, "all CPUs are idle, and sl?[10] sleeps in do_nanosleep");
	machine.nr_blocked = 0;
	assert_hang(&machine, "all CPUs are idle, and sl?[10] sleeps in do_nanosleep");
	machine.longest[0] = (struct waiting){ .task = task_of(21, "ready"), .by = WAIT_QUEUED };
	machine.longest[0].task.is_kernel_thread = true;
	machine.nr_longest = 1;
	assert_hang(&machine, "all CPUs are idle, and sl?[10] sleeps in do_nanosleep");
	/* What is not idle comes before what sleeps, and what is not known counts. */
	cpus[0].task = task_of(3, "kworker/1:0");
	cpus[0].task.is_kernel_thread = true;
	assert_hang(&machine, "the kernel's kworker/1:0[3] runs on CPU 1, and sl?[10] sleeps in "
			      "do_nanosleep");
	machine.nr_sleeping = 0;
	assert_hang(&machine, "the kernel's kworker/1:0[3] runs on CPU 1");
	machine.nr_sleeping = 2;
	strcpy(cpus[0].why_task, "x");
	assert_hang(&machine, "what some CPUs do is not known, and sl?[10] sleeps in do_nanosleep");
	cpus[0].why_task[0] = '\0';
	cpus[0].task = task_of(0, "swapper/0");
	machine.longest[0].task.is_kernel_thread = false;
	assert_hang(&machine, "ready[21] is about to run on CPU 0");
	machine.longest[0].waited_ns = 1900000000;
	assert_hang(&machine, "ready[21] could run on CPU 0 and has not for 1.9 s");
	machine.longest[0].is_throttled = true;
	assert_hang(&machine, "ready[21] could run on CPU 0, and its quota is used up");
	machine.unqueued[0] = machine.longest[0];
	machine.nr_longest = 0;
	machine.nr_unqueued = 1;
	assert_hang(&machine, "ready[21] could run on CPU 0, and its quota is used up");
	machine.nr_unqueued = 0;
	machine.nr_longest = 1;
	machine.longest[0].is_throttled = false;
	machine.longest[0].by = WAIT_LAST_RAN;
	machine.longest[0].waited_ns = 14 * SECOND;
	assert_hang(&machine, "ready[21] could run on CPU 0; it last ran 14.0 s ago");
	cpus[0].task = task_of(20, "hog");
	cpus[0].trace = trace_of(1, ticks, BACKTRACE_USER);
	assert_hang(&machine, "hog[20] runs on CPU 1 in user mode");
	cpus[0].trace = trace_of(1, spins, BACKTRACE_USER);
	assert_hang(&machine, "hog[20] runs on CPU 1 in spin_in_kernel");
	cpus[1].task = task_of(21, "other");
	assert_hang(&machine, "hog[20] runs on CPU 1 in spin_in_kernel, and 1 other runs");
	machine.longest[0] = (struct waiting){ .task = task_of(30, "starved"),
					       .by = WAIT_QUEUED,
					       .waited_ns = 1900000000 };
	machine.nr_longest = 1;
	assert_hang(&machine, "hog[20] runs on CPU 1 in spin_in_kernel, and 1 other runs");
	machine.longest[0].waited_ns = 2 * SECOND;
	machine.longest[1] = machine.longest[0];
	machine.longest[0] = (struct waiting){ .task = task_of(31, "slept"),
					       .by = WAIT_LAST_RAN,
					       .waited_ns = 9 * SECOND };
	machine.nr_longest = 2;
	assert_hang(&machine, "starved[30] could run and has not for 2.0 s");
	blocked[1].trace = trace_of(2, locked, BACKTRACE_USER);
	blocked[2].task.is_kernel_thread = true;
	machine.nr_blocked = 1;
	assert_hang(&machine, "starved[30] could run and has not for 2.0 s");
	machine.nr_blocked = 4;
	assert_hang(&machine, "long[12] has been blocked for 3.0 s in __mutex_lock.constprop.0");
}

static void hostile_names_are_bounded(void **state)
{
	struct inspect_blocked blocked = { .is_known = true, .not_run_ns = UINT64_MAX };
	struct inspect_machine machine = { .blocked = &blocked, .nr_blocked = 1 };
	const char *nothing[] = { "", NULL };
	char text[HANG_SIZE];

	(void)state;
	memset(blocked.task.comm, 0xff, sizeof(blocked.task.comm) - 1);
	blocked.trace = trace_of(0, nothing, BACKTRACE_STOPPED);
	memset(all_frames[0][0].symbol, '\n', sizeof(all_frames[0][0].symbol) - 1);
	assert_true(hang_describe(&machine, UINT64_MAX, text));
	assert_null(strchr(text, '\n'));
	assert_true(strlen(text) < HANG_SIZE);
}

static void what_is_the_same_of_all_tells_nothing(void **state)
{
	static const char *const dies_in_kernel[] = {
		"panic", "oops_end", "asm_exc_page_fault", "bad", "do_syscall_64", NULL
	};
	/* The exception came from user mode: there is nothing behind it. */
	static const char *const init_dies[] = { "printk",	  "panic.cold",		"do_exit",
						 "do_group_exit", "asm_exc_page_fault", NULL };
	static const char *const dies_in_interrupt[] = { "panic",
							 "softdog_fire",
							 "asm_sysvec_apic_timer_interrupt",
							 "pv_native_safe_halt",
							 "common_startup_64",
							 NULL };
	static const char *const only_panic[] = { "io_serial_out", "panic", NULL };
	struct backtrace trace;

	(void)state;
	trace = trace_of(0, dies_in_kernel, BACKTRACE_USER);
	assert_true(telling_has_panicked(&trace));
	assert_string_equal(telling_function(&trace, false), "bad");
	assert_int_equal(telling_end(&trace, 3), 4);
	assert_int_equal(telling_end(&trace, 4), 5);
	trace.why[0] = 'x';
	assert_int_equal(telling_end(&trace, 3), 5);
	trace = trace_of(0, init_dies, BACKTRACE_USER);
	assert_true(telling_has_panicked(&trace));
	assert_string_equal(telling_function(&trace, false), "do_exit");
	trace = trace_of(0, dies_in_interrupt, BACKTRACE_START);
	/* Also at a limit: it is the panic that tells. */
	assert_string_equal(telling_function(&trace, true), "softdog_fire");
	assert_int_equal(telling_end(&trace, 1), 4);
	trace = trace_of(0, only_panic, BACKTRACE_STOPPED);
	assert_false(telling_has_panicked(&trace));
	assert_string_equal(telling_function(&trace, false), "io_serial_out");
	trace.nr = 0;
	assert_string_equal(telling_function(&trace, true), "");
	assert_int_equal(telling_end(&trace, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reason_that_counts_most_is_told),
		cmocka_unit_test(hostile_names_are_bounded),
		cmocka_unit_test(what_is_the_same_of_all_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
