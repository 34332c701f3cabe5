#!/usr/bin/env bats
# Is each of a scheduler's ends told right, with its evidence first? (What the kernel does about one that
# is wrong: ends.bats.) On the last of test/run's kernels that
# has sched_ext, 6.17 where that is there; what the kernel itself says, on the first, which is the newest. The
# scheduler is examples/sched_ext's.

load helper

setup_file()
{
	local kernel

	for kernel in ${KTSTR_TEST_KERNELS-}; do
		if grep -qx CONFIG_SCHED_CLASS_EXT=y "${kernel%/*}/config"; then
			export SCX_KERNEL=$kernel SCX_NEWEST=${SCX_NEWEST-$kernel}
		fi
	done
	[[ ${SCX_KERNEL-} ]] || skip "no kernel with sched_ext is there"
}

# From then on its tasks have the name on which a scheduler with --error-on asked fails: that is sure to be
# attached by then, however slow the host is.
ask='printf asked >/proc/self/comm; sleep 1'

# under ARGS...: a run whose payload takes 2 s, under the scheduler with these arguments.
under()
{
	local arg args=()

	for arg; do
		args+=(--scheduler-arg "$arg")
	done
	boot --kernel "${kernel:-$SCX_KERNEL}" --topology 1n1l2c1t --scheduler "$KTSTR_TEST_SCX" "${args[@]}" \
		"${options[@]}" -- sh -c "${payload:-sleep 2}"
}

options=()

# in_dump EXPRESSION...: each, of jq's, is true of the failure dump's `scheduler`.
in_dump()
{
	local dump expression

	dump=$(dump_file) || return
	for expression; do
		jq -e ".scheduler | $expression" "$dump" >/dev/null ||
			fail "not $expression: $(jq .scheduler "$dump")" || return
	done
}

@test "fine: the payload runs under it, and it ends with the payload" {
	payload='cat /sys/kernel/sched_ext/state /sys/kernel/sched_ext/root/ops' under --slice 3ms
	assert_status 0
	in_stdout '^enabled$' '^scx_ktstr$'
	assert_output "^PASS sh: payload exited with status 0 after .* under scheduler 'scx_ktstr'\$"
}

@test "never attached: an error, with the kernel's words" {
	kernel=$SCX_NEWEST under --timeout-ms 40000
	assert_status 125
	assert_output 'Argument list too long'
	# A base that did all that it was for is kept.
	refute_output "is dropped"
	kernel=$SCX_NEWEST under --refuse
	assert_status 125
	assert_output '^ERROR sh: scheduler was never attached: ended with status 1; the kernel: .*: ops.init\(\) failed \(-95\)'
	# As one that was made for another kernel.
	kernel=$SCX_NEWEST under --bad-btf
	assert_status 125
	assert_output '^ERROR sh: scheduler was never attached: ended with status 1; .*could not be loaded' \
		'failed to resolve CO-RE relocation .*struct task_struct___elsewhere'
}

@test "it exits by itself, or dies: a failure, though the payload passes" {
	payload='sleep 6' under --exit-after 4000 --exit-status 7
	assert_status 118
	assert_output "^FAIL sh: scheduler 'scx_ktstr' exited with status 7 [0-9]+\.[0-9] s after the payload's start; payload exited with status 0"
	payload='sleep 6' under --crash-after 4000
	assert_status 118
	assert_output "^FAIL sh: scheduler 'scx_ktstr' was killed by SIGSEGV"
}

@test "one that tells nothing of its end: the kernel's dump comes all the same" {
	payload=$ask under --quiet --error-on asked
	assert_status 118
	assert_output 'scx_bpf_error: scx_ktstr: an error was asked for'
	in_dump '.text == ["scx_ktstr: loaded"]' '.dump | any(contains("CPU states"))'
}

@test "a starved task is named by the fairness example" {
	cd "$BATS_TEST_TMPDIR" || return
	ln -s "${KTSTR_TEST_SCX%/*}/fair.sh" "$KTSTR_TEST_SCX" .
	boot --kernel "$SCX_KERNEL" -- ./fair.sh
	assert_status 0
	in_stdout 'holds: hog.share_spread'
	boot --kernel "$SCX_KERNEL" --scheduler ./scx_ktstr --scheduler-arg --starve --scheduler-arg hog/2 -- ./fair.sh
	[[ $status == 1 || $status == 118 ]]
	grep -qE 'hog.max_gap was .*hog/2|hog/2\[[0-9]+\] failed to run' stdout stderr
}

@test "replace-scheduler: the next one is attached, or it is said why not" {
	options=(--include "$KTSTR_TEST_SCX:/opt/scx")
	payload='replace-scheduler /opt/scx --name other && cat /sys/kernel/sched_ext/root/ops
		replace-scheduler /opt/scx --refuse 2>&1; echo "status $?"; cat /sys/kernel/sched_ext/state
		replace-scheduler nothere 2>&1; replace-scheduler 2>/dev/null; echo "status $?"
		replace-scheduler /opt/scx --name third --slice 1ms && cat /sys/kernel/sched_ext/root/ops' under
	assert_status 0
	in_stdout '^other$' 'never attached: ended with status 1' '^status 1$' '^disabled$' '^status 2$' \
		"nothere': No such file" '^third$'
	assert_output "^PASS sh: payload exited with status 0 after .* under scheduler 'third' \(replaced 3 times\)\$"
}

