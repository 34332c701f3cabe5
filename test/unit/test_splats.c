/* Is each kind of trouble known by the kernel's own line, and are none seen where there is none? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "verdict/splats.h"

#define W (1u << 9)
#define L (1u << 14)
#define B (1u << 5)

static void each_kind_has_its_lines(void **state)
{
	static const struct {
		const char *line, *name;
	} cases[] = {
		/* 6.1 to 6.18; without a file (CONFIG_DEBUG_BUGVERBOSE off); then 6.19 and later.
		 */
		{ "WARNING: CPU: 1 PID: 83 at kernel/sched/core.c:5678 sched_tick+0x1f2/0x200",
		  "warning" },
		{ "WARNING: CPU: 0 PID: 0 at sched_tick+0x1f2/0x200", "warning" },
		{ "WARNING: kernel/sched/core.c:5678 at sched_tick+0x1f2/0x200, CPU#1: sh/83",
		  "warning" },
		{ "WARNING: at sched_tick+0x1f2/0x200, CPU#1: sh/83", "warning" },

		{ "WARNING: possible circular locking dependency detected", "lockdep report" },
		{ "WARNING: possible recursive locking detected", "lockdep report" },
		{ "WARNING: possible irq lock inversion dependency detected", "lockdep report" },
		{ "WARNING: inconsistent lock state", "lockdep report" },
		{ "WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected", "lockdep report" },
		{ "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected", "lockdep report" },
		{ "WARNING: bad unlock balance detected!", "lockdep report" },
		{ "WARNING: bad contention detected!", "lockdep report" },
		{ "WARNING: Nested lock was not taken", "lockdep report" },
		{ "WARNING: held lock freed!", "lockdep report" },
		{ "WARNING: lock held when returning to user space!", "lockdep report" },
		{ "WARNING: sh/83 still has locks held!", "lockdep report" },
		{ "WARNING: suspicious RCU usage", "lockdep report" },
		{ "[ BUG: Invalid wait context ]", "lockdep report" },
		{ "INFO: trying to register non-static key.", "lockdep report" },

		{ "BUG: KASAN: slab-use-after-free in kasan_uaf+0x5c/0x70 [test_kasan]",
		  "KASAN report" },
		{ "BUG: KFENCE: out-of-bounds read in test_oob+0x9e/0x230", "KFENCE report" },
		{ "BUG: KMSAN: uninit-value in foo+0x12/0x34", "KMSAN report" },
		{ "BUG: KCSAN: data-race in tick_nohz_stop_tick / tick_sched_do_timer",
		  "KCSAN report" },
		{ "UBSAN: array-index-out-of-bounds in drivers/x.c:12:8", "UBSAN report" },
		{ "UBSAN: shift-out-of-bounds in lib/x.c:1:2", "UBSAN report" },

		{ "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:83]", "soft lockup" },
		{ "NMI watchdog: Watchdog detected hard LOCKUP on cpu 0", "hard lockup" },
		{ "watchdog: Watchdog detected hard LOCKUP on cpu 3", "hard lockup" },
		{ "watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 3", "hard lockup" },
		{ "rcu: INFO: rcu_preempt self-detected stall on CPU", "RCU stall" },
		{ "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "RCU stall" },
		{ "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-.... } 21 "
		  "jiffies s: 85 root: 0x2/.",
		  "RCU stall" },
		{ "INFO: rcu_tasks detected stalls on tasks:", "RCU stall" },
		{ "rcu: rcu_preempt kthread starved for 5250 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5) "
		  "->state=0x0 ->cpu=1",
		  "RCU stall" },
		{ "INFO: task kworker/u4:1:32 blocked for more than 120 seconds.", "hung task" },
		{ "INFO: task sh:83 blocked in I/O wait for more than 120 seconds.", "hung task" },

		{ "BUG: scheduling while atomic: sh/83/0x00000002", "scheduling while atomic" },
		{ "BUG: sleeping function called from invalid context at mm/slab.h:1",
		  "sleep in atomic context" },
		{ "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 33s!",
		  "workqueue lockup" },
		{ "BUG: kernel NULL pointer dereference, address: 0000000000000000", "bug" },
		{ "BUG: unable to handle page fault for address: ffffc90000c3f000", "bug" },
		{ "BUG: Bad page state in process sh  pfn:12345", "bug" },
		{ "BUG: spinlock bad magic on CPU#0, sh/83", "bug" },
		{ "kernel BUG at mm/slub.c:448!", "bug" },
		{ "BUG kmalloc-64 (Not tainted): Poison overwritten", "slab corruption" },
		{ "BUG task_struct (Tainted: G        W         ): Redzone overwritten",
		  "slab corruption" },
		{ "Oops: general protection fault, probably for non-canonical address "
		  "0xdead000000000100: 0000 [#1] SMP NOPTI",
		  "oops" },
		{ "Oops: 0002 [#1] PREEMPT SMP NOPTI", "oops" },
		{ "general protection fault, probably for non-canonical address "
		  "0xdead000000000100: 0000 [#1] PREEMPT SMP NOPTI",
		  "oops" },
		{ "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI", "oops" },
		{ "divide error: 0000 [#1] PREEMPT SMP NOPTI", "oops" },

		{ "Out of memory: Killed process 83 (tail) total-vm:240kB, anon-rss:0kB",
		  "out of memory" },
		{ "Out of memory (oom_kill_allocating_task): Killed process 83 (tail) total-vm:1kB",
		  "out of memory" },
		{ "Memory cgroup out of memory: Killed process 9 (a b) total-vm:1kB",
		  "out of memory" },

		/* What only looks like one. */
		{ "", NULL },
		{ "WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks",
		  NULL },
		{ "WARNING: CPU: ", NULL },
		{ "x WARNING: CPU: 0 PID: 1 at a.c:1", NULL },
		{ "audit: comm=\"BUG: KASAN: \"", NULL },
		{ "traps: a[83] general protection fault ip:1 sp:2 error:0 in a[1000+2]", NULL },
		{ "a[83]: segfault at 0 ip 1 sp 2 error 4 in a[1000+2]", NULL },
		{ "smpboot: CPU 1 is now offline", NULL },
		{ "sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
		  NULL },
		{ "oom_reaper: reaped process 83 (tail), now anon-rss:0kB", NULL },
		{ "rcu: Hierarchical RCU implementation.", NULL },
		{ "rcu: INFO: rcu_sched is fine", NULL },
		{ "INFO: task sh:83 is fine", NULL },
		{ "INFO: lockdep is turned off.", NULL },
		{ "sysrq: Show Blocked State", NULL },
		{ "watchdog: Delayed init of the lockup detector failed: -19", NULL },
		{ "BUGs are none", NULL },
		{ "kernel tried to be nice", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct splat_mark *mark = splat_mark_of(cases[i].line);

		if (!mark != !cases[i].name || (mark && strcmp(mark->name, cases[i].name)))
			fail_msg("'%s' is %s, not %s", cases[i].line, mark ? mark->name : "none",
				 cases[i].name ? cases[i].name : "none");
	}
}

