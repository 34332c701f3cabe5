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
busy='i=0; while [ $i -lt 300 ]; do cat /proc/interrupts >/dev/null; i=$((i + 1)); done'

# trace_names TRACE: what its events are called (field 23 of a track event).
trace_names() { protoc --decode_raw <"$1" | sed -n 's/^ *23: "\(.*\)"$/\1/p' | sort -u; }

@test "it traces, and the stacks have the kernel's own names" {
	boot --wprof=always --timeout 100 -- \
		sh -c "cut -d ' ' -f 3 /proc/kallsyms | cut -f 1; $busy"
	assert_status 0
	trace_names "$(dump_file .wprof.pb)" >names
	sort -u stdout >kallsyms
	[[ $(wc -l <names) -ge 5 ]] || fail "only these: $(<names)"
	comm -23 names kallsyms >unknown
	# A frame may stand between two functions, where it has an address only.
	[[ $(wc -l <unknown) -le $(($(wc -l <names) / 10)) ]] || fail "not in kallsyms: $(<unknown)"
}

@test "as the user's own tracer in a failing run: its lost events are said" {
	boot --wprof --wprof-args '-d 60000 -f fast --ringbuf-size=4' --timeout 100 -- sh -c "$busy; exit 3"
	assert_status 3
	assert_output 'repro: same failure .*with the tracer on' 'events were lost' '!!! Drops: [0-9]+ samples' '^  trace .*\.repro\.wprof\.pb'
	[[ $(trace_names "$(dump_file .repro.wprof.pb)" | wc -l) -ge 5 ]]
}

@test "on a kernel that is too old for it: one line says so, and the verdict stands" {
	old=$(tr ' ' '\n' <<<"$KTSTR_TEST_KERNELS" | grep '/6\.1\.')
	# With an option that it does not know it ends as wprof does where BPF fails: before it is ready.
	boot --kernel "$old" --wprof=always --wprof-args '--no-such-option' -- sh -c 'exit 4'
	assert_status 4
	assert_output 'tracer: failed: ended with status 64 before it was ready; kernel 6.1 is older than the 6.6'
	[[ -z $(find ktstr-out -name '*.pb*') ]]
}
