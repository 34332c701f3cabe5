#!/usr/bin/env bats
# Does doctor read real kernels and this host, name what is missing, and answer with its exit status?
# Nothing is booted here, and /dev/kvm need not be there.

load ../helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	KERNEL=${KTSTR_KERNEL:?set it to the path of a kernel image; test/run does}
	unset KTSTR_KERNEL
	export KTSTR_CACHE_DIR=
	config=$(dirname "$KERNEL")/config
}

# doctor ARGS...: runs it; $kernel_part is what it says of kernels, $host_failed whether this host
# alone is reason enough to fail (no /dev/kvm, too little memory).
doctor()
{
	host_failed=0
	"$KTSTR_LAUNCH" doctor >/dev/null 2>&1 || host_failed=$?
	run "$KTSTR_LAUNCH" doctor "$@"
	kernel_part=$(sed -n '/^Kernel /,/^Summary/p' <<<"$output")
}

# beside CONFIG: a folder with the kernel and that configuration, called ./k.
beside()
{
	mkdir k
	cp "$KERNEL" k/vmlinuz
	cp "$1" k/config
}

@test "a stock kernel has all that any run needs" {
	doctor --kernel "$KERNEL"
	assert_status "$host_failed"
	grep -qFx "ok    configuration: $config" <<<"$output" || fail "not the configuration beside it"
	assert_output '^ok +bzImage, [0-9]' \
		'^ok +any run .*64BIT.* DEVMEM' '^ok +the built-in tracer .*EVENT_TRACING' \
		'^[0-9]+ failed, [0-9]+ warnings'
	! grep -q '^FAIL' <<<"$kernel_part" || fail "a stock kernel fails"
	# Nothing is left behind.
	[[ -z $(ls -A) ]] || fail "left behind: $(ls -A)"
}

@test "a kernel without CONFIG_DEVMEM, or with it as a module, fails and says so" {
	sed 's/^CONFIG_DEVMEM=y/# CONFIG_DEVMEM is not set/' "$config" >without
	beside without
	doctor --kernel k/vmlinuz
	assert_status 1
	assert_output '^FAIL +any run +CONFIG_DEVMEM is not set: there is no channel' \
		'^ +build the kernel with CONFIG_DEVMEM=y$' 'a plain run cannot succeed'
	sed 's/^CONFIG_DEVMEM=y/CONFIG_DEVMEM=m/' "$config" >k/config
	doctor --kernel k/vmlinuz
	assert_status 1
	assert_output '^FAIL +any run +CONFIG_DEVMEM is a module'
}

@test "what only a part needs is a warning, and no failure" {
	sed 's/^CONFIG_ACPI_NUMA=y//; s/^CONFIG_DEBUG_INFO_BTF=y/CONFIG_DEBUG_INFO_BTF=n/
		/^CONFIG_BPF_EVENTS=/d' "$config" >without
	beside without
	doctor --kernel k/vmlinuz
	assert_status "$host_failed"
	assert_output '^warn +NUMA nodes +CONFIG_ACPI_NUMA is not set' \
		'^warn +wprof +CONFIG_DEBUG_INFO_BTF is not set' \
		'^warn +wprof +CONFIG_BPF_EVENTS is not set: its BPF programs cannot be attached'
}

@test "no configuration, another program's, another kernel's" {
	beside "$config"
	printf '[core]\n' >k/config
	doctor --kernel k/vmlinuz
	assert_status "$host_failed"
	assert_output "^warn +configuration: configuration 'k/config': no line in it begins with" \
		"put its configuration beside the image, as 'config'"
	rm k/config
	doctor --kernel k/vmlinuz
	assert_output '^warn +configuration: there is none in the image'
	sed 's|^# Linux/x86 [0-9.]*|# Linux/x86 4.1.2|' "$config" >k/config
	doctor --kernel k/vmlinuz
	assert_output '^warn +that configuration is of Linux 4.1.2, the image of '
}

@test "images that are none: absent, a folder, a text, cut off, damaged inside" {
	seq 1000 >text
	head -c 3000000 "$KERNEL" >./cut
	cp "$KERNEL" damaged
	printf 'damaged' | dd of=damaged bs=1 seek=3000000 conv=notrunc status=none
	doctor --kernel nowhere --kernel . --kernel text --kernel cut --kernel damaged
	assert_status 1
	assert_output "^FAIL +kernel 'nowhere': .*No such file" "^FAIL +kernel '.': a folder with none of" \
		"^FAIL +kernel 'text': not a bzImage" "^FAIL +kernel 'cut': truncated" \
		"^FAIL +kernel 'damaged': damaged" '^Kernel cut$' 'copy the bzImage again'
	[[ $(grep -c '^FAIL' <<<"$kernel_part") -eq 5 ]] || fail "not five failures"
}

