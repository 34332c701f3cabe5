#!/usr/bin/env bats
# Is what the kernel does that nobody asked for a failure, whatever the payload says? And is a failure
# that is expected the one that was meant?

load helper

# One suite, all of whose tests are forks of one machine; each test here looks at a part of what it said.
setup_file()
{
	mkdir "$BATS_FILE_TMPDIR/tests"
	cd "$BATS_FILE_TMPDIR" || return
	entry taint 'echo 512 >/proc/sys/kernel/tainted'
	entry taint-xfail 'echo 512 >/proc/sys/kernel/tainted; exit 3' expect_err
	entry taint-skip 'echo 512 >/proc/sys/kernel/tainted; exit 4'
	entry taint-allowed 'echo 512 >/proc/sys/kernel/tainted' 'allow_splat="tainted: W*"'
	entry taint-other 'echo 16896 >/proc/sys/kernel/tainted' 'allow_splat="tainted: W*"'
	# Huge pages take all but 24 MiB of the memory, and need not be filled.
	fill="awk '/MemAvailable/ { print int((\$2 - 24000) / 2048) }' /proc/meminfo >/proc/sys/vm/nr_hugepages"
	entry oom "$fill; tail /dev/zero; exit 0"
	entry oom-allowed "$fill; tail /dev/zero; exit 0" 'allow_splat=/^nothing/ allow_splat="*: Killed process *(tail)*"'
	entry cpu 'echo 0 >/sys/devices/system/cpu/cpu1/online'
	entry cpu-back 'cd /sys/devices/system/cpu/cpu1 && echo 0 >online && echo 1 >online'
	entry words 'echo "<4>WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2" >/dev/kmsg
		echo -e "<0>one\nBUG: KASAN: slab-out-of-bounds in f" >/dev/kmsg
		dmesg | grep -q KASAN'
	entry said 'echo "task 2 was starved for 3 s" >&2; exit 1' 'expect_err="stderr:*starved*"'
	entry unsaid 'echo "task 2 was starved"; exit 1' 'expect_err="stderr:*starved*"'
	entry said-out 'printf "a\nis starving"; exit 1' 'expect_err=stdout:/starv(ed|ing)$/'
	entry status 'exit 3' expect_err=status:3
	entry status-other 'exit 2' expect_err=status:3
	entry not-found nosuchcommand expect_err
	"$KTSTR_LAUNCH" test --json all.json tests >all 2>&1 || true
}

# entry NAME SCRIPT DIRECTIVES...
entry()
{
	printf '#!/bin/sh\n#ktstr: topology=1n1l2c1t memory_mib=256 %s\n%s\n' "${*:3}" "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

setup()
{
	output=$(<"$BATS_FILE_TMPDIR/all")
}

@test "a taint flag is a failure, also of a test that passes, is to fail, or skips itself" {
	assert_output '^FAIL +taint +kernel taint while the payload ran: tainted: W \(warning\); payload exited with status 0' \
		'^FAIL +taint-xfail +payload exited with status 3 .*; kernel taint while the payload ran: tainted: W' \
		'^FAIL +taint-skip +payload exited with status 4 .*; kernel taint' \
		'^ +hint: allow_splat='
}

@test "allow_splat takes what it names, and nothing else" {
	assert_output '^PASS +taint-allowed ' '^PASS +oom-allowed ' \
		'^FAIL +taint-other +kernel taint while the payload ran: tainted: L \(soft lockup\);'
}

@test "a process that was killed for memory is a failure, with its name" {
	assert_output "^FAIL +oom +memory ran out, and the kernel killed 'tail' \\(pid [0-9]+\\): the guest has 26[0-9] MiB.*; payload exited with status 0"
}

@test "a CPU that is gone at the end is a failure, one that came back is none" {
	assert_output '^FAIL +cpu +kernel CPU loss while the payload ran: CPU 1 is offline; payload exited with status 0' \
		'^PASS +cpu-back '
}

@test "what a payload writes into the kernel's log is no splat" {
	assert_output '^PASS +words '
}

@test "a failure is the expected one by its status or by a line of its output" {
	assert_output '^XFAIL +said ' '^XFAIL +said-out ' '^XFAIL +status ' \
		"^FAIL +unsaid +payload exited with status 1 .*; no line of its standard error matches '\\*starved\\*', which is expected" \
		'^FAIL +status-other +payload exited with status 2 .*; status 3 is expected' \
		'^ERROR +not-found +payload exited with status 127 .*say expect_status=127'
}

@test "all of them were forks of one machine" {
	local start=forked

	[[ ! ${KTSTR_FRESH-} ]] || start=booted
	[[ $(grep -c "\"start\":\"$start\"" "$BATS_FILE_TMPDIR/all.json") -eq 16 ]] || fail "not all"
}
