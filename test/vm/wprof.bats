#!/usr/bin/env bats
# Does a tracer that wprof's recipe made of its source work in the guest? The one of
# test/fixtures/wprof, compiled by `make standin`.

load helper

setup()
{
	export KTSTR_TOPOLOGY=1n1l2c1t
	[[ -x ${KTSTR_TEST_SOURCE-}/wprof ]] ||
		fail "KTSTR_TEST_SOURCE='${KTSTR_TEST_SOURCE-}': no wprof in it; \`make standin\` makes it in build/test/source" ||
		return
	export KTSTR_WPROF_PATH=$KTSTR_TEST_SOURCE/wprof
}

# A load that is in the kernel most of the time.
busy='i=0; while [ $i -lt 100 ]; do cat /proc/interrupts >/dev/null; i=$((i + 1)); done'

# Two shells that wait for each other, without a program between: many more switches than the 4 KiB of a
# ring hold between two looks of the tracer, on a slow host and on a fast one.
switches='mkfifo /tmp/ask /tmp/answer
	while read -r line; do echo "$line"; done </tmp/ask >/tmp/answer &
	exec 3>/tmp/ask 4</tmp/answer
	i=0; while [ $i -lt 2000 ]; do echo $i >&3; read -r line <&4; i=$((i + 1)); done'

# trace_names TRACE: what its events are called (field 23 of a track event).
trace_names() { protoc --decode_raw <"$1" | sed -n 's/^ *23: "\(.*\)"$/\1/p' | sort -u; }

# cpus_in_trace TRACE: how many CPUs have switched tasks in it.
cpus_in_trace() { trace_names "$1" | sed -n 's/^CPU \([0-9]*\): .*/\1/p' | sort -u | wc -l; }

@test "on 2 CPUs: it records with BPF, and the stacks have the kernel's own names" {
	boot --wprof=always --wprof-args '-d 60000 -S --ringbuf-size=256000 --ringbuf-cnt=8' --timeout 1000 -- \
		sh -c "cut -d ' ' -f 3 /proc/kallsyms | cut -f 1; $busy"
	assert_status 0
	assert_output ' 2048 MiB, tracer on'
	[[ $(cpus_in_trace "$(dump_file .wprof.pb)") -eq 2 ]]
	trace_names "$(dump_file .wprof.pb)" | grep -v '^CPU ' | LC_ALL=C sort >names
	LC_ALL=C sort -u stdout >kallsyms
	[[ $(wc -l <names) -ge 5 ]] || fail "only these: $(<names)"
	LC_ALL=C comm -23 names kallsyms >unknown
	# A frame may stand between two functions, where it has an address only.
	[[ $(wc -l <unknown) -le $(($(wc -l <names) / 10)) ]] || fail "not in kallsyms: $(<unknown)"
}

# With the default arguments: eight ring buffers of 256 MiB, and the memory is derived from that, with 4 MiB a CPU
# of the flight recorder's. Arguments: topology, MiB.
default_rings()
{
	boot --topology "$1" --wprof=always --timeout 1000 -- sh -c 'nproc; i=0
		while [ $i -lt 20 ]; do i=$((i + 1)); sleep 0.1 & done; wait'
	assert_status 0
	assert_output "$1, $2 MiB, tracer on"
	refute_output 'tracer: ' 'warning'
	# How many of them switch is up to the scheduler; the idle ones' last switch is before it began.
	[[ $(cpus_in_trace "$(dump_file .wprof.pb)") -ge 4 ]]
}

@test "on 8 CPUs: the default ring buffers have their memory" {
	default_rings 1n1l8c1t 2592
}

@test "on 16 CPUs: the default ring buffers have their memory" {
	default_rings 1n2l8c1t 2624
}

@test "where its ring buffers do not fit: the warning has both numbers, then its own words" {
	boot --memory 400 --wprof=always --timeout 1000 -- sh -c 'exit 4'
	assert_status 4
	assert_output 'warning: memory 400 MiB as given is below the 2048 MiB .* ring buffers take 512 MiB' \
		'tracer: failed: ended with status 12 before it was ready; ENOMEM: no room for its ring buffers' \
		'Failed to create BPF ringbuf #[01]: -12'
	[[ -z $(find ktstr-out -name '*.wprof.pb*') ]]
}

@test "as the user's own tracer in a failing run: its lost events are said" {
	# By another process's descriptor: also the repro VM, made with fewer rights, has it.
	exec 9<"$KTSTR_WPROF_PATH"
	KTSTR_WPROF_PATH=/proc/$BASHPID/fd/9
	boot --wprof --wprof-args '-d 60000 --ringbuf-size=4' --timeout 1000 -- sh -c "$switches; exit 3"
	assert_status 3
	assert_output 'repro: same failure .*with the tracer on' 'events were lost' '!!! Drops: [0-9]+ events' '^  trace .*\.repro\.wprof\.pb'
	[[ $(cpus_in_trace "$(dump_file .repro.wprof.pb)") -ge 1 ]]
}

@test "on a kernel that is too old for it: one line says so, and the verdict stands" {
	old=$(tr ' ' '\n' <<<"$KTSTR_TEST_KERNELS" | grep '/6\.1\.') || skip "no kernel of 6.1 is there"
	# With an option that it does not know it ends as wprof does where BPF fails: before it is ready.
	boot --kernel "$old" --wprof=always --wprof-args '--no-such-option' -- sh -c 'exit 4'
	assert_status 4
	assert_output 'tracer: failed: ended with status 64 before it was ready; kernel 6.1 is older than the 6.6'
	[[ -z $(find ktstr-out -name '*.wprof.pb*') ]]
}
