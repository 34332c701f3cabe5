#!/usr/bin/env bats
# Is each of a scheduler's ends told right, with its evidence first? On the newest kernel with sched_ext that
# is there; the scheduler is examples/sched_ext's.

load helper

setup_file()
{
	local kernel

	for kernel in ${KTSTR_TEST_KERNELS-}; do
		if grep -qx CONFIG_SCHED_CLASS_EXT=y "${kernel%/*}/config"; then
			export SCX_KERNEL=$kernel
		fi
	done
	[[ ${SCX_KERNEL-} ]] || skip "no kernel with sched_ext is there"
}

# under ARGS...: a run whose payload takes 3 s, under the scheduler with these arguments.
under()
{
	local arg args=()

	for arg; do
		args+=(--scheduler-arg "$arg")
	done
	boot --kernel "$SCX_KERNEL" --topology 1n1l2c1t --scheduler "$KTSTR_TEST_SCX" "${args[@]}" \
		"${options[@]}" -- sh -c "${payload:-sleep 3}"
}

options=()

@test "fine: the payload runs under it, and it ends with the payload" {
	payload='cat /sys/kernel/sched_ext/state /sys/kernel/sched_ext/root/ops' under --slice 3ms
	assert_status 0
	in_stdout '^enabled$' '^scx_ktstr$'
	assert_output "^PASS sh: payload exited with status 0 after .* under scheduler 'scx_ktstr'\$"
}

@test "the payload fails while it runs: the status is the payload's" {
	payload='exit 3' under
	assert_status 3
	assert_output "^FAIL sh: payload exited with status 3 after .* under scheduler 'scx_ktstr'\$"
}

@test "never attached: an error, with the verifier's words" {
	under --bad-prog
	assert_status 125
	assert_output '^ERROR sh: scheduler was never attached: ended with status 1; its last line: .*could not be loaded' \
		"R0 invalid mem access 'scalar'"
	under --timeout-ms 40000
	assert_status 125
	assert_output 'Argument list too long'
	under --refuse
	assert_status 125
	assert_output '^ERROR sh: scheduler was never attached: ended with status 1'
}

@test "it exits by itself, or dies: a failure, though the payload passes" {
	under --exit-after 1500 --exit-status 7
	assert_status 118
	assert_output "^FAIL sh: scheduler 'scx_ktstr' exited with status 7 while the payload ran; payload exited with status 0"
	under --crash-after 1500
	assert_status 118
	assert_output "^FAIL sh: scheduler 'scx_ktstr' was killed by SIGSEGV"
}

@test "ejected: the kernel's reason and message, and its dump" {
	under --error-after 1500
	assert_status 118
	assert_output "^FAIL sh: scheduler 'scx_ktstr' was ejected by the kernel: scx_bpf_error: scx_ktstr: an error was asked for after 1500 ms; payload exited with status 0"
	python3 - "$(dump_file)" <<'EOF'
import json, sys
scheduler = json.load(open(sys.argv[1]))["scheduler"]
assert scheduler["end"] == "ejected", scheduler
assert scheduler["reason"] == "scx_bpf_error", scheduler
assert any("CPU states" in line for line in scheduler["text"]), scheduler
EOF
}

@test "a starved task is named, by the watchdog and by a payload that checks" {
	payload='yes >/dev/null & sleep 6; kill $!' under --starve yes --timeout-ms 2000
	assert_status 118
	assert_output 'was ejected by the kernel: runnable task stall: yes\[[0-9]+\] failed to run for'
}

@test "expect_scx_exit, expect_err=scx:, and a test whose scheduler is not ejected" {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$KTSTR_TEST_SCX" scx
	expected() { printf '#!/bin/sh\n#ktstr: topology=1n1l2c1t scheduler=./scx %s\nsleep 3\n' "$2" >"$1"; chmod +x "$1"; }
	expected yes.sh 'scheduler_args="--error-after 1500" expect_scx_exit="*asked for*"'
	expected reason.sh 'scheduler_args="--error-after 1500" expect_scx_exit="/^scx_bpf_error$/"'
	expected err.sh 'scheduler_args="--error-after 1500" expect_err="scx:*asked for*"'
	expected not.sh 'expect_scx_exit="*asked for*"'
	expected other.sh 'scheduler_args="--error-after 1500" expect_scx_exit="runnable*"'
	run "$KTSTR_LAUNCH" test --kernel "$SCX_KERNEL" --json r.json yes.sh reason.sh err.sh not.sh other.sh
	python3 -c 'import json
for line in open("r.json"):
    o = json.loads(line)
    if o["type"] == "result":
        print(o["outcome"], o["name"])' | sort >got
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
	boot --scheduler "$KTSTR_TEST_SCX" -- true
	assert_status 125
	assert_output '^ERROR true: scheduler was never attached: this kernel has no sched_ext'
}

@test "bad input: SIGTERM is ignored, a scheduler that forks away, one that prints without end" {
	under --ignore-term
	assert_status 0
	under --fork-away
	assert_status 125
	assert_output 'foreground'
	cat >"$BATS_TEST_TMPDIR/babble" <<-EOF
		#!/bin/sh
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
	boot --setup 'echo words; exit 5' -- true
	assert_status 125
	assert_output "^ERROR true: guest's init gave up before the payload started: setup 'echo words; exit 5' ended with status 5"
}
