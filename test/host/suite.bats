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

# host_test NAME SCRIPT DIRECTIVES...: a test that needs no VM.
host_test()
{
	mkdir -p tests
	printf '#!/bin/bash\n#ktstr: host_only %s\n%s\n' "${*:3}" "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

# field NAME: of the first result in result.json.
field()
{
	python3 -c 'import json, sys
print([r for r in map(json.loads, open("result.json")) if r["type"] == "result"][0][sys.argv[1]])' "$1"
}

@test "host_only: the folder of what is bad is named and there; of a pass there is none" {
	host_test bad 'echo words; exit 3'
	run "$KTSTR_LAUNCH" test --json result.json tests
	assert_status 1
	assert_output "^ +folder +ktstr-out/bad-0001$"
	[[ $(cat "$(field folder)"/*.stdout) == words ]] || fail "$(<result.json)"
	host_test bad 'exit 0'
	rm result.json
	run "$KTSTR_LAUNCH" test --json result.json tests
	assert_status 0
	[[ $(field folder) == None ]] || fail "$(<result.json)"
}

@test "host_only: the last lines of standard error stand below what is bad; a NUL ends nothing" {
	host_test bad 'printf "a\0b"; printf "%s\n" {1..9} REASON >&2; exit 3'
	run "$KTSTR_LAUNCH" test --json result.json tests
	assert_output '^ +stderr: 6$' '^ +stderr: REASON$'
	refute_output 'stderr: 5'
	[[ $(field output) == $'a?b\n1\n'*$'\nREASON' ]] || fail "$(<result.json)"
	host_test bad 'echo fine >&2'
	run "$KTSTR_LAUNCH" test tests
	assert_status 0
	refute_output 'fine'
}

@test "host_only: exit status 4 is the test's own skip" {
	host_test skip 'exit 4'
	run "$KTSTR_LAUNCH" test tests
	assert_status 4
	assert_output '^SKIP +skip +the test itself says that it cannot run here'
}

@test "host_only: Ctrl-C makes what runs not run, and what has ended stays" {
	host_test a 'exit 3'
	host_test b 'touch ../begun; sleep 77'
	"$KTSTR_LAUNCH" test --jobs 1 --json result.json tests >out 2>&1 3>&- &
	for _ in {1..100}; do
		[[ -e begun ]] && break
		sleep 0.1
	done
	kill -INT $!
	status=0
	wait $! || status=$?
	assert_status 130
	grep -q '"name":"a".*"outcome":"fail"' result.json || fail "$(<result.json)"
	grep -q '"name":"b".*"outcome":"not-run".*"cause":"interrupted"' result.json || fail "$(<result.json)"
}

@test "host_only: what cannot be executed is an error, also where a failure is expected" {
	host_test bad '' expect_err
	sed -i '1s|.*|#!/nonexistent/interpreter|' tests/bad.sh
	run "$KTSTR_LAUNCH" test tests
	assert_status 125
	assert_output "^ERROR +bad +cannot execute '.*/bad.sh'.*: No such file or directory; is the interpreter"
}

@test "host_only: nothing that a test starts outlives it" {
	host_test leaves 'set -m; sleep 77 & echo $! >../one; (setsid -f sleep 78; pgrep -n -f "^sleep 78" >../two)'
	run "$KTSTR_LAUNCH" test tests
	assert_status 0
	for pid in $(<one) $(<two); do
		! kill -0 "$pid" || fail "$pid still runs"
	done
	[[ -s one ]]
}

@test "host_only: a test whose worker is killed ends with it" {
	host_test stays 'echo $$ >../pid; echo $PPID >../worker; touch ../begun; exec sleep 77'
	"$KTSTR_LAUNCH" test tests >out 2>&1 3>&- &
	for _ in {1..100}; do
		[[ -e begun ]] && break
		sleep 0.1
	done
	kill -KILL "$(<worker)"
	status=0
	wait $! || status=$?
	assert_status 125
	output=$(<out)
	assert_output '^ERROR +stays +.*killed by signal 9'
	for _ in {1..50}; do
		kill -0 "$(<pid)" 2>/dev/null || return 0
		sleep 0.1
	done
	fail "it still runs"
}

@test "host_only: a reason that is cut says so" {
	host_test cut 'exit 0' "ignore=$(printf 'x%.0s' {1..230})"
	run "$KTSTR_LAUNCH" test tests
	assert_status 4
	assert_output '^SKIP +cut +ignored: x+\.\.\.$'
}
