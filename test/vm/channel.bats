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
	for what in garbage head length crc type hello ready bell exited; do
		boot --timeout 200 -- "$KTSTR_TEST_HOSTILE" "$what"
		assert_status 123
		assert_output '^PROTOCOL hostile: ' || fail "$what was let through" || return
		case $what in
		type) assert_output 'PROTOCOL.*unknown type 200' ;;
		hello | ready | exited) assert_output 'PROTOCOL.*out of order' ;;
		bell) assert_output 'PROTOCOL.*says a second time that it is ready' ;;
		esac
	done
}

@test "a guest that writes over its cargo harms no other, not even its second VM" {
	boot --wprof -- "$KTSTR_TEST_HOSTILE" cargo
	assert_status 3
	assert_output 'repro: same failure \(payload exited with status 3'
	boot -- echo fine
	assert_status 0
	in_stdout '^fine$'
}

# as_init SCRIPT: boot it in the place of init; the kernel is the only one to read its quotes.
as_init()
{
	boot --memory 256 --boot-timeout "$1" --append "rdinit=/usr/bin/sh -- -c \"$2\"" -- true
}

@test "an init that lies before it has a job, or never asks for one" {
	read -r head bell < <("$KTSTR_TEST_HOSTILE" where)
	as_init 300 "mknod /dev/mem c 1 1; devmem $bell 32 1; sleep 1000"
	assert_status 123
	assert_output '^PROTOCOL true: .*the ready bell was rung before KTSTR_READY'
	# A ring full of what are no frames.
	as_init 300 "mknod /dev/mem c 1 1; devmem $head 64 4096; devmem $bell 32 1; sleep 1000"
	assert_status 123
	assert_output '^PROTOCOL true: .*magic'
	as_init 20 'echo I am never ready; sleep 1000'
	assert_status 121
	assert_output '^STALL true: no word from init within 20 s' 'I am never ready'
}
