#!/usr/bin/env bats
# Does a user at a terminal get a shell in the guest, and his terminal back, whatever happens?

load helper

setup()
{
	export KTSTR_TOPOLOGY=1n1l1c1t KTSTR_MEMORY=512
	by=()
	cd "$BATS_TEST_TMPDIR" || return
}

# at_terminal STEP...: `ktstr-launch shell $shell_options`, run by the command in the array by if it is
# set, with a user who does this
at_terminal()
{
	status=0
	# shellcheck disable=SC2154,SC2086 # several words
	output=$("$KTSTR_TEST_TERMINAL" "$@" -- "${by[@]}" "$KTSTR_LAUNCH" shell ${shell_options-} 2>&1) || status=$?
	output=${output//$'\r'/}
}

shell_exec()
{
	status=0
	"$KTSTR_LAUNCH" shell "$@" >stdout 2>stderr </dev/null || status=$?
	output=$(<stderr)
}

@test "type and see; resize; Ctrl-C, Ctrl-Z and Ctrl-backslash are the guest's; the shell's status" {
	at_terminal 'see:booting' 'see:ktstr:/# ' 'modes:raw' \
		'type:echo $((6*7))-$TERM; tty\r' 'see:\n42-[a-z]' 'see:/dev/pts/0' \
		'type:stty size\r' 'see:\n24 80' \
		'size:31,101' 'pause:1' 'type:stty size\r' 'see:\n31 101' \
		'type:sleep 1000; echo got-$?\r' 'pause:1' 'type:\x03' 'see:# ' 'type:echo after-$?\r' \
		'see:\nafter-130' \
		'type:sleep 1000\r' 'pause:1' 'type:\x1a' 'see:Stopped' 'type:kill %1; fg\r' 'see:# ' \
		'type:sleep 1000\r' 'pause:1' 'type:\x1c' 'see:Quit' \
		'type:echo a~.b ~~\r' 'see:\na~.b ~~\r?\n' \
		'type:exit 7\r'
	assert_status 0
	assert_output '^status=7 modes=same$' 'Enter ~ . leaves'
	refute_output 'FAIL|failure dump'
	[[ ! -e ktstr-out ]]
}

@test "the escape sequence leaves, also where nothing in the guest reads" {
	at_terminal 'see:# ' 'type:stty -icanon -echo; sleep 1000\r' 'pause:1' 'type:keys\r~.'
	assert_status 0
	assert_output '^status=130 modes=same$' 'the guest is ended'
	at_terminal 'see:# ' 'type:true\r' 'see:# ' 'pause:1' 'type:~.'
	assert_status 0
	assert_output '^status=130 modes=same$'
}

@test "more is pasted than the guest takes at once: all of it arrives" {
	local line pasted sum

	line=$(printf '%0100d' 7)
	# More than the inbox and both terminals hold, and for a moment nobody reads; past a second it is lost.
	sum=$(yes "$line" | head -n 1200 | md5sum)
	pasted=$(yes "$line\\r" | head -n 1200 | tr -d '\n')
	at_terminal 'see:# ' 'type:stty -echo; echo go; sleep 0.5; head -n 1200 | md5sum\r' 'see:\ngo' \
		"type:$pasted" "see:${sum%% *}" \
		'type:exit\r'
	assert_status 0
	assert_output '^status=0 modes=same$'
}

@test "a guest that takes no keys, or lies about them, holds nobody" {
	at_terminal 'see:# ' 'type:stty raw -echo; echo go; sleep 1000\r' 'see:\ngo' \
		"type:$(printf '%090000d' 7)" "type:$(printf '%090000d' 7)" 'type:\r~.'
	assert_status 0
	assert_output 'the guest takes no keys; .* lost' '^status=130 modes=same$'
	shell_options="--include $KTSTR_TEST_HOSTILE:/hostile"
	at_terminal 'see:# ' 'type:/hostile inbox\r' 'see:done' 'type:x'
	assert_status 0
	assert_output 'PROTOCOL.*inbox' '^status=123 modes=same$'
}

@test "a killed launcher leaves a sane terminal, by whichever signal" {
	# Not 11: the sanitizers have their own way with it.
	for signal in 9 6 15 1; do
		at_terminal 'see:# ' 'modes:raw' "kill:$signal"
		assert_status 0
		assert_output "^status=$((128 + signal)) modes=same\$"
	done
}

@test "a user who reads nothing can leave, even where keys are lost" {
	# Of standard error, a full pipe, as well. The first keys nearly fill what is on the way; those behind
	# them are read while the output waits.
	by=(bash -c 'exec 2> >(exec tail -f --pid=$$ /dev/null); head -c 65536 /dev/zero >&2; exec "$@"' bash)
	shell_options=--quiet
	at_terminal 'see:# ' 'type:stty raw -echo; echo go; sleep 1; tr "\\0" y </dev/zero\r' 'see:\ngo' \
		"type:$(printf '%056000d' 7)" 'see:yyyy' deaf: 'pause:0.5' \
		"type:$(printf '%046000d' 7)" 'type:\r~.' modes:same
	assert_status 0
	assert_output '^status=130 modes=same$'
}

@test "started in the background, stopped, in the background and in the foreground again" {
	by=(env 'PS1=user> ' bash --norc --noprofile -i -s --)
	at_terminal 'see:user> ' 'type:"$@" &\r' 'see:user> ' 'pause:1' 'type:\r' 'see:Stopped' \
		'type:fg\r' 'see:ktstr:/# ' modes:raw kill:19 'see:Stopped' 'see:user> ' \
		'type:bg\r' 'see:user> ' 'pause:0.5' 'type:echo mine-$((6*7))\r' 'see:mine-42' \
		'type:fg\r' modes:raw 'type:echo guest-$((7*7)); exit 7\r' 'see:guest-49' 'see:user> ' \
		'type:echo shell-$?; exit 3\r' 'see:shell-7'
	assert_status 0
	assert_output '^status=3 modes=same$'
}

@test "the terminal goes away, or the reader of the output" {
	# Not by its signal, which nohup has one ignore.
	by=(sh -c 'trap "" HUP; exec "$@"' sh)
	at_terminal 'see:# ' hangup:
	assert_status 0
	assert_output '^status=129 modes=gone$'
	by=(bash -c '"$@" | head -c 1; exit "${PIPESTATUS[0]}"' bash)
	at_terminal modes:raw 'type:echo\r'
	assert_status 0
	assert_output '^status=141 modes=same$'
}

@test "a panic of the guest is told on a sane terminal" {
	at_terminal 'see:# ' 'type:echo c >/proc/sysrq-trigger\r'
	assert_status 0
	assert_output 'PANIC.*sysrq triggered crash' '^status=120 modes=same$'
}

@test "Ctrl-C while it boots ends it" {
	# It stays there: its init is one that says nothing to us.
	export KTSTR_APPEND='rdinit=/bin/sleep -- 1000'
	at_terminal 'see:booting' 'type:\x03'
	assert_status 0
	assert_output '^status=130 modes=same$'
}

# bats test_tags=plain
@test "the other kernels' terminals do it as well" {
	[[ ${KTSTR_TEST_KERNELS-} ]] || skip "no kernel but the default one is there"
	for KTSTR_KERNEL in $KTSTR_TEST_KERNELS; do
		export KTSTR_KERNEL
		at_terminal 'see:# ' 'type:uname -r; stty size\r' 'see:\n24 80' \
			'type:sleep 1000\r' 'pause:1' 'type:\x03' 'see:# ' 'type:exit 3\r'
		assert_status 0
		assert_output '^status=3 modes=same$' || fail "$KTSTR_KERNEL" || return
	done
}

@test "no terminal: one line that points to --exec" {
	shell_exec
	assert_status 125
	assert_output 'no terminal.*--exec'
	[[ $(wc -l <stderr) -eq 1 ]]
}

@test "--exec: output, exit status, memory as given and no floor; the tracer is there" {
	unset KTSTR_MEMORY
	shell_exec --wprof --exec 'awk "/MemTotal/ { print \$2 }" /proc/meminfo; ls -l /bin/wprof; echo e >&2; exit 9'
	assert_status 9
	assert_output '^e$'
	refute_output 'FAIL|tracer on'
	in_stdout '/bin/wprof'
	[[ $(head -n1 stdout) -lt 1048576 && $(head -n1 stdout) -gt 800000 ]]
	shell_exec --memory 300 --exec 'kill -9 $$'
	assert_status 137
}

@test "--test: topology, memory with its floor, parameters, files, environment of that test" {
	unset KTSTR_MEMORY KTSTR_TOPOLOGY
	mkdir tests
	echo hello >tests/data
	printf '#!/bin/sh\n#ktstr: topology=1n2l1c1t memory_mib=512 wprof append=probe=1 env=MODE=fast\n#ktstr: include=data:/data\nexit 1\n' >tests/mine.sh
	chmod +x tests/mine.sh
	shell_exec --test mine --append probe=2 --exec 'nproc; cat /data /proc/cmdline; echo $MODE; pwd; test -x /bin/wprof && '"$PWD"'/tests/mine.sh'
	assert_status 1
	assert_output '1n2l1c1t, 2048 MiB' "test tests/mine is at $PWD/tests/mine.sh"
	in_stdout '^2$' '^hello$' 'probe=1 probe=2' '^fast$' "^$PWD\$"
	shell_exec --test yours --exec true
	assert_status 125
	assert_output "'yours': neither a file nor the name of a test in this folder or below\$"
	printf '#!/bin/sh\n#ktstr: topologie=1n1l1c1t\n' >tests/yours.sh
	chmod +x tests/yours.sh
	shell_exec --test yours --exec true
	assert_status 125
	assert_output "'yours': neither a file.*; 1 of the files here cannot be used, see ktstr-launch check \.\$"
}
