#!/usr/bin/env bats
# Do the vCPUs of a pinned VM run where they should, and nowhere else?

load helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_MEMORY=512
}

@test "each vCPU has the CPU that the dump says, and its memory is the host's node's" {
	KTSTR_TOPOLOGY=1n1l1c1t "$KTSTR_LAUNCH" run --pin -- sh -c 'echo here; read -r go; exit 3' \
		< <(wait_for test -e looked; echo) >stdout 2>stderr &
	launcher=$!
	wait_for grep -q here stdout
	# What the launcher has in its folders of /proc, while the guest waits.
	grep -h Cpus_allowed_list "/proc/$launcher"/task/*/status | awk '{print $2}' >threads
	cat /proc/locks >locks
	touch looked
	status=0
	wait "$launcher" || status=$?
	assert_status 3
	dump=$(dump_file)
	[[ $(jq -c .start "$dump") == '"booted"' ]]
	cpu=$(jq '.pinning.cpus[0]' "$dump")
	[[ $(jq '.pinning.cpus | length' "$dump") -eq 1 ]]
	[[ $(jq '.pinning.nodes | length' "$dump") -eq 1 ]]
	grep -qx "$cpu" threads || fail "CPU $cpu, and no thread is bound to it: $(<threads)"
	grep -qE "OFDLCK +ADVISORY +WRITE .* $cpu $cpu\$" locks || fail "CPU $cpu is not locked: $(<locks)"
	# The launcher's own thread keeps away, where it can.
	(($(nproc) == 1)) || [[ $(head -n 1 threads) != "$cpu" ]]
}

@test "a guest with more cores than the host has is refused, and nothing boots" {
	cores=$(($(nproc) + 1))
	KTSTR_TOPOLOGY=1n1l${cores}c1t boot --pin -- true
	assert_status 125
	assert_output "^ktstr-launch: run: pinning: this host cannot mirror the guest: the guest has 1 LLC of $cores cores with 1 thread, the host has room for 0: "
	refute_output 'booting'
}

# locked N: so many CPUs of the host are just taken; which stands in the file cpus.
locked()
{
	local inode

	inode=$(stat -c %i runtime/ktstr-launch/cpus.lock) || return
	awk -v file=":$inode\$" '$2 == "OFDLCK" && $6 ~ file { for (cpu = $7; cpu <= $8; cpu++) print cpu }' \
		/proc/locks | sort -u >cpus
	(($(wc -l <cpus) >= $1))
}

@test "pinned tests of a suite have the CPUs that were taken for them, and none waits" {
	mkdir tests
	for name in a b c; do
		printf '#!/bin/sh\n#ktstr: pin topology=1n1l1c1t\necho here; sleep 2; exit 3\n' >"tests/$name"
		chmod +x "tests/$name"
	done
	mkdir -m 0700 runtime
	XDG_RUNTIME_DIR=$PWD/runtime "$KTSTR_LAUNCH" test --jobs 3 --verbose tests >said 2>&1 &
	suite=$!
	# Two are there at once, where the host has two CPUs.
	wait_for locked $(($(nproc) > 1 ? 2 : 1)) || fail "locked: $(<cpus); $(<said)"
	status=0
	wait "$suite" || status=$?
	assert_status 1
	[[ $(grep -c '^FAIL' said) -ge 3 ]] || fail "$(<said)"
	run -1 grep "waiting for CPUs" said
	for dump in ktstr-out/*/*.failure-dump.json; do
		[[ $(jq '.pinning.cpus | length' "$dump") -eq 1 ]] || fail "$dump: $(jq -c .pinning "$dump")"
	done
	# While the tests were there, their CPUs were locked.
	jq '.pinning.cpus[0]' ktstr-out/*/*.failure-dump.json | sort -u >pinned
	[[ $(comm -12 pinned cpus | wc -l) -eq $(wc -l <cpus) ]] || fail "pinned on $(<pinned); locked: $(<cpus)"
}
