#!/usr/bin/env bats
# Does the channel carry everything, and does the host survive a guest that lies in it?

load helper

setup()
{
	export KTSTR_TOPOLOGY=1n1l1c1t KTSTR_MEMORY=512
}

@test "50 MiB of stdout arrive byte for byte, stderr apart" {
	# The same bytes on both sides, cheap to make: one 1 MiB block of noise, 50 times.
	head -c 1048576 /dev/urandom >"$BATS_TEST_TMPDIR/block"
	boot --timeout 1000 --include "$BATS_TEST_TMPDIR/block:/block" -- sh -c '
		for i in $(seq 50); do cat /block; echo "$i" >&2; done'
	assert_status 0
	for _ in $(seq 50); do cat block; done | cmp - stdout
	[[ $(grep -cE '^[0-9]+$' stderr) -eq 50 ]]
}

@test "what no honest init writes into the channel: the guest broke the protocol" {
	for what in garbage head length crc type hello exited; do
		boot --timeout 200 -- "$KTSTR_TEST_HOSTILE" "$what"
		assert_status 123
		assert_output '^PROTOCOL hostile: ' || fail "$what was let through" || return
		case $what in
		type) assert_output 'PROTOCOL.*unknown type 200' ;;
		hello | exited) assert_output 'PROTOCOL.*out of order' ;;
		esac
	done
}
