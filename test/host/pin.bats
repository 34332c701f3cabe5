#!/usr/bin/env bats
# Does a host that cannot mirror a guest's topology say so before anything boots, and do launchers wait for
# each other's CPUs? No VM is booted here, and /dev/kvm need not be there.

load ../helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	: "${KTSTR_KERNEL:?set it to the path of a kernel image; test/run does}"
	# A folder of locks for this test alone.
	mkdir -m 700 runtime
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
}

teardown()
{
	[[ -z ${holder-} ]] || kill -9 "$holder" 2>/dev/null || true
}

# hold: a process that has all CPUs, as a launcher has its own, until it is killed.
hold()
{
	mkdir -m 700 runtime/ktstr-launch
	python3 -c 'import fcntl, os, struct, time
fd = os.open("runtime/ktstr-launch/cpus.lock", os.O_RDWR | os.O_CREAT, 0o600)
fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 8192, 0))
open("held", "w").close()
time.sleep(600)' &
	holder=$!
	wait_for test -e held
}

# test_file NAME DIRECTIVES...: a test that passes.
test_file()
{
	mkdir -p tests
	printf '#!/bin/sh\n#ktstr: %s\ntrue\n' "${*:2}" >"tests/$1"
	chmod +x "tests/$1"
}

@test "a topology that this host cannot mirror is refused, with what it lacks" {
	run -125 "$KTSTR_LAUNCH" run --pin --topology 1n1l1000c1t -- true
	assert_output '^ktstr-launch: run: pinning: this host cannot mirror the guest: the guest has 1 LLC of 1000 cores with 1 thread, the host has room for 0: the largest LLC that we may use has [0-9]+ such cores?$'
	[[ ${#lines[@]} -eq 1 ]]
	# What is hidden from the launcher is not there.
	cpu=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
	run -125 taskset -c "$cpu" "$KTSTR_LAUNCH" run --pin --topology 1n1l2c1t -- true
	assert_output 'the largest LLC that we may use has 1 such core$'
	run -125 env KTSTR_PIN=1 "$KTSTR_LAUNCH" run --topology 33n33l1c1t -- true
	assert_output 'the guest has 33 NUMA nodes with CPUs, the host has [0-9]+ that we may use$'
	[[ ! -e runtime/ktstr-launch ]]
}

@test "a test that asks for it is an error of the host's, and others go on" {
	test_file wide pin topology=1n1l1c8t
	test_file off pin=false topology=1n1l1c1t ignore
	run -0 "$KTSTR_LAUNCH" check tests
	run -125 "$KTSTR_LAUNCH" test --json results tests
	assert_output 'ERROR +wide' 'this host cannot mirror the guest'
	[[ $(jq -r 'select(.type == "result" and .test == "wide").outcome' results) == error ]]
	test_file wrong pin=5
	run -1 "$KTSTR_LAUNCH" check tests/wrong
	assert_output "pin '5'"
}

@test "CPUs that another launcher has are waited for, until it ends, or the user does" {
	hold
	"$KTSTR_LAUNCH" run --pin --topology 1n1l1c1t --timeout 77 -- true 2>said &
	wait_for grep -q '^ktstr-launch: waiting for CPUs that other launchers have, as .[^ ]*/runtime/ktstr-launch/cpus.lock. says: the guest has 1 LLC of 1 core with 1 thread, the host has room for 0: the largest LLC that is free now has 0 such cores$' said
	kill -TERM $!
	status=0
	wait $! || status=$?
	assert_status 143
	# The report is of the machine that it was for.
	jq -e '.limits.test_s == 77 and .limits.boot_s > 0' ktstr-out/*/*.failure-dump.json ||
		fail "$(jq -c .limits ktstr-out/*/*.failure-dump.json)"
	# Or it is the first one's word that is found, before this one begins.
	rm said
	"$KTSTR_LAUNCH" run --pin --topology 1n1l1c1t -- true 2>said &
	wait_for grep -q waiting said
	kill -9 "$holder"
	# Where there is no KVM that is what it says next.
	status=0
	wait $! || status=$?
	[[ $status -eq 0 ]] || grep -q /dev/kvm said || fail "$(<said)"
	[[ $(grep -c waiting said) -eq 1 ]]
}

@test "a suite says once what it waits for, and not longer than it is told to" {
	hold
	test_file pinned pin topology=1n1l1c1t
	run -125 "$KTSTR_LAUNCH" test --pin-wait 1 tests
	assert_output "^ktstr-launch: test: pinned: waiting for CPUs that other launchers have, as '$XDG_RUNTIME_DIR/ktstr-launch/cpus.lock' says: the guest has 1 LLC "
	[[ $(grep -c 'waiting for CPUs' <<<"$output") -eq 1 ]]
	assert_output 'ERROR +pinned' "pinning: after 1 s other launchers still had CPUs, as '$XDG_RUNTIME_DIR/ktstr-launch/cpus.lock' says: .*; end them, or wait longer with --pin-wait"
	run -125 "$KTSTR_LAUNCH" test --quiet --pin-wait 0.1 tests
	refute_output 'waiting for CPUs'
	run -125 env KTSTR_PIN_WAIT=0.1 "$KTSTR_LAUNCH" run --quiet --pin --topology 1n1l1c1t -- true
	assert_output 'after 0.1 s other launchers'
	[[ ${#lines[@]} -eq 1 ]]
}

@test "of several that are pinned one waits for other launchers, and what has room beside it goes on" {
	hold
	for name in a b c; do
		test_file "$name" pin topology=1n1l1c1t
	done
	test_file free host_only
	# This host can never do it: it waits for nobody.
	test_file wide pin topology=1n1l1c8t
	"$KTSTR_LAUNCH" test --jobs 4 tests >said 2>&1 &
	wait_for grep -q 'waiting for CPUs' said
	wait_for grep -q '^PASS  *free' said
	wait_for grep -q '^ERROR  *wide' said
	[[ $(grep -c 'waiting for CPUs' said) -eq 1 ]] || fail "$(<said)"
	grep -q '^ktstr-launch: test: a: waiting' said
	kill -TERM $!
	status=0
	wait $! || status=$?
	assert_status 143
}

@test "a folder of locks that others may write to is none" {
	mkdir -p runtime/ktstr-launch
	chmod 777 runtime/ktstr-launch
	run -125 "$KTSTR_LAUNCH" run --pin --topology 1n1l1c1t -- true
	assert_output "pinning: the locks of CPUs: '$XDG_RUNTIME_DIR/ktstr-launch': is another user's, or others may write to it; remove it, or name a folder of your own as XDG_RUNTIME_DIR$"
}
