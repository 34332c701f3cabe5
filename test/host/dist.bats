#!/usr/bin/env bats
# Is one file enough, and is it the same one whoever builds it?

load ../helper
load tree
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# in_tree FOLDER ARG...: make there, as from a shell of its own.
in_tree()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD make -C "$1" --no-print-directory -j2 \
		WPROF=builtin "${@:2}" >log 2>&1 || fail "$*: $(tail -n 20 log)"
}

# a_checkout FOLDER: a repository with this source as its one commit.
a_checkout()
{
	copy_tree "$1"
	echo /build/ >"$1/.gitignore"
	git -C "$1" init -q
	git -C "$1" add -A
	GIT_COMMITTER_DATE='2026-01-01 00:00' git -C "$1" -c user.name=t -c user.email=t@example.org \
		-c commit.gpgsign=false commit -q -m all --date '2026-01-01 00:00'
}

@test "dist: what make has built step by step and a clean build elsewhere are the same, and say their commit; a changed one says so" {
	local commit

	a_checkout one
	copy_build one
	git clone -q one two-of-another-length
	commit=$(git -C one rev-parse HEAD | cut -c 1-7)
	in_tree one dist
	run cat log
	assert_output "^[0-9a-f]{64}  ktstr-launch$"
	(
		umask 077
		TZ=Pacific/Auckland LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=1 CFLAGS='-O2 -g3' \
			in_tree two-of-another-length BUILD="$PWD/elsewhere" dist
	)
	cmp one/build/dist/ktstr-launch elsewhere/dist/ktstr-launch
	(cd elsewhere/dist && sha256sum -c --quiet ktstr-launch.sha256)
	run elsewhere/dist/ktstr-launch --version
	assert_status 0
	[[ $output == "ktstr-launch "[0-9]*.*" (commit $commit)" ]] || fail "not this commit: $commit"
	# Nothing of this machine's folders is in it.
	run ! grep -qF "$BATS_TEST_TMPDIR" one/build/dist/ktstr-launch

	# Another state of the source is another version, and costs one file to compile.
	echo '/* more */' >>one/src/cmd_man.c
	in_tree one all
	[[ $(one/build/ktstr-launch --version) == *" (commit $commit-dirty)" ]]
	[[ $(grep -c '^  CC' log) -eq 2 ]] || fail "compiled: $(cat log)"
	git -C one checkout -q src/cmd_man.c
	echo >one/src/new.c
	in_tree one all
	[[ $(one/build/ktstr-launch --version) == *" (commit $commit-dirty)" ]]
	rm one/src/new.c
	# A tree that is no checkout says no commit, whatever it lies in.
	rm -rf one/.git
	in_tree one all
	[[ $(one/build/ktstr-launch --version) =~ ^ktstr-launch\ [0-9.]+$ ]]
}

# make_bare: a folder to chroot into, with the launcher and a kernel in it and nothing else.
make_bare()
{
	((EUID == 0)) || skip "chroot needs root"
	mkdir bare
	cp "$KTSTR_LAUNCH" bare/ktstr-launch
	cp "${KTSTR_KERNEL:?set it to the path of a kernel image; test/run does}" bare/vmlinuz
	unset KTSTR_KERNEL
}

@test "in a bare chroot: all that is printed, and run comes as far as /dev/kvm" {
	make_bare
	run chroot bare /ktstr-launch --version
	assert_status 0
	run chroot bare /ktstr-launch blobs --verify
	assert_status 0
	for words in licenses man 'man run' 'completion bash' 'completion zsh' 'completion fish' --help; do
		# shellcheck disable=SC2086
		run chroot bare /ktstr-launch $words
		[[ $status -eq 0 && $output == *launch* ]] || fail "$words"
	done
	run chroot bare /ktstr-launch run --kernel /vmlinuz -- true
	assert_status 125
	assert_output "^ktstr-launch: .*/dev/kvm.*No such file"
	# It left nothing but, at most, the unpacked kernel in its cache.
	[[ $(find bare -type f ! -path '*/.cache/ktstr/*' | wc -l) -eq 2 ]] ||
		fail "left: $(find bare -type f)"
}
