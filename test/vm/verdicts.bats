#!/usr/bin/env bats
# Does each way for a payload or a guest to end give its own verdict, status and first line? Those that
# take a kernel which fails are in ends.bats. One CPU and little memory: these are about endings, not machines.

load helper

setup()
{
	export KTSTR_TOPOLOGY=1n1l1c1t KTSTR_MEMORY=512
}

@test "a passing payload passes, and leaves nothing behind" {
	boot -- true
	assert_status 0
	assert_output '^PASS true: '
	[[ ! -e ktstr-out || -z $(ls -A ktstr-out) ]]
}

@test "exit 7 gives 7, with output apart and a failure dump" {
	boot -- sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	[[ $(<stdout) == out ]]
	assert_output '^err$' '^FAIL sh: payload exited with status 7 after '
	dump=$(dump_file)
	grep -q '"verdict":"fail"' "$dump"
	grep -q '"release":"[0-9]' "$dump"
	grep -q '"schema_version":1' "$dump"
}

# Debian's python3, for which drgn is packaged.
drgn_reads()
{
	/usr/bin/python3 - "$@" <<'END'
import sys, drgn
core = drgn.Program()
core.set_core_dump(sys.argv[1])
print(core.read(int(sys.argv[2], 16), 14).decode())
END
}

# in_trace TEXT...: names of marks in the flight recorder's trace.
in_trace()
{
	local text

	for text; do
		grep -aqF -e "$text" ktstr-out/*/*.failure.pb || fail "not in the trace: $text" || return
	done
}

@test "a failure's memory and registers are a core that drgn reads, its last events a trace" {
	boot --vmcore --record-mib 1 -- sh -c 'sleep 1000 & grep " linux_banner$" /proc/kallsyms; exit 7'
	assert_status 7
	core=$(echo ktstr-out/*/*.vmcore)
	assert_output "^  vmcore .*vmcore"
	[[ $(stat -c '%a' "$core") == 600 ]]
	# A sparse file: the guest has touched a part of its memory only.
	(($(stat -c '%s' "$core") > 512 << 20 && $(stat -c '%b * %B' "$core") < 256 << 20))
	[[ $(drgn_reads "$core" "$(cut -d ' ' -f 1 stdout)") == "Linux version " ]]
	[[ $(jq -r .artefacts.vmcore ktstr-out/*/*.ktstr.json) == "$core" ]]
	ktstr_assert_trace_has_task sleep .failure.pb
	in_trace 'payload starts' 'payload ends' 'failure: payload exited with status 7'
	[[ $(jq -r '.recording | .events > 20 and .error == null and .span_s > 0' "$(dump_file)") == true ]]
	# One CPU, whose registers say what it did: init waited in the kernel, or for the host.
	readelf -n "$core" | grep -q NT_PRSTATUS
	rm -r ktstr-out
	boot --vmcore --record-mib 1 -- sh -c 'sleep 0.1; echo c >/proc/sysrq-trigger; sleep 1000'
	assert_status 120
	ktstr_assert_trace_has_task sleep .failure.pb
	in_trace 'payload starts' 'failure: kernel panic while the payload ran'
	[[ -s $(echo ktstr-out/*/*.vmcore) ]]
	rm -r ktstr-out
	boot --vmcore --record-mib 1 -- true
	assert_status 0
	[[ ! -e ktstr-out || -z $(ls -A ktstr-out) ]]
}

@test "a payload that is in the guest but cannot be executed gives 126, a missing interpreter 127" {
	printf 'not a program\n' >"$BATS_TEST_TMPDIR/text"
	chmod +x "$BATS_TEST_TMPDIR/text"
	boot -- ./text
	assert_status 126
	boot -- sh -c 'exec /nowhere/at/all'
	assert_status 127
}

@test "a sleeping payload gives 124 at its limit" {
	boot --timeout 1 -- sleep 1000
	assert_status 124
	assert_output '^TIMEOUT sleep: .*limit of 1'
}

@test "kill -9 of the payload gives 137, which ends no bisection" {
	# shellcheck disable=SC2016 # $$ is the guest's
	boot -- sh -c 'kill -9 $$'
	assert_status 137
	assert_output '^FAIL sh: .*(signal 9|SIGKILL)'
	# shellcheck disable=SC2016
	boot --bisect -- sh -c 'kill -9 $$'
	assert_status 1
}

@test "what a payload prints is no panic and no warning; a taint flag is a failure, unless it is allowed" {
	# At the end of a life, and in the middle of it.
	boot -- sh -c 'echo "<0>Kernel panic - not syncing: x" >/dev/kmsg'
	assert_status 0
	boot -- sh -c 'echo "<0>Kernel panic - not syncing: x" >/dev/kmsg
		echo 512 >/proc/sys/kernel/tainted
		echo "WARNING: CPU: 0 PID: 1 at kernel/x.c:1" >/dev/kmsg; sleep 2; echo alive'
	assert_status 119
	assert_output '^FAIL sh: kernel taint while the payload ran: tainted: W .warning.; payload exited with status 0 '
	grep -q '"kind":"taint"' "$(dump_file)"
	grep -q '"tainted: W (warning)"' "$(dump_file)"
	boot --allow-splat 'tainted: W*' -- sh -c 'echo 512 >/proc/sys/kernel/tainted'
	assert_status 0
	assert_output '^PASS sh: ' '^  kernel: 1 allowed by allow_splat:$' '^    \| tainted: W .warning.$'
}

