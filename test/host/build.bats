#!/usr/bin/env bats
# Is what `make` gives what was promised, and does make do no more and no less than it must?

load ../helper
load tree

setup_file()
{
	load ../helper
	load tree
	export PRODUCT=$KTSTR_LAUNCH
	# A tree and a build of its own, to change things in.
	export TREE=$BATS_FILE_TMPDIR/tree
	export SCRATCH=$TREE/build
	copy_tree "$TREE"
	copy_build "$TREE"
	in_scratch WPROF=builtin all >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/log"
		return 1
	}
}

in_scratch()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$TREE" --no-print-directory -j2 \
		BUILD=build "$@"
}

@test "the launcher is one static-pie file, stripped, under 4 MiB" {
	run readelf -W -l "$PRODUCT"
	assert_output '^Elf file type is DYN'
	refute_output 'INTERP'
	run readelf -W -d "$PRODUCT"
	refute_output 'NEEDED'
	assert_output 'PIE'
	run readelf -W -S "$PRODUCT"
	refute_output '\.symtab|\.debug_info'
	(($(stat -c %s "$PRODUCT") < 4 * 1024 * 1024))
}

@test "it runs where there is nothing else" {
	((EUID == 0)) || skip "chroot needs root"
	mkdir "$BATS_TEST_TMPDIR/empty"
	cp "$PRODUCT" "$BATS_TEST_TMPDIR/empty/launch"
	run chroot "$BATS_TEST_TMPDIR/empty" /launch blobs --verify
	assert_status 0
	assert_output '^wprof: OK$'
}

@test "what runs in the guest needs no loader" {
	"$PRODUCT" blobs --extract "$BATS_TEST_TMPDIR/x"
	for name in init wprof busybox; do
		run readelf -W -l "$BATS_TEST_TMPDIR/x/$name"
		assert_output 'LOAD'
		refute_output 'INTERP'
	done
}

@test "a second make does nothing" {
	local before

	before=$(find "$SCRATCH" -type f -printf '%p %T@\n' | sort)
	run in_scratch WPROF=builtin
	assert_status 0
	[[ -z $output ]]
	[[ $(find "$SCRATCH" -type f -printf '%p %T@\n' | sort) == "$before" ]]
}

@test "a header's change rebuilds what includes it, and nothing else" {
	local before after

	before=$(cd "$SCRATCH" && stat -c '%n %y' src/util/utf8.o src/cmd_exec.o ktstr-launch)
	touch "$TREE/src/util/utf8.h"
	run in_scratch WPROF=builtin
	assert_status 0
	after=$(cd "$SCRATCH" && stat -c '%n %y' src/util/utf8.o src/cmd_exec.o ktstr-launch)
	run diff <(echo "$before") <(echo "$after")
	assert_output '^> src/util/utf8.o ' '^> ktstr-launch '
	refute_output 'src/cmd_exec.o'
}

@test "WPROF=prebuilt: embeds the given file, and changing it rebuilds" {
	run in_scratch WPROF=prebuilt WPROF_BIN=/bin/busybox
	assert_status 0
	run "$SCRATCH/ktstr-launch" blobs
	assert_output '^wprof +prebuilt '
	"$SCRATCH/ktstr-launch" blobs --extract "$BATS_TEST_TMPDIR/x"
	cmp "$BATS_TEST_TMPDIR/x/wprof" /bin/busybox
	# Another file, older than all that was built.
	cp /bin/true "$BATS_TEST_TMPDIR/other"
	touch -d 2001-01-01 "$BATS_TEST_TMPDIR/other"
	run in_scratch WPROF=prebuilt WPROF_BIN="$BATS_TEST_TMPDIR/other"
	assert_status 0
	"$SCRATCH/ktstr-launch" blobs --extract "$BATS_TEST_TMPDIR/y"
	cmp "$BATS_TEST_TMPDIR/y/wprof" "$BATS_TEST_TMPDIR/other"
	run in_scratch WPROF=builtin
	assert_status 0
	run "$SCRATCH/ktstr-launch" blobs
	assert_output '^wprof +builtin '
}

@test "WPROF=prebuilt: a version that the binary states is kept" {
	cat >"$BATS_TEST_TMPDIR/t.c" <<-'END'
		#include <stdio.h>
		int main(void) { return puts("wprof v0.4-test") < 0; }
	END
	"${CC:-gcc}" -static -o "$BATS_TEST_TMPDIR/t" "$BATS_TEST_TMPDIR/t.c"
	run in_scratch WPROF=prebuilt WPROF_BIN="$BATS_TEST_TMPDIR/t"
	assert_status 0
	run "$SCRATCH/ktstr-launch" blobs
	assert_output '^wprof +prebuilt +wprof v0.4-test '
}

