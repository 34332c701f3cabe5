#!/usr/bin/env bats
# Is a failure traced by an identical VM, and does the trace show the payload up to its failure?

load helper

# decode FILE: the trace as text; a trace that is cut off does not decode.
decode()
{
	protoc --decode_raw <"$1"
}

# cpus_with_switches TEXT: the CPUs whose bundles (field 1, its cpu is field 1) hold a sched_switch
# (field 4 of an event, field 2 of the bundle).
cpus_with_switches()
{
	awk '/^  1 \{/ { cpu = "" }
		/^    1: / { cpu = $2 }
		/^      4 \{/ { if (cpu != "") seen[cpu] = 1 }
		END { for (c in seen) print c }' "$1" | sort -n | tr '\n' ' '
}

@test "a failure under load: both dumps, and a trace with the payload on every CPU to its end" {
	command -v stress-ng >/dev/null || skip "no stress-ng on this machine"
	# Its times go to the kernel's log, which the repro VM's dump has; its output goes nowhere.
	cat >"$BATS_TEST_TMPDIR/fails-under-load" <<-'END'
		#!/bin/sh
		read -r began _ </proc/uptime
		stress-ng -q --switch 4 --timeout 3
		read -r ended _ </proc/uptime
		echo "the load: $began to $ended" >/dev/kmsg
		exit 9
	END
	chmod +x "$BATS_TEST_TMPDIR/fails-under-load"
	boot --topology 1n1l2c1t --wprof --timeout 1000 --include "$(command -v stress-ng)" -- \
		./fails-under-load
	assert_status 9
	assert_output '^FAIL fails-under-load: payload exited with status 9' \
		'identical VM with the tracer on' 'repro: same failure .*with the tracer on'
	repro_dump=$(dump_file .repro.failure-dump.json)
	dump=$(dump_file)
	grep -q '"result":"same-failure"' "$dump"
	trace=$(dump_file .repro.wprof.pb)
	decode "$trace" >trace.txt
	[[ $(cpus_with_switches trace.txt) == "0 1 " ]]
	grep -q '"fails-under-loa' trace.txt
	grep -q '"stress-ng' trace.txt
	# No switch is missing: on each CPU, the task that one switches to (6) is the one that the next
	# switches from (2).
	awk '/^    1: / { cpu = $2 } /^      4 \{/ { in_switch = 1 } /^      \}/ { in_switch = 0 }
		in_switch && /^        2: / && cpu in next_pid && next_pid[cpu] != $2 { broken++ }
		in_switch && /^        6: / { next_pid[cpu] = $2; count++ }
		END { print count + 0, broken + 0; exit !(count > 100 && !broken) }' trace.txt ||
		fail "the chain of switches is broken"
	# In seconds of the guest's boot clock: from field 1 of the events.
	read -r first last < <(awk '/^      1: [0-9]+$/ && $2 > 1e8 { if (!first || $2 < first) first = $2; if ($2 > last) last = $2 }
		END { printf "%.3f %.3f\n", first / 1e9, last / 1e9 }' trace.txt)
	# The payload's own clock, in hundredths: it was traced from before its start to its end, and
	# the machine's boot was not.
	read -r began ended < <(sed -n 's/.*the load: \([0-9.]*\) to \([0-9.]*\).*/\1 \2/p' \
		<(tr '"' '\n' <"$repro_dump"))
	awk -v first="$first" -v last="$last" -v began="$began" -v ended="$ended" 'BEGIN {
		exit !(ended - began >= 3 && first > 0 && first <= began && began - first < began / 2 &&
			last >= ended - 0.05) }' ||
		fail "the trace spans $first to $last s, the load ran from '$began' to '$ended' s"
	# Both dumps tell the moments on that clock; uptime's is behind it by less than its hundredth.
	jq -e --argjson began "$began" --argjson ended "$ended" '.moments | map_values(. / 1e9) |
		.payload_start_ns <= $began + 0.01 and .payload_start_ns > $began - 5 and .payload_end_ns >= $ended and
		.failure_ns >= $ended and .failure_ns < .payload_end_ns + 5' "$repro_dump" ||
		fail "the moments: $(jq -c .moments "$repro_dump"); the load ran from $began to $ended s"
	jq -e '.moments | .payload_end_ns > .payload_start_ns + 3e9 and .failure_ns > .payload_start_ns + 3e9' "$dump"
	# Nothing is left of the temporary names.
	[[ -z $(find ktstr-out -name '*.partial') ]]
}

@test "a payload that hangs is traced up to its limit" {
	boot --topology 1n1l1c1t --wprof --timeout 2 -- sleep 1000
	assert_status 124
	trace=$(dump_file .repro.wprof.pb)
	decode "$trace" >trace.txt
	grep -q '"sleep"' trace.txt
}

@test "--wprof=always traces a run that passes; a second run overwrites nothing" {
	boot --topology 1n1l1c1t --wprof=always -- true
	assert_status 0
	decode "$(dump_file .wprof.pb)" >trace.txt
	grep -q '"true"' trace.txt
	before=$(find ktstr-out -type f -exec sha256sum {} + | sort)
	boot --topology 1n1l1c1t --wprof=always -- true
	assert_status 0
	[[ $(find ktstr-out -name '*.wprof.pb' | wc -l) -eq 2 ]]
	find ktstr-out -type f -exec sha256sum {} + | sort | comm -23 <(echo "$before") - | diff - /dev/null
}

@test "a tracer that fails is reported in its own words, and the verdict stands" {
	# A program that is no tracer at all; one that refuses its arguments is in ends.bats.
	KTSTR_WPROF_PATH=$(type -P true) boot --topology 1n1l1c1t --wprof=always -- true
	assert_status 0
	assert_output 'using your own tracer' 'tracer.*(ready|Running)'
}

@test "a tracer that is killed while it records is reported, and the payload's status stands" {
	# shellcheck disable=SC2016 # for the guest's shell
	boot --topology 1n1l1c1t --wprof=always -- sh -c 'kill -9 $(pidof wprof); sleep 1; exit 5'
	assert_status 5
	assert_output '^FAIL sh: payload exited with status 5' 'tracer.*signal 9'
	[[ -z $(find ktstr-out -name '*.wprof.pb*' -o -name '*.partial') ]]
	grep -q '"state":"failed"' "$(dump_file)"
}

# bats test_tags=plain
@test "a CPU that comes online late, goes and comes back is traced and recorded, and each CPU's idle time is its own" {
	# A script's name is its task's, and it sleeps, so that there are switches to it and from it.
	for name in came-late came-back came-again; do
		printf '#!/bin/sh\nfor i in 1 2 3; do sleep 0.05; done\n' >"$BATS_TEST_TMPDIR/$name"
		chmod +x "$BATS_TEST_TMPDIR/$name"
	done
	cat >"$BATS_TEST_TMPDIR/cpu1" <<-'END'
		#!/bin/sh -e
		online=/sys/devices/system/cpu/cpu1/online
		[ "$(cat $online)" = 0 ]
		echo 1 >$online
		taskset 2 ./came-late
		echo 0 >$online
		sleep 0.3
		echo 1 >$online
		taskset 2 ./came-back
		echo 0 >$online
		echo 1 >$online
		taskset 2 ./came-again
		exit 3
	END
	chmod +x "$BATS_TEST_TMPDIR/cpu1"
	boot --topology 1n1l2c1t --append maxcpus=1 --wprof=always --record-mib 1 --include came-late \
		--include came-back --include came-again -- ./cpu1
	assert_status 3
	# The tracer's, and the flight recorder's.
	for kind in .wprof.pb .failure.pb; do
		decode "$(dump_file $kind)" >trace.txt
		# CPU and name of each task that is switched to (5, next_comm).
		awk '/^  1 \{/ { cpu = "" } /^    1: / { cpu = $2 }
			/^      4 \{/ { in_switch = 1 } /^      \}/ { in_switch = 0 }
			in_switch && /^        5: / { print cpu, $2 }' trace.txt | sort | uniq -c >switches
		for name in came-late came-back came-again; do
			grep -q " 1 \"$name\"" switches || fail "$kind: no $name on CPU 1: $(<switches)"
		done
		grep -q ' 0 "swapper/0"' switches && grep -q ' 1 "swapper/1"' switches ||
			fail "$kind: no idle time: $(<switches)"
		! grep -E ' (0 "swapper/1"|1 "swapper/0")' switches || fail "$kind: of another CPU"
	done
}
