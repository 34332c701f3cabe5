#!/usr/bin/env bats
# Does a payload find in the guest what it would find on a machine: limits, controllers, modules?

load helper

setup()
{
	export KTSTR_TOPOLOGY=1n1l2c1t KTSTR_MEMORY=512
}

# bats test_tags=plain
@test "limits are those of a login, a cgroup has all controllers, and modules are loaded with what they need" {
	cat >"$BATS_TEST_TMPDIR/surroundings.sh" <<-'END'
		#!/bin/sh
		echo "nofile $(ulimit -n) $(ulimit -Hn)"
		echo "memlock $(ulimit -l) $(ulimit -Hl)"
		cd /sys/fs/cgroup
		mkdir a
		echo "weight $(cat a/cpu.weight), missing:$(for c in $(cat cgroup.controllers); do
			grep -qw "$c" a/cgroup.controllers || echo " $c"
		done)."
		echo "of $(wc -w <cgroup.controllers) controllers"
		echo $$ >a/cgroup.procs && cat /proc/self/cgroup
		echo "modules: $(cut -d ' ' -f 1 /proc/modules | sort | tr '\n' ' ')"
		echo "loops: $(ls -d /sys/block/loop* | wc -l)"
		echo "left: $(ls -A /ktstr/modules)."
	END
	chmod +x "$BATS_TEST_TMPDIR/surroundings.sh"
	boot --module 'loop max_loop=3' --module dm-crypt --module ext4 -- ./surroundings.sh
	assert_status 0
	in_stdout '^nofile 1024 524288$' '^memlock 8192 8192$' '^weight 100, missing:\.$' \
		'^of ([4-9]|1[0-9]) controllers$' '^0::/a$' \
		'^modules:.* dm_crypt dm_mod .*loop ' '^loops: 3$' '^left: \.$'
}

@test "a module that the kernel refuses is an error with its words, before the payload starts" {
	# As it comes, but for its signature.
	cd "$BATS_TEST_TMPDIR"
	cp "${KTSTR_KERNEL%/*}"/lib/modules/*/kernel/drivers/net/dummy.ko* .
	[[ ! -e dummy.ko.xz ]] || xz -d dummy.ko.xz
	strip --strip-debug dummy.ko
	cat >refused <<-'END'
		#!/bin/sh
		#ktstr: module=dm-mod module=./dummy.ko append=module.sig_enforce=1 expect_err
		echo this is the payload
	END
	chmod +x refused
	run "$KTSTR_LAUNCH" test --out out refused
	assert_status 125
	assert_output 'ERROR +refused ' 'module dummy: Key was rejected by service' \
		'signed modules only' 'kernel: Loading of unsigned module is rejected'
	if grep -rq 'this is the payload' out/*/*.stdout; then fail 'the payload ran'; fi
}

# bats test_tags=plain
@test "a parameter that a module does not have is an error" {
	boot --module 'loop max_lop=3' -- true
	assert_status 125
	assert_output '^ERROR true: .*: module loop: unknown parameter .max_lop. ignored'
}

@test "a pipe is handed on whole, as it comes, and both VMs get the same" {
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	boot --wprof --memory 2048 -- sh -c 'echo "they sum up to $(md5sum)" >/dev/kmsg; exit 3' \
		< <(head -c 100000 "$BATS_TEST_TMPDIR/bytes"; sleep 1; tail -c +100001 "$BATS_TEST_TMPDIR/bytes")
	assert_status 3
	assert_output 'same failure .* with the tracer on'
	sum=$(md5sum <bytes)
	grep -q "they sum up to $sum" "$(dump_file)"
	grep -q "they sum up to $sum" "$(dump_file .repro.failure-dump.json)"
}

@test "a file is handed on from where it stands, a list is not lost in a loop, and --stdin names another" {
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' first second >list
	echo other >named
	while read -r word; do
		"$KTSTR_LAUNCH" run --quiet -- sh -c "echo in $word; exec cat"
	done <list >out
	[[ $(<out) == $'in first\nsecond\nin second' ]] || fail "$(<out)"
	boot --stdin named -- sh -c 'cat; exit 3' <list
	assert_status 3
	[[ $(<stdout) == other ]]
	assert_output 'replay .* --stdin named -- sh'
}
