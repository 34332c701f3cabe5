#!/usr/bin/env bats
# Does `ktstr-launch test` run tests of the host, and what of the suite needs no VM to be seen?

bats_require_minimum_version 1.5.0
load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
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
	run "$KTSTR_LAUNCH" test --json result.json tests
	assert_status 0
	[[ $(field folder) == None ]] || fail "$(<result.json)"
}

@test "host_only: the last lines of both streams stand below what is bad; a NUL ends nothing" {
	host_test bad 'printf "%s\n" {1..9} "the WORD"; printf "a\0b"; printf "%s\n" {1..9} REASON >&2; exit 3'
	run "$KTSTR_LAUNCH" test --json result.json --junit result.xml tests
	assert_output '^ +stdout: 7$' '^ +stdout: the WORD$' '^ +stdout: a\?b$' '^ +stderr: 6$' '^ +stderr: REASON$'
	refute_output 'std(out|err): 5'
	[[ $(field detail) == *'stdout: the WORD'*'stderr: REASON'* ]] || fail "$(<result.json)"
	grep -q 'stdout: the WORD' result.xml || fail "$(<result.xml)"
	for format in tap ktap; do
		run "$KTSTR_LAUNCH" test --$format tests
		assert_output '^# +stdout: the WORD$' '^# +stderr: REASON$'
	done
	# A line without an end is bounded.
	host_test bad 'head -c 100000 /dev/zero | tr "\0" x; exit 3'
	run "$KTSTR_LAUNCH" test tests
	assert_output '^ +stdout: x{200,255}\.\.\.$'
	host_test bad 'printf "a\0b\n1\n"; printf "%s\n" {1..9} REASON >&2; exit 3'
	run "$KTSTR_LAUNCH" test --json result.json tests
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
	assert_output '^SKIP +skip +the test skipped itself .exit status 4. and gave no reason'
}

# work NAME SCRIPT DIRECTIVES...: likewise; in the script `work` is ktstr-work.
work_test()
{
	host_test "$1" "work() { '$KTSTR_LAUNCH' work --for 500ms --group a \"\$@\"; }; $2" "${@:3}"
}

