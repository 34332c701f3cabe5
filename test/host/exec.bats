#!/usr/bin/env bats
# Does a command of this machine find the tracer, and does its end come through?

bats_require_minimum_version 1.5.0
load ../helper

wprof_digest()
{
	"$KTSTR_LAUNCH" blobs | awk '$1 == "wprof" { print $NF }'
}

@test "exec: KTSTR_WPROF_PATH names the blob, in the form /proc/<pid>/fd/<n>" {
	run "$KTSTR_LAUNCH" exec -- sh -c 'echo "$$ $KTSTR_WPROF_PATH"; sha256sum <"$KTSTR_WPROF_PATH"'
	assert_status 0
	# The pid is that of the command, which took the launcher's place.
	[[ ${lines[0]} =~ ^([0-9]+)\ /proc/([0-9]+)/fd/[0-9]+$ ]]
	[[ ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]]
	[[ ${lines[1]} == "$(wprof_digest)  -" ]]
}

@test "exec: a grandchild that closed all its descriptors opens the path" {
	run "$KTSTR_LAUNCH" exec -- bash -c '
		bash -c "for fd in /proc/self/fd/*; do
			fd=\${fd##*/}; ((fd > 2)) && eval \"exec \$fd>&-\"
		done
		ls /proc/self/fd | wc -l
		sha256sum <\"\$KTSTR_WPROF_PATH\"
		true"
		true'
	assert_status 0
	# 0, 1, 2 and that of the listing itself.
	[[ ${lines[0]} -eq 4 ]]
	[[ ${lines[1]} == "$(wprof_digest)  -" ]]
}

@test "exec: descriptors that a script opens for itself do not break the path" {
	# What takes the place may be a pipe, which never ends.
	run timeout 300 "$KTSTR_LAUNCH" exec -- bash -c '
		for fd in {3..31} 63 64 99 100 199 255; do
			eval "exec $fd>&1"
		done
		bash -c "sha256sum <\"\$KTSTR_WPROF_PATH\""
		true'
	assert_status 0
	[[ $output == "$(wprof_digest)  -" ]]
}

@test "exec: a bats file finds the tracer" {
	# Bats looks for such lines in this file, too, wherever they stand.
	printf '@%s "inner" {\n\tsha256sum <"$KTSTR_WPROF_PATH" >"$DIGEST"\n}\n' test \
		>"$BATS_TEST_TMPDIR/inner.bats"
	# Nothing of this bats: the inner one would take itself for a part of it.
	run env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$HOME" \
		DIGEST="$BATS_TEST_TMPDIR/digest" \
		timeout 300 "$KTSTR_LAUNCH" exec -- bats "$BATS_TEST_TMPDIR/inner.bats"
	assert_status 0
	[[ $(<"$BATS_TEST_TMPDIR/digest") == "$(wprof_digest)  -" ]]
}

@test "exec: the blob cannot be written through the path" {
	run "$KTSTR_LAUNCH" exec -- bash -c 'printf x >>"$KTSTR_WPROF_PATH"'
	[[ $status -ne 0 ]]
	assert_output 'Operation not permitted|Permission denied'
	run "$KTSTR_LAUNCH" exec -- bash -c 'dd if=/dev/zero of="$KTSTR_WPROF_PATH" bs=1 count=1 conv=notrunc'
	[[ $status -ne 0 ]]
	assert_output 'Operation not permitted|Permission denied'
}

@test "exec: the tracer runs by its path" {
	if [[ $(cat /proc/sys/vm/memfd_noexec 2>/dev/null) == 2 ]]; then
		skip "this machine forbids it (vm.memfd_noexec=2)"
	fi
	run "$KTSTR_LAUNCH" exec -- bash -c '"$KTSTR_WPROF_PATH" --no-such-option'
	[[ $status -ne 126 && $status -ne 127 && $status -ne 0 ]]
}

@test "exec: where the machine forbids executable memfds the blob is readable and sealed" {
	local forbid='echo 2 >/proc/sys/vm/memfd_noexec'

	# The setting belongs to the pid namespace (Linux 6.6); a new one ends with the test.
	if ! unshare -p -f --mount-proc sh -c "$forbid" 2>/dev/null; then
		skip "vm.memfd_noexec cannot be set here (root, Linux 6.3)"
	fi
	run unshare -p -f --mount-proc sh -c "$forbid"'
		exec "$0" exec -- sh -c "stat -L -c %a \"\$KTSTR_WPROF_PATH\"
			sha256sum <\"\$KTSTR_WPROF_PATH\""' "$KTSTR_LAUNCH"
	assert_status 0
	[[ ${lines[0]} == 444 ]]
	[[ ${lines[1]} == "$(wprof_digest)  -" ]]
}

@test "exec: exit statuses come through, 126 and 127 say why" {
	run "$KTSTR_LAUNCH" exec -- sh -c 'exit 7'
	assert_status 7
	run "$KTSTR_LAUNCH" exec sh -c 'exit 8'
	assert_status 8
	run -127 "$KTSTR_LAUNCH" exec -- no-such-command-here
	assert_output "^ktstr-launch: .*'no-such-command-here'.*No such file"
	run "$KTSTR_LAUNCH" exec -- /etc/passwd
	assert_status 126
	assert_output "^ktstr-launch: .*'/etc/passwd'.*Permission denied"
	run "$KTSTR_LAUNCH" exec
	assert_status 125
	run "$KTSTR_LAUNCH" exec --bad -- true
	assert_status 125
	assert_output "^ktstr-launch: exec: option '--bad': not known"
}

@test "exec: the user's own tracer wins, and is reported in one line" {
	KTSTR_WPROF_PATH=/bin/busybox run "$KTSTR_LAUNCH" exec -- sh -c 'echo "$KTSTR_WPROF_PATH"'
	assert_status 0
	[[ ${#lines[@]} -eq 2 ]]
	assert_output "^ktstr-launch: exec: using your own tracer, KTSTR_WPROF_PATH='/bin/busybox'$" \
		'^/bin/busybox$'
}

@test "exec within exec: the same path, and nothing to report" {
	run "$KTSTR_LAUNCH" exec -- sh -c 'echo "$KTSTR_WPROF_PATH"; "$0" exec -- sh -c "echo \"\$KTSTR_WPROF_PATH\""; true' \
		"$KTSTR_LAUNCH"
	assert_status 0
	[[ ${#lines[@]} -eq 2 && ${lines[0]} == "${lines[1]}" ]]
}

@test "exec: a variable that names nothing, a folder, a text file is an error" {
	local path

	for path in /no/such/file "$BATS_TEST_TMPDIR" /etc/passwd ""; do
		KTSTR_WPROF_PATH=$path run "$KTSTR_LAUNCH" exec -- echo ran
		assert_status 125
		assert_output "^ktstr-launch: exec: KTSTR_WPROF_PATH='$path': .*unset KTSTR_WPROF_PATH"
		refute_output '^ran$'
	done
}

@test "main: version, help, unknown commands" {
	run "$KTSTR_LAUNCH" --version
	assert_status 0
	[[ $output =~ ^ktstr-launch\ [0-9]+\.[0-9]+\.[0-9]+(\ \(commit\ [0-9a-f]+(-dirty)?\))?$ ]]
	run "$KTSTR_LAUNCH" --help
	assert_status 0
	assert_output '^Usage:' '^  run ' '^  probe ' '^  exec ' '^  blobs '
	run "$KTSTR_LAUNCH" help exec
	assert_status 0
	assert_output '^Usage: ktstr-launch exec '
	run "$KTSTR_LAUNCH"
	assert_status 125
	run "$KTSTR_LAUNCH" bolbs
	assert_status 125
	[[ $output == "ktstr-launch: command 'bolbs': not known; did you mean 'blobs'?" ]]
	run "$KTSTR_LAUNCH" something
	assert_status 125
	[[ $output == "ktstr-launch: command 'something': not known; see ktstr-launch --help" ]]
	run "$KTSTR_LAUNCH" --nothing
	assert_status 125
	assert_output "^ktstr-launch: option '--nothing'"
}

@test "main: closed standard descriptors are not handed to the blob" {
	run bash -c '"$0" exec -- sh -c "echo \"\$KTSTR_WPROF_PATH\" >&2" <&- >&-' "$KTSTR_LAUNCH"
	assert_status 0
	[[ $output =~ /fd/([0-9]+)$ ]]
	((BASH_REMATCH[1] > 2))
}

@test "exec: the command keeps its rights, it may call sudo" {
	before=$(grep NoNewPrivs /proc/self/status)
	run "$KTSTR_LAUNCH" exec -- grep NoNewPrivs /proc/self/status
	assert_status 0
	[[ $output == "$before" ]] || fail "$output"
}
