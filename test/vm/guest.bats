#!/usr/bin/env bats
# Does a payload find in the guest what it would find on a machine: limits, controllers?

load helper

@test "limits are those of a login, and a cgroup has all controllers" {
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
	END
	chmod +x "$BATS_TEST_TMPDIR/surroundings.sh"
	boot --topology 1n1l2c1t --memory 512 -- ./surroundings.sh
	assert_status 0
	in_stdout '^nofile 1024 524288$' '^memlock 8192 8192$' '^weight 100, missing:\.$' \
		'^of ([4-9]|1[0-9]) controllers$' '^0::/a$'
}
