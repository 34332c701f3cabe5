# What the tests that boot VMs share. Load it with: load helper
load ../helper

# Kernels: KTSTR_KERNEL is the default one (launcher's own variable), set by test/run.
: "${KTSTR_KERNEL:?set it to the path of a kernel image; test/run does}"

# boot ARGS...: `ktstr-launch run` in the test's own folder, stdout and stderr kept apart in files.
# shellcheck disable=SC2034 # status and output are read by the assertions
boot()
{
	cd "$BATS_TEST_TMPDIR" || return
	status=0
	"$KTSTR_LAUNCH" run "$@" >stdout 2>stderr || status=$?
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
	local files=("$BATS_TEST_TMPDIR"/ktstr-out/*/*"${1:-.failure-dump.json}")

	[[ ${1:-} == .repro* ]] || files=("${files[@]/*.repro.*/}")
	# shellcheck disable=SC2206 # drops the empty ones
	files=(${files[@]})
	[[ ${#files[@]} -eq 1 && -f ${files[0]} ]] || fail "artefacts: ${files[*]-none}" || return 1
	echo "${files[0]}"
}
