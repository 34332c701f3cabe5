#!/usr/bin/env bats
# Does what a test brings into its VM come there whole, does it win over what is there for all tests, and is
# too much of it refused with words that help?

load helper

setup()
{
	export KTSTR_TOPOLOGY=1n1l1c1t KTSTR_MEMORY=256
	cd "$BATS_TEST_TMPDIR" || return
}

# of_archive FILE: its members' names, one a line.
of_archive()
{
	if command -v cpio >/dev/null; then
		cpio -it --quiet <"$1"
	else
		busybox cpio -t <"$1" 2>/dev/null
	fi
}

@test "a payload's own programs win over ours, and what it has in /tmp and /run is in sight" {
	local busybox how options=()

	busybox=$(command -v busybox) || skip "no busybox on this machine"
	# Another one than ours by its last bytes.
	{ cat "$busybox" && printf '\nown busybox\n'; } >own-busybox
	printf '#!/bin/sh\necho own ls\n' >own-ls
	mkdir things
	echo 'own thing' >things/thing
	touch -d @1000000000 things/thing
	chmod 640 things/thing
	cat >see <<-'END'
		#!/bin/sh
		ls
		/bin/ls
		tail -n 1 /usr/bin/busybox
		cat /tmp/things/thing /run/things/thing
		stat -c '%a' /tmp /run
		stat -c '%a %Y' /tmp/things/thing
		grep -E ' (/tmp|/run) ' /proc/mounts
		echo "ended $1"
	END
	chmod +x own-busybox own-ls see
	for how in forked booted; do
		[[ $how == forked ]] || options=(--fresh)
		boot "${options[@]}" --include own-busybox:/usr/bin/busybox --include own-ls:/usr/bin/ls \
			--include things:/tmp/things --include things:/run/things -- ./see "$how"
		assert_status 0
		diff stdout - <<-END || fail "$how"
			own ls
			own ls
			own busybox
			own thing
			own thing
			1777
			755
			640 1000000000
			ended $how
		END
	done
}

@test "more than the guest's memory is refused before anything boots, more than is free by the guest" {
	truncate -s 300M large
	boot --include large -- true
	assert_status 125
	assert_output 'what the guest is to unpack takes 30[0-9] MiB, more than its memory of 256 MiB; include less'
	refute_output booting forking
	truncate -s 240M large
	boot --include large -- true
	assert_status 125
	assert_output "^ERROR true: guest's init gave up before the payload started: cargo: what is to be unpacked takes 24[0-9] MiB, and of the guest's memory 1[0-9]* MiB are free for it; include less"
}

@test "--dump-initramfs: one archive, init and payload in it" {
	local names

	echo 'exit 0' >payload
	# A reader stops at the first trailer.
	boot --dump-initramfs all.cpio --include payload:/own/payload -- /bin/sh /own/payload
	assert_status 0
	names=$(of_archive all.cpio)
	for name in init usr/bin/busybox own/payload ktstr/job; do
		grep -qx "$name" <<<"$names" || fail "no '$name' in: $names"
	done
}

# bats test_tags=plain
@test "the date is the host's, also in a fork of a machine that is older" {
	local line guest host

	boot -- true
	sleep 3
	"$KTSTR_LAUNCH" run --quiet -- sh -c 'date +%s' </dev/null | while read -r line; do
		echo "$line $EPOCHSECONDS"
	done >dates
	read -r guest host <dates
	((host - guest >= 0 && host - guest <= 1)) || fail "$(cat dates)"
}
