#!/usr/bin/env bats
# Does a machine go on from saved state as it was? On KVM as Linux has it, whatever this host's is; the rest
# of these tests shows it with whole kernels.

load helper

@test "registers, interrupts, timers and clocks go on from where they were saved" {
	"$KTSTR_TEST_UNIT/test_state" >stdout 2>stderr || fail 'a test failed' || return
	! grep -i skip stdout stderr || fail 'a test was left out'
}