@test "replace-scheduler: what has failed is not forgiven, and what is not there not replaced" {
	options=(--include "$KTSTR_TEST_SCX:/opt/scx")
	payload="$ask; replace-scheduler /opt/scx --name other" under --error-on asked
	assert_status 118
	assert_output "scheduler 'scx_ktstr' was ejected by the kernel .*: scx_bpf_error: "
	in_dump '.ops_at_end == "other"' '.replaced == 1'
	boot --kernel "$SCX_KERNEL" --topology 1n1l2c1t -- sh -c 'replace-scheduler /bin/true'
	assert_status 1
	grep -q 'this test has no scheduler that could be replaced' stderr
}

@test "expect_scx_exit, expect_err=scx:, and a test whose scheduler is not ejected" {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$KTSTR_TEST_SCX" scx
	expected() { printf '#!/bin/sh\n#ktstr: topology=1n1l2c1t scheduler=./scx %s\n%s\n' "$2" "$ask" >"$1"; chmod +x "$1"; }
	expected yes.sh 'scheduler_args="--error-on asked" expect_scx_exit="*asked for*"'
	expected reason.sh 'scheduler_args="--error-on asked" expect_scx_exit="/^scx_bpf_error$/"'
	expected err.sh 'scheduler_args="--error-on asked" expect_err="scx:*asked for*"'
	expected not.sh 'expect_scx_exit="*asked for*"'
	expected other.sh 'scheduler_args="--error-on asked" expect_scx_exit="runnable*"'
	run "$KTSTR_LAUNCH" test --kernel "$SCX_KERNEL" --json r.json yes.sh reason.sh err.sh not.sh other.sh
	results r.json outcome name >got
	printf '%s\n' 'fail not' 'fail other' 'pass reason' 'pass yes' 'xfail err' | diff - got
	assert_output "was not ejected, and its ejection as '\*asked for\*' is expected"
}

@test "bad input: not there, not executable, a kernel without sched_ext" {
	boot --kernel "$SCX_KERNEL" --scheduler ./none-such -- true
	assert_status 125
	assert_output "--scheduler '.*/none-such': No such file or directory"
	boot --kernel "$SCX_KERNEL" --scheduler /etc/passwd -- true
	assert_status 125
	assert_output "--scheduler '/etc/passwd': not an executable file"
	# A library that is missed is missed here, before anything boots.
	libc=$(readelf -d /bin/ls | sed -n 's/.*NEEDED.*\[\(libc\.so\.6\)\]/\1/p')
	sed "s/$libc/libk.so.6/" /bin/ls >lacks
	chmod +x lacks
	boot --kernel "$SCX_KERNEL" --scheduler ./lacks -- true
	assert_status 125
	assert_output 'scheduler: .*libk\.so\.6'
	refute_output "booting|forking"
	boot --scheduler "$KTSTR_TEST_SCX" -- true
	assert_status 125
	assert_output '^ERROR true: scheduler was never attached: this kernel has no sched_ext'
}

@test "bad input: SIGTERM is ignored, a scheduler that forks away, one that prints without end" {
	payload='true' under --ignore-term
	assert_status 0
	payload='true' under --fork-away
	assert_status 125
	assert_output 'foreground'
	cat >"$BATS_TEST_TMPDIR/babble" <<-EOF
		#!/bin/sh
		head -c 200M /dev/zero
		yes 'a line that nobody wants to read' &
		exec $KTSTR_TEST_SCX
	EOF
	chmod +x "$BATS_TEST_TMPDIR/babble"
	boot --kernel "$SCX_KERNEL" --topology 1n1l2c1t --include "$KTSTR_TEST_SCX" \
		--scheduler "$BATS_TEST_TMPDIR/babble" -- sh -c 'sleep 2'
	assert_status 0
}

@test "setup runs before the payload, and its failure is an error" {
	boot --setup 'echo first >/tmp/a' --setup 'cat /tmp/a >/tmp/b' -- cat /tmp/b
	assert_status 0
	in_stdout '^first$'
	boot --setup true --setup 'echo words; exit 5' -- true
	assert_status 125
	assert_output '^words$' "^ERROR true: setup 'echo words; exit 5' ended with status 5$"
	# The guest has got as far as that: its base is kept.
	refute_output 'is dropped'
	boot --setup 'sleep 1000 & wait' --setup-timeout 2 -- true
	assert_status 125
	assert_output "^ERROR true: setup 'sleep 1000 & wait' did not end within the setup's limit of 2 s; --setup-timeout"
	refute_output 'is dropped'
	boot --setup 'kill -KILL $$' -- true
	assert_output "^ERROR true: setup 'kill -KILL .*' was killed by SIGKILL"
}
