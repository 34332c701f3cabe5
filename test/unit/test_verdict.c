/* Does every way in which a VM can end get the right word, status and line? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"
#include "verdict/verdict.h"

/* Times in tests: milliseconds on the host's clock. */
#define MS(ms) ((ms)*1000000ull)

/* A guest whose payload started 2.5 s after power-on. */
#define STARTED                                                                                    \
	.hello = true, .started = true, .begin_ns = MS(1000), .hello_ns = MS(3000),                \
	.started_ns = MS(3500), .boot_limit_ms = 10300, .test_limit_ms = 30000
#define EXITED(k, v)                                                                               \
	STARTED, .exited = true, .exit = { .kind = (k), .value = (v) }, .exited_ns = MS(4800),     \
		 .end_ns = MS(5000)

struct scene {
	const char *name;
	struct observation seen;
	const char *console, *init_log;
	enum verdict_kind kind;
	int exit_status, signal;
	const char *splat, *cause;
};

#define OOM_LINE "Out of memory: Killed process 83 (tail) total-vm:240kB, anon-rss:0kB"

static const struct expect status_three = { .kind = EXPECT_STATUS, .status = 3 };
static const struct expect an_error = { .kind = EXPECT_ERROR };
static const struct expect starved = { .kind = EXPECT_STDERR, .pattern.text = (char *)"*starved*" };

static const char *const commands[] = { "true", "mod\tprobe" };

