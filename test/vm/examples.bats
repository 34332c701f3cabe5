#!/usr/bin/env bats
# Does each of the shipped examples come out as its file says?

load helper

# stated FILE: its verdict on this kernel. "skip; pass with CONFIG_X=y" depends on the config beside it, and
# "pass; skip without TOOL" on this host.
stated()
{
	local verdict config

	verdict=$(sed -n 's/^# Verdict: //p' "$1")
	[[ $verdict =~ ^(pass|fail|xfail|skip)(\;\ (pass)\ with\ (CONFIG_[A-Z0-9_]+=y)|\;\ (skip)\ without\ ([a-z-]+))?$ ]] ||
		fail "$1: no such verdict: '$verdict'" || return 1
	verdict=${BASH_REMATCH[1]}
	config=$(dirname "$KTSTR_KERNEL")/config
	if [[ ${BASH_REMATCH[4]} ]] && grep -qx "${BASH_REMATCH[4]}" "$config"; then
		verdict=${BASH_REMATCH[3]}
	elif [[ ${BASH_REMATCH[6]} ]] && ! command -v "${BASH_REMATCH[6]}" >/dev/null; then
		verdict=${BASH_REMATCH[5]}
	fi
	echo "$verdict"
}

@test "each example has the verdict that its file states, and those of tools have metrics" {
	local lines=()

	cd "$BATS_TEST_TMPDIR" || return
	for file in "$ROOT"/examples/*.sh "$ROOT"/examples/tools/*.sh; do
		verdict=$(stated "$file")
		name=${file#"$ROOT"/examples/}
		lines+=("$verdict ${name%.sh}")
	done
	[[ ${#lines[@]} -ge 6 ]]
	printf '%s\n' "${lines[@]}" | sort >stated
	status=0
	output=$("$KTSTR_LAUNCH" test --json r.json "$ROOT/examples" 2>stderr) || status=$?
	output+=$'\n'$(<stderr)
	results r.json outcome name | diff stated - || fail "the verdicts differ, see above"
	assert_status 0
}

@test "README names each example, with its verdict" {
	for file in "$ROOT"/examples/*.sh "$ROOT"/examples/tools/*.sh; do
		verdict=$(sed -n 's/^# Verdict: \([a-z]*\).*/\1/p' "$file")
		grep -qE "^${file#"$ROOT"/examples/} .* $verdict\$" "$ROOT/examples/README" ||
			fail "examples/README: not '${file#"$ROOT"/examples/} ... $verdict'"
	done
}

@test "make demo's two runs end as it says" {
	KTSTR_OUT=$BATS_TEST_TMPDIR run "$ROOT/tools/demo" --inside
	assert_status 0
	assert_output '^FAIL fair-share.sh: payload exited with status 1' '^  repro: same failure' \
		'^  trace .*\.repro\.wprof\.pb' '^PASS fair-share.sh: payload exited with status 0'
	assert_schema "$BATS_TEST_TMPDIR"/*/*.failure-dump.json
}
