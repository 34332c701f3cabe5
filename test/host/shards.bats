#!/usr/bin/env bats
# Do the shards of a suite make up the whole of it?

bats_require_minimum_version 1.5.0
load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
}

# host_test NAME SCRIPT: a test that needs no VM.
host_test()
{
	mkdir -p tests
	printf '#!/bin/bash\n#ktstr: host_only\n%s\n' "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

@test "--shard: every variant is in one shard, with its place in the whole plan; --dry-run says how many" {
	local name

	for name in a b c d e; do
		host_test $name 'exit 0'
	done
	run "$KTSTR_LAUNCH" test --shard 1/2 --dry-run tests
	assert_status 0
	assert_output '^3 variants of 5 in shard 1/2$' '^a ' '^c '
	refute_output '^[de] '
	for shard in 1 2; do
		run "$KTSTR_LAUNCH" test --shard "$shard/2" --json "$shard.json" tests
		assert_status 0
	done
	run "$KTSTR_LAUNCH" test --json all.json tests
	python3 - <<-'END'
		import json
		def lines(name): return [json.loads(line) for line in open(name)]
		def results(name): return {(r["number"], r["name"], r["outcome"]) for r in lines(name) if r["type"] == "result"}
		one, two = results("1.json"), results("2.json")
		assert len(one) == 3 and len(two) == 2 and one | two == results("all.json"), (one, two)
		for number, name in (1, "1.json"), (2, "2.json"):
		    plan = lines(name)[0]
		    assert plan["planned"] == (3, 2)[number - 1], plan
		    assert plan["shard"]["number"] == number and plan["shard"]["of"] == 2, plan
		    assert [p["name"] for p in plan["shard"]["plan"]] == list("abcde"), plan
		    assert [p["shard"] for p in plan["shard"]["plan"]] == [1, 1, 1, 2, 2], plan
		assert lines("all.json")[0]["shard"] is None
	END
}

# shards N: runs them all, the result of shard I in results/I/I.json with its artefacts beside it.
shards()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		mkdir -p "results/$i"
		(cd "results/$i" && "$KTSTR_LAUNCH" test --jobs 1 --shard "$i/$1" --json "$i.json" "$BATS_TEST_TMPDIR/tests" >/dev/null) || true
	done
}

suite_of_six()
{
	host_test a 'exit 0'
	host_test b 'echo reason >&2; exit 3'
	host_test c 'echo "# no" >&2; exit 4'
	# shellcheck disable=SC2016 # it is the test's
	host_test d 'echo "rate 5 - higher" >>"$KTSTR_METRICS"; echo wrong >>"$KTSTR_METRICS"'
	host_test e 'exit 0'
	host_test f 'exit 9'
}

# without_times FILE: a report without what differs from run to run: times, paths.
without_times()
{
	sed -E 's/(ktstr-out.[a-z]+-0+)[0-9]+/\11/g; s/ time="[^"]*"//g; s/"seconds":[0-9.]*/S/g; s/\([0-9.]+ s\)//; s/[^" ]*ktstr-out/OUT/g' "$1"
}

@test "merge: the reports are those of one run" {
	local format

	suite_of_six
	shards 4
	run -1 "$KTSTR_LAUNCH" test --jobs 1 --junit one.xml --json one.json --html one.html tests
	without_times <(printf '%s\n' "$output") >one.txt
	run -1 "$KTSTR_LAUNCH" merge results --junit all.xml --json all.json --html all.html
	without_times <(printf '%s\n' "$output") >all.txt
	for format in txt xml json; do
		diff <(without_times one.$format) <(without_times all.$format)
	done
	for format in tap ktap; do
		run -1 "$KTSTR_LAUNCH" test --jobs 1 --$format tests
		without_times <(printf '%s\n' "$output") >one.$format
		run -1 "$KTSTR_LAUNCH" merge --$format results
		diff one.$format <(without_times <(printf '%s\n' "$output"))
	done
}