static const char log_text[] =
	"[    5.000000] x: loaded\n"
	"[    5.000001] ------------[ cut here ]------------\n"
	"[    5.000002] WARNING: CPU: 0 PID: 83 at a.c:1 f+0x1/0x2\n"
	"[    5.000003] Modules linked in:\n"
	"[    6.000000] [ BUG: Invalid wait context ]\n"
	"[99999.123456] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:83]\n";

static void a_log_in_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof(log_text); piece += 7) {
		struct splats splats = { .found = 0 };
		struct ktstr_exited exited = { .tainted = W | L };

		for (size_t at = 0; at < sizeof(log_text) - 1; at += piece) {
			size_t left = sizeof(log_text) - 1 - at;

			splats_add(&splats, log_text + at, left < piece ? left : piece);
		}
		splats_finish(&splats, &exited);
		/* Their taint flags are theirs, and nothing of its own. */
		assert_int_equal(splats.found, 3);
		assert_string_equal(splats.kept[0].name, "warning");
		assert_string_equal(splats.kept[0].line,
				    "WARNING: CPU: 0 PID: 83 at a.c:1 f+0x1/0x2");
		assert_string_equal(splats.kept[1].line, "[ BUG: Invalid wait context ]");
		assert_string_equal(splats.kept[2].line,
				    "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:83]");
		assert_null(splats.kept[3].name);
	}
}

/* Its clock went on meanwhile. What else it tells is its own doing, as before. */
static void a_guest_that_stood_still_stalls_for_that(void **state)
{
	static const char log[] =
		"[  9.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:83]\n"
		"[  9.1] rcu: INFO: rcu_preempt self-detected stall on CPU\n"
		"[  9.2] INFO: task sh:83 blocked for more than 122 seconds.\n";
	static const char oops[] = "[  9.3] BUG: kernel NULL pointer dereference, address: 0\n";
	const struct ktstr_exited tainted = { .tainted = L };
	struct splats splats = { .allowed = NULL };

	(void)state;
	splats_add(&splats, log, sizeof(log) - 1);
	assert_int_equal(splats.found, 3);
	splats.has_stood = true;
	splats_add(&splats, log, sizeof(log) - 1);
	assert_int_equal(splats.found, 3);
	splats_add(&splats, oops, sizeof(oops) - 1);
	assert_int_equal(splats.found, 4);
	/* Nor is its mark told as one that has no line. */
	splats_finish(&splats, &tainted);
	assert_int_equal(splats.found, 4);
}

