#!/usr/bin/env bats
# Does `ktstr-launch run FILE` give the file the VM that its directives ask for, as `test` does?

load helper

setup()
{
	mkdir "$BATS_TEST_TMPDIR/tests"
	cd "$BATS_TEST_TMPDIR" || return
	unset KTSTR_TOPOLOGY KTSTR_MEMORY
	echo words >tests/data.txt
	cat >tests/wants.sh <<-'END'
		#!/bin/sh
		#ktstr: topology=1n1l3c1t memory_mib=300 env=MODE=fast expect_err
		#ktstr: append="ktstr.word=here" include=data.txt:/data
		echo "cpus $(nproc) mode $MODE args $* data $(cat /data 2>&1)"
		echo "line $(cat /proc/cmdline)"
		exit "${STATUS:-1}"
	END
	chmod +x tests/wants.sh
}

@test "run FILE: machine, environment, parameters, files and the expected error are the file's" {
	boot -- tests/wants.sh
	assert_status 0
	grep -qx 'cpus 3 mode fast args  data words' stdout
	grep -q '^line .*ktstr.word=here' stdout
	assert_output '1n1l3c1t, 300 MiB' '^XFAIL wants.sh: payload exited with status 1 after '
	refute_output 'replay' 'failure dump'
	[[ ! -e ktstr-out || -z $(ls -A ktstr-out) ]]
}

@test "run FILE ARGS: the command line wins, and the replay does it again" {
	boot --topology 1n1l1c1t --memory 0512M --env MODE=slow --env STATUS=0 --append ktstr.more=1 -- \
		tests/wants.sh a 'b c'
	assert_status 1
	grep -qx 'cpus 1 mode slow args a b c data words' stdout
	grep -q '^line .*ktstr.word=here ktstr.more=1' stdout
	assert_output '1n1l1c1t, 512 MiB' '^XPASS wants.sh: '
	run bash -c "$(sed -n 's/^  replay  *//p' <<<"$output")"
	assert_status 1
	assert_output '^cpus 1 mode slow args a b c data words' '^XPASS wants.sh: '
}

@test "run --no-directives FILE: a payload like any other" {
	boot --no-directives -- tests/wants.sh
	assert_status 1
	grep -q "^cpus 2 mode  args  data cat: can't open '/data'" stdout
	assert_output '1n1l2c1t, 2048 MiB' '^FAIL wants.sh: '
}
