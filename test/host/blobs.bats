#!/usr/bin/env bats
# What is embedded, is it whole, and does it come out?

load ../helper

@test "blobs: lists each with provider, version, sizes and digest" {
	run "$KTSTR_LAUNCH" blobs
	assert_status 0
	[[ ${lines[0]} =~ ^NAME\ +PROVIDER\ +VERSION\ +SIZE\ +STORED\ +SHA-256$ ]]
	assert_output '^init +builtin +[0-9.]+ +[0-9]+ +[0-9]+ +[0-9a-f]{64}$'
	assert_output '^wprof +(builtin|prebuilt|source) +.* +[0-9]+ +[0-9]+ +[0-9a-f]{64}$'
	assert_output '^busybox +' '^applets +' '^licenses +builtin'
}

@test "blobs --extract: what comes out has the listed size and digest" {
	local name size digest

	"$KTSTR_LAUNCH" blobs --extract "$BATS_TEST_TMPDIR/a/b"
	while read -r name size digest; do
		[[ $(stat -c '%s' "$BATS_TEST_TMPDIR/a/b/$name") == "$size" ]]
		[[ $(sha256sum <"$BATS_TEST_TMPDIR/a/b/$name") == "$digest  -" ]]
		[[ $(stat -c '%a' "$BATS_TEST_TMPDIR/a/b/$name") == 555 ]]
	done < <("$KTSTR_LAUNCH" blobs | awk 'NR > 1 { print $1, $(NF - 2), $NF }')
	[[ $(find "$BATS_TEST_TMPDIR/a/b" -type f | wc -l) -eq $("$KTSTR_LAUNCH" blobs | sed 1d | wc -l) ]]
}

@test "blobs --extract: the busybox runs, and has the applets that are listed" {
	"$KTSTR_LAUNCH" blobs --extract "$BATS_TEST_TMPDIR/x"
	[[ $("$BATS_TEST_TMPDIR/x/busybox" echo hello) == hello ]]
	diff <("$BATS_TEST_TMPDIR/x/busybox" --list-full) "$BATS_TEST_TMPDIR/x/applets"
	grep -qx bin/sh "$BATS_TEST_TMPDIR/x/applets"
}

@test "blobs --extract: overwrites nothing" {
	mkdir "$BATS_TEST_TMPDIR/x"
	echo mine >"$BATS_TEST_TMPDIR/x/wprof"
	run "$KTSTR_LAUNCH" blobs --extract "$BATS_TEST_TMPDIR/x"
	assert_status 125
	assert_output "^ktstr-launch: .*x/wprof' exists already"
	[[ $(<"$BATS_TEST_TMPDIR/x/wprof") == mine ]]
}

@test "blobs --extract: a folder that cannot be made" {
	echo >"$BATS_TEST_TMPDIR/file"
	run "$KTSTR_LAUNCH" blobs --extract "$BATS_TEST_TMPDIR/file/x"
	assert_status 125
	assert_output "^ktstr-launch: blobs: .*file. is a file, not a folder"
}

@test "blobs --extract: a full disk leaves no partial file" {
	((EUID == 0)) || skip "mounting needs root"
	mkdir "$BATS_TEST_TMPDIR/small"
	run unshare -m sh -c '
		mount -t tmpfs -o size=256k none "$1" && "$2" blobs --extract "$1"
		status=$?; find "$1" -name busybox; exit $status' \
		sh "$BATS_TEST_TMPDIR/small" "$KTSTR_LAUNCH"
	assert_status 125
	assert_output "^ktstr-launch: .*No space left"
	refute_output "small/busybox$"
}

@test "blobs --verify: all is well" {
	run "$KTSTR_LAUNCH" blobs --verify
	assert_status 0
	[[ $output == "$("$KTSTR_LAUNCH" blobs | awk 'NR > 1 { print $1 ": OK" }')" ]]
}

@test "blobs --verify: one flipped bit in the stored bytes is seen, and named" {
	local bin=$BATS_TEST_TMPDIR/damaged stored offset byte

	cp "$KTSTR_LAUNCH" "$bin"
	stored=$(dirname "$KTSTR_LAUNCH")/embed/busybox.stored
	offset=$(python3 -c 'import sys
print(open(sys.argv[1], "rb").read().find(open(sys.argv[2], "rb").read()))' "$bin" "$stored")
	[[ $offset -gt 0 ]]
	offset=$((offset + 5000))
	byte=$(od -An -tu1 -j "$offset" -N 1 "$bin")
	printf '%b' "\\x$(printf %02x $((byte ^ 1)))" |
		dd of="$bin" bs=1 seek="$offset" conv=notrunc status=none
	run "$bin" blobs --verify
	assert_status 125
	assert_output '^init: OK$' '^wprof: OK$' '^applets: OK$' "^ktstr-launch: .*'busybox'.*damaged"
	refute_output '^busybox: OK$'
	# Nor is it written out.
	run "$bin" blobs --extract "$BATS_TEST_TMPDIR/x"
	assert_status 125
	[[ ! -e $BATS_TEST_TMPDIR/x/busybox ]]
}

@test "blobs: bad options and arguments" {
	run "$KTSTR_LAUNCH" blobs --verfy
	assert_status 125
	assert_output "^ktstr-launch: blobs: option '--verfy': not known"
	run "$KTSTR_LAUNCH" blobs --extract
	assert_status 125
	assert_output "^ktstr-launch: blobs: option '--extract' needs a value"
	run "$KTSTR_LAUNCH" blobs wprof
	assert_status 125
	assert_output "^ktstr-launch: blobs: argument 'wprof': not known"
}

@test "blobs: a standard output that takes nothing is an error" {
	run sh -c '"$1" blobs >/dev/full' sh "$KTSTR_LAUNCH"
	assert_status 125
	assert_output "^ktstr-launch: .*No space left"
}