static const struct scene scenes[] = {
	{
		.name = "a setup that fails",
		.seen = { .hello = true,
			  .stop = STOP_BYE,
			  .setup_failed = true,
			  .setup = { .index = 1, .value = 5 },
			  .setup_commands = commands },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "setup 'mod probe' ended with status 5",
	},
	{
		.name = "a setup that hangs",
		.seen = { .hello = true,
			  .stop = STOP_BYE,
			  .setup_failed = true,
			  .setup = { .kind = KTSTR_EXIT_TIMEOUT },
			  .setup_commands = commands,
			  .setup_limit_ms = 2500 },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "setup 'true' did not end within the setup's limit of 2.5 s; "
			 "--setup-timeout gives more",
	},
	{
		.name = "a setup that is killed",
		.seen = { .hello = true,
			  .stop = STOP_BYE,
			  .setup_failed = true,
			  .setup = { .kind = KTSTR_EXIT_SIGNAL, .value = SIGKILL },
			  .setup_commands = commands },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "setup 'true' was killed by SIGKILL (signal 9)",
	},
	{
		.name = "ktstr-work's words are wrong",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 2), .stop = STOP_BYE,
			  .work = { .error = "no kind 'spn'" } },
		.kind = VERDICT_ERROR,
		.exit_status = 2,
		.cause =
			"ktstr-work could not do it: no kind 'spn'; payload exited with status 2 after "
			"1.3 s",
	},
	{
		.name = "ktstr-work's words are wrong, and the script goes on",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE,
			  .work = { .error = "no kind 'spn'", .inconclusive = "x" } },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause =
			"ktstr-work could not do it: no kind 'spn'; payload exited with status 0 after "
			"1.3 s",
	},
	{
		.name = "ktstr-work saw too little, also where a failure is expected",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 3), .stop = STOP_BYE,
			  .work = { .inconclusive = "a.wake_p99 < 5ms: 3 wake-ups" },
			  .expected = { .expect = &an_error } },
		.kind = VERDICT_INCONCLUSIVE,
		.exit_status = 3,
		.cause =
			"ktstr-work is inconclusive: a.wake_p99 < 5ms: 3 wake-ups; payload exited with "
			"status 3 after 1.3 s; that is not the failure that expect_err takes, unless it "
			"says how, as in expect_err=status:3",
	},
	{
		.name = "ktstr-work saw too little, and the script goes on",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE,
			  .work = { .inconclusive = "x", .failed = "y" } },
		.kind = VERDICT_INCONCLUSIVE,
		.exit_status = 125,
		.cause = "ktstr-work is inconclusive: x; payload exited with status 0 after 1.3 s",
	},
	{
		.name = "a check failed: that weighs more",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 1), .stop = STOP_BYE,
			  .work = { .error = "x",
				    .inconclusive = "z",
				    .failed = "a.share was 1 %" } },
		.kind = VERDICT_FAIL,
		.exit_status = 1,
		.cause = "payload exited with status 1 after 1.3 s; ktstr-work: a.share was 1 %; "
			 "ktstr-work could not do it: x",
	},
	{
		.name = "a check failed, and the script goes on: it decides",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE,
			  .work = { .failed = "a.share was 1 %" } },
		.kind = VERDICT_PASS,
		.cause = "payload exited with status 0 after 1.3 s",
	},
	{
		.name = "a script that skips itself where ktstr-work cannot",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 4), .stop = STOP_BYE,
			  .work = { .error = "x" } },
		.kind = VERDICT_FAIL,
		.exit_status = 4,
		.cause = "payload exited with status 4 after 1.3 s; ktstr-work could not do it: x",
	},
	{
		.name = "what the kernel did, and how a payload was killed, weigh more",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE,
			  .splats = { .found = 1, .kept = { { "bug", "BUG: x" } } },
			  .work = { .inconclusive = "z" } },
		.kind = VERDICT_FAIL,
		.exit_status = 119,
		.splat = "bug",
		.cause =
			"kernel bug while the payload ran: BUG: x; payload exited with status 0 after "
			"1.3 s; ktstr-work is inconclusive: z",
	},
	{
		.name = "ktstr-work could not, and the payload was killed",
		.seen = { EXITED(KTSTR_EXIT_SIGNAL, SIGSEGV), .stop = STOP_BYE,
			  .work = { .error = "x" } },
		.kind = VERDICT_FAIL,
		.exit_status = 139,
		.signal = SIGSEGV,
		.cause =
			"payload killed by SIGSEGV (signal 11) after 1.3 s; ktstr-work could not do it: "
			"x",
	},
	{
		.name = "ktstr-work could not, and the script hangs",
		.seen = { EXITED(KTSTR_EXIT_TIMEOUT, 0), .stop = STOP_BYE,
			  .work = { .error = "x" } },
		.kind = VERDICT_TIMEOUT,
		.exit_status = 124,
		.cause =
			"payload still running at its time limit of 30 s; ktstr-work could not do it: x",
	},
	{
		.name = "the kernel warned: the payload's 0 does not stand",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE,
			  .splats = { .found = 1,
				      .kept = { { "warning", "WARNING: at a.c:1" } } } },
		.kind = VERDICT_FAIL,
		.exit_status = 119,
		.splat = "warning",
		.cause =
			"kernel warning while the payload ran: WARNING: at a.c:1; payload exited with "
			"status 0 after 1.3 s",
	},
	{
		.name = "the kernel warned, and the payload failed: its status stands",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 3), .stop = STOP_BYE,
			  .splats = { .found = 2,
				      .kept = { { "bug", "BUG: x" }, { "bug", "y" } } } },
		.kind = VERDICT_FAIL,
		.exit_status = 3,
		.splat = "bug",
		.cause =
			"payload exited with status 3 after 1.3 s; kernel bug while the payload ran: "
			"BUG: x",
	},
	{
		.name = "a soft lockup, and a payload that did not come to its end",
		.seen = { EXITED(KTSTR_EXIT_TIMEOUT, 0), .stop = STOP_BYE,
			  .splats = { .found = 1, .kept = { { "soft lockup", "BUG: soft" } } } },
		.kind = VERDICT_TIMEOUT,
		.exit_status = 124,
		.splat = "soft lockup",
		.cause =
			"payload still running at its time limit of 30 s; kernel soft lockup while the "
			"payload ran: BUG: soft",
	},
	{
		.name = "memory ran out, and the payload says nothing of it",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE, .memory_mib = 256,
			  .exit.oom_kills = 1,
			  .splats = { .found = 1,
				      .kept = { { SPLAT_OOM, OOM_LINE } },
				      .oom_line = OOM_LINE } },
		.kind = VERDICT_FAIL,
		.exit_status = 119,
		.splat = SPLAT_OOM,
		.cause =
			"memory ran out, and the kernel killed 'tail' (pid 83): the guest has 256 MiB, "
			"--memory gives it more; payload exited with status 0 after 1.3 s",
	},
	{
		.name = "memory ran out, and so the payload failed: said once",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 137), .stop = STOP_BYE, .memory_mib = 256,
			  .exit.oom_kills = 1,
			  .splats = { .found = 1,
				      .kept = { { SPLAT_OOM, OOM_LINE } },
				      .oom_line = OOM_LINE } },
		.kind = VERDICT_FAIL,
		.exit_status = 137,
		.splat = SPLAT_OOM,
		.cause =
			"payload exited with status 137 after 1.3 s; memory ran out, and the kernel "
			"killed 'tail' (pid 83): the guest has 256 MiB, --memory gives it more",
	},
	{
		.name = "memory ran out as is allowed: still likely why it failed",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 1), .stop = STOP_BYE, .exit.oom_kills = 1,
			  .splats = { .allowed_count = 1,
				      .oom_line =
					      "Memory cgroup out of memory: Killed process 9 (a) "
					      "total-vm:1kB" } },
		.kind = VERDICT_FAIL,
		.exit_status = 1,
		.cause =
			"payload exited with status 1 after 1.3 s; a memory cgroup ran out, and the "
			"kernel killed 'a' (pid 9)",
	},
	{
		.name = "memory ran out as is allowed, and it passed",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE, .exit.oom_kills = 1,
			  .splats = { .allowed_count = 1, .oom_line = OOM_LINE } },
		.kind = VERDICT_PASS,
		.cause = "payload exited with status 0 after 1.3 s",
	},
	{
		.name = "the payload failed with another status than is expected",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 2), .stop = STOP_BYE,
			  .expected.expect = &status_three },
		.kind = VERDICT_FAIL,
		.exit_status = 2,
		.cause = "payload exited with status 2 after 1.3 s; status 3 is expected",
	},
	{
		.name = "it failed with the expected one",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 3), .stop = STOP_BYE,
			  .expected.expect = &status_three },
		.kind = VERDICT_FAIL,
		.exit_status = 3,
		.cause = "payload exited with status 3 after 1.3 s",
	},
	{
		.name = "it failed, but not for the reason that is expected",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 1), .stop = STOP_BYE,
			  .expected.expect = &starved },
		.kind = VERDICT_FAIL,
		.exit_status = 1,
		.cause = "payload exited with status 1 after 1.3 s; no line of its standard error "
			 "matches '*starved*', which is expected",
	},
	{
		.name = "it failed for the reason that is expected",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 1), .stop = STOP_BYE,
			  .expected = { .expect = &starved, .seen = true } },
		.kind = VERDICT_FAIL,
		.exit_status = 1,
		.cause = "payload exited with status 1 after 1.3 s",
	},
	{
		.name = "status 0",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_BYE },
		.kind = VERDICT_PASS,
		.cause = "payload exited with status 0 after 1.3 s",
	},
	{
		.name = "status 7, the guest powered itself off before we did",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 7), .vmm.end = VMM_END_POWEROFF },
		.kind = VERDICT_FAIL,
		.exit_status = 7,
		.cause = "payload exited with status 7 after 1.3 s",
	},
	{
		.name = "the payload's own 125",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 125), .stop = STOP_BYE },
		.kind = VERDICT_FAIL,
		.exit_status = 125,
		.cause = "payload exited with status 125 after 1.3 s",
	},
	{
		.name = "the payload's own 255",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 255), .stop = STOP_BYE },
		.kind = VERDICT_FAIL,
		.exit_status = 255,
		.cause = "payload exited with status 255 after 1.3 s",
	},
	{
		.name = "a short payload",
		.seen = { .hello = true,
			  .started = true,
			  .exited = true,
			  .started_ns = MS(3500),
			  .exited_ns = MS(3540),
			  .exit.value = 1,
			  .stop = STOP_BYE },
		.kind = VERDICT_FAIL,
		.exit_status = 1,
		.cause = "payload exited with status 1 after 0.04 s",
	},
	{
		.name = "an end without a start: no time is made up",
		.seen = { .hello = true,
			  .exited = true,
			  .exited_ns = MS(3540),
			  .exit.value = 1,
			  .stop = STOP_BYE },
		.kind = VERDICT_FAIL,
		.exit_status = 1,
		.cause = "payload exited with status 1",
	},
	{
		.name = "killed",
		.seen = { EXITED(KTSTR_EXIT_SIGNAL, SIGKILL), .stop = STOP_BYE },
		.kind = VERDICT_FAIL,
		.exit_status = 137,
		.signal = SIGKILL,
		.cause = "payload killed by SIGKILL (signal 9) after 1.3 s",
	},
	{
		.name = "killed by a signal without a name",
		.seen = { EXITED(KTSTR_EXIT_SIGNAL, 40), .stop = STOP_BYE },
		.kind = VERDICT_FAIL,
		.exit_status = 168,
		.signal = 40,
		.cause = "payload killed by signal 40 after 1.3 s",
	},
	{
		.name = "time limit, enforced by init",
		.seen = { EXITED(KTSTR_EXIT_TIMEOUT, 0), .stop = STOP_BYE },
		.kind = VERDICT_TIMEOUT,
		.exit_status = 124,
		.cause = "payload still running at its time limit of 30 s",
	},
	{
		.name = "not found",
		.seen = { .hello = true,
			  .exited = true,
			  .exit = { .kind = KTSTR_EXIT_EXEC, .value = ENOENT },
			  .stop = STOP_BYE },
		.kind = VERDICT_NOT_RUN,
		.exit_status = 127,
		.cause = "payload not found in the guest: it, or the interpreter that it names, is "
			 "missing (ENOENT)",
	},
	{
		.name = "not executable",
		.seen = { .hello = true,
			  .exited = true,
			  .exit = { .kind = KTSTR_EXIT_EXEC, .value = EACCES },
			  .stop = STOP_BYE },
		.kind = VERDICT_NOT_RUN,
		.exit_status = 126,
		.cause = "payload could not be executed in the guest: Permission denied (EACCES)",
	},
	{
		.name = "wrong format",
		.seen = { .hello = true,
			  .exited = true,
			  .exit = { .kind = KTSTR_EXIT_EXEC, .value = ENOEXEC },
			  .stop = STOP_BYE },
		.kind = VERDICT_NOT_RUN,
		.exit_status = 126,
		.cause = "payload could not be executed in the guest: Exec format error (ENOEXEC)",
	},
	{
		.name = "an errno without a name",
		.seen = { .hello = true,
			  .exited = true,
			  .exit = { .kind = KTSTR_EXIT_EXEC, .value = 4000 },
			  .stop = STOP_BYE },
		.kind = VERDICT_NOT_RUN,
		.exit_status = 126,
		.cause = "payload could not be executed in the guest: errno 4000",
	},
	{
		.name = "the payload's verdict stands when the guest does not finish",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 3), .stop = STOP_FINISH_TIMEOUT },
		.kind = VERDICT_FAIL,
		.exit_status = 3,
		.cause = "payload exited with status 3 after 1.3 s; the guest did not finish after "
			 "that",
	},
	{
		.name = "and when it resets",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 3), .vmm.end = VMM_END_RESET },
		.kind = VERDICT_FAIL,
		.exit_status = 3,
		.cause = "payload exited with status 3 after 1.3 s; the guest reset after that",
	},

	/* What no honest init says. 256 must not be taken for 0. */
	{
		.name = "status 256",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 256), .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 0, "
			 "value "
			 "256)",
	},
	{
		.name = "signal 0",
		.seen = { EXITED(KTSTR_EXIT_SIGNAL, 0), .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 1, "
			 "value "
			 "0)",
	},
	{
		.name = "signal 65",
		.seen = { EXITED(KTSTR_EXIT_SIGNAL, 65), .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 1, "
			 "value "
			 "65)",
	},
	{
		.name = "signal 2^32 - 1",
		.seen = { EXITED(KTSTR_EXIT_SIGNAL, UINT32_MAX), .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 1, "
			 "value "
			 "4294967295)",
	},
	{
		.name = "errno 0",
		.seen = { EXITED(KTSTR_EXIT_EXEC, 0), .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 3, "
			 "value "
			 "0)",
	},
	{
		.name = "errno 2^31",
		.seen = { EXITED(KTSTR_EXIT_EXEC, 0x80000000u), .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 3, "
			 "value "
			 "2147483648)",
	},
	{
		.name = "kind 4",
		.seen = { EXITED(4, 0), .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 4, "
			 "value "
			 "0)",
	},
	{
		.name = "a time limit that nobody set",
		.seen = { .hello = true,
			  .exited = true,
			  .exit.kind = KTSTR_EXIT_TIMEOUT,
			  .stop = STOP_BYE },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: payload ended in an impossible way (kind 2, "
			 "value "
			 "0)",
	},

	/* The order: interrupt, KVM, protocol, panic, payload. */
	{
		.name = "interrupted, though all the rest happened as well",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 1), .stop = STOP_SIGNAL, .signal = SIGINT,
			  .panic = true, .vmm = { VMM_END_KVM_ERROR, "x" } },
		.kind = VERDICT_INTERRUPTED,
		.exit_status = 130,
		.cause =
			"interrupted by SIGINT (signal 2) after the payload had ended (exited with "
			"status 1 after 1.3 s)",
	},
	{
		.name = "interrupted while it ran",
		.seen = { STARTED, .stop = STOP_SIGNAL, .signal = SIGTERM },
		.kind = VERDICT_INTERRUPTED,
		.exit_status = 143,
		.cause = "interrupted by SIGTERM (signal 15) while the payload ran",
	},
	{
		.name = "interrupted at boot",
		.seen = { .stop = STOP_SIGNAL, .signal = SIGTERM },
		.kind = VERDICT_INTERRUPTED,
		.exit_status = 143,
		.cause = "interrupted by SIGTERM (signal 15) before init's first word",
	},
	{
		.name = "KVM gives up, though a panic and an exit were seen",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .panic = true,
			  .vmm = { VMM_END_KVM_ERROR, "vCPU 1: emulation failure at 0x1000" } },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "KVM could not run the guest any further: vCPU 1: emulation failure at "
			 "0x1000",
	},
	{
		.name = "garbage in the channel, though a panic and an exit were seen",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .panic = true,
			  .vmm = { VMM_END_PROTOCOL, "frame of 99999 bytes,\nlimit 65536" } },
		.kind = VERDICT_PROTOCOL,
		.exit_status = 123,
		.cause = "guest broke the protocol: frame of 99999 bytes,?limit 65536",
	},
	{
		.name = "garbage while it was waited for what a failing guest says",
		.seen = { STARTED, .stop = STOP_FINISH_TIMEOUT,
			  .vmm = { VMM_END_PROTOCOL, "part 99" } },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "guest did not finish, and did not tell how the payload ended; the "
			 "console is empty",
	},
	{
		.name = "panic while the payload ran",
		.seen = { STARTED, .panic = true, .vmm.end = VMM_END_RESET,
			  .panic_line = "Kernel panic - not syncing: sysrq triggered crash" },
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause = "kernel panic while the payload ran: sysrq triggered crash",
	},
	{
		.name = "panic after a good exit",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .panic = true, .stop = STOP_PANIC,
			  .panic_line = "Kernel panic - not syncing: Attempted to kill init!" },
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause = "kernel panic after the payload had ended (exited with status 0 after 1.3 "
			 "s): "
			 "Attempted to kill init!",
	},
	{
		.name = "panic before init, in other words than usual",
		.seen = { .panic = true,
			  .panic_line = "Kernel panic: VFS\033[2J",
			  .stop = STOP_PANIC },
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause = "kernel panic before init's first word: Kernel panic: VFS?[2J",
	},
	{
		.name = "a panic that an oops led to: the oops",
		.seen = { STARTED, .panic = true, .vmm.end = VMM_END_RESET,
			  .panic_line =
				  "Kernel panic - not syncing: Fatal exception in interrupt" },
		.console =
			"[    5.1] BUG: kernel NULL pointer dereference, address: 0000000000000030\n"
			"[    5.2] #PF: supervisor write access in kernel mode\r\n"
			"[    5.3] Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI\n"
			"[    5.4] Kernel panic - not syncing: Fatal exception in interrupt\n",
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause =
			"kernel panic while the payload ran: BUG: kernel NULL pointer dereference, "
			"address: 0000000000000030 (Fatal exception in interrupt)",
	},
	{
		.name = "a panic that an earlier oops did not lead to",
		.seen = { STARTED, .panic = true, .vmm.end = VMM_END_RESET,
			  .panic_line = "Kernel panic - not syncing: sysrq triggered crash" },
		.console = "[    5.1] BUG: unable to handle page fault for address: 1\n",
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause = "kernel panic while the payload ran: sysrq triggered crash",
	},
	{
		.name = "a panic of an oops that is not in the log",
		.seen = { STARTED, .panic = true, .vmm.end = VMM_END_RESET,
			  .panic_line = "Kernel panic - not syncing: Fatal exception" },
		.console = "[    5.1] Modules linked in:\n",
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause = "kernel panic while the payload ran: Fatal exception",
	},
	{
		.name = "panic before an exec that failed counts more than the failure",
		.seen = { .hello = true,
			  .panic = true,
			  .exited = true,
			  .exit = { .kind = KTSTR_EXIT_EXEC, .value = EACCES } },
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause = "kernel panic after the payload had ended (could not be executed in the "
			 "guest: Permission denied (EACCES))",
	},
	{
		.name = "panic between hello and start, without a line",
		.seen = { .hello = true, .stop = STOP_PANIC },
		.kind = VERDICT_PANIC,
		.exit_status = 120,
		.cause = "kernel panic before the payload started",
	},

	/* No verdict of the payload's. */
	{
		.name = "init gives up",
		.seen = { .hello = true, .stop = STOP_BYE },
		.init_log = "mounting /tmp\njob: unknown key 'x'\n",
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "guest's init gave up before the payload started: job: unknown key 'x'",
	},
	{
		.name = "init gives up in the middle, without a word",
		.seen = { STARTED, .stop = STOP_BYE },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "guest's init gave up while the payload ran and gave no reason",
	},
	{
		.name = "BYE, and the guest was faster with its power-off",
		.seen = { .hello = true, .stop = STOP_BYE, .vmm.end = VMM_END_POWEROFF },
		.init_log = "no /dev/mem",
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "guest's init gave up before the payload started: no /dev/mem",
	},
	{
		.name = "no boot",
		.seen = { .stop = STOP_BOOT_TIMEOUT, .boot_limit_ms = 10300 },
		.console = "[    0.1] one\n[    0.2] t\033wo\r\n \r\n\n",
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "no word from init within 10.3 s (boot budget); last console line: [    "
			 "0.2] "
			 "t?wo",
	},
	{
		.name = "no boot and no console",
		.seen = { .stop = STOP_BOOT_TIMEOUT, .boot_limit_ms = 10000 },
		.console = "\r\n \n",
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "no word from init within 10 s (boot budget); the console is empty",
	},
	{
		.name = "no payload",
		.seen = { .hello = true,
			  .hello_ns = MS(3000),
			  .end_ns = MS(33000),
			  .stop = STOP_PREPARE_TIMEOUT,
			  .tracer = TRACER_SILENT },
		.console = "x",
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause =
			"payload not started 30.0 s after init's first word, and no word about the "
			"tracer either; last console line: x",
	},
	{
		.name = "no payload in a fork",
		.seen = { .forked = true,
			  .hello = true,
			  .begin_ns = MS(3000),
			  .ready_ns = MS(1000),
			  .end_ns = MS(33000),
			  .stop = STOP_PREPARE_TIMEOUT },
		.console = "x",
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "payload not started 30.0 s after the fork's start; last console line: x",
	},
	{
		.name = "no payload, no tracer wanted",
		.seen = { .hello = true,
			  .hello_ns = MS(3000),
			  .end_ns = MS(33000),
			  .stop = STOP_PREPARE_TIMEOUT },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "payload not started 30.0 s after init's first word; the console is empty",
	},
	{
		.name = "over the limit, and alive 4.9 s ago",
		.seen = { STARTED, .stop = STOP_TEST_TIMEOUT, .heartbeat_ns = MS(33600),
			  .end_ns = MS(38500) },
		.kind = VERDICT_TIMEOUT,
		.exit_status = 124,
		.cause = "payload still running past its time limit of 30 s; stopped from outside",
	},
	{
		.name = "over the limit, and silent for 5 s",
		.seen = { STARTED, .stop = STOP_TEST_TIMEOUT, .heartbeat_ns = MS(33500),
			  .end_ns = MS(38500) },
		.console = "rcu: INFO: rcu_preempt detected stalls\n",
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "guest stopped responding: no heartbeat for 5.0 s when stopped past the "
			 "payload's time limit of 30 s; last console line: rcu: INFO: rcu_preempt "
			 "detected stalls",
	},
	{
		.name = "over the limit, and never a heartbeat: the start counts",
		.seen = { STARTED, .stop = STOP_TEST_TIMEOUT, .end_ns = MS(35500) },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "guest stopped responding: no heartbeat for 32.0 s when stopped past the "
			 "payload's time limit of 30 s; the console is empty",
	},
	{
		.name = "no limit, and silent",
		.seen = { .hello = true,
			  .started = true,
			  .started_ns = MS(3500),
			  .heartbeat_ns = MS(9500),
			  .end_ns = MS(39500),
			  .stop = STOP_TEST_TIMEOUT },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "guest stopped responding: no heartbeat for 30.0 s; the console is empty",
	},
	{
		.name = "a guest that resets once its payload has passed is no pass",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .vmm.end = VMM_END_RESET },
		.kind = VERDICT_DIED,
		.exit_status = 122,
		.cause = "guest reset 4.0 s after start, after the payload had ended (exited with "
			 "status 0 after 1.3 s); the console is empty",
	},
	{
		.name = "nor is one that falls silent",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_FINISH_SILENCE },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "guest stopped responding after the payload had ended (exited with status "
			 "0 after 1.3 s); the console is empty",
	},
	{
		.name = "nor is one whose CPU is stuck",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_HARD_LOCKUP, .stuck_vcpu = 3,
			  .stuck_ns = 5123456789, .stuck_rip = 0xffffffff81234567 },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "hard lockup: CPU 3 ran for 5.1 s with interrupts off at RIP "
			 "0xffffffff81234567, after the payload had ended (exited with status 0 "
			 "after 1.3 s); the console is empty",
	},
	{
		.name = "a payload that failed before that has failed",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 7), .stop = STOP_HARD_LOCKUP },
		.kind = VERDICT_FAIL,
		.exit_status = 7,
		.cause = "payload exited with status 7 after 1.3 s; the guest did not finish after "
			 "that",
	},
	{
		.name = "nobody in the guest has anything to do, and init is silent",
		.seen = { STARTED, .stop = STOP_ALL_IDLE, .stuck_ns = 10100000000 },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "guest stopped responding: no heartbeat for 10.1 s, while its CPUs were "
			 "idle; the console is empty",
	},
	{
		.name = "a task that could run, and no CPU takes it",
		.seen = { STARTED, .stop = STOP_FORGOTTEN, .stuck_ns = 8210000000, .cpus_online = 2,
			  .scheduler.ops = "scx_x",
			  .stuck_waiting = { .task = { .comm = "a\033b",
						       .pid = 77,
						       .cpu = 1,
						       .class = CLASS_EXT },
					     .dsq = DSQ_USER,
					     .dsq_id = 0x21 } },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause =
			"forgotten task: all 2 CPUs idle, though a?b[77] has been runnable for 8.2 s "
			"on CPU 1 in the BPF scheduler's queue 0x21, scheduler 'scx_x'; the console "
			"is empty",
	},
	{
		.name = "and one that no queue of the kernel's has",
		.seen = { STARTED, .stop = STOP_FORGOTTEN, .stuck_ns = 8210000000, .cpus_online = 1,
			  .stuck_waiting = { .task = { .comm = "a", .pid = 77, .class = CLASS_EXT },
					     .dsq = DSQ_BPF } },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause =
			"forgotten task: the only CPU idles, though a[77] has been runnable for 8.2 s "
			"on CPU 0 with the BPF scheduler, in no queue of the kernel's; the console "
			"is empty",
	},
	{
		.name = "one that has waited too long when the payload had passed",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_FORGOTTEN, .cpus_online = 4,
			  .stuck_ns = 8210000000,
			  .stuck_waiting = { .task = { .comm = "a",
						       .pid = 77,
						       .cpu = 3,
						       .class = CLASS_FAIR } } },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause =
			"forgotten task: all 4 CPUs idle, though a[77] has been runnable for 8.2 s on "
			"CPU 3 in its run queue (fair); the console is empty",
	},
	{
		.name = "a task that the kernel does not switch from",
		.seen = { STARTED, .stop = STOP_SOFT_LOCKUP, .stuck_ns = 6040000000,
			  .stuck_vcpu = 1, .stuck_rip = 0xffffffff81234567,
			  .stuck_task = { .comm = "spin", .pid = 90 },
			  .stuck_waiting = { .task = { .comm = "migration/1", .pid = 20 } } },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause =
			"soft lockup: CPU 1 ran spin[90] for 6.0 s in the kernel without a switch at "
			"RIP 0xffffffff81234567, though migration/1[20] waits, while the payload "
			"ran; the console is empty",
	},
	{
		.name = "one that lives, and is only slow to end, is",
		.seen = { EXITED(KTSTR_EXIT_STATUS, 0), .stop = STOP_FINISH_TIMEOUT },
		.kind = VERDICT_PASS,
		.exit_status = 0,
		.cause = "payload exited with status 0 after 1.3 s; the guest did not finish after "
			 "that",
	},
	{
		.name = "another machine than the one asked for",
		.seen = { .hello = true,
			  .cpus_online = 64,
			  .cpus_wanted = 128,
			  .nodes_online = 1,
			  .nodes_wanted = 2,
			  .stop = STOP_OTHER_MACHINE },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause =
			"the guest came up with 64 of 128 CPUs and 1 of 2 NUMA nodes: its kernel's "
			"CONFIG_NR_CPUS is too small or CONFIG_ACPI_NUMA is off, or a CPU did not "
			"start",
	},
	{
		.name = "not finished, and not exited",
		.seen = { STARTED, .stop = STOP_FINISH_TIMEOUT },
		.kind = VERDICT_STALL,
		.exit_status = 121,
		.cause = "guest did not finish, and did not tell how the payload ended; the "
			 "console is "
			 "empty",
	},
	{
		.name = "reset while the payload ran",
		.seen = { STARTED, .vmm.end = VMM_END_RESET, .end_ns = MS(5100) },
		.console = "reboot: Restarting system\n",
		.kind = VERDICT_DIED,
		.exit_status = 122,
		.cause = "guest reset 4.1 s after start, before the payload ended; last console "
			 "line: "
			 "reboot: Restarting system",
	},
	{
		.name = "power-off before the payload",
		.seen = { .hello = true,
			  .begin_ns = MS(1),
			  .end_ns = MS(2101),
			  .vmm.end = VMM_END_POWEROFF },
		.init_log = "tracer ready\n",
		.kind = VERDICT_DIED,
		.exit_status = 122,
		.cause = "guest powered itself off 2.1 s after start, before the payload started; "
			 "last "
			 "word from init: tracer ready; the console is empty",
	},
	{
		.name = "reset at boot",
		.seen = { .begin_ns = MS(1), .end_ns = MS(301), .vmm.end = VMM_END_RESET },
		.kind = VERDICT_DIED,
		.exit_status = 122,
		.cause = "guest reset 0.30 s after start, before init's first word; the console is "
			 "empty",
	},
	{
		.name = "stopped, and nobody says why",
		.seen = { .vmm.end = VMM_END_STOPPED },
		.kind = VERDICT_ERROR,
		.exit_status = 125,
		.cause = "the launcher stopped the guest without a reason (stop 0, end 0); this is "
			 "a "
			 "fault of the launcher",
	},
};

