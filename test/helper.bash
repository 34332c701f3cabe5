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

# assert_schema FILE...: what is in each is as `ktstr-launch schema` has it.
assert_schema()
{
	(($#)) || fail "no file to be held against the schema" || return
	"$KTSTR_LAUNCH" schema | python3 -c 'import json, sys, jsonschema
schema = jsonschema.Draft202012Validator(json.load(sys.stdin))
wrong = 0
for name in sys.argv[1:]:
    for error in schema.iter_errors(json.load(open(name))):
        error = jsonschema.exceptions.best_match([error])
        print(f"{name}: {error.json_path}: {error.message}"[:1000])
        wrong = 1
sys.exit(wrong)' "$@" || fail "not as the schema has it, see above"
}
