#!/usr/bin/env bats
# Do the emulated KVM host and its neighbours keep their word? About ten starts of it, 5 s each.
# shellcheck disable=SC2154,SC2317 # bats sets these variables, and calls these functions
bats_require_minimum_version 1.5.0

setup_file()
{
	export ROOT=$BATS_TEST_DIRNAME/../..
	# Below the project: the emulated host has a /tmp of its own.
	WORK=$(mktemp -d "$ROOT/build/lab-test.XXXXXX")
	export WORK
	unset KTSTR_LAB KTSTR_LAB_INSIDE
	# What takes long, but little of a CPU, goes on beside the other tests; the last ones look at it.
	head -c 1000000 /dev/urandom >"$WORK/slow.data"
	start_slow >/dev/null 2>&1 3>&- 4>&- &
	start_bounded >/dev/null 2>&1 3>&- 4>&- &
}

# A file "status" is the sign that it is over. A slow reader:
start_slow()
{
	local status=0

	{
		"$ROOT/tools/kvm-lab" --timeout 1000 -- cat "$WORK/slow.data" &
		echo $! >"$WORK/slow.pid"
		wait $! || status=$?
		echo "$status" >"$WORK/slow.writer"
	} 2>"$WORK/slow.err" | (
		sleep 30
		cat
	) >"$WORK/slow.out"
	cp "$WORK/slow.writer" "$WORK/slow.status"
}

# A command that does not end:
start_bounded()
{
	local status=0

	"$ROOT/tools/kvm-lab" --timeout 120 -- sh -c 'echo part; sleep 1000' \
		>"$WORK/bounded.out" 2>"$WORK/bounded.err" &
	echo $! >"$WORK/bounded.pid"
	wait $! || status=$?
	echo "$status" >"$WORK/bounded.status"
}

# ended NAME STATUS: what setup_file started is over, with that status.
ended()
{
	local i

	for ((i = 0; i < 4000; i++)); do
		[[ ! -s $1.status ]] || break
		sleep 0.2
	done
	[[ $(<"$1.status") -eq $2 ]]
}

teardown_file()
{
	# When not all tests were run, or one failed.
	[[ -s $WORK/slow.status ]] || kill "$(<"$WORK/slow.pid")" || true
	[[ -s $WORK/bounded.status ]] || kill "$(<"$WORK/bounded.pid")" || true
	rm -rf "$WORK"
}

setup()
{
	cd "$WORK" || return 1
}

lab() { "$ROOT/tools/kvm-lab" --timeout 1000 "$@"; }

# start_lab: in the background; comes back when its command runs. Its pid is in $lab.
start_lab()
{
	: >out
	# A shell starts background commands with SIGINT ignored.
	env --default-signal=INT "$ROOT/tools/kvm-lab" --timeout 1000 -- \
		sh -c 'echo running; sleep 1000' >out 2>err 3>&- 4>&- &
	lab=$!
	for ((i = 0; i < 3000; i++)); do
		if grep -q running out; then
			children=$(pgrep -P "$lab")
			[ -n "$children" ]
			return
		fi
		sleep 0.2
	done
	return 1
}

