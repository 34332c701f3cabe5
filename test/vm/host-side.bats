#!/usr/bin/env bats
# Does the launcher leave its host as it found it, whatever happens while a VM runs?

load helper

setup()
{
	export KTSTR_TOPOLOGY=1n1l1c1t KTSTR_MEMORY=512
	cd "$BATS_TEST_TMPDIR" || return
}

# in_guest TEXT: wait until the payload, whose output goes to the file stdout, has said TEXT.
in_guest()
{
	wait_for grep -q "$1" stdout
}

@test "ten runs at once all end right" {
	# They are forks, so that ten can be at work at once also where a boot takes its time.
	boot -- true
	assert_status 0
	for i in $(seq 10); do
		"$KTSTR_LAUNCH" run --quiet --out out -- sh -c "echo run $i; exit $((i % 2))" \
			>"stdout.$i" 2>"stderr.$i" &
		pids[i]=$!
	done
	for i in $(seq 10); do
		status=0
		wait "${pids[i]}" || status=$?
		[[ $status -eq $((i % 2)) ]] || fail "run $i ended with $status: $(<"stderr.$i")"
		[[ $(<"stdout.$i") == "run $i" ]]
	done
	[[ $(find out -name '*.failure-dump.json' | wc -l) -eq 5 ]]
}

