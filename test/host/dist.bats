#!/usr/bin/env bats
# Is one file enough? What the launcher prints of itself (licences, completions, man pages), its
# version, and whether two builds are the same.

load ../helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# refuses WORDS...: a command that takes none of these says so and prints nothing else.
refuses()
{
	run --separate-stderr "$KTSTR_LAUNCH" "$@"
	[[ $status -eq 125 && ! $output ]] || fail "$*: taken"
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == "ktstr-launch: $1: "*"see ktstr-launch $1 --help" ]] || fail "$*: says: $stderr"
}

# --- licences ------------------------------------------------------------------------------------

@test "licenses: each part is named with its version and its source, and its text is there" {
	local package

	"$KTSTR_LAUNCH" licenses >out
	run ! grep 'TEXT NOT FOUND' out
	grep -qx 'The licence of ktstr-launch itself: not yet chosen.' out
	for package in musl-dev libc6-dev busybox-static libelf-dev zlib1g-dev libzstd-dev liblzma-dev \
		liblz4-dev libjson-c-dev nettle-dev; do
		grep -qF "from: Debian package $package $(dpkg-query -W -f '${Version}' "$package"), source " out ||
			fail "$package: not named"
		python3 -c 'import sys
sys.exit(open(sys.argv[1]).read() not in open("out").read())' /usr/share/doc/"$package"/copyright ||
			fail "$package: its text is not there"
	done
	# What the texts refer to, too.
	grep -q 'The text that is called /usr/share/common-licenses/GPL-2 above' out
	grep -q 'Version 2, June 1991' out
	refuses licenses --all
	refuses licenses musl
}

@test "licenses: what is linked in is what is listed" {
	local archives archive package

	read -ra archives <<<"$(sed -n 's/^SRC_LIBS := //p' "$ROOT/src/src.mk")"
	for archive in "${archives[@]}" -lgcc; do
		package=$(dpkg-query -S "$(realpath "$(gcc -print-file-name="lib${archive#-l}.a")")")
		"$KTSTR_LAUNCH" licenses | grep -q "^from: Debian package ${package%%:*} " ||
			fail "$archive is of ${package%%:*}, which is not listed"
	done
}

@test "licenses: of wprof and what it brings, where it is built from its source" {
	local wprof=$BATS_TEST_TMPDIR/src

	mkdir -p "$wprof/libbpf" "$wprof/.git"
	echo "the licence of wprof" >"$wprof/LICENSE"
	echo "the licence of libbpf, see /usr/share/common-licenses/Apache-2.0" >"$wprof/libbpf/LICENSE.BSD"
	echo "not a text" >"$wprof/.git/LICENSE"
	run "$ROOT/tools/licenses" --version 1 --busybox prebuilt --tracer source \
		--wprof-source "$wprof" --wprof-version 'v0.4 9afa9ee'
	assert_status 0
	assert_output '^from: wprof v0.4 9afa9ee, LICENSE$' '^the licence of wprof$' \
		'^from: wprof v0.4 9afa9ee, libbpf/LICENSE.BSD$' '^the licence of libbpf' \
		'called /usr/share/common-licenses/Apache-2.0 above' '^from: .*\(BUSYBOX=\)'
	refute_output '^not a text' 'TEXT NOT FOUND'
	# One without a text does not go by in silence.
	rm "$wprof/LICENSE" "$wprof/libbpf/LICENSE.BSD"
	run "$ROOT/tools/licenses" --version 1 --busybox debian --tracer source \
		--wprof-source "$wprof" --wprof-version 'v0.4 9afa9ee'
	assert_output '^TEXT NOT FOUND: '
	KTSTR_LICENSES_DOC=/nowhere run "$ROOT/tools/licenses" --version 1 --busybox debian --tracer builtin
	assert_output '^TEXT NOT FOUND: /nowhere/musl-dev/copyright'
}