static void judge_scene(const struct scene *scene, struct verdict *verdict)
{
	struct observation seen = scene->seen, empty;

	assert_int_equal(observation_init(&empty), 0);
	seen.console = empty.console;
	seen.kmsg = empty.kmsg;
	seen.init_log = empty.init_log;
	seen.tracer_text = empty.tracer_text;
	seen.scheduler.text = empty.scheduler.text;
	seen.scheduler.dump = empty.scheduler.dump;
	memcpy(seen.own_words, empty.own_words, sizeof(seen.own_words));
	if (scene->console)
		tail_add(&seen.console, scene->console, strlen(scene->console));
	if (scene->init_log)
		tail_add(&seen.init_log, scene->init_log, strlen(scene->init_log));
	memset(verdict, 0xa5, sizeof(*verdict));
	verdict_of(&seen, verdict);
	observation_destroy(&seen);
}

static void every_end_has_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct verdict verdict;

		judge_scene(&scenes[i], &verdict);
		if (verdict.kind != scenes[i].kind || strcmp(verdict.cause, scenes[i].cause))
			print_error("scene '%s'\n", scenes[i].name);
		assert_string_equal(verdict.cause, scenes[i].cause);
		assert_string_equal(verdict_name(verdict.kind), verdict_name(scenes[i].kind));
		assert_int_equal(verdict.exit_status, scenes[i].exit_status);
		assert_int_equal(verdict.signal, scenes[i].signal);
		assert_string_equal(verdict.splat ? verdict.splat : "none",
				    scenes[i].splat ? scenes[i].splat : "none");
	}
}