@test "in a folder that holds the launcher, a kernel and /dev/kvm, and no /proc, a run is a run" {
	((EUID == 0)) || skip "chroot needs root"
	! readelf -W -l "$KTSTR_LAUNCH" | grep -q INTERP || skip "the sanitized launcher is not static"
	mkdir -p bare/dev
	cp "$KTSTR_LAUNCH" bare/ktstr-launch
	cp "$KTSTR_KERNEL" bare/vmlinuz
	mknod bare/dev/kvm c 10 232
	[[ -r bare/dev/kvm ]] && : <>bare/dev/kvm || skip "no devices in $PWD"
	run env -u KTSTR_CACHE_DIR KTSTR_KERNEL=/vmlinuz KTSTR_MEMORY=2048 chroot bare \
		/ktstr-launch run --wprof -- sh -c 'echo from the guest; exit 7'
	assert_status 7
	assert_output '^from the guest$' 'same failure .* with the tracer on' '\(Perfetto\)'
	[[ -s $(echo bare/ktstr-out/*/*.repro.wprof.pb) ]]
}

@test "SIGINT and SIGTERM end a run at once with 130 and 143" {
	for signal in INT TERM; do
		rm -f stdout
		# Bash starts background jobs with SIGINT ignored; env gives it back.
		env --default-signal=INT "$KTSTR_LAUNCH" run -- sh -c 'echo up; sleep 1000' >stdout 2>stderr &
		pid=$!
		in_guest up
		grep -qx 'NoNewPrivs:.1' "/proc/$pid/status" || fail "it may gain privileges"
		kill -s "$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		output=$(<stderr)
		[[ $status -eq $((128 + $(kill -l "$signal"))) ]] || fail "SIG$signal gave $status"
		assert_output '^INTERRUPTED sh: '
	done
}

@test "SIGINT while the guest boots ends the run as well" {
	env --default-signal=INT "$KTSTR_LAUNCH" run --fresh -- true >stdout 2>stderr &
	pid=$!
	wait_for grep -q booting stderr
	kill -s INT "$pid"
	status=0
	wait "$pid" || status=$?
	[[ $status -eq 130 ]] || fail "gave $status: $(<stderr)"
}

# own_files: all that a run could leave, but for what this test and the run's own folder hold.
own_files()
{
	# Others may make files there meanwhile.
	find /dev/shm ! -type d -name '*ktstr*'
	find . ! -type d ! -path ./before ! -path ./stdout ! -path ./stderr \
		! -path './ktstr-out/sh-0001/*' ! -path './cache/vmlinux-*' ! -path ./cache/.locks
}

@test "SIGKILL leaves no process and no file but the run's own folder and the cache's" {
	export KTSTR_CACHE_DIR=$PWD/cache
	own_files | sort >before
	"$KTSTR_LAUNCH" run --wprof -- sh -c 'echo up; sleep 1000' >stdout 2>stderr &
	pid=$!
	in_guest up
	[[ -e /proc/$pid ]]
	processes="$pid $(cat /proc/"$pid"/task/*/children)"
	kill -9 "$pid"
	wait "$pid" || true
	for process in $processes; do
		# Its children, if it had any, die of it, which takes a moment.
		wait_for test ! -e "/proc/$process" ||
			fail "left: $(tr '\0' ' ' <"/proc/$process/cmdline")"
	done
	[[ -n $(find cache -name 'vmlinux-*') ]]
	output=$(own_files | sort | comm -13 before -)
	[[ -z $output ]] || fail "files are left"
}

@test "SIGTERM while the repro VM runs ends it; the first VM's verdict and dump stand" {
	# With the tracer beside it, the payload would go on for ever.
	"$KTSTR_LAUNCH" run --wprof -- sh -c 'pidof wprof && sleep 1000; exit 6' >stdout 2>stderr &
	pid=$!
	wait_for grep -q 'tracer on$' stderr
	sleep 2
	kill -s TERM "$pid"
	status=0
	wait "$pid" || status=$?
	output=$(<stderr)
	assert_status 6
	assert_output '^FAIL sh: payload exited with status 6' 'repro: undecided'
	dump=$(dump_file)
	assert_json "$dump"
	grep -q '"result":"undecided"' "$dump"
	[[ -z $(find ktstr-out -name '*.partial' -o -name '*.wprof.pb') ]]
}

@test "a full disk is said, leaves only whole files, and the payload's status stands" {
	[[ $EUID -eq 0 ]] || skip "mounting a small file system takes root"
	mkdir small
	mount -t tmpfs -o size=16k tmpfs small
	# So many processes make a trace that is larger than that.
	boot --wprof --out small -- sh -c 'for i in $(seq 300); do (true); done; exit 6'
	cp -r small left
	umount small
	assert_status 6
	assert_output '^FAIL sh: payload exited with status 6 after' 'No space left on device'
	while read -r file; do
		assert_json "$file"
	done < <(find left -name '*.json')
	left=$(find left -type f ! -name '*.json')
	[[ -z $left ]] || fail "left: $left"
}

@test "an output that takes nothing is said, and is a failure of the launcher's" {
	status=0
	output=$("$KTSTR_LAUNCH" run -- sh -c 'echo x' 2>&1 >/dev/full) || status=$?
	assert_status 125
	assert_output "writing the payload's standard output.*No space left"
}

@test "a reader that is slow gets everything, and its delay is not the test's" {
	{
		status=0
		"$KTSTR_LAUNCH" run --timeout 1000 -- sh -c 'yes | head -c 8000000' 2>stderr ||
			status=$?
		echo "$status" >status
	} | (sleep 12 && md5sum) >sum
	status=$(<status) output=$(<stderr)
	assert_status 0
	assert_output '^PASS sh: '
	diff sum <(yes | head -c 8000000 | md5sum)
}

@test "/dev/kvm gone or not permitted: one line that says what to do" {
	[[ $EUID -eq 0 ]] || skip "hiding /dev/kvm takes root"
	run unshare -m sh -c "mount -t tmpfs none /dev; '$KTSTR_LAUNCH' run -- true"
	assert_status 125
	assert_output '/dev/kvm: No such file' 'kvm-lab'
	run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "
		cd /tmp && mkdir -p nobody && cd nobody; '$KTSTR_LAUNCH' run -- true"
	[[ $status -eq 125 ]]
	assert_output '/dev/kvm: Permission denied' 'group'
}

@test "memory too small for kernel and initramfs is refused with the numbers" {
	boot --memory 40 -- true
	assert_status 125
	assert_output 'run: .*MiB.*--memory'
}

@test "memory of which the host has not enough is refused with the number" {
	boot --memory 100000000 -- true
	assert_status 125
	assert_output '^ktstr-launch: run: .*100000000 MiB'
}

# in_cgroup MIB CMD...: with no more memory than that.
in_cgroup()
{
	local top=/sys/fs/cgroup group=/sys/fs/cgroup/ktstr-test

	mountpoint -q $top || mount -t cgroup2 none $top || return
	echo +memory >$top/cgroup.subtree_control && mkdir -p $group && echo "$1M" >$group/memory.max || return
	sh -c 'echo $$ >"$0" && exec "$@"' $group/cgroup.procs "${@:2}"
}

@test "a guest that has room without its base only boots, and says so with the numbers" {
	[[ ${KTSTR_LAB_INSIDE-} ]] || skip 'for the emulated host: it makes a cgroup'
	KTSTR_CACHE_DIR='' run in_cgroup 100 "$KTSTR_LAUNCH" run -- true
	assert_status 125
	assert_output 'guest memory: 512 MiB, and [0-9]+ more for .*, is more than the 100 MiB that this container'
	[[ $output =~ ' MiB, and '([0-9]+)' more ' ]]
	# A little more, but not as much as a kernel has touched when it has booted.
	KTSTR_CACHE_DIR='' run in_cgroup $((512 + BASH_REMATCH[1] + 16)) "$KTSTR_LAUNCH" run -- true
	assert_status 0
	assert_output 'not forked, it boots: guest memory: 512 MiB, .*, [0-9]+ for the machine that it is forked from, '
}

@test "--dump-acpi writes tables that iasl accepts; an existing file is not overwritten" {
	command -v iasl >/dev/null || skip "no iasl on this machine"
	# The tables are there before the boot is tried, and its outcome is of no interest here.
	timeout 600 "$KTSTR_LAUNCH" probe --boot-timeout 0.2 --topology 2n4l2c2t --dump-acpi acpi ||
		true
	run iasl -d acpi/{apic,srat,slit,dsdt}*
	assert_status 0
	refute_output 'Error'
	boot --dump-acpi acpi -- true
	assert_status 125
	assert_output '^ktstr-launch: run: .*acpi/.*exist'
}

@test "the report's first word has a line of its own; --stderr replaces what its link leads to" {
	# Both streams and the report in one pipe, as on a terminal.
	run "$KTSTR_LAUNCH" run -- sh -c 'printf x; printf y >&2; exit 3'
	assert_status 3
	assert_output '^(xy|yx)$' '^FAIL sh: '
	# What goes elsewhere is left as it is, byte by byte.
	echo old >words
	ln -s words link
	"$KTSTR_LAUNCH" run --stderr link -- sh -c 'printf x; printf y >&2' >stdout 2>stderr
	diff <(printf x) stdout
	diff <(printf y) words
	[[ -L link && $(<stderr) == *$'\nPASS sh: '* ]] || fail "$(<stderr)"
	[[ $(tail -c 1 stderr | od -An -c) == *'\n'* && $(grep -c '^$' stderr) -eq 0 ]] || fail "$(<stderr)"
}
