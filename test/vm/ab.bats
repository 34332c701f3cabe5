#!/usr/bin/env bats
# Do both sides of `ktstr-launch ab` get what they are to have, in turns, and does the table tell them apart?

bats_require_minimum_version 1.5.0
load helper

@test "ab: each side has its own kernel parameters and topology, its own base, and its own results" {
	cd "$BATS_TEST_TMPDIR" || return
	cat >sides.sh <<-'END_OF_TEST'
		#!/bin/sh
		#ktstr: topology=1n1l1c1t memory_mib=256
		tr ' ' '\n' </proc/cmdline | sed -n 's/^ab.side=\(.*\)/side \1 - lower/p' >>"$KTSTR_METRICS"
	END_OF_TEST
	chmod +x sides.sh
	run -1 --separate-stderr "$KTSTR_LAUNCH" ab --repeat 2 --alpha 0.9 --a 'append=ab.side=10' \
		--b 'append=ab.side=20 topology=1n1l2c1t' --append ab.side=0 --json-a a.json --json-b b.json sides.sh
	# Of two runs on each side the smallest p is a third, and two rows are tested.
	assert_output '^Baseline: A: append=ab.side=10, 2 results, kernel [1-9]' \
		'^Compared: B: append=ab.side=20 topology=1n1l2c1t, 2 results' \
		'^sides: side +10 \(  0.00\) +20 \(  0.00\) +\+100.00 +0.6667  worse$'
	[ "$(results a.json start | sort -u)" = "$(results b.json start | sort -u)" ]
	[ "$(results a.json outcome topology round)" = "$(printf 'pass 1n1l1c1t %s\n' 1 2)" ]
	[ "$(results b.json outcome topology round)" = "$(printf 'pass 1n1l2c1t %s\n' 1 2)" ]
	run -1 "$KTSTR_LAUNCH" compare --alpha 0.9 a.json b.json
	assert_output '^sides: side .* 0.6667  worse$'
}
