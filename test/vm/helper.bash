# What the tests that boot VMs share, over the library that users have. Load it with: load helper
load ../helper

# Kernels: KTSTR_KERNEL is the default one (launcher's own variable), set by test/run.
: "${KTSTR_KERNEL:?set it to the path of a kernel image; test/run does}"

# Here a VM has often less of the CPUs than it wants. What that does to verdicts is looked at where a
# test says so.
export KTSTR_HOST_NOISE=0

# What `ktstr-launch bats-helper` prints (test/host/bats-helper.bats compares them), without asking a
# launcher, which takes its time in the emulated host, for each test once more.
# shellcheck source=embed/bats-helper.bash
source "$ROOT/embed/bats-helper.bash"

# boot ARGS...: `ktstr-launch run` in the test's own folder, stdout and stderr kept apart in files;
# output is stderr's text.
# shellcheck disable=SC2034 # ktstr_* are the library's, output the assertions'
boot()
{
	# As it is for those who name no folder: a run that passes leaves nothing.
	local ktstr_out='' ktstr_stderr=''

	cd "$BATS_TEST_TMPDIR" || return
	ktstr_run "$@" || return
	ln -f "$_ktstr_stdout" stdout
	ln -f "$_ktstr_stderr" stderr
	output=$(<stderr)
}

# in_stdout PATTERN...: each matches somewhere in the payload's output.
in_stdout()
{
	local pattern

	for pattern; do
		grep -qE -e "$pattern" stdout || fail "no match for '$pattern' in: $(<stdout)" || return 1
	done
}

# dump_file [SUFFIX]: the only artefact of that suffix in this test's folder.
dump_file()
{
	_ktstr_find "${1:-.failure-dump.json}" "$BATS_TEST_TMPDIR"/ktstr-out/*
	[[ ${#_ktstr_files[@]} -eq 1 ]] || fail "artefacts: ${_ktstr_files[*]-none}" || return 1
	echo "${_ktstr_files[0]}"
}

# results FILE FIELD...: of each result in what --json wrote, sorted; these of its fields, in a line.
results()
{
	jq -r 'select(.type == "result") | [.[$ARGS.positional[]]] | join(" ")' --args "${@:2}" <"$1" | sort
}

# assert_json FILE: one value, and whole.
assert_json()
{
	jq -es 'length == 1' "$1" >/dev/null || fail "$1: $(<"$1")"
}
