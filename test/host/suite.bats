#!/usr/bin/env bats
# Does test/run count right? A suite that overlooks a failure is worse than none.

load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
	# Not the one of the suite that runs this.
	unset BUILD
	mkdir -p test/unit build/test/unit build/asan/test/unit
	cp "$ROOT/test/run" test/run
}

# program NAME: a stand-in for a unit test program, from standard input; its ASan twin passes.
program()
{
	touch "test/unit/$1.c"
	{
		echo '#!/bin/sh'
		cat
	} >"build/test/unit/$1"
	printf '#!/bin/sh\necho 1..1\necho ok 1 - twin\n' >"build/asan/test/unit/$1"
	chmod +x "build/test/unit/$1" "build/asan/test/unit/$1"
}

last_line()
{
	[[ ${lines[-1]} == "$1" ]] || fail "the last line is not: $1"
}

@test "run: passes are added up" {
	program test_a <<<'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b"'
	program test_b <<<'echo 1..1; echo "ok 1 - c"'
	run test/run unit
	assert_status 0
	last_line "5 passed, 0 failed"
}

@test "run: failures and skips of cmocka and bats are told apart" {
	program test_a <<-'END'
		echo 1..5
		echo "ok 1 - a"
		echo "not ok 2 - b"
		echo "# 0x1 != 0x2"
		echo "not ok 3 # SKIP c"
		echo "ok 4 d # skip no reason"
		echo "not ok 5 one whose name says # skip"
		exit 2
	END
	run test/run unit
	assert_status 1
	assert_output 'not ok 2 - b' '0x1 != 0x2'
	last_line "2 passed, 2 failed, 2 skipped"
}

@test "run: a program that dies in the middle has failed, and its last words are shown" {
	program test_a <<<'echo 1..3; echo "ok 1 - a"; echo dying; kill -SEGV $$'
	run test/run unit
	assert_status 1
	assert_output '2 gave no result' 'dying'
	last_line "2 passed, 2 failed"
}

@test "run: a program that prints nothing, and one that is not there, have failed" {
	program test_a <<<'exit 0'
	touch test/unit/test_b.c
	run test/run unit
	assert_status 1
	assert_output 'test_a .*nothing ran' 'test_b .*nothing ran'
	last_line "1 passed, 3 failed"
}

@test "run: a leak at the end, after passes only, is a failure" {
	program test_a <<<'echo 1..1; echo "ok 1 - a"; exit 23'
	run test/run unit
	assert_status 1
	assert_output 'exit status 23'
	last_line "2 passed, 1 failed"
}

@test "run: no tests at all is a failure" {
	run test/run unit
	assert_status 1
	assert_output 'nothing ran'
	run test/run nonsense
	assert_status 1
	assert_output "part 'nonsense': not known"
}

@test "run: a log that is gone is a failure" {
	program test_a <<<'echo 1..1; echo "ok 1 - a"; rm -r build/test/logs'
	run test/run unit
	assert_status 1
	assert_output 'its log cannot be read'
	last_line "1 passed, 1 failed"
}

@test "run: two labs, one result each; a lab that does not start has failed" {
	mkdir tools test/vm
	touch test/vm/a.bats
	printf '#!/bin/sh\ncase $KTSTR_LAUNCH in *asan*) exit 125 ;; esac\necho 1..1\necho ok 1 a\n' \
		>tools/on-kvm
	# One series may be gone from the archive, and that is status 2; no other may.
	printf '#!/bin/sh\ncase $* in *6.17) exit 2 ;; esac\necho /kernel\n' >tools/kernel-image
	chmod +x tools/on-kvm tools/kernel-image
	run test/run vm
	assert_status 1
	last_line "6 passed, 1 failed, 1 skipped"
	for series in 6.17:1 scx:2; do
		printf '#!/bin/sh\ncase $* in *%s) exit %s ;; esac\necho /kernel\n' \
			"${series%:*}" "${series#*:}" >tools/kernel-image
		run test/run vm
		assert_status 1
		last_line "5 passed, 1 failed"
	done
	# Without kernels no lab is started.
	printf '#!/bin/sh\necho none; exit 1\n' >tools/kernel-image
	run test/run vm
	assert_status 1
	refute_output 'vm/plain'
	last_line "0 passed, 6 failed"
}

@test "run: KTSTR_LAB=never skips the part that is about the lab" {
	KTSTR_LAB=never run test/run lab
	assert_output '^ok +lab .* 1 skipped'
	last_line "0 passed, 0 failed, 1 skipped"
}
