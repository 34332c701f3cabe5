# What bats files share. Load it with: load ../helper

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The binary under test.
KTSTR_LAUNCH=$(realpath -m "${KTSTR_LAUNCH:-$ROOT/build/ktstr-launch}")
export ROOT KTSTR_LAUNCH

# Inside a tracer-exporting parent, too, each test starts without one.
unset KTSTR_WPROF_PATH

# fail TEXT...: end the test, with the reason and what the last `run` gave.
fail()
{
	printf '%s\n' "$*"
	printf 'status: %s\noutput:\n%s\n' "${status-}" "${output-}"
	return 1
}

# assert_status N: of the last `run`.
assert_status()
{
	[[ $status -eq $1 ]] || fail "exit status is $status, not $1"
}

# wait_for COMMAND...: until it succeeds. The five minutes are for a machine that is very busy.
wait_for()
{
	local until=$((SECONDS + 300))

	until "$@" 2>/dev/null; do
		((SECONDS < until)) || fail "five minutes were not enough for: $*" || return
		sleep 0.1
	done
}

# assert_output PATTERN...: each extended regular expression matches somewhere in `run`'s output.
assert_output()
{
	local pattern

	for pattern; do
		grep -qE -e "$pattern" <<<"$output" || fail "the output does not match: $pattern" || return 1
	done
}

# refute_output PATTERN...: none does.
refute_output()
{
	local pattern

	for pattern; do
		! grep -qE -e "$pattern" <<<"$output" || fail "the output matches: $pattern" || return 1
	done
}