# nothing_left: none of the processes that the lab had started is there any more.
nothing_left()
{
	local i
	for ((i = 0; i < 600; i++)); do
		# shellcheck disable=SC2086 # a list
		ps -o pid= $children >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

@test "kvm-lab: streams byte for byte, status, arguments, environment, folders, KVM" {
	head -c 4000000 /dev/urandom >data
	mkdir shared
	marker=$(mktemp /tmp/outside.XXXXXX)
	export marker=${marker#/tmp/}
	cat >inside <<'END'
cat "$PWD/data"
{
	echo again >/dev/stderr
	printf '<%s>' "$@"
	echo "$KTSTR_X $GIVEN $KTSTR_LAB_INSIDE ${NOT_PASSED-none}"
	echo kept >shared/kept
	dmesg >shared/dmesg
	pgrep -f '^cat /dev/vport' >/dev/null && echo tick
	echo lost >lost && cat lost
	[ -d /sys/kernel/tracing/events ] && echo tracefs
	df -t tmpfs /tmp >/dev/null && [ ! -e "/tmp/$marker" ] && echo tmp
	python3 -c 'import fcntl, os
print("vm", fcntl.ioctl(os.open("/dev/kvm", os.O_RDWR), 0xAE01, 0) > 0)'
} >&2
sleep 1000 &
exit 7
END
	export KTSTR_X=x NOT_PASSED=y
	status=0
	lab --rw shared --env GIVEN=g --env marker -- sh inside "it's" 'two  words' '$HOME' '' $'new\nline' \
		>out 2>err || status=$?
	rm -f "/tmp/$marker"
	cat err
	[ "$status" -eq 7 ]
	cmp out data
	cat >want <<'END'
again
<it's><two  words><$HOME><><new
line>x g 1 none
tick
lost
tracefs
tmp
vm True
END
	diff want err
	[ "$(cat shared/kept)" = kept ]
	# KVM was loaded when the frequency of the TSC was settled.
	awk '/Switched to clocksource (tsc|hpet|acpi_pm)$/ { settled = 1 }
		/kvm_amd: Nested Virtualization enabled/ { exit !settled }' shared/dmesg
	[ ! -e lost ]
}

@test "kvm-lab: a signal, a missing and a not executable command have their own statuses" {
	# Side by side: on two CPUs that saves a start.
	lab -- no-such-command 2>missing.err &
	missing=$!
	run lab -- sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
	status=0
	wait "$missing" || status=$?
	[ "$status" -eq 127 ]
	run lab -- /etc/passwd
	[ "$status" -eq 126 ]
}

@test "kvm-lab: ends when its reader is gone" {
	status=0
	(lab -- yes 2>err || echo $? >status) | head -n 1 >out
	[ "$(cat out status)" = $'y\n141' ]
}

@test "kvm-lab: a panic of the emulated host is told, with its last words" {
	run lab -- sh -c '
		echo "<3>kvm [1]: vcpu0, guest rIP: 0x1 Unhandled WRMSR(0x1) = 0x1" >/dev/kmsg
		echo "<3>other words" >/dev/kmsg
		echo c >/proc/sysrq-trigger'
	[ "$status" -eq 125 ]
	[[ $output == *"it ended before the command 'sh' did"* ]]
	# But for what every guest has its kernel say.
	[[ $output == *"other words"*"Kernel panic"* && $output != *Unhandled* ]] || {
		printf '%s\n' "$output"
		false
	}
}

@test "kvm-lab: SIGINT ends it at once, and nothing is left" {
	start_lab
	kill -INT "$lab"
	status=0
	wait "$lab" || status=$?
	[ "$status" -eq 130 ]
	nothing_left
}

@test "kvm-lab: SIGKILL leaves no process behind" {
	start_lab
	kill -KILL "$lab"
	nothing_left
}

@test "kvm-lab: what cannot work is refused before the start" {
	run lab --mem 12x -- true
	[ "$status" -eq 125 ]
	[[ $output == *"memory '12x'"* ]]
	run lab --rw "$WORK/absent" -- true
	[ "$status" -eq 125 ]
	[[ $output == *"absent"* ]]
	run lab --nonsense -- true
	[ "$status" -eq 125 ]
	run lab
	[ "$status" -eq 125 ]
	KTSTR_LAB_INSIDE=1 run lab -- true
	[ "$status" -eq 125 ]
}

@test "on-kvm: runs here where the probe says yes, in one line" {
	printf '#!/bin/sh\nexit 0\n' >launch
	chmod +x launch
	[ -e /dev/kvm ] || skip "there is no /dev/kvm to pretend with"
	KTSTR_LAUNCH=$PWD/launch run --separate-stderr \
		"$ROOT/tools/on-kvm" --kernel x --env A=b -- sh -c 'echo "$A $KTSTR_LAB"; exit 3'
	[ "$status" -eq 3 ]
	[ "$output" = "b never" ]
	[ "$stderr" = "on-kvm: running on this machine's KVM" ]
}

@test "on-kvm: KTSTR_LAB=never where KVM is not usable gives the reason and 125" {
	printf '#!/bin/sh\necho the reason >&2\nexit 125\n' >launch
	chmod +x launch
	[ -e /dev/kvm ] || skip "there is no /dev/kvm to pretend with"
	KTSTR_LAB=never KTSTR_LAUNCH=$PWD/launch run "$ROOT/tools/on-kvm" --kernel x -- true
	[ "$status" -eq 125 ]
	[[ $output == *"the reason"* ]]
	[ "${#lines[@]}" -eq 1 ]
}

@test "on-kvm: KTSTR_LAB=always goes into the lab, another value is refused" {
	KTSTR_LAB=always run "$ROOT/tools/on-kvm" --timeout 1000 -- sh -c 'echo $KTSTR_LAB_INSIDE; exit 4'
	[ "$status" -eq 4 ]
	[ "${lines[1]}" = 1 ]
	KTSTR_LAB=perhaps run "$ROOT/tools/on-kvm" -- true
	[ "$status" -eq 125 ]
	[[ $output == *"neither always nor never"* ]]
}

@test "kernel-image: what is there is found without a network; bad arguments are refused" {
	mkdir -p kernels/6.12.1-test
	echo x >kernels/6.12.1-test/vmlinuz
	echo 6.12.1-test >kernels/.series-6.12-cloud
	PATH=$PWD/none:/usr/bin:/bin run --separate-stderr "$ROOT/tools/kernel-image" --dest kernels
	[ "$status" -eq 0 ]
	[ "$output" = "$PWD/kernels/6.12.1-test/vmlinuz" ]
	run "$ROOT/tools/kernel-image" --dest kernels --series 6.1 --print
	[ "$status" -eq 1 ]
	run "$ROOT/tools/kernel-image" --dest kernels --vmlinux --print
	[ "$status" -eq 1 ]
	# Whole or not there at all.
	run "$ROOT/tools/kernel-image" --dest kernels --vmlinux
	[ "$status" -eq 1 ]
	[[ $output == *"not unpacked"* ]]
	[ "$(find kernels -type f | sort | tr '\n' ' ')" = \
		"kernels/.lock kernels/.series-6.12-cloud kernels/6.12.1-test/vmlinuz " ]
	run "$ROOT/tools/kernel-image" --series six
	[ "$status" -eq 1 ]
	[[ $output == *"series 'six'"* ]]
	run "$ROOT/tools/kernel-image" --flavour vanilla
	[ "$status" -eq 1 ]
}

@test "kvm-lab: output that waits for a slow reader is not lost" {
	ended slow 0
	cmp slow.out slow.data
}

@test "kvm-lab: the time is bounded, and the output until then is there" {
	ended bounded 124
	[ "$(cat bounded.out)" = part ]
	grep -q "not done after 120 s" bounded.err
}