@test "host_only: a test whose ktstr-work could not do it is an error, one that saw too little inconclusive" {
	work_test words 'work spn'
	work_test goes-on 'work --cpus 4095 spin; echo and on'
	work_test judges 'work spn || exit 1'
	work_test short 'work burst sleep=20ms --check "a.wake_p999 < 1s"'
	work_test short-goes-on 'work burst sleep=20ms --check "a.wake_p999 < 1s"; true'
	work_test fails 'work spin --check "a.iterations_per_s < 1"; code=$?; work spn; exit $code'
	work_test skips 'work spn || exit 4'
	work_test silent 'KTSTR_WORK_SAYS= work spn; true'
	# Who ends a load knows it.
	host_test ended "'$KTSTR_LAUNCH' work --for 60s --group a spin & until pgrep -P \$! >pid; do sleep 0.1; done; kill \$!; wait"
	run "$KTSTR_LAUNCH" test --json r.json --junit r.xml tests
	assert_status 1
	assert_output "^ERROR +words +ktstr-work could not do it: .*'spn'.*; exited with status 2 on the host\$" \
		'^ERROR +goes-on +ktstr-work could not do it: .*4095.*; exited with status 0 on the host$' \
		'^ERROR +judges +.*; exited with status 1 on the host$' \
		'^INCONCLUSIVE +short +ktstr-work is inconclusive: a.wake_p999 < 1s: [0-9]+ wake-ups were seen' \
		'^INCONCLUSIVE +short-goes-on +.*; exited with status 0 on the host$' \
		'^FAIL +fails +exited with status 1 on the host; ktstr-work: a.iterations_per_s was .*, limit 1/s; ktstr-work could' \
		'^SKIP +skips ' '^PASS +silent ' '^PASS +ended ' '2 passed, 1 failed, 2 inconclusive, 3 errors, 1 skipped'
	grep -q '"name":"short",.*"outcome":"inconclusive","bad":true,' r.json || fail "$(<r.json)"
	grep -q '<error type="inconclusive" message="ktstr-work is inconclusive: ' r.xml || fail "$(<r.xml)"
	run "$KTSTR_LAUNCH" test --ktap tests
	assert_output '^not ok [0-9] short # ERROR inconclusive: ktstr-work is inconclusive: ' \
		'^not ok [0-9] words # ERROR ktstr-work could not do it: '
	# Nothing is known of them: what `git bisect run` skips.
	rm tests/fails.sh
	run "$KTSTR_LAUNCH" test tests
	assert_status 125
	# Only who says which failure is to come can mean this one.
	rm tests/*
	work_test bare 'work spn' expect_err
	work_test status 'work spn' expect_err=status:2
	work_test line 'work spn' 'expect_err="stderr:*spn*"'
	run "$KTSTR_LAUNCH" test tests
	assert_status 125
	assert_output '^ERROR +bare .*say' '^XFAIL +status' '^XFAIL +line'
}

@test "host_only: Ctrl-C makes what runs not run, and what has ended stays" {
	host_test a 'exit 3'
	host_test b 'touch ../begun; sleep 77'
	# A shell's background jobs ignore SIGINT.
	env --default-signal=INT "$KTSTR_LAUNCH" test --jobs 1 --json result.json tests >out 2>&1 3>&- &
	wait_for test -e begun
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

@test "host_only: a test that skips itself says why by its last line of standard error" {
	host_test skip 'echo "first: no" >&2; echo out; printf "needs perf\n\n" >&2; exit 4'
	run "$KTSTR_LAUNCH" test --json r.json --junit r.xml tests
	assert_status 4
	assert_output '^SKIP +skip +needs perf$'
	grep -q '"cause":"needs perf"' r.json || fail "$(<r.json)"
	grep -q '<skipped .*message="needs perf"' r.xml || fail "$(<r.xml)"
	run "$KTSTR_LAUNCH" test --tap tests
	assert_output '^ok 1 - skip # SKIP needs perf$'
}

@test "host_only: expect_err takes no command that was not found for the error, expect_status does" {
	host_test bare 'nosuchcommand' expect_err
	host_test exact 'nosuchcommand' expect_status=127
	host_test other 'exit 3' expect_status=2
	host_test passes 'exit 0' expect_status=2
	run "$KTSTR_LAUNCH" test tests
	assert_status 1
	assert_output '^ERROR +bare +exited with status 127 .*say expect_status=127$' '^XFAIL +exact' \
		'^FAIL +other +exited with status 3' '^XPASS +passes'
}

@test "host_only: a failure is the expected one by its status or by a line of its output" {
	host_test said 'echo "task 2 was starved" >&2; exit 1' 'expect_err="stderr:*starved"'
	host_test unsaid 'echo "task 2 was starved"; exit 1' 'expect_err="stderr:*starved"'
	host_test part 'printf "1\nis starving"; exit 1' 'expect_err=stdout:/starv(ed|ing)$/'
	host_test status 'exit 3' expect_err=status:3
	host_test passes 'echo starved >&2' 'expect_err="stderr:*starved"'
	run "$KTSTR_LAUNCH" test tests
	assert_status 1
	assert_output '^XFAIL +said' '^XFAIL +part' '^XFAIL +status' '^XPASS +passes' \
		"^FAIL +unsaid +exited with status 1 on the host; no line of its standard error matches '\\*starved', which is expected"
	run "$KTSTR_LAUNCH" list --json tests
	assert_output '"name":"said",.*"expect_err":true,"expect_status":0,"expect_stdout":null,"expect_stderr":"\*starved"' \
		'"name":"status",.*"expect_err":false,"expect_status":3,'
}

@test "host_only: a way to fail that there is not, and the kernel's lines where there is no kernel, are refused" {
	host_test bad 'exit 1' expect_err=scx:stall
	run "$KTSTR_LAUNCH" check tests
	assert_status 1
	assert_output "bad.sh:[0-9]+: 'host_only' .* and 'expect_err' .*: scx: is about a scheduler in a VM"
	host_test bad 'exit 1' expect_err=dmesg:stall
	run "$KTSTR_LAUNCH" check tests
	assert_status 1
	assert_output "bad.sh:[0-9]+: expect_err 'dmesg:stall': takes true, false or how it is to fail: status:N"
	host_test bad 'exit 1' allow_splat=x
	run "$KTSTR_LAUNCH" check tests
	assert_status 1
	assert_output "'host_only' .*'allow_splat' .*: the latter is about a VM"
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
	wait_for test -e begun
	kill -KILL "$(<worker)"
	status=0
	wait $! || status=$?
	assert_status 125
	output=$(<out)
	assert_output '^ERROR +stays +.*killed by signal 9'
	pid=$(<pid)
	wait_for eval '! kill -0 "$pid"'
}

@test "host_only: a reason of a test's own is printed as what is safe" {
	host_test odd 'exit 0' $'ignore="a\u202eb"'
	run "$KTSTR_LAUNCH" test --dry-run tests
	assert_status 0
	assert_output '^odd .* SKIP ignored: a\?b$'
}

@test "host_only: a reason that is cut says so" {
	host_test cut 'exit 0' "ignore=$(printf 'x%.0s' {1..230})"
	run "$KTSTR_LAUNCH" test tests
	assert_status 4
	assert_output '^SKIP +cut +ignored: x+\.\.\.$'
}

@test "what our parent ignores: a hang-up stays ignored, the end of children does not" {
	host_test bad 'kill -HUP $(ps -o ppid= $PPID); sleep 0.2; exit 3'
	run env --ignore-signal=HUP --ignore-signal=CHLD "$KTSTR_LAUNCH" test tests
	assert_status 1
	assert_output '^FAIL +bad +exited with status 3'
	run env --default-signal=HUP "$KTSTR_LAUNCH" test tests
	assert_status 129
}

@test "--fail-fast: what comes after a failure is not run" {
	host_test a 'exit 1'
	host_test b 'touch ../ran'
	run "$KTSTR_LAUNCH" test --fail-fast --jobs 1 --json result.json tests
	assert_status 1
	[[ ! -e ran ]]
	grep -q '"name":"b".*"outcome":"not-run"' result.json || fail "$(<result.json)"
	run "$KTSTR_LAUNCH" test --jobs 1 tests
	assert_status 1
	[[ -e ran ]]
}

@test "--failed: a failure is remembered until its test has run and passed; a skip has not run" {
	host_test a 'exit 1'
	host_test b 'exit 0'
	run "$KTSTR_LAUNCH" test tests
	assert_status 1
	host_test a 'exit 4'
	run "$KTSTR_LAUNCH" test --failed tests
	assert_status 4
	refute_output '^PASS'
	host_test a 'exit 0'
	run "$KTSTR_LAUNCH" test --failed tests
	assert_status 0
	assert_output '^PASS +a ' '1 passed'
	run "$KTSTR_LAUNCH" test --failed tests
	assert_status 125
	assert_output 'nothing failed the last time'
}

@test "--failed: that it cannot be remembered is said, and nothing is overwritten" {
	host_test a 'exit 1'
	mkdir -p ktstr-out/last-failed
	run "$KTSTR_LAUNCH" test tests
	assert_status 1
	assert_output "'ktstr-out/last-failed' could not be written: Is a directory; --failed will not know"
	[[ $(echo ktstr-out/*) == 'ktstr-out/a-0001 ktstr-out/last-failed' ]] || fail "$(ls ktstr-out)"
}

@test "--failed: a test that is gone is forgotten" {
	host_test a 'exit 1'
	host_test b 'exit 1'
	run "$KTSTR_LAUNCH" test tests
	assert_status 1
	mv tests/a.sh tests/c.sh
	run "$KTSTR_LAUNCH" test --failed tests
	assert_output '^FAIL +b ' '^1 failed'
	refute_output '^FAIL +[ac] '
	# One of another folder is not: its file is there.
	mkdir other
	mv tests/b.sh other
	run "$KTSTR_LAUNCH" test tests
	rm tests/c.sh
	host_test d 'exit 0'
	run "$KTSTR_LAUNCH" test --failed tests
	assert_status 125
	assert_output 'nothing failed the last time'
	# The list of an older launcher has names alone.
	echo d >ktstr-out/last-failed
	run "$KTSTR_LAUNCH" test --failed tests
	assert_output '^PASS +d '
}

@test "--failed: of suites that end at once one waits for the other, and all is remembered" {
	host_test bad 'exit 1'
	mkdir ktstr-out
	exec 8<ktstr-out
	flock 8
	"$KTSTR_LAUNCH" test tests >out 2>&1 3>&- 8<&- &
	# Its test has ended, and so would it.
	for _ in {1..300}; do
		grep -q '^1 failed' out && break
		sleep 0.1
	done
	sleep 0.3
	kill -0 $! || fail "it did not wait: $(<out)"
	[[ ! -e ktstr-out/last-failed ]] || fail 'it is written already'
	touch other.sh
	printf 'other\t%s\n' "$PWD/other.sh" >ktstr-out/last-failed
	flock -u 8
	exec 8<&-
	status=0
	wait $! || status=$?
	assert_status 1
	[[ $(cut -f 1 ktstr-out/last-failed | xargs) == 'other bad' ]] || fail "$(<ktstr-out/last-failed)"
}

@test "reports: the last run's is replaced, through a link, and never half" {
	mkdir results
	echo old >results/real.xml
	ln -s results/real.xml report.xml
	host_test a 'grep -q old report.xml ../report.xml'
	run "$KTSTR_LAUNCH" test --junit report.xml tests
	assert_status 0
	[[ -L report.xml ]] || fail 'the link is gone'
	grep -q '</testsuite>' results/real.xml || fail "$(<results/real.xml)"
	run "$KTSTR_LAUNCH" test --junit report.xml tests
	assert_status 1
	grep -q 'failures="1"' results/real.xml || fail "$(<results/real.xml)"
	[[ $(ls -A results) == real.xml ]] || fail "$(ls -A results)"
}

@test "reports: --html is a page of all results" {
	host_test a 'exit 3'
	host_test b 'exit 0'
	run "$KTSTR_LAUNCH" test --html page.html tests
	assert_status 1
	sed -n 's/.*id="page-data">\(.*\)<\/script>/\1/p' page.html >data.json
	[[ -s data.json ]] || fail "no page: $(head -c 200 page.html)"
	jq -e '.suite | .planned == 2 and .counts == {fail: 1, pass: 1} and .cut_off == false' data.json
	jq -e '[.suite.results[] | select(.bad)][0] | .name == "a" and (.failure_absent | type) == "string"' data.json
}

@test "reports: - and pipes are written to" {
	host_test a 'exit 3'
	run --separate-stderr "$KTSTR_LAUNCH" test --json - tests
	assert_status 1
	[[ $(wc -l <<<"$output") == 3 ]] || fail "not the report alone: $output"
	python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <<<"$output"
	mkfifo pipe
	cat pipe >got &
	run "$KTSTR_LAUNCH" test --junit pipe --json /dev/fd/9 tests 9>nine
	assert_status 1
	assert_output '^FAIL +a '
	wait
	grep -q '</testsuite>' got || fail "$(<got)"
	grep -q '"type":"summary"' nine || fail "$(<nine)"
	[[ -p pipe ]] || fail 'the pipe is gone'
	run "$KTSTR_LAUNCH" test --junit /dev/full tests
	assert_output 'the report /dev/full is incomplete: .*No space left'
}

@test "reports: one that cannot be is said before anything is run, and what was there stays" {
	host_test a 'touch ../ran'
	mkdir locked
	run "$KTSTR_LAUNCH" test --json locked tests
	assert_status 125
	assert_output "'locked' is a folder"
	run "$KTSTR_LAUNCH" test --json gone/x tests
	assert_status 125
	[[ ! -e ran ]] || fail 'it ran'
}

@test "--verbose: each line has its test's name, at once, and an end of its own" {
	host_test a 'printf "one\ntwo"; echo three >&2; printf "\033[2J"; exit 3'
	host_test b 'exec cat ../pipe'
	mkfifo pipe
	"$KTSTR_LAUNCH" test -v --jobs 2 tests >out 2>&1 3>&- &
	exec 8>pipe
	echo hello >&8
	# Before its test has ended.
	for _ in {1..300}; do
		grep -q '^b: hello$' out && break
		sleep 0.1
	done
	grep -q '^b: hello$' out || fail "$(<out)"
	exec 8>&-
	status=0
	wait $! || status=$?
	output=$(<out)
	assert_status 1
	assert_output '^a: one$' '^a: two\?\[2J$' '^a: three$' '^FAIL +a ' '^PASS +b '
	# A report on standard output stays one.
	run --separate-stderr "$KTSTR_LAUNCH" test -v --tap --filter a tests
	refute_output '^a:'
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == *'a: one'* ]] || fail "$stderr"
	run "$KTSTR_LAUNCH" test --filter a tests
	refute_output '^a:'
}

@test "a suite that went well leaves no folder" {
	host_test a 'exit 0'
	run "$KTSTR_LAUNCH" test tests
	assert_status 0
	[[ ! -e ktstr-out ]]
}

@test "--shard: one that holds nothing says so, has whole reports, and is no failure" {
	local shard empty=0 passed=0

	host_test a 'exit 0'
	for shard in 1 2 3; do
		run "$KTSTR_LAUNCH" test --shard "$shard/3" --junit "$shard.xml" --json "$shard.json" tests
		assert_status 0
		python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$shard.xml"
		grep -q '"type":"summary"' "$shard.json" || fail "$(<"$shard.json")"
		if [[ $output == *"shard $shard/3 has none of the 1 variants"* ]]; then
			empty=$((empty + 1))
		else
			assert_output '^PASS +a '
			passed=$((passed + 1))
		fi
	done
	[[ $empty-$passed == 2-1 ]] || fail "$empty empty, $passed passed"
	host_test a 'exit 1'
	run "$KTSTR_LAUNCH" test tests
	for shard in 1 2 3; do
		run "$KTSTR_LAUNCH" test --failed --shard "$shard/3" tests
		if [[ $output == *' has none of the 1 variants'* ]]; then
			assert_status 0
		else
			assert_status 1
			assert_output '^1 failed'
		fi
	done
	run "$KTSTR_LAUNCH" test --shard 1/3 --filter nothing tests
	assert_status 125
	assert_output 'leave no variant to run'
}

@test "why no more could be started is said, also when others run on" {
	local name

	for name in a b c d e f; do
		host_test "$name" 'sleep 1'
	done
	# Too few descriptors for six at once.
	run bash -c 'ulimit -n 9; exec "$0" test --jobs 6 tests' "$KTSTR_LAUNCH"
	assert_status 125
	assert_output 'test: a socket for a variant: Too many open files' '^ended early: '
}

@test "host_only: the test keeps its rights, it may call sudo and write anywhere" {
	before=$(grep NoNewPrivs /proc/self/status)
	host_test rights "[[ \$(grep NoNewPrivs /proc/self/status) == '$before' ]] && touch ../written"
	run "$KTSTR_LAUNCH" test tests
	assert_status 0
	[[ -e written ]]
}

@test "host_only: metrics come back, also those of a failure; bad lines are told of" {
	host_test measured 'printf "%s\n" "wake.p99 1.5 ms lower" "no number s" >>"$KTSTR_METRICS"; exit 3'
	run env KTSTR_METRICS=/of/somebody/else "$KTSTR_LAUNCH" test --json result.json --junit junit.xml tests
	assert_status 1
	assert_output "^  metrics: wake.p99 1.5 ms$"
	assert_output "^  metrics: warning: line 2 'no number s': the value is no decimal number$"
	[[ $(field metrics) == "[{'name': 'wake.p99', 'value': 1.5, 'unit': 'ms', 'better': 'lower'}]" ]] ||
		fail "$(<result.json)"
	[[ $(field metrics_warnings) == *"line 2"* ]] || fail "$(<result.json)"
	grep -q 'name="metric measured wake.p99" value="1.5 ms lower"' junit.xml || fail "$(<junit.xml)"
	# Nothing of it is left behind.
	[[ -z $(find ktstr-out -name '*.metrics') ]] || fail "$(find ktstr-out)"
}

@test "host_only: a test cannot make the file of metrics anything that holds us up" {
	host_test hostile 'rm "$KTSTR_METRICS"; mkfifo "$KTSTR_METRICS"'
	run timeout 60 "$KTSTR_LAUNCH" test --out out tests
	assert_status 0
	assert_output "metrics: warning: the file of \\\$KTSTR_METRICS was replaced by what is no plain file"
}
