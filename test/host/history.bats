#!/usr/bin/env bats
# Does `test --history` keep each run, and nothing else's file, and does `compare --history` find what changed?
# shellcheck disable=SC2016 # what stands in single quotes is for other shells

bats_require_minimum_version 1.5.0
load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir tests
}

# host_test NAME SCRIPT: a test that needs no VM.
host_test()
{
	printf '#!/bin/bash\n#ktstr: host_only\n%s\n' "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

# runs SEED N [FACTOR [FAILED]]: N runs of two variants, five rounds each, as lines of a history, the last run
# with latencies FACTOR times as large and FAILED failures of `fair`.
runs()
{
	python3 - "$@" <<-'END_OF_PYTHON'
		import json, random, sys
		seed, runs, factor, failed = (sys.argv[1:] + ["1", "0"][len(sys.argv) - 3:])[:4]
		random.seed(int(seed))
		for run in range(int(runs)):
		    last, results = run == int(runs) - 1, []
		    for i in range(5):
		        for name in "fair", "gauntlet/wake/smt-2llc":
		            bad = last and name == "fair" and i < int(failed)
		            value = random.gauss(100, 5) * (float(factor) if last else 1)
		            results.append(dict(name=name, number=len(results) + 1, round=i + 1, kernel=f"6.12.{run}",
		                outcome="fail" if bad else "pass", topology=None, seconds=round(random.gauss(10, .2), 3),
		                metrics=[dict(name="lat", value=value, unit="us", better="lower")]))
		    print(json.dumps(dict(type="history", schema_version=1, time="2026-11-%02dT03:00:00Z" % (run + 1), planned=10,
		        results=results, interrupted=False, seconds=50), separators=(",", ":")))
	END_OF_PYTHON
}

compare()
{
	"$KTSTR_LAUNCH" compare "$@"
}

@test "history: each run is one line more, of what its results say, and compare reads it" {
	host_test a 'echo "lat 12.5 us lower" >>"$KTSTR_METRICS"'
	host_test b 'exit 3'
	"$KTSTR_LAUNCH" test -q --repeat 2 --history h.jsonl --json r.json tests && return 1
	run -125 --separate-stderr compare --history h.jsonl
	# shellcheck disable=SC2154
	[[ ! $output && $(wc -l <<<"$stderr") -eq 1 && $stderr == *"'h.jsonl': too few runs: none before the newest, of "* ]]
	"$KTSTR_LAUNCH" test -q --history h.jsonl tests/a.sh
	run -0 compare --history h.jsonl
	[[ ${lines[0]} =~ ^"Baseline: 1 run, 20".*", up to 20 of each variant, 4 results, of h.jsonl"$ ]] || fail "${lines[0]}"
	[[ $output == *"a: lat (us)"*"equal"* && $output =~ "b: pass rate (%)"[^$'\n']*"only in baseline" ]]
	[[ $output == *"a: duration"*"too few runs"*"(--repeat)"* ]]
	python3 - <<-'END'
		import datetime, json
		first, second = map(json.loads, open("h.jsonl"))
		assert abs(datetime.datetime.now(datetime.timezone.utc).timestamp() -
		    datetime.datetime.strptime(first["time"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()) < 600, first["time"]
		assert (first["type"], first["schema_version"], first["planned"], first["interrupted"]) == ("history", 1, 4, False)
		told = [r for r in map(json.loads, open("r.json")) if r["type"] == "result"]
		assert len(first["results"]) == 4 and len(second["results"]) == 1
		for mine, its in zip(first["results"], told):
		    assert all(its[key] == value for key, value in mine.items()), (mine, its)
		assert [r["outcome"] for r in sorted(first["results"], key=lambda r: r["number"])] == ["pass", "pass", "fail", "fail"]
	END
}

@test "history: a suite that is interrupted is one, and one of which nothing ran is none" {
	host_test a 'exit 1'
	host_test b 'exit 0'
	run -1 "$KTSTR_LAUNCH" test -q --fail-fast -j 1 --history h.jsonl --json r.json tests
	run -0 compare r.json r.json
	[ "${lines[0]}" = "Baseline: r.json, interrupted: 1 of 2 results" ]
	jq -e '.interrupted and (.results | length == 1)' h.jsonl
	run -0 "$KTSTR_LAUNCH" test --dry-run --history new.jsonl tests
	[ ! -e new.jsonl ]
}

@test "history: where the newest run is not whole, or tells nothing, no comparison says that all is well" {
	runs 1 4 >h.jsonl
	jq -c 'if .time < "2026-11-04" then . else .planned = 200 | .interrupted = true | .results |= .[:1] end' h.jsonl >cut.jsonl
	run -125 --separate-stderr compare --history cut.jsonl
	[[ $stderr == *"the newest run of 'cut.jsonl', 2026-11-04T03:00:00Z, was interrupted after 1 of 200 results; of the others nothing is known" ]]
	[[ ${lines[1]} == "Compared: the newest run, 2026-11-04T03:00:00Z, interrupted: 1 of 200 results, kernel 6.12.3, of cut.jsonl" ]]
	[[ $output =~ "smt-2llc: lat (us)"[^$'\n']*"only in baseline" ]]
	compare --history cut.jsonl --json 2>/dev/null | jq -e '.baseline.file == "cut.jsonl" and .baseline.runs == 3 and
		.baseline.first_time == "2026-11-01T03:00:00Z" and .baseline.interrupted == 0 and
		.compared.interrupted == 1 and .compared.planned == 200 and .compared.passed_over == 0'
	# As a baseline it is said.
	(cat cut.jsonl && tail -n 1 h.jsonl) >then.jsonl
	run -0 compare --history then.jsonl
	[[ ${lines[0]} == "Baseline: 4 runs, "*", up to 20 of each variant, 1 interrupted, "* ]]
	# What is worse is worse.
	runs 1 21 1.5 5 | jq -c '.interrupted = true' >worse.jsonl
	run -1 compare --history worse.jsonl
	jq -c 'if .time < "2026-11-04" then . else .results[].outcome = "error" end' h.jsonl >errors.jsonl
	run -125 --separate-stderr compare --history errors.jsonl
	[[ ! $output && $stderr == *"the newest run, of 2026-11-04T03:00:00Z, tells nothing: its 10 results are errors, skips or inconclusive" ]]
}

@test "history: eight suites at once lose nothing, and cut nothing" {
	local i

	host_test a 'exit 0'
	for ((i = 0; i < 8; i++)); do
		(for _ in 1 2 3 4 5; do "$KTSTR_LAUNCH" test -q -j 1 --out "out$i" --history h.jsonl tests || exit; done) &
	done
	for i in $(jobs -p); do
		wait "$i" || return 1
	done
	[ "$(wc -l <h.jsonl)" -eq 40 ]
	jq -e -s 'length == 40 and all(.results | length == 1)' h.jsonl
}

@test "history: a line that was cut off is passed over and said, and the next run begins a new one" {
	host_test a 'exit 0'
	"$KTSTR_LAUNCH" test -q --history h.jsonl tests
	head -c 100 h.jsonl >part
	cat part >>h.jsonl
	"$KTSTR_LAUNCH" test -q --history h.jsonl tests
	[ "$(wc -l <h.jsonl)" -eq 3 ]
	[ "$(sed -n 2p h.jsonl)" = "$(cat part)" ]
	run -0 --separate-stderr compare --history h.jsonl
	[[ $stderr == *"warning: 'h.jsonl': 1 of its lines were cut off, and are passed over" ]]
	[[ $output == *"Baseline: 1 run,"* ]]
	cat part >>h.jsonl
	run -125 --separate-stderr compare --history h.jsonl
	[[ $stderr == *"2 of its lines were cut off"*"its last line was cut off, so that the newest run is missing, and the one before it was compared" ]]
}

@test "history: what is another file, or cannot be written, is refused before anything runs" {
	local file

	host_test a 'touch ran'
	echo 'my notes' >notes
	"$KTSTR_LAUNCH" test -q --json r.json tests
	rm -f ran
	cp r.json before.json
	for file in notes r.json tests /dev/null notes/h gone/h; do
		run -125 "$KTSTR_LAUNCH" test --history "$file" tests
		[[ $output == *"'$file'"* && ! -e ran ]] || fail "$file"
	done
	[ "$(cat notes)" = 'my notes' ]
	cmp r.json before.json
	run -125 "$KTSTR_LAUNCH" test --history notes tests
	[[ $output == *"'notes' is no history: it holds something else, to which nothing is appended; give --history another file" ]]
	"$KTSTR_LAUNCH" test -q --history h.jsonl tests
	cp h.jsonl before
	ln h.jsonl other
	run -125 "$KTSTR_LAUNCH" test --history h.jsonl --json other tests
	[[ $output == *"the report 'other' would take the place of the history 'h.jsonl'; give two files"* ]]
	cmp h.jsonl before
	run -125 "$KTSTR_LAUNCH" test --history h.jsonl --json h.jsonl tests
	[[ $output == *"--history and --json both write to"* || $output == *"--json and --history both write to"* ]]
	run -125 "$KTSTR_LAUNCH" test --history - tests
	[[ $output == *"--history -: give a file"* ]]
	run -125 "$KTSTR_LAUNCH" test --history h.jsonl --shard 1/2 tests
	[[ $output == *"--history does not go with --shard"*"ktstr-launch merge"* ]]
	run -125 "$KTSTR_LAUNCH" test --bisect --shard 1/2 tests
	[[ $output == *"--bisect does not go with --shard: a part cannot say what"* ]]
	run -125 --separate-stderr compare --history notes
	[[ $stderr == *"history 'notes': line 1 from its end: no run of"* ]]
	run -125 --separate-stderr compare --history h.jsonl r.json
	[[ $stderr == *"--history takes no other file; leave out 'r.json'"* ]]
	run -125 --separate-stderr compare --last 3 r.json r.json
	[[ $stderr == *"--last goes with --history"* ]]
	run -125 --separate-stderr compare --last 1001 --history h.jsonl
	[[ $stderr == *"--last 1001: at most 1000 runs"* ]]
}

@test "history: a variant that is slower, or fails more often, is found, in all forms" {
	runs 1 21 1.2 5 >h.jsonl
	run -1 compare --history h.jsonl
	[ "${lines[0]}" = "Baseline: 20 runs, 2026-11-01T03:00:00Z to 2026-11-20T03:00:00Z, up to 20 of each variant, 200 results, kernel 6.12.19, 6.12.18, 6.12.17, 6.12.16, ..., of h.jsonl" ]
	[ "${lines[1]}" = "Compared: the newest run, 2026-11-21T03:00:00Z, 10 results, kernel 6.12.20, of h.jsonl" ]
	[[ $output == *"fair: pass rate (%)"*"(100/100)"*"(   0/5)"*"worse"*"wake/smt-2llc: lat (us)"*"worse"* ]]
	compare --history h.jsonl --json >table.json && return 1
	jq -e '.baseline.kernels == [range(19; -1; -1) | "6.12.\(.)"] and .compared.kernels == ["6.12.20"]' table.json
	[[ $output == *"The rounds of a run count as independent: what shifts a whole run (the host's load) is a difference, too; see whether the next run has it again"* ]]
	jq -e '[.rows[] | select(.verdict == "worse") | [.case, .metric]] == [["fair", "pass rate"], ["fair", "lat"], ["gauntlet/wake/smt-2llc", "lat"]]' table.json
	compare --history h.jsonl --csv >table.csv && return 1
	grep -q '^"gauntlet/wake/smt-2llc","lat","us",lower,100,' table.csv
	compare --history h.jsonl --markdown >table.md && return 1
	grep -q '^| fair: pass rate (%) | 100.0 (100/100) | 0.0 (0/5) |' table.md
	run -1 compare --history h.jsonl --last 3 --welch
	[[ ${lines[0]} == "Baseline: 3 runs, 2026-11-18T03:00:00Z to 2026-11-20T03:00:00Z"* ]]
}

@test "history: equal runs are not called slower" {
	local seed alarms=0

	for ((seed = 0; seed < 20; seed++)); do
		runs "$seed" 21 >h.jsonl
		compare --history h.jsonl >table || ((++alarms))
	done
	# By Holm's correction in 5 % at most, better or worse: of 20 suites 5 or more have a probability of 0.3 %.
	((alarms <= 4)) || fail "$alarms alarms"
}

@test "history: merge appends the shards of a suite as one run, and once" {
	host_test a 'exit 0'
	host_test b 'exit 3'
	mkdir results
	for shard in 1 2; do
		"$KTSTR_LAUNCH" test -q --shard "$shard/2" --json "results/$shard.json" tests || true
	done
	run -1 "$KTSTR_LAUNCH" merge -q --history results/h.jsonl results
	run -1 --separate-stderr "$KTSTR_LAUNCH" merge -q --history results/h.jsonl results
	[[ $stderr == *"history 'results/h.jsonl': it has a run with these very results already, which is not appended once more" ]]
	[ "$(wc -l <results/h.jsonl)" -eq 1 ]
	jq -c '.seconds = 0.5' results/1.json >new && mv new results/1.json
	run -1 "$KTSTR_LAUNCH" merge -q --history results/h.jsonl results
	jq -e -s 'length == 2 and all([.results[] | [.name, .outcome]] == [["a", "pass"], ["b", "fail"]])' results/h.jsonl
	run -0 compare --history results/h.jsonl
	cp results/1.json before
	run -125 "$KTSTR_LAUNCH" merge --history results/1.json results
	[[ $output == *"'results/1.json' is no history"* ]]
	cmp results/1.json before
}
