#!/usr/bin/env bats
# What `ktstr-launch compare` says of two suites' results: which rows, how sure, and which files it refuses.

bats_require_minimum_version 1.5.0
load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# suite FACTOR FAILED [UNIT]: results of two variants, ten runs each, to standard output: a latency around
# 100 times FACTOR, a rate, a count that is always the same; of `fair`, so many runs failed.
suite()
{
	python3 - "$@" <<-'END_OF_PYTHON'
		import json, sys
		factor, failed, unit = float(sys.argv[1]), int(sys.argv[2]), (sys.argv + ["us"])[3]
		off = [-7, 3, 1, -2, 6, -4, 2, 5, -5, 1]
		def put(**line):
		    print(json.dumps({"schema_version": 1, **line}, separators=(",", ":")))
		put(type="plan", planned=20)
		for i in range(10):
		    for at, name in enumerate(("fair", "gauntlet/wake/smt-2llc")):
		        metrics = [dict(name="lat.p99", value=factor * 100 + off[i], unit=unit, better="lower"),
		            dict(name="ops", value=(1000 + 10 * off[9 - i]) * factor, unit=None, better="higher"),
		            dict(name="tasks", value=8, unit=None, better=None)]
		        bad = not at and i < failed
		        put(type="result", name=name, number=2 * i + at + 1, round=i + 1, kernel="6.12.1",
		            outcome="fail" if bad else "pass", metrics=metrics, seconds=2 + off[i] / 100)
		put(type="summary", seconds=1, interrupted=False)
	END_OF_PYTHON
}

compare()
{
	"$KTSTR_LAUNCH" compare "$@"
}

# refused TEXT FILE...: not compared, and the message has TEXT
refused()
{
	local text=$1

	shift
	run -125 --separate-stderr compare "$@"
	[ -z "$output" ]
	# shellcheck disable=SC2154
	[[ $stderr == *"$text"* ]] || {
		echo "$stderr"
		return 1
	}
}