@test "the time for which the launcher was stopped is none of the payload's" {
	cd "$BATS_TEST_TMPDIR" || return
	"$KTSTR_LAUNCH" run --timeout 4 --out out -- sh -c 'echo up; sleep 2; echo end' >stdout 2>stderr 3>&- &
	until grep -q up stdout; do sleep 0.2; done
	kill -STOP $!
	sleep 6
	kill -CONT $!
	status=0
	wait $! || status=$?
	output=$(<stderr)
	assert_status 0
	[[ $(<stdout) == $'up\nend' ]]
	jq -e '.host_took | .stood_still_s > 4 and .stood_still_s < 60' out/*/*.ktstr.json
}

@test "a check of a share that fails on a host with too few CPUs is inconclusive, and a timed test; another failure is one" {
	local cpus=$((2 * $(nproc)))
	local check="ktstr-work --for 1s --group a --tasks $cpus spin --check 'a.iterations_per_s > 999999999999'"

	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_TOPOLOGY=1n1l${cpus}c1t
	unset KTSTR_HOST_NOISE
	run "$KTSTR_LAUNCH" run --timeout 300 --out out -- sh -c "$check"
	assert_status 117
	assert_output '^INCONCLUSIVE sh: the host took [0-9.]+ % of the vCPUs. time, more than 10 % ' \
		'exited with status 1 after .*; ktstr-work: a.iterations_per_s was '
	jq -e '.verdict == "inconclusive" and (.host_took |
		.percent > 10 and .waited_s > 0 and .ran_s > 0 and .guest_steal_s > 0)' \
		out/*/*.ktstr.json
	run "$KTSTR_LAUNCH" run --timeout 300 -- sh -c "$check || exit 3"
	assert_status 3
	run "$KTSTR_LAUNCH" run --timeout 300 --bisect -- sh -c "$check"
	assert_status 125

	# Those that measure by themselves, or are to fail.
	printf '#!/bin/sh\n#ktstr: timeout_s=300 topology=%s %s\nktstr-work --for 1s --group a --tasks %s spin\nexit %s\n' \
		$KTSTR_TOPOLOGY timed $cpus 1 >timed
	sed 's/ timed$//' timed >plain
	sed -e 's/ timed$/ expect_err/' -e 's/^exit 1/exit 0/' timed >spared
	chmod +x timed plain spared
	run "$KTSTR_LAUNCH" test --jobs 1 --json results ./timed ./plain ./spared
	[[ $(results results name outcome) == $'plain fail\nspared inconclusive\ntimed inconclusive' ]] ||
		fail "$output"
}

@test "a guest that powers off before the verdict died" {
	boot -- sh -c 'poweroff -f; sleep 1000'
	assert_status 122
	assert_output '^DIED sh: .*power'
}

@test "a guest whose init gets no CPU any more stalled" {
	# shellcheck disable=SC2016 # $s is the guest's
	boot --timeout 2 --stall-timeout 10 --include "$(command -v chrt)" -- sh -c '
		echo -1 >/proc/sys/kernel/sched_rt_runtime_us
		# Newer kernels have one more rescue for ordinary tasks.
		for f in /sys/kernel/debug/sched/*_server/cpu*/runtime; do echo 0 >"$f"; done 2>/dev/null
		exec chrt -f 99 sh -c "while :; do :; done"'
	assert_status 121
	assert_output '^STALL sh: '
}

@test "a payload that leaves daemons behind ends when it ends" {
	boot -- sh -c '(while :; do sleep 1; done) & (setsid sleep 1000 &) ; echo over; exit 3'
	assert_status 3
	[[ $(<stdout) == over ]]
}

@test "a payload that prints without end is stopped at its limit, stdout and console alike" {
	boot --timeout 2 -- yes
	assert_status 124
	[[ $(stat -c %s stdout) -gt 100000 ]]
	rm -rf ktstr-out
	boot --timeout 2 -- sh -c 'yes >/dev/console'
	assert_status 124
	[[ $(stat -c %s "$(dump_file)") -lt 200000 ]]
}

@test "a guest that dies once its payload has passed is no pass" {
	# As a tracer, the hostile program resets the machine a second after it was told to stop.
	KTSTR_WPROF_PATH=$KTSTR_TEST_HOSTILE boot --memory 2048 --wprof=always -- true
	assert_status 122
	assert_output '^DIED true: guest reset .* after the payload had ended .exited with status 0'
}

@test "a guest that comes up with fewer CPUs than asked for is an error, unless that was asked for" {
	# A spelling that the kernel takes and the launcher does not know.
	boot --topology 1n1l2c1t --append nr-cpus=1 -- nproc
	assert_status 125
	assert_output '^ERROR nproc: the guest came up with 1 of 2 CPUs and 1 of 1 NUMA nodes'
	rm -rf ktstr-out
	boot --topology 1n1l2c1t --append maxcpus=1 -- nproc
	assert_status 0
	[[ $(<stdout) == 1 ]]
	# An isolated one is there all the same, though nothing runs on it by itself.
	boot --topology 1n1l2c1t --append isolcpus=1 -- nproc
	assert_status 0
	[[ $(<stdout) == 1 ]]
}
