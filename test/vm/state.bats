#!/usr/bin/env bats
# Does a machine go on from saved state as it was? Machines of a few instructions, on KVM as Linux has it,
# whatever this host's is.

load helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# all_passed: what test/unit/test_state.c leaves out elsewhere counts here as well.
all_passed()
{
	"$KTSTR_TEST_UNIT/test_state" >stdout 2>stderr && ! grep -qi skip stdout stderr
}

@test "registers, interrupts, timers and clocks go on from where they were saved" {
	all_passed || fail "$(cat stdout stderr)"
}

@test "the same where the host has found its TSC to be no clock" {
	local file=/sys/devices/system/clocksource/clocksource0/current_clocksource clock failed=''

	[[ ${KTSTR_LAB_INSIDE-} ]] || skip 'for the emulated host: it changes the clock of the whole host'
	clock=$(<$file)
	echo hpet >$file
	all_passed || failed=1
	echo "$clock" >$file
	[[ ! $failed ]] || fail "$(cat stdout stderr)"
}
