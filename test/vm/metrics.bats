#!/usr/bin/env bats
# Do the lines that a payload appends to $KTSTR_METRICS come back as metrics of its test, however it
# ends, and can no payload do harm by that file?

load helper

# One suite, all of whose tests are forks of one machine; each test here looks at a part of what it said.
setup_file()
{
	mkdir "$BATS_FILE_TMPDIR/tests"
	cd "$BATS_FILE_TMPDIR" || return
	entry measured 'echo "wake.p99 0.25 ms lower" >>"$KTSTR_METRICS"; echo "ops 5e3 /s higher" >>"$KTSTR_METRICS"'
	entry work 'ktstr-work --for 300ms --group hog --tasks 1 spin >/dev/null'
	entry wrong 'ktstr-work --group hog spn || true'
	entry short 'ktstr-work --for 100ms --group c burst sleep=10ms --check "c.wake_p999 < 1s"'
	entry fails 'echo "n 12 -" >>"$KTSTR_METRICS"; exit 3' timeout_s=20
	entry late 'echo "n 13 -" >>"$KTSTR_METRICS"; sleep 1000' timeout_s=1
	entry bad 'printf "%s\n" "a 1 s" "a 2 s" "b nan s" >>"$KTSTR_METRICS"; printf "cut 1" >>"$KTSTR_METRICS"'
	entry fifo 'rm "$KTSTR_METRICS"; mkfifo "$KTSTR_METRICS"'
	entry gone 'rm "$KTSTR_METRICS"'
	entry much 'yes "a 1 s" | head -c 20000000 >>"$KTSTR_METRICS"'
	entry mounted 'mount -t tmpfs x /ktstr; echo "a 1 s" >"$KTSTR_METRICS"'
	entry none 'echo "a 1 s" >/tmp/elsewhere'
	entry dies 'echo "a 1 s" >>"$KTSTR_METRICS"; echo c >/proc/sysrq-trigger; sleep 100'
	"$KTSTR_LAUNCH" test --wprof --json all.json --out out tests >all 2>&1 || true
}

# entry NAME SCRIPT DIRECTIVES...
entry()
{
	printf '#!/bin/sh\n#ktstr: topology=1n1l2c1t memory_mib=256 %s\n%s\n' "${*:3}" "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

setup()
{
	output=$(<"$BATS_FILE_TMPDIR/all")
}

# metrics NAME: "OUTCOME: name value unit better; ...", as the JSON lines have it.
metrics()
{
	# shellcheck disable=SC2016 # jq's
	jq -r --arg name "$1" 'select(.name == $name) |
		"\(.outcome): \([.metrics[] | "\(.name) \(.value) \(.unit) \(.better)"] | join("; "))",
		.metrics_warnings[]' "$BATS_FILE_TMPDIR/all.json"
}

@test "what is measured is in the report and the JSON lines" {
	assert_output '^PASS +measured ' '^  metrics: wake.p99 0.25 ms, ops 5000 /s$'
	[[ $(metrics measured) == "pass: wake.p99 0.25 ms lower; ops 5000 /s higher"* ]] || fail "$(metrics measured)"
}

@test "ktstr-work measures in this way" {
	[[ $(metrics work) == *"pass: "*"hog.share"*" % "* ]] || fail "$(metrics work)"
}

# And whether ktstr-work could tell anything does.
@test "a test whose ktstr-work could not do it is an error, one that saw too little inconclusive" {
	assert_output "^ERROR +wrong .*ktstr-work could not do it: .*'spn'.*; payload exited with status 0" \
		'^INCONCLUSIVE +short .*ktstr-work is inconclusive: c.wake_p999 < 1s: .*; payload exited with status 3'
	[[ $(metrics short) == "inconclusive: "* ]] || fail "$(metrics short)"
	refute_output 'wrong.*running it again'
}

@test "of a failure and of a timeout they are those of the first VM, in the result file and the dump" {
	[[ $(metrics fails) == "fail: n 12 null null"* ]] || fail "$(metrics fails)"
	[[ $(metrics late) == "timeout: n 13 null null"* ]] || fail "$(metrics late)"
	for file in "$BATS_FILE_TMPDIR"/out/fails*/*.{ktstr,failure-dump,repro.failure-dump}.json; do
		jq -e '.metrics == [{ name: "n", value: 12, unit: null, better: null }]' "$file" >/dev/null ||
			fail "$file: $(<"$file")"
	done
}

@test "a line that is none is told of, and does no more" {
	[[ $(metrics bad) == "pass: a 1 s null"* ]] || fail "$(metrics bad)"
	assert_output "^  metrics: warning: line 2 'a 2 s': its name was there before, and the first one counts$" \
		"^  metrics: warning: line 3 'b nan s': the value is no decimal number$" \
		"^  metrics: warning: line 4 'cut 1': it has no newline at its end"
}

@test "a file that became something else is told of; its test passes" {
	[[ $(metrics fifo) == "pass: "*"was replaced by what is no plain file"* ]] || fail "$(metrics fifo)"
	[[ $(metrics mounted) == "pass: "*"was replaced by what is no plain file"* ]] || fail "$(metrics mounted)"
	[[ $(metrics gone) == "pass: "*"was removed"* ]] || fail "$(metrics gone)"
	[[ $(metrics much) == "pass: a 1 s null"*"more warnings like these"* ]] || fail "$(metrics much)"
	[[ $(metrics none) == "pass: " ]] || fail "$(metrics none)"
}

@test "of a guest that died there are none" {
	[[ $(metrics dies) == "fail: " ]] || fail "$(metrics dies)"
}

@test "a shell's command has no such file" {
	cd "$BATS_TEST_TMPDIR"
	run -0 "$KTSTR_LAUNCH" shell --exec 'echo "<${KTSTR_METRICS-none}>"'
	[[ $output == *"<none>"* ]] || fail "$output"
}
