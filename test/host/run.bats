#!/usr/bin/env bats
# Is everything that `run` can refuse before it boots refused, each with a line that says what to do?
# No VM is booted here, and /dev/kvm need not be there: what opens it is in test/vm/host-side.bats.

load ../helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	KERNEL=${KTSTR_KERNEL:?set it to the path of a kernel image; test/run does}
	unset KTSTR_KERNEL
}

# refused STATUS PATTERN ARGS...: run says no, in one line that matches, and leaves nothing behind.
refused()
{
	local want=$1 pattern=$2
	shift 2

	run "-$want" "$KTSTR_LAUNCH" run "$@"
	assert_status "$want" || return
	assert_output "^ktstr-launch: run: .*$pattern" || return
	[[ ${#lines[@]} -eq 1 ]] || fail "more than one line" || return
	[[ -z $(find . -path './ktstr-out/*') ]] || fail "left behind: $(find .)"
}

@test "no kernel, no command, an unknown option, a missing value" {
	refused 125 "no kernel given; give --kernel" -- true
	refused 125 "no command given" --kernel "$KERNEL"
	refused 125 "option '--colour': not known" --colour -- true
	refused 125 "option '--kernel' needs a value" --kernel
	run "$KTSTR_LAUNCH" run --help
	assert_status 0
	assert_output '--topology' 'Exit status'
}

# interrupted ENV ARGS...: run finds a SIGINT that has come before it, and ends by it.
interrupted()
{
	run -130 env "$1" python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGINT)
os.execv(sys.argv[1], sys.argv[1:])' "$KTSTR_LAUNCH" run --kernel "$KERNEL" "${@:2}"
	assert_output '^INTERRUPTED true: interrupted by SIGINT .signal 2. before init.s first word'
	refute_output 'booting'
}

@test "Ctrl-C ends it also while the kernel is unpacked and the initramfs is packed" {
	# Without a cache it is the unpacking; the kernel as it is leaves the packing.
	interrupted KTSTR_CACHE_DIR= -- true
	interrupted KTSTR_CACHE_DIR= --kaslr -- true
}

# start ARGS...: run in the background, its process in pid; such a job ignores SIGINT by itself.
start()
{
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$KTSTR_LAUNCH" run "$@" 3>&- 9>&- &
	pid=$!
}

# ends_by_sigint: it does, although it waits for something that never comes.
ends_by_sigint()
{
	local status=0

	kill -INT "$pid"
	timeout 60 tail --pid="$pid" -f /dev/null || kill -KILL "$pid"
	wait "$pid" || status=$?
	((status == 130)) || fail "it ended with $status"
}

@test "Ctrl-C ends it also while another launcher unpacks the package" {
	mkdir -p boot cache/packages
	cp "$KERNEL" boot/vmlinuz-1
	tar -caf data.tar.xz ./boot
	echo 2.0 >debian-binary
	ar rc k.deb debian-binary data.tar.xz
	# Its lock, which is waited for.
	exec 9<cache/packages
	flock 9
	KTSTR_CACHE_DIR=cache start --kernel k.deb -- true
	# shellcheck disable=SC2016 # for that shell
	wait_for sh -c 'readlink /proc/$1/fd/* | grep -q /cache/packages' sh "$pid"
	ends_by_sigint
}

@test "Ctrl-C ends it also while --stderr is a FIFO without a reader" {
	mkfifo fifo
	start --kernel "$KERNEL" --stderr fifo -- true
	# It sleeps, and still does: it waits.
	# shellcheck disable=SC2016 # for that shell
	wait_for sh -c 'for i in 1 2 3 4 5; do
		grep -q ktstr-launch "/proc/$1/comm" && grep -q "^State:.S" "/proc/$1/status" || exit
		sleep 0.1
	done' sh "$pid"
	ends_by_sigint
}

@test "--bisect: what could not be run is skipped; it takes boot and nothing else" {
	refused 125 "payload './nowhere': No such file" --bisect --kernel "$KERNEL" -- ./nowhere
	refused 125 "payload './nowhere': No such file" --bisect=boot --kernel "$KERNEL" -- ./nowhere
	refused 125 "--bisect 'yes': takes 'boot' or nothing" --bisect=yes --kernel "$KERNEL" -- true
}

@test "kernel images that are none: absent, a folder, empty, text, cut off, 32-bit, another machine" {
	refused 125 "'nowhere': .*No such file" --kernel nowhere -- true
	refused 125 "'.': .*(folder|directory)" --kernel . -- true
	: >empty
	refused 125 "kernel 'empty'" --kernel empty -- true
	seq 1000 >text
	refused 125 "kernel 'text': .*(HdrS|bzImage)" --kernel text -- true
	head -c 3000000 "$KERNEL" >./cut
	refused 125 "kernel 'cut': .*(truncated|cut|bytes)" --kernel cut -- true
	# XLF_KERNEL_64 is bit 0 of xloadflags at 0x236.
	cp "$KERNEL" old
	printf '\0\0' | dd of=old bs=1 seek=$((0x236)) conv=notrunc status=none
	refused 125 "kernel 'old': .*(32-bit|64)" --kernel old -- true
	# e_machine, at 18, says aarch64.
	cp "$KTSTR_LAUNCH" arm
	printf '\267\0' | dd of=arm bs=1 seek=18 conv=notrunc status=none
	refused 125 "kernel 'arm': .*another machine" --kernel arm -- true
}

@test "payloads that cannot be: absent, a folder, not executable, cut off, another machine, 32-bit" {
	refused 127 "payload './nowhere': No such file" --kernel "$KERNEL" -- ./nowhere
	refused 127 "payload 'no-such-program': found neither in PATH" --kernel "$KERNEL" -- no-such-program
	mkdir folder
	refused 126 "payload './folder': a folder" --kernel "$KERNEL" -- ./folder
	: >plain
	refused 126 "payload './plain': not an executable" --kernel "$KERNEL" -- ./plain
	head -c 5000 "$(command -v bash)" >./cut
	chmod +x cut
	refused 125 "cut'?: .*(truncated|beyond|cut)" --kernel "$KERNEL" -- ./cut
	cp "$(command -v bash)" arm
	printf '\267\0' | dd of=arm bs=1 seek=18 conv=notrunc status=none
	refused 125 "aarch64" --kernel "$KERNEL" -- ./arm
	cp "$(command -v bash)" small
	printf '\1' | dd of=small bs=1 seek=4 conv=notrunc status=none
	refused 125 "32-bit" --kernel "$KERNEL" -- ./small
}

@test "a missing library is named with who wants it and where was looked" {
	command -v gcc >/dev/null || skip "no compiler on this machine"
	echo 'int f(void); int f(void) { return 0; }' >lib.c
	echo 'int f(void); int main(void) { return f(); }' >main.c
	gcc -shared -fPIC -o libgone.so lib.c
	# shellcheck disable=SC2016 # $ORIGIN is the loader's
	gcc -o wants main.c -L. -lgone -Wl,-rpath,'$ORIGIN/libs'
	refused 125 "wants.*libgone.so.*libs" --kernel "$KERNEL" -- ./wants
}

@test "topologies: malformed, zero, llcs no multiple of nodes, too many CPUs" {
	for spec in banana 1n1l2c 1n1l2c1tx 1l1n1c1t '' ' 1n1l1c1t' -1n1l1c1t 99999999999n1l1c1t; do
		refused 125 "--topology: .*" --kernel "$KERNEL" --topology "$spec" -- true
	done
	refused 125 "--topology: .*(zero|0|at least)" --kernel "$KERNEL" --topology 1n1l0c1t -- true
	refused 125 "--topology: .*multiple" --kernel "$KERNEL" --topology 2n3l1c1t -- true
	refused 125 "--topology: .*1024" --kernel "$KERNEL" --topology 1n1l1025c1t -- true
}

@test "memory: no number, zero" {
	for mib in 0 -5 12x '' 1e3; do
		refused 125 "--memory" --kernel "$KERNEL" --memory "$mib" -- true
	done
}

@test "time limits, --env and --include that make no sense" {
	refused 125 "--timeout 'soon'" --kernel "$KERNEL" --timeout soon -- true
	refused 125 "--timeout '-1'" --kernel "$KERNEL" --timeout -1 -- true
	refused 125 "--stall-timeout 'x'" --kernel "$KERNEL" --stall-timeout x -- true
	refused 125 "--env 'NOVALUE'" --kernel "$KERNEL" --env NOVALUE -- true
	refused 125 "--include '/bin/ls:relative'" --kernel "$KERNEL" --include /bin/ls:relative -- true
	refused 125 "nowhere" --kernel "$KERNEL" --include /nowhere -- true
}

@test "a standard input and modules that cannot be had" {
	refused 125 "--stdin '/nowhere': No such file" --kernel "$KERNEL" --stdin /nowhere -- true
	refused 125 "--stdin '/': a folder" --kernel "$KERNEL" --stdin / -- true
	refused 125 "--module '': takes a module's name" --kernel "$KERNEL" --module '' -- true
	refused 125 "module 'nothing': .*/lib/modules/.* has none of this name" --kernel "$KERNEL" \
		--module nothing -- true
	refused 125 "--modules '/proc': no modules.dep of [0-9]" --kernel "$KERNEL" --module loop \
		--modules /proc -- true
	refused 125 "'/bin/true': no kernel module: an ELF file of another kind" --kernel "$KERNEL" \
		--module /bin/true -- true
	refused 125 "module 'ext4': it is built into this kernel, .*--append 'ext4.x=1'" \
		--kernel "$KERNEL" --module 'ext4 x=1' -- true
}

@test "an interpreter that is a version manager's shim, or that --with does not know" {
	local shims="$BATS_TEST_TMPDIR/.pyenv/shims"

	mkdir -p "$shims"
	cat >"$shims/python3" <<-'END'
		#!/usr/bin/env bash
		exec "/root/.pyenv/libexec/pyenv" exec "${0##*/}" "$@"
	END
	printf '#!/usr/bin/env python3\n' >"$BATS_TEST_TMPDIR/script.py"
	chmod +x "$shims/python3" "$BATS_TEST_TMPDIR/script.py"
	PATH=$shims:$PATH refused 125 "shims/python3' is a version manager's shim.*\`pyenv which python3\`" --kernel "$KERNEL" -- python3 -c ''
	PATH=$shims:$PATH refused 125 "script\.py'.*'.*shims/python3' is a version manager's shim" --kernel "$KERNEL" -- "$BATS_TEST_TMPDIR/script.py"
	PATH=$shims:$PATH refused 125 "--with python3: .*version manager's shim" --kernel "$KERNEL" --with python3 -- true
	refused 125 "--with 'ruby': takes python3, perl or bash" --kernel "$KERNEL" --with ruby -- true
	refused 125 "--with python0.1: it is in no folder of PATH" --kernel "$KERNEL" --with python0.1 -- true
}

@test "a kernel command line that the kernel would cut, or that is no line" {
	refused 125 "there is room for [0-9]+; shorten --append" --kernel "$KERNEL" --append "$(printf 'x%.0s' $(seq 2000))" -- true
	refused 125 "control character" --kernel "$KERNEL" --append $'a\nb' -- true
}

@test "tracer arguments that cannot pass, and a tracer that is none" {
	refused 125 "--wprof|quote|KTSTR_WPROF_ARGS|argument" --kernel "$KERNEL" --wprof --wprof-args "-d '5'" -- true
	refused 125 "argument|control" --kernel "$KERNEL" --wprof --wprof-args $'-d \x1f5' -- true
	refused 125 "20[0-9][0-9]" --kernel "$KERNEL" --wprof --wprof-args "$(printf 'x%.0s' $(seq 2040))" -- true
	refused 125 "--wprof 'sometimes'" --kernel "$KERNEL" --wprof=sometimes -- true
	echo text >text
	for path in /nowhere / "$PWD/text"; do
		KTSTR_WPROF_PATH=$path refused 125 "KTSTR_WPROF_PATH" --kernel "$KERNEL" -- true
	done
}

@test "an output folder that cannot be: a file, not writable" {
	: >file
	refused 125 "file" --kernel "$KERNEL" --out file -- true
	refused 125 "/proc/nope" --kernel "$KERNEL" --out /proc/nope -- true
}

@test "settings from the environment are options, and wrong ones name the variable" {
	KTSTR_TOPOLOGY=banana refused 125 "KTSTR_TOPOLOGY" --kernel "$KERNEL" -- true
	KTSTR_MEMORY=none refused 125 "KTSTR_MEMORY" --kernel "$KERNEL" -- true
	KTSTR_KERNEL=nowhere refused 125 "'nowhere'" -- true
}

@test "a payload's directives: what is wrong is told with its line, and what has no VM is refused" {
	printf '#!/bin/sh\n#ktstr: memory_mb=512\n' >wrong.sh
	printf '#!/bin/sh\n#ktstr: host_only\n' >host.sh
	printf '#!/bin/sh\n#ktstr: min_cpus=4 topology=1n1l4c1t\n' >wide.sh
	printf '#!/bin/sh\n#ktstr: topology=1n1l2c1t\n' >both.sh
	: >both.sh.ktstr
	chmod +x ./*.sh
	refused 125 "/wrong.sh:2: unknown key 'memory_mb'; did you mean 'memory_mib'" --kernel "$KERNEL" -- ./wrong.sh
	refused 125 "/host.sh: it says host_only, and so has no VM" --kernel "$KERNEL" ./host.sh
	refused 125 "--topology: .*/wide.sh: .*4" --kernel "$KERNEL" --topology 1n1l2c1t ./wide.sh
	refused 125 "both.sh.ktstr:1: '.*' carries directives itself" --kernel "$KERNEL" ./both.sh
	# The directives are all that was wrong.
	for file in wrong host wide both; do
		refused 125 "quote|argument" --no-directives --kernel "$KERNEL" --wprof --wprof-args "-d '5'" ./$file.sh
	done
	# One in PATH has them as well.
	PATH=$PWD:$PATH refused 125 "/wrong.sh:2: unknown key" --kernel "$KERNEL" -- wrong.sh
}

@test "--stderr: what stands there stays where nothing is run; a folder that is not" {
	echo mine >words
	refused 125 "kernel 'nowhere'" --kernel nowhere --stderr words -- true
	diff words - <<<mine
	refused 125 "--stderr: 'nowhere/words': its folder: No such file" \
		--kernel "$KERNEL" --stderr nowhere/words -- true
	refused 125 "--stderr: '.' is a folder" --kernel "$KERNEL" --stderr . -- true
}