@test "compare: a row for each pass rate, duration and metric, with what is worse and what is better" {
	suite 1 0 >a.json
	suite 1.2 8 >b.json
	run -1 compare a.json b.json
	[ "${lines[0]}" = "Baseline: a.json, 20 results, kernel 6.12.1" ]
	[[ ${lines[2]} =~ ^"Case "\ *"Baseline (std %)"\ *"Compared (std %)"\ *"Diff %"\ *p$ ]]
	[[ ${lines[3]} =~ ^"fair: pass rate (%)"\ *"100.0 ( 10/10)"\ *"20.0 (  2/10)"\ *-80.00\ .*worse$ ]]
	[[ ${lines[4]} =~ ^"fair: duration (s)"\ .*"too few runs"$ ]]
	[[ ${lines[5]} =~ ^"fair: lat.p99 (us)"\ *"100 (  4.35)"\ *"120 (  3.62)"\ *\+20.00\ *\<0.0001\ *worse$ ]]
	[[ ${lines[6]} =~ ^"fair: ops"\ .*better$ ]]
	[[ ${lines[7]} =~ ^"fair: tasks"\ *"8 (  0.00)"\ *"8 (  0.00)"\ *\+0.00\ *-\ *equal$ ]]
	[[ ${lines[8]} =~ ^"gauntlet/wake/smt-2llc: pass rate (%)"\ .*equal$ ]]
	[[ $output == *"permutation test of the means, exact, of pass rates Fisher's exact test; two-sided"* ]]
	[[ $output == *"for 7 rows; level 0.05"* ]]
	[[ $output == *"3 worse, 2 better, 0 changed of 10 rows" ]]
	# The columns stand below each other.
	width=${#lines[2]}
	awk -v h="$width" 'NR > 2 && NR < 14 && (length($0) < h || substr($0, h + 1) !~ /^(  [a-z]|$)/) { exit 1 }' <(printf '%s\n' "${lines[@]}" | head -n 13)
	# The other way round; and the p-values of scipy 1.10: permutation_test (exact) and fisher_exact.
	compare --json b.json a.json >reverse.json && return 1
	jq -e '[.rows[] | select(.verdict == "worse").metric] == ["ops", "ops"]' reverse.json
	jq -e '.rows[0].p - 0.0007144558228149558 | fabs < 1e-9' reverse.json
	jq -e '.rows[2].p - 2 / 184756 | fabs < 1e-9' reverse.json
	# Holm: the smallest of seven times seven.
	jq -e '[.rows[].p_corrected | numbers] | min - 14 / 184756 | fabs < 1e-9' reverse.json
}

@test "compare: equal sides are no difference, and few runs are told of" {
	suite 1 0 >a.json
	suite 1.01 0 >b.json
	run -0 compare a.json b.json
	[[ ${lines[5]} =~ ^"fair: lat.p99 (us)"\ .*\+1.00\ .*unstable$ ]]
	[[ $output == *"0 worse, 0 better, 0 changed of 10 rows" ]]
	suite 2 0 >all.json
	head -n 5 all.json >b.json
	# Two of its runs beside ten: 66 ways, and six rows.
	run -0 --separate-stderr compare a.json b.json
	[[ $output == *"fair: lat.p99"*"too few runs"* && $output == *"5 on each side could"* ]]
	[[ $stderr == *"warning: 'b.json': cut off: it has 4 of 20 results and no summary; what is there is"* ]]
	run -1 compare --welch a.json all.json
	[[ $output == *"p: Welch's t-test; two-sided"*"2 worse, 2 better"* ]]
	run -0 compare --welch --alpha 1e-30 a.json all.json
	run -0 compare a.json a.json
}

@test "compare: Markdown, CSV and JSON say the same, whatever the names hold" {
	suite 1 0 | sed 's/gauntlet\/wake\/smt-2llc/a|b,\\"c\\"\\n<x>\\u001b[1m/; s/lat.p99/*lat*/' >a.json
	sed 's/"unit":"us"/"unit":"ms"/; /"number":5,/d' a.json >b.json
	compare --markdown a.json b.json >table.md
	grep -F '| a\|b,"c"?\<x\>?\[1m: \*lat\* (us) | - (-) | - (-) | - | - | units differ |' table.md
	[ "$(grep -c '^| ' table.md)" -eq 11 ]
	compare --csv a.json b.json >table.csv
	python3 - <<-'END'
		import csv, json
		rows = list(csv.DictReader(open("table.csv", newline="")))
		assert len(rows) == 10 and rows[5]["case"] == 'a|b,"c"\n<x>\x1b[1m', rows
		assert rows[2]["verdict"] == "units differ" and rows[2]["baseline"] == "", rows[2]
		assert (rows[3]["baseline_runs"], rows[3]["compared_runs"]) == ("10", "9")
	END
	compare --json a.json b.json >table.json
	jq -e '.rows | length == 10 and .[5].case == "a|b,\"c\"\n<x>\u001b[1m"' table.json
	jq -e '.method == "permutation" and .tested == 4 and .compared.results == 19' table.json
	# Nothing that a terminal obeys.
	compare a.json b.json >table.txt
	run ! grep -P '[^\n -~]' table.txt
}

@test "compare: what one side alone has, and which files are refused" {
	suite 1 0 >a.json
	sed 's/"fair"/"other"/; /wake/s/lat.p99/lat.max/' a.json >b.json
	compare --json a.json b.json >table.json
	jq -e '[.rows[] | select(.case == "fair").verdict] | unique == ["only in baseline"]' table.json
	jq -e '[.rows[] | select(.case == "other").verdict] | unique == ["only in compared"]' table.json
	jq -e '[.rows[] | select(.metric == "lat.max" and (.case | test("wake"))).verdict] == ["only in compared"]' table.json
	sed 's/"fair"/"x"/; s/gauntlet/y/' a.json >other.json
	refused "no variant is in both, they are of different suites: the baseline has 'fair', the compared file 'x'" a.json other.json
	head -n 1 a.json >none.json
	refused "the compared file has no result" a.json none.json
	sed 's/"schema_version":1/"schema_version":2/' a.json >version.json
	refused "'version.json': line 1: its schema version is 2, and this launcher knows 1" a.json version.json
	sed '3s/"value":[0-9.]*/"value":NaN/' a.json >nan.json
	refused "'nan.json': line 3: no JSON: it has a number that is not finite: value of lat.p99" nan.json a.json
	cat a.json b.json >both.json
	refused "'both.json': line 23: it stands behind the summary" both.json a.json
	refused "'gone.json': No such file" gone.json a.json
	refused "give two files" a.json
	refused "give two files" a.json b.json other.json
	refused "--permutation and --welch: give one" --permutation --welch a.json b.json
	refused "--markdown, --csv and --json: give one" --csv --json a.json b.json
	refused "takes a number above 0 and below 1" --alpha 1.5 a.json b.json
	refused "takes a number above 0 and below 1" --alpha nan a.json b.json
}
