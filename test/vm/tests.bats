#!/usr/bin/env bats
# Does `ktstr-launch test` run what test files ask for, on the machines that they ask for, and does it
# say of each how it went?

load helper

setup()
{
	mkdir "$BATS_TEST_TMPDIR/tests"
	cd "$BATS_TEST_TMPDIR" || return
	# Small ones, so that many boot in little time.
	entry pass 'exit 0'
	entry fail 'echo some words; exit 3'
	entry skip 'echo no such CPU here >&2; exit 4'
	entry xfail 'exit 1' expect_err
	entry xpass 'exit 0' expect_err
	entry slow 'sleep 1000' timeout_s=1
}

# entry NAME SCRIPT DIRECTIVES...
entry()
{
	printf '#!/bin/sh\n#ktstr: topology=1n1l1c1t memory_mib=256 %s\n%s\n' "${*:3}" "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

# suite ARGS...: of the last run, output and status.
suite()
{
	status=0
	output=$("$KTSTR_LAUNCH" test "$@" 2>stderr) || status=$?
	output+=$'\n'$(<stderr)
}

@test "each test has its outcome; four at once have the same as one after the other" {
	suite --jobs 1 --json one.json --junit one.xml tests
	assert_status 1
	results one.json outcome name >one
	diff - one <<-'END'
		fail fail
		pass pass
		skip skip
		timeout slow
		xfail xfail
		xpass xpass
	END
	assert_output '^FAIL +fail +payload exited with status 3' '^TIMEOUT +slow' '^SKIP +skip +no such CPU here$' \
		'^XPASS +xpass' '1 passed, .*1 skipped' '^ +stdout: some words$' '^ +replay .* test .*/tests/fail.sh'
	# Only what is bad leaves something: a folder with its output.
	[[ $(cd ktstr-out && echo *) == "fail-0001 last-failed slow-0001 xpass-0001" ]] || fail "$(ls ktstr-out)"
	grep -q 'some words' ktstr-out/fail-0001/*.stdout
	suite --jobs 4 --verbose --json four.json tests
	assert_status 1
	assert_output '^fail: some words$' '^failed:$'
	results four.json outcome name | diff one -
}

@test "only skips: their own status; nothing chosen: an error" {
	suite --filter skip tests
	assert_status 4
	suite --filter nothing tests
	assert_status 125
	assert_output 'leave no variant to run'
}

@test "the reason that a failing test gives is shown, and where its output is; --failed runs what failed" {
	entry reason 'echo REASON >&2; exit 1'
	suite --filter pass --filter reason tests
	assert_status 1
	assert_output '^FAIL +reason' '^ +stderr: REASON$' '^ +folder +ktstr-out/reason-0001$'
	suite --failed --dry-run tests
	assert_output '^reason ' '^1 variant$'
}

@test "the gauntlet: presets by name, on their machines; the replay command runs one of them" {
	entry cpus 'test "$(nproc)" -eq 4 && exit 0; echo "$(nproc)"; exit 1'
	suite --gauntlet --filter tiny-1llc --filter smt-2llc tests/cpus.sh
	assert_status 1
	assert_output '^PASS +gauntlet/cpus/tiny-1llc' '^FAIL +gauntlet/cpus/smt-2llc'
	replay=$(sed -n 's/^ *replay *//p' <<<"$output" | head -n 1)
	status=0
	output=$(bash -c "$replay" 2>&1) || status=$?
	assert_status 1
	assert_output '^FAIL +gauntlet/cpus/smt-2llc' '1 failed'
	refute_output 'tiny'
}

@test "a failing test with the tracer leaves its trace, and an expected failure is not traced" {
	entry traced 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; exit 1' wprof
	entry quiet 'exit 1' wprof expect_err
	suite tests/traced.sh tests/quiet.sh
	assert_status 1
	assert_output '^FAIL +traced' 'repro: same failure .*tracer on' '^ +trace .*\.repro\.wprof\.pb' '^XFAIL +quiet'
	[[ $(find ktstr-out -name '*.wprof.pb' | wc -l) -eq 1 ]]
}

@test "Ctrl-C in the midst of it ends it soon, with a summary, and leaves no worker" {
	local -a workers=()
	local worker

	for i in $(seq 20); do
		entry "s$i" 'sleep 1000'
	done
	env --default-signal=INT "$KTSTR_LAUNCH" test --jobs 2 --filter 's[0-9]*' tests >out 2>stderr &
	pid=$!
	# shellcheck disable=SC2317 # called by wait_for
	two_workers()
	{
		mapfile -t workers < <(pgrep -P "$pid")
		((${#workers[@]} == 2))
	}
	wait_for two_workers
	sleep 2
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	output=$(<out)
	assert_status 130
	# None was waited for until it had ended, which would have been at its limit.
	refute_output '^(TIMEOUT|PASS|FAIL)'
	assert_output '^ended early: .* not run'
	for worker in "${workers[@]}"; do
		! kill -0 "$worker" 2>/dev/null || fail "worker $worker still runs"
	done
}

@test "a worker that is killed is one test's error, and nobody else's" {
	entry long 'sleep 1000'
	# Without a base, whose maker would come first.
	"$KTSTR_LAUNCH" test --fresh --jobs 1 --filter long --filter pass tests >out 2>stderr &
	pid=$!
	wait_for pgrep -P "$pid"
	worker=$(pgrep -P "$pid")
	kill -9 "$worker"
	status=0
	wait "$pid" || status=$?
	output=$(<out)
	assert_status 125
	assert_output '^ERROR +long .*killed by signal 9' '^PASS +pass'
}

@test "where KVM refuses forks, that is said once, and each VM boots" {
	[[ ! ${KTSTR_FRESH-} ]] || skip "about forks"
	# KVM_SET_DEBUGREGS, one of those that only forks need.
	run "$KTSTR_TEST_HANDS/deny" 0x4080aea2 "$KTSTR_LAUNCH" test --json r.json --jobs 1 tests/pass.sh tests/xfail.sh
	assert_status 0
	[[ $(grep -c 'each VM boots: this host.s KVM takes no saved machine: .*DEBUGREGS' <<<"$output") -eq 1 ]]
	[[ $(grep -c '"start": *"booted"' r.json) -eq 2 ]]
}
