#!/usr/bin/env bats
# Which variants does `ktstr-launch ab` run, in which order, and what does it make of their results? Without a VM.

# shellcheck disable=SC2016 # what stands in single quotes is for other shells

bats_require_minimum_version 1.5.0
load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	mkdir tests
	cat >tests/host.sh <<-'END'
		#!/bin/sh
		#ktstr: host_only
		echo "count 5 - lower" >>"$KTSTR_METRICS"
	END
	printf '#!/bin/sh\n#ktstr: topology=1n1l1c1t\ntrue\n' >tests/vm.sh
	chmod +x tests/*
	kernel=$(find "$ROOT/build/kernels/" -name vmlinuz | sort | head -n 1)
}

ab()
{
	"$KTSTR_LAUNCH" ab "$@"
}

# refused TEXT ARG...: before anything is run, with a message that has TEXT
refused()
{
	local text=$1

	shift
	run -125 --separate-stderr ab "$@"
	# shellcheck disable=SC2154 # bats sets it
	[[ -z $output && $stderr == *"$text"* ]] || fail "$stderr"
}

@test "ab: the sides take turns, A B B A, and each has what it says itself" {
	[ -n "$kernel" ] || skip "no kernel is there"
	ab --dry-run --repeat 4 --kernel "$kernel" --topology 1n1l2c1t --a '' --b 'topology="1n2l1c1t"' tests >plan
	[ "$(awk '{ print $1 $2 }' plan | paste -sd ' ')" = \
		"A:host B:host B:host A:host A:host B:host B:host A:host A:vm B:vm B:vm A:vm A:vm B:vm B:vm A:vm" ]
	[ "$(awk '$2 == "vm" { print $1 $3 }' plan | sort | uniq -c | xargs)" = "4 A:1n1l2c1t 4 B:1n2l1c1t" ]
	ab --dry-run --kernel "$kernel" --a "kernel=$kernel" --b '' --filter vm tests >plan
	[ "$(wc -l <plan)" -eq 20 ]
	ab --dry-run --gauntlet --repeat 1 --kernel "$kernel" --a wprof --b 'append="a b" scheduler_args="-s 1"' --filter tiny-1llc tests >plan
	[ "$(awk '{ print $1 $2 }' plan | xargs)" = "A:gauntlet/vm/tiny-1llc B:gauntlet/vm/tiny-1llc" ]
}

@test "ab: results go to the table and to both files" {
	run -0 --separate-stderr ab --jobs 1 --repeat 2 --a '' --b 'append="quiet x"' --json-a a.json --json-b b.json tests/host.sh
	[ "${lines[0]}" = "Baseline: A, 2 results" ]
	[ "${lines[1]}" = 'Compared: B: append="quiet x", 2 results' ]
	assert_output '^host: pass rate \(%\) +100.0 \(   2/2\) +100.0 \(   2/2\) +\+0.00 +-  equal$' '^host: count .* equal$'
	[ "$(grep -oE '^PASS +[AB]' <<<"$stderr" | sed 's/PASS *//' | xargs)" = "A B B A" ]
	for file in a.json b.json; do
		jq -es 'map(.type) == ["plan", "result", "result", "summary"] and .[-1].counts.pass == 2' "$file"
	done
	run -0 "$KTSTR_LAUNCH" compare a.json b.json
	ab --quiet --json --repeat 1 --a '' --b '' tests/host.sh >table.json 2>err
	jq -e '.rows | length == 3' table.json
	[ ! -s err ]
	# One that is broken on both sides is no answer.
	printf '#!/nowhere\n#ktstr: host_only\n' >tests/host.sh
	run -125 --separate-stderr ab --quiet --repeat 1 --a '' --b '' tests/host.sh
	grep -A 1 '^  ERROR *B: host$' <<<"$stderr" | grep -q '^    replay  .*/tests/host\.sh$' || fail "$stderr"
}

@test "ab: what was not measured is no answer" {
	# It runs once, on side A.
	cat >tests/once.sh <<-'END'
		#!/bin/sh
		#ktstr: host_only
		mkdir "$BATS_TEST_TMPDIR/ran" || exit 4
	END
	chmod +x tests/once.sh
	run -125 --separate-stderr ab --jobs 1 --repeat 2 --a '' --b '' tests/once.sh tests/host.sh
	[[ $stderr == *"once: no run on side B has passed or failed"* ]] || fail "$stderr"
	run -125 --separate-stderr ab --repeat 1 --a '' --b '' tests/once.sh
	[[ $stderr == *"no test has passed or failed on either side"* ]] || fail "$stderr"
	# One that is left out on both is not asked about.
	run -0 --separate-stderr ab --repeat 1 --a '' --b '' tests/once.sh tests/host.sh
	# A report that cannot be written takes nothing away from the table.
	mkdir gone
	echo 'rm -rf "$BATS_TEST_TMPDIR/gone"' >>tests/host.sh
	run -125 --separate-stderr ab --repeat 1 --a '' --b '' --json-a gone/a.json tests/host.sh
	[ "${lines[0]}" = "Baseline: A, 1 results" ] || fail "$output"
	[[ $stderr == *"the report gone/a.json is incomplete: "* ]] || fail "$stderr"
}

@test "ab: wrong usage" {
	refused "give both sides" --a '' tests/host.sh
	refused "no test given" --a '' --b ''
	refused "--a: 'speed=1': takes kernel=IMG, append=" --a speed=1 --b '' tests/host.sh
	refused "--b: 'kernel': takes kernel=IMG" --a '' --b kernel tests/host.sh
	refused "--b: --topology: topology '9': " --a '' --b topology=9 tests/host.sh
	refused "--b: a double quote is not closed" --a '' --b 'append="x' tests/host.sh
	refused "--a: a side has one kernel, and not 2" --a 'kernel=x kernel=y' --b '' tests/host.sh
	refused "--a: kernel 'nowhere'" --a kernel=nowhere --b '' tests/host.sh
	refused "--filter and --exclude leave no variant" --a '' --b '' --filter x tests/host.sh
	refused "--json-b /dev/stdout: the table goes to standard output; name another file" --a '' --b '' --json-b /dev/stdout tests/host.sh
	refused "--json-a and --json-b both write to the file 'x'" --a '' --b '' --json-a x --json-b x tests/host.sh
	refused "--json-b -: the table goes to standard output" --a '' --b '' --json-b - tests/host.sh
	refused "--b: --gauntlet: its presets are the topologies" --gauntlet --a '' --b topology=1n1l2c1t tests/host.sh
	refused "option '--shard': not known" --a '' --b '' --shard 1/2 tests/host.sh
}