/* Each kind and each reason must be met in the table above, so that a new one cannot be forgotten.
 */
static void the_table_leaves_nothing_out(void **state)
{
	bool kinds[VERDICT_INTERRUPTED + 1] = { 0 }, stops[STOP_SIGNAL + 1] = { 0 };
	bool ends[VMM_END_PROTOCOL + 1] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		kinds[scenes[i].kind] = true;
		stops[scenes[i].seen.stop] = true;
		ends[scenes[i].seen.vmm.end] = true;
	}
	for (size_t i = 0; i < sizeof(kinds); i++)
		assert_true(kinds[i]);
	for (size_t i = 0; i < sizeof(stops); i++)
		assert_true(stops[i]);
	for (size_t i = 0; i < sizeof(ends); i++)
		assert_true(ends[i]);
}

/* Bytes that know no bounds: the cause stays one whole, printable line. */
static void hostile_words_stay_one_printable_line(void **state)
{
	static char noise[OBSERVATION_TAIL_SIZE];
	struct scene scene = { .name = "noise", .seen = { .hello = true } };
	static const struct {
		enum stop_reason stop;
		enum vmm_end end;
		bool panic;
	} ways[] = {
		{ STOP_BYE, VMM_END_STOPPED, false },
		{ STOP_BOOT_TIMEOUT, VMM_END_STOPPED, false },
		{ STOP_TEST_TIMEOUT, VMM_END_STOPPED, false },
		{ STOP_NONE, VMM_END_RESET, false },
		{ STOP_NONE, VMM_END_KVM_ERROR, false },
		{ STOP_NONE, VMM_END_PROTOCOL, false },
		{ STOP_NONE, VMM_END_RESET, true },
	};

	(void)state;
	for (int fill = 1; fill < 256; fill++) {
		for (size_t i = 0; i < sizeof(noise) - 1; i++)
			noise[i] = (char)(fill == 255 ? (i * 37 ^ i >> 5) % 255 + 1 : (size_t)fill);
		scene.console = noise;
		scene.init_log = noise;
		/* Not even terminated. */
		memcpy(scene.seen.vmm.detail, noise, sizeof(scene.seen.vmm.detail));
		memcpy(scene.seen.panic_line, noise, sizeof(scene.seen.panic_line));
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			char shown[sizeof(((struct verdict *)NULL)->cause)];
			struct verdict verdict;

			scene.seen.stop = ways[i].stop;
			scene.seen.vmm.end = ways[i].end;
			scene.seen.panic = ways[i].panic;
			judge_scene(&scene, &verdict);
			assert_non_null(memchr(verdict.cause, 0, sizeof(verdict.cause)));
			assert_true(strlen(verdict.cause) < sizeof(verdict.cause) - 1);
			utf8_printable(shown, sizeof(shown), verdict.cause, strlen(verdict.cause));
			assert_string_equal(shown, verdict.cause);
		}
	}
}

