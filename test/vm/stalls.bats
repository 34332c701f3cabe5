#!/usr/bin/env bats
# Is each stall found from outside and named right, long before a limit? On forks of two machines: of the default
# kernel, and of the one with sched_ext. A CPU that runs on in a sched_ext scheduler: scx.bats.

load helper

# The launcher's own default, which the emulated host raises.
export KTSTR_STALL_TIMEOUT=10

@test "a CPU that works on in the kernel, with its interrupts on, is a soft lockup" {
	boot --topology 1n1l2c1t --timeout 0 -- "$KTSTR_TEST_HANDS/spin" on 1
	assert_status 121
	assert_output '^STALL spin: soft lockup: CPU 1 ran spin\[[0-9]+\] for [0-9.]+ s in the kernel without a switch in bpf_prog_[0-9a-f]+_run_on(_and_on)?, though .*\[[0-9]+\] waits, while the payload ran'
}

@test "a task that no idle CPU takes is found before the watchdog of sched_ext, with its queue" {
	local kernel scx=''

	for kernel in ${KTSTR_TEST_KERNELS-}; do
		! grep -qx CONFIG_SCHED_CLASS_EXT=y "${kernel%/*}/config" || scx=$kernel
	done
	[[ $scx ]] || skip "no kernel with sched_ext is there"
	# The watchdog's 30 s, its most, are of the clock; ours are of the CPUs' own time, of which a busy host leaves less.
	boot --stall-timeout 5 --kernel "$scx" --topology 1n1l2c1t --scheduler "$KTSTR_TEST_SCX" \
		--scheduler-arg=--starve=starved --scheduler-arg=--timeout-ms=30000 \
		-- sh -c 'printf starved >/proc/self/comm; sleep 1'
	[[ $status -ne 118 || ! $output =~ 'host '+'took '([0-9]+) ]] || ((BASH_REMATCH[1] < 25)) ||
		skip "the kernel's watchdog came first, as the host took ${BASH_REMATCH[1]} % of the vCPUs' time"
	assert_status 121
	assert_output "^STALL sh: forgotten task: all 2 CPUs idle, though starved\[[0-9]+\] has been runnable for [0-9.]+ s on CPU [01] in the BPF scheduler's queue 0x1, scheduler 'scx_ktstr'"
	# Its init lives, and has said what only it can say.
	jq -e '.own_words | (.memory.lines | any(startswith("MemTotal:"))) and
		(.blocked.lines | any(contains("Show Blocked State"))) and
		(.sched_ext.lines | any(contains("CPU states")))' "$(dump_file)"
}
