#!/usr/bin/env bats
# Is each way for a test to end told right: the cause in the first line, the function or task named below it
# and in the failure dump, in 30 lines at most? One suite, whose tests are forks of one machine; each test
# here looks at one of them, and test/ends/NAME.sh has what is expected. On the newest kernel, with sched_ext.

load helper

setup_file()
{
	local kernel=$KTSTR_KERNEL each

	for each in ${KTSTR_TEST_KERNELS-}; do
		! grep -qx CONFIG_SCHED_CLASS_EXT=y "${each%/*}/config" || { kernel=$each && break; }
	done
	BUILD=${KTSTR_TEST_SCX%/examples/*} KTSTR_STALL_TIMEOUT=20 "$ROOT/test/staged-ends" \
		--keep "$BATS_FILE_TMPDIR/ends" "$kernel" >"$BATS_FILE_TMPDIR/table" 2>&1 || true
}

# told NAME: right, as test/staged-ends has found.
told()
{
	local report

	output=$(awk -v name="$1" '/^(right|WRONG)/ { mine = $3 == name } mine' "$BATS_FILE_TMPDIR/table")
	[[ $output || $1 != scx-* ]] || skip "no kernel with sched_ext is there"
	report=$(echo "$BATS_FILE_TMPDIR"/ends/*-1/"$1.report")
	[[ $output == right* ]] || fail "$(cat "$report" "$BATS_FILE_TMPDIR"/ends/*-1/errors)"
}

@test "a payload that fails" { told fails; }
@test "one that runs on in user mode" { told hangs-in-user-space; }
@test "one that sleeps for ever" { told sleeps; }
@test "one that waits for a lock of the kernel" { told blocked-on-a-lock; }
@test "a CPU that spins in the kernel, with its interrupts on" { told spins-in-the-kernel; }
@test "a CPU that spins with interrupts off" { told spins-with-interrupts-off; }
@test "a panic in a system call; its trace ends there" { told panics; }
@test "a panic in an interrupt" { told panics-in-interrupt; }
@test "a panic before init" { told panics-before-init; }
@test "a bug in early boot" { told bug-in-early-boot; }
@test "an init that is killed" { told init-killed; }
@test "memory that runs out" { told out-of-memory; }
@test "a guest that resets itself" { told resets; }
@test "a tracer that cannot attach" { told tracer-cannot-attach; }
@test "a scheduler that stalls" { told scx-stalls; }
@test "a scheduler that starves a task" { told scx-starves; }
@test "one whose watchdog is patient; its trace shows that the task waits" { told scx-starves-unseen; }
@test "a scheduler that fails" { told scx-fails; }
@test "a scheduler that is never attached" { told scx-never-attaches; }
@test "a scheduler that hangs sched_ext's watchdog" { told scx-hangs-watchdog; }

@test "their failure dumps are as the schema has them" {
	assert_schema "$BATS_FILE_TMPDIR"/ends/*-1/out/*/*.failure-dump.json
}