@test "the configuration inside a kernel is found, and goes before the one beside it" {
	vmlinux=$(dirname "$KERNEL")/vmlinux
	[[ -e $vmlinux ]] || skip "there is no unpacked kernel"
	mkdir k
	cp "$vmlinux" k/vmlinux
	# Within a segment, over code that nobody runs here.
	{
		printf 'IKCFG_ST'
		sed 's/^CONFIG_SIGNALFD=y/CONFIG_SIGNALFD=n/' "$config" | gzip -9
		printf 'IKCFG_ED'
	} >inside
	dd if=inside of=k/vmlinux bs=4096 seek=1024 conv=notrunc status=none
	cp "$config" k/config
	doctor --kernel k/vmlinux
	assert_status 1
	assert_output '^ok +uncompressed vmlinux, ' '^ok +configuration: in the image' \
		'^FAIL +any run +CONFIG_SIGNALFD is not set'
}

@test "an output folder that cannot be is a failure" {
	: >file
	run "$KTSTR_LAUNCH" doctor --out file/below
	assert_status 1
	assert_output "^FAIL +output folder 'file/below': .*Not a directory"
	KTSTR_OUT=file/below run "$KTSTR_LAUNCH" doctor
	assert_status 1
}

@test "the kernel and settings of the environment are taken, and checked" {
	KTSTR_KERNEL=nowhere run "$KTSTR_LAUNCH" doctor
	assert_status 1
	assert_output "kernel 'nowhere'"
	KTSTR_KERNEL=nowhere doctor --kernel "$KERNEL"
	refute_output nowhere
	KTSTR_MEMORY=much run "$KTSTR_LAUNCH" doctor
	assert_status 125
}

@test "wrong usage is refused; --help and --needs tell" {
	local words

	for words in --colour --kernel 'kernel.img' '--boot'; do
		# shellcheck disable=SC2086 # words, to be split
		run "$KTSTR_LAUNCH" doctor $words
		assert_status 125
		assert_output '^ktstr-launch: doctor: .*see ktstr-launch doctor --help$'
		[[ ${#lines[@]} -eq 1 ]] || fail "more than one line"
	done
	run "$KTSTR_LAUNCH" help doctor
	assert_status 0
	assert_output '--kernel IMG' 'Exit status'
	run "$KTSTR_LAUNCH" doctor --needs
	assert_status 0
	assert_output '^\| `CONFIG_64BIT` \| any run \|'
}

@test "--report writes what a bug report needs, whole and without names" {
	doctor
	echo old >report.txt
	mkdir -p "$BATS_TEST_TMPDIR/alice"
	KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/alice USER=alice run "$KTSTR_LAUNCH" doctor --out alice/out --report report.txt
	assert_status "$host_failed"
	output=$(<report.txt)
	assert_output '^ktstr-launch [0-9]' '^kernel: Linux ' '^flags: ' '^== KVM: capabilities$' '^limit open files: ' \
		'^output folder|output folder .<path>.' '^[0-9]+ failed, [0-9]+ warnings'
	refute_output 'alice' '^old$' "$BATS_TEST_TMPDIR" $'\033'
	[[ $(ls) == $'alice\nreport.txt' ]] || fail "left behind: $(ls)"
	run "$KTSTR_LAUNCH" doctor --report nowhere/report.txt
	assert_status 125
	assert_output "^ktstr-launch: doctor: --report: .*nowhere/report.txt"
}

@test "no colour without a terminal, nor with NO_COLOR; colour on one" {
	run "$KTSTR_LAUNCH" doctor
	refute_output $'\033'
	run script -qec "env -u NO_COLOR TERM=xterm '$KTSTR_LAUNCH' doctor" /dev/null
	assert_output $'\033'
	run script -qec "env TERM=xterm NO_COLOR=1 '$KTSTR_LAUNCH' doctor" /dev/null
	refute_output $'\033'
}

@test "README has the table of needs as doctor prints it" {
	run diff <("$KTSTR_LAUNCH" doctor --needs) \
		<(awk '/^\| option \| for \| if not \|/ { show = 1 } show && !/^\|/ { exit } show' "$ROOT/README.md")
	assert_status 0
}