@test "WPROF: what cannot be embedded is refused, with what to do" {
	run in_scratch WPROF=prebuilt
	[[ $status -ne 0 ]]
	assert_output 'needs WPROF_BIN='
	run in_scratch WPROF=prebuilt WPROF_BIN=/no/such/file
	[[ $status -ne 0 ]]
	assert_output "'/no/such/file'"
	run in_scratch WPROF=prebuilt WPROF_BIN=/etc/passwd
	[[ $status -ne 0 ]]
	assert_output "'/etc/passwd' is not an ELF file"
	run in_scratch WPROF=nonsense
	[[ $status -ne 0 ]]
	assert_output 'none of builtin prebuilt source auto'
	run in_scratch WPROF=prebuilt WPROF_BIN=/bin/false
	[[ $status -ne 0 ]]
	assert_output "'/bin/false': answers none of --version, --usage and --help"
	head -c 100 /bin/busybox >"$BATS_TEST_TMPDIR/cut"
	run in_scratch WPROF=prebuilt WPROF_BIN="$BATS_TEST_TMPDIR/cut"
	[[ $status -ne 0 ]]
	assert_output 'truncated'
}

@test "BUSYBOX: one that needs shared libraries is refused" {
	run in_scratch BUSYBOX=/bin/ls
	[[ $status -ne 0 ]]
	assert_output "'/bin/ls' needs shared libraries"
}

@test "install: the binary, its man pages and completions, below DESTDIR and prefix" {
	run in_scratch WPROF=builtin install DESTDIR="$BATS_TEST_TMPDIR/d" prefix=/opt
	assert_status 0
	[[ $(cd "$BATS_TEST_TMPDIR/d" && find . -type f ! -path './opt/share/*') == ./opt/bin/ktstr-launch ]]
	[[ -s $BATS_TEST_TMPDIR/d/opt/share/man/man1/ktstr-launch-run.1 ]]
	"$BATS_TEST_TMPDIR/d/opt/bin/ktstr-launch" --version
}

@test "help: every target has its line" {
	local target

	run in_scratch help
	assert_status 0
	for target in all demo check unit fuzz lint asan bench kernels install dist clean packages help \
		wprof-archive wprof-selftest; do
		assert_output "^$target +[a-z]"
	done
}

@test "packages: nothing is missing, and apt is not called" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho called >>%s/called\nexit 1\n' "$BATS_TEST_TMPDIR" \
		>"$BATS_TEST_TMPDIR/bin/apt-get"
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$ROOT/tools/packages" build lab
	assert_status 0
	[[ -z $output && ! -e $BATS_TEST_TMPDIR/called ]]
}

@test "packages: without dpkg it goes by the programs, names what is missing, and stops" {
	local name

	mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/tools"
	cp "$ROOT/tools/packages" "$BATS_TEST_TMPDIR/tools"
	printf 'some  libx-dev  x\nsome  no-such-program  x\nsome  binutils  x\n' \
		>"$BATS_TEST_TMPDIR/tools/packages.list"
	for name in bash awk dirname readelf; do
		ln -s "$(type -P "$name")" "$BATS_TEST_TMPDIR/bin/$name"
	done
	PATH=$BATS_TEST_TMPDIR/bin run bash "$BATS_TEST_TMPDIR/tools/packages" some
	assert_status 1
	assert_output 'no dpkg.*: libx-dev$' 'missing, by their names in Debian: no-such-program;'
	sed -i /no-such/d "$BATS_TEST_TMPDIR/tools/packages.list"
	PATH=$BATS_TEST_TMPDIR/bin run bash "$BATS_TEST_TMPDIR/tools/packages" some
	assert_status 0
}

@test "packages: what is missing is named before apt is asked, and a failure is said" {
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/tools"
	printf '#!/bin/sh\necho "$@" >>%s/called\nexit 1\n' "$BATS_TEST_TMPDIR" \
		>"$BATS_TEST_TMPDIR/bin/apt-get"
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
	cp "$ROOT/tools/packages" "$BATS_TEST_TMPDIR/tools"
	printf 'some  no-such-package-x  nothing\n' >"$BATS_TEST_TMPDIR/tools/packages.list"
	run "$BATS_TEST_TMPDIR/tools/packages" --check some
	assert_status 1
	assert_output '^packages: missing: no-such-package-x$'
	((EUID == 0)) || return 0
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$BATS_TEST_TMPDIR/tools/packages" some
	assert_status 1
	assert_output '^packages: installing: no-such-package-x$' 'apt-get update failed'
	[[ $(<"$BATS_TEST_TMPDIR/called") == *"install "*"no-such-package-x"*update* ]]
}