@test "merge: rates of --repeat are those of one run, with a good run and a bad one of what is flaky" {
	local format i

	# Its third and sixth run fail.
	host_test flaky "echo x >>$BATS_TEST_TMPDIR/count; (( \$(wc -l <$BATS_TEST_TMPDIR/count) % 3 ))"
	host_test good 'exit 0'
	host_test bad 'exit 1'
	host_test skips 'exit 4'
	run -1 "$KTSTR_LAUNCH" test --jobs 1 --repeat 6 --junit one.xml --json one.json tests
	assert_output '^FLAKY 2/6 +flaky  passed 4 of 6: 66.7 %, between 30.0 and 90.3 \(Wilson, 95 %\)$' '^FAIL +bad    passed 0 of 6: 0'
	without_times <(printf '%s\n' "$output") >one.txt
	rm count
	for ((i = 1; i <= 3; i++)); do
		mkdir -p "results/$i"
		(cd "results/$i" && "$KTSTR_LAUNCH" test --jobs 1 --repeat 6 --shard "$i/3" --json "$i.json" "$BATS_TEST_TMPDIR/tests" >/dev/null) || true
	done
	run -1 "$KTSTR_LAUNCH" merge results --junit all.xml --json all.json
	without_times <(printf '%s\n' "$output") >all.txt
	for format in txt xml json; do
		diff <(without_times one.$format) <(without_times all.$format)
	done
	[[ $(grep -c '"type":"rate"' all.json) == 3 ]] || fail "$(grep rate all.json)"
	[[ -d $(jq -r 'select(.type == "rate" and .name == "flaky").good' all.json) ]]
	# From where each report lies on.
	mkdir -p deep/reports
	"$KTSTR_LAUNCH" merge -q results --json deep/reports/all.json >/dev/null || true
	[[ -d deep/reports/$(jq -r 'select(.type == "rate" and .name == "flaky").good' deep/reports/all.json) ]]
	[[ -d deep/reports/$(jq -r 'select(.type == "rate" and .name == "flaky").bad' deep/reports/all.json) ]]
	run -1 "$KTSTR_LAUNCH" merge --tap results
	assert_output '^#   rate: FLAKY 2/6 flaky passed 4 of 6: '
	# A round that no file has counts neither way.
	sed -i '0,/"name":"good","number":[0-9]*,/{/"type":"result","schema_version":1,"name":"good"/d}' results/*/*.json
	run -1 "$KTSTR_LAUNCH" merge -q --json all.json results
	[[ $(jq -c 'select(.type == "rate" and .name == "good") | [.passed, .failed, .neither]' all.json) == '[5,0,1]' ]]
}

@test "merge: artefacts are found from the merged file's folder on, and after all was moved" {
	suite_of_six
	shards 3
	mkdir -p moved/reports
	mv results moved/results
	run -1 "$KTSTR_LAUNCH" merge moved/results --json moved/reports/all.json --junit all.xml
	assert_output '^ +folder +moved/results/1/ktstr-out/b-0001$'
	mv moved elsewhere
	cd elsewhere/reports
	python3 - <<-'END'
		import json, os
		folders = [r["folder"] for r in map(json.loads, open("all.json")) if r["type"] == "result" and r["bad"]]
		assert folders == ["../results/1/ktstr-out/b-0001", "../results/3/ktstr-out/f-0001"], folders
		assert all(os.path.isdir(f) for f in folders)
	END
}

@test "merge: what is missing is an error with its reason; what ran twice counts once, and both are said" {
	suite_of_six
	shards 3
	mv results/2/2.json kept.json
	run -1 "$KTSTR_LAUNCH" merge results
	assert_output '^ERROR +c +there is no result file of shard 2/3$' '^ERROR +d ' '^2 passed, 2 failed, 2 errors'
	# A writer that died: in a line, and before the first result.
	head -c -100 kept.json >results/2/cut.json
	run -1 "$KTSTR_LAUNCH" merge results
	assert_output "'results/2/cut.json' is cut off: it has 2 of 2 results and no summary"
	head -n 1 kept.json >results/2/cut.json
	run -1 "$KTSTR_LAUNCH" merge --json all.json results
	assert_output "'results/2/cut.json' is cut off: it has 0 of 2" "^ERROR +c +.*'results/2/cut.json', was cut off before it$"
	# It ran again, whole, whichever comes first; another result is in the one that was cut off.
	head -n 2 kept.json | sed 's/"outcome":"skip"/"outcome":"pass"/' >results/2/cut.json
	for name in a z; do
		cp kept.json results/2/$name.json
		run -1 "$KTSTR_LAUNCH" merge results
		assert_output '^SKIP +c ' "1 variant of shard 2 ran twice: of 'results/2/cut.json' \(cut off: .*\) the results in 'results/2/$name.json' are taken"
		[[ $(grep -cE '^[A-Z]+ +c ' <<<"$output") == 1 ]] || fail "$output"
		rm results/2/$name.json
	done
	: >results/2/cut.json
	run -1 "$KTSTR_LAUNCH" merge results
	assert_output "'results/2/cut.json' is empty"
	head -c 80 kept.json >results/2/cut.json
	run -1 "$KTSTR_LAUNCH" merge results
	assert_output "'results/2/cut.json': cut off before the end of its first line; it is passed over" \
		'^ERROR +c +there is no result file of shard 2/3$'
	{ head -n 2 kept.json; head -c 4096 /dev/zero; } >results/2/cut.json
	run -1 "$KTSTR_LAUNCH" merge results
	assert_output "'results/2/cut.json' is cut off: it has 1 of 2" '^SKIP +c '
}

@test "merge: what does not belong together is refused by name, and nothing is replaced" {
	suite_of_six
	shards 2
	refuses()
	{
		echo before >report.xml
		run "$KTSTR_LAUNCH" merge --junit report.xml "${@:2}"
		assert_status 125
		assert_output "$1"
		[[ $(<report.xml) == before ]] || fail "$(<report.xml)"
	}
	"$KTSTR_LAUNCH" test --quiet --json whole.json tests >/dev/null || true
	refuses "'whole.json': it is no shard of a suite: it was made without --shard" results whole.json
	"$KTSTR_LAUNCH" test --quiet --exclude f --shard 1/2 --json other.json tests >/dev/null || true
	refuses "'other.json': it is of another suite than 'results/1/1.json': its suite has 5 variants, not 6" results other.json
	"$KTSTR_LAUNCH" test --quiet --shard 1/3 --json three.json tests >/dev/null || true
	refuses "'three.json': .*it is one of 3 shards, not of 2" results three.json
	sed 's/"name":"b"/"name":"x"/g' results/1/1.json >named.json
	refuses "'named.json': .*variant 2 is 'x', not 'b'" results named.json
	sed 's/"schema_version":1/"schema_version":2/' results/1/1.json >version.json
	refuses "'version.json': line 1: its schema version is 2, and this launcher knows 1" results version.json
	sed '2s/"name":"a",\(.*\)"number":1/"name":"a",\1"number":5/' results/1/1.json >number.json
	refuses "'number.json': line 2: result 5 is 'a', and 'e' in its plan" results number.json
	cp results/1/1.json kept.json
	refuses "'results/1/1.json' is among what is merged" results --json results/1/1.json
	refuses "'results/1/1.json' is among what is merged" results --junit ./results/1/1.json
	cmp kept.json results/1/1.json
	echo '{}' >none.json
	refuses "'none.json': line 1: no line of" none.json
	refuses "'tests': no result file" tests
	refuses "'nowhere': No such file" nowhere
	refuses 'give result files of'
}

@test "merge: two at once, to the same file, leave a whole one" {
	local i

	suite_of_six
	shards 3
	"$KTSTR_LAUNCH" merge --quiet --json want.json --junit want.xml results >/dev/null || true
	for i in {1..10}; do
		"$KTSTR_LAUNCH" merge --quiet --json all.json --junit all.xml results >/dev/null || true &
	done
	wait
	cmp want.json all.json
	cmp want.xml all.xml
	[[ $(echo ./*) == './all.json ./all.xml ./results ./tests ./want.json ./want.xml' ]] || fail "$(echo ./*)"
}