static void what_is_allowed_does_not_count(void **state)
{
	struct patterns allowed = { 0 };
	struct splats splats = { .allowed = &allowed };
	struct ktstr_exited exited = { .tainted = W | L | B };
	struct error err;

	(void)state;
	assert_int_equal(patterns_add(&allowed, "x", "WARNING: * a.c:*", &err), 0);
	assert_int_equal(patterns_add(&allowed, "x", "tainted: B*", &err), 0);
	for (int i = 0; i < 1000; i++)
		splats_add(&splats, log_text, sizeof(log_text) - 1);
	splats_finish(&splats, &exited);
	assert_int_equal(splats.allowed_count, 1001);
	assert_string_equal(splats.allowed_first.name, "warning");
	assert_int_equal(splats.found, 2000);
	assert_string_equal(splats.kept[0].line, "[ BUG: Invalid wait context ]");
	splats = (struct splats){ .all_allowed = true };
	splats_add(&splats, log_text, sizeof(log_text) - 1);
	splats_finish(&splats, &exited);
	assert_int_equal(splats.found, 0);
	patterns_free(&allowed);
}

static void marks_without_lines(void **state)
{
	static const struct {
		struct ktstr_exited exited;
		const char *lines[3];
	} cases[] = {
		{ { .tainted = 0 }, { NULL } },
		{ { .tainted = W }, { "tainted: W (warning)" } },
		{ { .tainted = W | L }, { "tainted: W (warning)", "tainted: L (soft lockup)" } },
		{ { .tainted = 1ull << 63 }, { "tainted: flag 63" } },
		{ { .oom_kills = 2 }, { "Out of memory: killed 2, not in the log" } },
		{ { .cpus_lost = 1, .cpu_lost = 3 }, { "CPU 3 is offline" } },
		{ { .cpus_lost = 3, .cpu_lost = 1 }, { "CPU 1 is offline, and 2 more" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct splats splats = { .found = 0 };
		size_t lines = 0;

		splats_finish(&splats, &cases[i].exited);
		for (; cases[i].lines[lines]; lines++)
			assert_string_equal(splats.kept[lines].line, cases[i].lines[lines]);
		assert_int_equal(splats.found, lines);
	}
}

static void a_kill_is_told_once(void **state)
{
	static const char text[] = "[ 1.0] Out of memory: Killed process 1 (one) total-vm:1kB\n"
				   "[ 2.0] Out of memory: Killed process 2 (two) total-vm:1kB\n";
	const struct ktstr_exited exited = { .oom_kills = 2 };
	struct splats splats = { .found = 0 };

	(void)state;
	splats_add(&splats, text, sizeof(text) - 1);
	splats_finish(&splats, &exited);
	assert_int_equal(splats.found, 2);
	assert_string_equal(splats.oom_line, "Out of memory: Killed process 2 (two) total-vm:1kB");
}

/* No end of lines, lines without an end, bytes of any kind. */
static void hostile_logs_are_bounded(void **state)
{
	const struct ktstr_exited exited = { .tainted = UINT64_MAX,
					     .oom_kills = UINT64_MAX,
					     .cpus_lost = UINT32_MAX,
					     .cpu_lost = UINT32_MAX };
	static char noise[65536];
	struct splats splats = { .found = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 37 ^ i >> 5);
	for (int i = 0; i < 20; i++)
		splats_add(&splats, noise, sizeof(noise));
	memset(noise, '[', sizeof(noise));
	for (int i = 0; i < 20; i++)
		splats_add(&splats, noise, sizeof(noise));
	splats_add(&splats, "\n", 1);
	memcpy(noise, "BUG: \x1b[31m", 10);
	for (int i = 0; i < 20; i++)
		splats_add(&splats, noise, sizeof(noise));
	splats_add(&splats, "\n", 1);
	assert_int_equal(splats.found, 1);
	assert_memory_equal(splats.kept[0].line, "BUG: ?[31m[[", 12);
	assert_int_equal(strlen(splats.kept[0].line), SPLAT_LINE_SIZE - 1);
	splats_finish(&splats, &exited);
	assert_true(splats.found > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_lines),
		cmocka_unit_test(a_log_in_pieces),
		cmocka_unit_test(a_guest_that_stood_still_stalls_for_that),
		cmocka_unit_test(what_is_allowed_does_not_count),
		cmocka_unit_test(marks_without_lines),
		cmocka_unit_test(a_kill_is_told_once),
		cmocka_unit_test(hostile_logs_are_bounded),
	};

	return cmocka_run_group_tests_name("splats", tests, NULL, NULL);
}
