#!/usr/bin/env bats
# Are repeats counted, do they stop when enough is known, and does a good run stay beside a bad one?
# shellcheck disable=SC2016 # what stands in single quotes is for other shells

bats_require_minimum_version 1.5.0
load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir tests
}

# host_test NAME SCRIPT
host_test()
{
	printf '#!/bin/bash\n#ktstr: host_only\n%s\n' "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

# every NAME N: a test whose N-th, 2N-th, ... run fails.
every()
{
	host_test "$1" "echo x >>$BATS_TEST_TMPDIR/$1.count
		(( \$(wc -l <$BATS_TEST_TMPDIR/$1.count) % $2 )) || { echo BAD; exit 3; }"
}

# rate NAME FIELD: of that variant's rate in r.json.
rate()
{
	python3 -c 'import json, sys
print([r for r in map(json.loads, open("r.json")) if r["type"] == "rate" and r["name"] == sys.argv[1]][0][sys.argv[2]])' "$@"
}

@test "repeat: a rate for each variant; of a flaky one a good and a bad run stay, of a good one none" {
	every flaky 4
	host_test good 'exit 0'
	host_test bad 'exit 1'
	run "$KTSTR_LAUNCH" test --repeat 8 --json r.json --junit r.xml --html r.html -j 1 tests
	assert_status 1
	assert_output '^rates of passes:$' '^FLAKY 2/8 +flaky  passed 6 of 8: 75\.0 %, between 40\.9 and 92\.9 \(Wilson, 95 %\)$' \
		'^PASS +good   passed 8 of 8: 100' '^FAIL +bad    passed 0 of 8: 0' '^14 passed, 10 failed '
	[[ $(rate flaky verdict) == flaky && $(rate flaky failed) -eq 2 && $(rate good verdict) == pass ]]
	[[ $(cat "$(rate flaky bad)"/*.stdout) == BAD && -e $(echo "$(rate flaky good)"/*.stdout) ]]
	[[ $(find ktstr-out -name 'flaky-000*' | wc -l) -eq 3 ]] || fail "$(ls ktstr-out)"
	[[ ! -e ktstr-out/good-0001 ]]
	grep -q '<property name="rate flaky" value="FLAKY 2/8, passed 6 of 8: ' r.xml
	# Pages of the suite itself and of its results say as much.
	run -0 "$KTSTR_LAUNCH" report r.json -o later.html
	for page in r.html later.html; do
		grep -q '"name":"flaky","verdict":"flaky","passed":6,"failed":2,.*"good":"ktstr-out/flaky-0001","bad":"ktstr-out/flaky-0002"' "$page" ||
			fail "$page: $(grep -o '"rates":.*' "$page" | head -c 2000)"
	done
	sed 's/"low":[0-9.]*/"low":"x"/' r.json >wrong.json
	run -125 "$KTSTR_LAUNCH" report wrong.json -o later.html
	assert_output "^ktstr-launch: report: 'wrong.json': line [0-9]+: its 'low' is a string, and no number\$"
	# One round has no rate.
	run "$KTSTR_LAUNCH" test tests/good.sh
	refute_output 'rates of passes'
}

@test "until-confident: to within a width, one variant after the other, and no more than that" {
	host_test good 'exit 0'
	every flaky 3
	host_test skips 'exit 4'
	run "$KTSTR_LAUNCH" test --until-confident --rate-width 0.4 --json r.json -j 1 tests
	assert_status 1
	[[ $(rate good passed) -eq 6 && $(rate good decision) == known ]] || fail "$(cat r.json)"
	[[ $(rate flaky decision) == known && $(rate flaky passed) -gt 6 ]]
	[[ $(wc -l <flaky.count) -eq $(($(rate flaky passed) + $(rate flaky failed))) ]]
	# What was not needed is neither planned nor not run.
	assert_output "^$((6 + $(rate flaky passed))) passed, $(rate flaky failed) failed, 1 skipped "
	run "$KTSTR_LAUNCH" test --until-confident --rate-width 0.4 --tap -j 3 tests/good.sh
	assert_status 0
	# Rounds behind one that takes long have run by then.
	assert_output '^1\.\.([6-9]|[1-9][0-9])$' '^#   rate: PASS good passed '
	echo "$output" >t.tap
	prove -e cat t.tap
	run "$KTSTR_LAUNCH" test --until-confident --rate-width 0.1 --max-repeat 5 tests/good.sh
	assert_status 0
	assert_output '; not known to within 10 points$'
}

@test "until-confident: at least so often; what is not decided is no pass" {
	every flaky 9
	host_test good 'exit 0'
	run "$KTSTR_LAUNCH" test --until-confident=0.5 --repeat 9 -j 1 tests
	assert_status 0
	assert_output '^FLAKY [1-9]/[0-9]+ +flaky  passed .* \(sequential mixture, 95 %\); passes at least 50 %$'
	rm flaky.count
	run "$KTSTR_LAUNCH" test --until-confident=99% --bisect tests/flaky.sh
	assert_status 1
	assert_output '; passes less than 99 %$'
	# Also where nothing but what is bad is told.
	every half 2
	run "$KTSTR_LAUNCH" test --until-confident=0.5 --max-repeat 8 -q -j 1 tests/half.sh
	assert_status 125
	assert_output '; not decided whether at least 50 %$'
	host_test broken 'exit 0'
	sed -i '1s,.*,#!/nowhere,' tests/broken.sh
	run "$KTSTR_LAUNCH" test --until-confident=0.5 -q tests/broken.sh
	assert_status 125
	assert_output '^UNKNOWN +broken '
}

@test "until-confident: in a bisection, a round that tested nothing counts neither way" {
	host_test absent 'exit 127'
	run "$KTSTR_LAUNCH" test --until-confident=0.5 --bisect -j 1 tests
	assert_status 125
	assert_output '^UNKNOWN +absent  passed 0 of 0; not decided whether at least 50 %; 3 more told nothing$'
	# A failure without a decision is none.
	every half 2
	run "$KTSTR_LAUNCH" test --until-confident=0.5 --max-repeat 8 --bisect -j 1 tests/half.sh
	assert_status 125
	run "$KTSTR_LAUNCH" test --until-confident=0.5 -j 1 tests/absent.sh
	assert_status 1
}

@test "until-confident: errors tell nothing, and end it" {
	host_test broken 'exit 0'
	sed -i '1s,.*,#!/nowhere,' tests/broken.sh
	run "$KTSTR_LAUNCH" test --until-confident -j 1 tests
	assert_status 125
	assert_output '^UNKNOWN +broken  passed 0 of 0; not known to within 10 points; 3 more told nothing$' '^3 errors '
}

@test "until-confident: what does not go with it" {
	local words

	host_test good 'exit 0'
	for words in --shard=1/2 --fail-fast --ktap '--repeat 9 --max-repeat 8' --rate-width=1 --until-confident=2; do
		# shellcheck disable=SC2086 # words
		run "$KTSTR_LAUNCH" test --until-confident $words tests
		assert_status 125
		assert_output "^ktstr-launch: test: .*${words%%[= ]*}"
	done
	run "$KTSTR_LAUNCH" test --until-confident=0.995 tests
	assert_status 125
	assert_output 'not even if all 500 rounds .* give --max-repeat 901 or more'
	run "$KTSTR_LAUNCH" test --until-confident=0.9999999 tests
	assert_status 125
	assert_output 'not even if all 500 rounds .* give a lower rate; '
	run "$KTSTR_LAUNCH" test --until-confident --dry-run tests
	assert_status 0
	assert_output '^1 variant$'
}