static void only_failures_of_the_guest_want_a_repro(void **state)
{
	static const bool wanted[] = {
		[VERDICT_FAIL] = true,	[VERDICT_TIMEOUT] = true, [VERDICT_PANIC] = true,
		[VERDICT_STALL] = true, [VERDICT_DIED] = true,	  [VERDICT_INTERRUPTED] = false,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted); i++)
		assert_int_equal(verdict_wants_repro((enum verdict_kind)i), wanted[i]);
}

static void the_repro_is_compared(void **state)
{
	static const struct verdict fail1 = { .kind = VERDICT_FAIL, .exit_status = 1 };
	static const struct verdict fail2 = { .kind = VERDICT_FAIL, .exit_status = 2 };
	static const struct verdict fail137 = { .kind = VERDICT_FAIL, .exit_status = 137 };
	static const struct verdict killed = { .kind = VERDICT_FAIL,
					       .exit_status = 137,
					       .signal = SIGKILL };
	static const struct verdict panic = { .kind = VERDICT_PANIC, .exit_status = 120 };
	static const struct verdict fail120 = { .kind = VERDICT_FAIL, .exit_status = 120 };
	static const struct verdict warned1 = { .kind = VERDICT_FAIL,
						.exit_status = 1,
						.splat = "warning" };
	static const struct verdict stalled1 = { .kind = VERDICT_FAIL,
						 .exit_status = 1,
						 .splat = "RCU stall" };
	static const struct verdict pass = { .kind = VERDICT_PASS };
	static const struct verdict error = { .kind = VERDICT_ERROR, .exit_status = 125 };
	static const struct verdict interrupted = { .kind = VERDICT_INTERRUPTED,
						    .exit_status = 130 };
	static const struct verdict not_run = { .kind = VERDICT_NOT_RUN, .exit_status = 127 };
	static const struct verdict protocol = { .kind = VERDICT_PROTOCOL, .exit_status = 123 };
	static const struct {
		const struct verdict *first, *repro;
		const char *expected;
	} cases[] = {
		{ &fail1, NULL, "not-run" },	       { &fail1, &fail1, "same-failure" },
		{ &fail1, &fail2, "other-failure" },   { &fail137, &killed, "other-failure" },
		{ &killed, &killed, "same-failure" },  { &panic, &panic, "same-failure" },
		{ &panic, &fail120, "other-failure" }, { &fail1, &panic, "other-failure" },
		{ &fail1, &not_run, "other-failure" }, { &fail1, &protocol, "other-failure" },
		{ &fail1, &pass, "passed" },	       { &fail1, &error, "undecided" },
		{ &fail1, &interrupted, "undecided" }, { &warned1, &warned1, "same-failure" },
		{ &fail1, &warned1, "other-failure" }, { &stalled1, &warned1, "other-failure" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
			repro_result_name(verdict_compare(cases[i].first, cases[i].repro)),
			cases[i].expected);
}

static void put_frames(struct inspect_cpu *cpu, struct backtrace_frame *frames, unsigned int nr,
		       const char *const *symbols)
{
	memset(frames, 0, nr * sizeof(*frames));
	for (unsigned int i = 0; i < nr; i++)
		strcpy(frames[i].symbol, symbols[i]);
	cpu->trace.frames = frames;
	cpu->trace.nr = nr;
	cpu->task.pid = 5;
}

/* Who is locked up is named by what was read, and not by what it does in passing. */
static void the_function_of_a_lockup(void **state)
{
	static const char *const timer[] = { "native_write_msr", "asm_sysvec_apic_timer_interrupt",
					     "spins", "do_syscall_64" };
	static const char *const waits[] = { "native_queued_spin_lock_slowpath",
					     "raw_spin_rq_lock" };
	struct backtrace_frame frames[2][4];
	struct inspect_cpu cpus[2] = { { .cpu = 0 }, { .cpu = 1 } };
	struct inspect_machine machine = { .cpus = cpus, .nr_cpus = 2 };
	struct observation seen = {
		.stop = STOP_SOFT_LOCKUP, .hello = true, .stuck_vcpu = 1, .inside.machine = &machine
	};
	struct verdict verdict;

	(void)state;
	put_frames(&cpus[0], frames[0], 2, waits);
	put_frames(&cpus[1], frames[1], 4, timer);
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause, "without a switch in spins, though"));
	cpus[1].takes_interrupts = true;
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause, "without a switch in native_write_msr, though"));
	/* ... unless it comes back to what was interrupted. */
	for (unsigned int i = 0; i < 4; i++) {
		frames[1][i].address = 0x1010 + 0x1000 * i;
		frames[1][i].offset = 0x10;
		frames[1][i].size = 0x20;
	}
	seen.stuck_rips[0] = 0x1000;
	seen.stuck_rips[1] = 0x301f;
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause, "without a switch in spins, though"));
	/* What both call is the interrupt's, */
	frames[1][0].address = frames[1][2].address;
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause, "without a switch in native_write_msr, though"));
	/* and what may have been called is nobody's. */
	frames[1][0].address = 0x1010;
	frames[1][2].kind = FRAME_SCAN;
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause, "without a switch in native_write_msr, though"));
	frames[1][2].kind = FRAME_REGISTERS;
	seen.stuck_rips[1] = 0x3020;
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause, "without a switch in native_write_msr, though"));
	/* With interrupts off it is the handler itself that spins. */
	cpus[1].takes_interrupts = false;
	seen.stop = STOP_HARD_LOCKUP;
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause,
			       "hard lockup: CPU 1 ran for 0.0 s with interrupts off in "
			       "native_write_msr, "));
	/* And one that waits for a lock waits for who has it. */
	seen.stuck_vcpu = 0;
	verdict_of(&seen, &verdict);
	assert_non_null(strstr(verdict.cause,
			       "hard lockup: CPU 1 is with interrupts off in "
			       "native_write_msr, and CPU 0 ran for 0.0 s with "
			       "interrupts off in native_queued_spin_lock_slowpath"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_function_of_a_lockup),
		cmocka_unit_test(every_end_has_its_verdict),
		cmocka_unit_test(the_table_leaves_nothing_out),
		cmocka_unit_test(hostile_words_stay_one_printable_line),
		cmocka_unit_test(only_failures_of_the_guest_want_a_repro),
		cmocka_unit_test(the_repro_is_compared),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
