#!/usr/bin/env bats
# Does a suite boot each machine once and fork its variants from it, do the forks tell the same as VMs that
# boot, and is a base that does not come about no more than a boot for each of its variants?

load helper

setup()
{
	mkdir "$BATS_TEST_TMPDIR/tests"
	cd "$BATS_TEST_TMPDIR" || return
}

# entry NAME SCRIPT DIRECTIVES...
entry()
{
	printf '#!/bin/sh\n#ktstr: topology=1n1l1c1t memory_mib=256 %s\n%s\n' "${*:3}" "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

# suite ARGS...: the results in r.json; of the run, output and status.
suite()
{
	status=0
	output=$("$KTSTR_LAUNCH" test --json r.json "$@" tests 2>stderr) || status=$?
	output+=$'\n'$(<stderr)
}

# background: the same in the background, as pid; first is the first process that it starts.
background()
{
	env --default-signal=INT "$KTSTR_LAUNCH" test --json r.json tests >out 2>stderr &
	pid=$!
	wait_for pgrep -P "$pid"
	first=$(pgrep -P "$pid")
}

# ended: of what is in the background, output and status.
ended()
{
	status=0
	wait "$pid" || status=$?
	output=$(cat out stderr)
}

# What a test says of its guest: what can be said of each that boots is left out.
tell='date "+date %s"
echo "random $(od -An -tx1 -N32 /dev/urandom | tr -d " \n")"
dmesg | grep -iE "lockup|rcu.*(stall|starved)|clocksource|interrupt took" |
	grep -vE "clocksource: [^ ]+: mask: |Switched to clocksource" | sed "s/^/dmesg /"'

@test "a base for each machine; forks tell the same as what boots, each with its own date and chance" {
	local kernels when date took

	[[ ${KTSTR_TEST_KERNELS-} ]] || skip "no kernel but the default one is there"
	kernels=("$KTSTR_KERNEL" "$(tr ' ' '\n' <<<"$KTSTR_TEST_KERNELS" | sort -V | tail -n 1)")
	# What follows has a date of its own, neither the base's nor the one before it.
	entry one "$tell; sleep 3"
	entry three "$tell; exit 3"
	entry four "$tell; echo no such CPU >&2; exit 4"
	entry own 'exit 0' fresh
	suite --kernel "${kernels[0]}" --kernel "${kernels[1]}" --dry-run
	assert_output '^8 variants, 2 bases$'

	# Lines come at most as late as the suite looks for them.
	"$KTSTR_LAUNCH" test --kernel "${kernels[0]}" --kernel "${kernels[1]}" --jobs 1 --verbose \
		--json r.json tests 2>stderr | while IFS= read -r line; do
		echo "$EPOCHSECONDS $line"
	done >said
	results r.json start name | sed 's:/.*::' | uniq -c | sed 's/^ *//' >starts
	diff - starts <<-'END' || fail "$(cat said stderr)"
		2 booted own
		2 forked four
		2 forked one
		2 forked three
	END
	results r.json outcome name >forked

	sed -nE 's:^([0-9]+) [a-z]+/[^ ]+\: date :\1 :p' said >dates
	[[ $(wc -l <dates) -eq 6 ]] || fail "$(<said)"
	while read -r when date; do
		((when - date <= 2 && date - when <= 1)) || fail "it is $when, and in a fork $date: $(<said)"
	done <dates
	[[ $(sed -n 's/.*: random //p' said | grep -E '^[0-9a-f]{64}$' | sort -u | wc -l) -eq 6 ]] ||
		fail "two forks draw the same: $(<said)"
	! grep ': dmesg ' said | grep -v 'hrtimer: interrupt took' || fail "a clock went wrong, see above"
	# Where a page that is new to a guest costs it a millisecond, one that boots says this at times, too;
	# after a jump of the clock all of them do.
	took=$(grep -c '/.*: dmesg .*hrtimer: interrupt took' said) || true
	((took < (${KTSTR_LAB_INSIDE:-0} ? 3 : 1))) || fail "a clock went wrong $took times: $(<said)"

	suite --fresh --kernel "${kernels[0]}" --kernel "${kernels[1]}" --filter 'o[!w]*' --filter 't*' --filter 'f*'
	[[ $(results r.json start | uniq) == booted ]] || fail "$(<r.json)"
	grep -v own forked | diff - <(results r.json outcome name)
}

@test "a machine that does not come up has no base: each variant tells of it" {
	entry one 'exit 0' append=rdinit=/nothing
	entry two 'exit 0' append=rdinit=/nothing
	suite
	assert_status 1
	assert_output 'each VM of 1n1l1c1t, 260 MiB, .* boots, since they have no base: .*panic'
	results r.json outcome name start | diff - <(printf '%s\n' 'fail one booted' 'fail two booted')
	[[ $(grep -c '"cause":"kernel panic before ' r.json) -eq 2 ]] || fail "$(<r.json)"
}

@test "Ctrl-C while a base is made ends the suite soon, and nothing is left" {
	local began

	# It stands there, and waits for a word.
	entry one 'exit 0' append=rdinit=/bin/cat
	entry two 'exit 0' append=rdinit=/bin/cat
	background
	# It has vCPUs.
	wait_for test -e "/proc/$first/task/$first/children"
	# shellcheck disable=SC2317 # called by wait_for
	has_threads() { (($(find "/proc/$first/task" -mindepth 1 -maxdepth 1 | wc -l) > 1)); }
	wait_for has_threads
	sleep 1
	began=$SECONDS
	kill -INT "$pid"
	ended
	((SECONDS - began <= 10)) || fail "it took $((SECONDS - began)) seconds"
	assert_status 130
	assert_output '^ended early: 2 not run'
	! kill -0 "$first" 2>/dev/null || fail "the process that makes the base is still there"
	# For --failed.
	[[ $(find ktstr-out -mindepth 1) == ktstr-out/last-failed ]] || fail "$(find ktstr-out)"
}

@test "what makes a base is killed: its variants boot" {
	entry one 'exit 0'
	entry two 'exit 0'
	background
	kill -9 "$first"
	ended
	assert_status 0
	assert_output 'each VM of 1n1l1c1t, 260 MiB, .* boots, since they have no base: the process that made it was killed by signal 9'
	results r.json outcome name start | diff - <(printf '%s\n' 'pass one booted' 'pass two booted')
}
