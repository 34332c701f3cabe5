#!/usr/bin/env bats
# Does a bats file work that is written from the README alone? It knows nothing of this project's own
# helpers: it finds ktstr-launch in PATH, and the kernel in KTSTR_KERNEL.

# Only this: the launcher under test is the one in PATH.
PATH=${KTSTR_LAUNCH:+$(dirname "$KTSTR_LAUNCH"):}$PATH
unset KTSTR_LAUNCH

# shellcheck disable=SC1090
source <(ktstr-launch bats-helper)

setup() {
    ktstr_skip_without_kvm
    export KTSTR_TOPOLOGY=1n1l1c1t KTSTR_MEMORY=512
}

@test "two CPUs are two CPUs" {
    ktstr_run --topology 1n1l2c1t -- nproc
    ktstr_assert_verdict pass
    ktstr_assert_guest_stdout '^2$'
    [ "$status" -eq 0 ]
    [[ $output == *"PASS nproc: "* ]]
}

@test "a failure is traced" {
    ktstr_run --memory 2048 --wprof -- sh -c 'echo sorry >&2; sleep 1; exit 3'
    ktstr_assert_verdict fail
    ktstr_assert_status 3
    ktstr_assert_cause 'exited with status 3'
    ktstr_assert_guest_stderr '^sorry$'
    ktstr_assert_artefact .failure-dump.json
    ktstr_assert_trace_has_task sleep
    grep -q '"verdict":"fail"' "$(ktstr_artefact .failure-dump.json)"
    # All the rest of standard error is the launcher's.
    [ "$(ktstr_guest_stderr)" = sorry ]
}

@test "a hang ends at its limit, a panic at once" {
    ktstr_run --timeout 1 -- sleep 1000
    ktstr_assert_verdict timeout
    ktstr_assert_status 124
    ktstr_run -- sh -c 'printf "no end of line" >&2; echo c >/proc/sysrq-trigger; sleep 100'
    ktstr_assert_verdict panic
    ktstr_assert_cause 'sysrq triggered crash'
    [ "$(ktstr_guest_stderr)" = "no end of line" ]
}

@test "what the payload says comes byte for byte" {
    head -c 20000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
    ktstr_run --include "$BATS_TEST_TMPDIR/noise:/noise" -- sh -c 'cat /noise; cat /noise >&2; exit 5'
    ktstr_assert_verdict fail
    ktstr_guest_stdout | cmp - "$BATS_TEST_TMPDIR/noise"
    ktstr_guest_stderr | cmp - "$BATS_TEST_TMPDIR/noise"
}

@test "test files with directives" {
    cd "$BATS_TEST_TMPDIR"
    mkdir tests
    printf '#!/bin/sh\n#ktstr: topology=1n1l1c1t memory_mib=512\nexit 0\n' >tests/good.sh
    printf '#!/bin/sh\n#ktstr: topology=1n1l1c1t memory_mib=512\nexit 4\n' >tests/later.sh
    chmod +x tests/*.sh
    ktstr_test tests
    ktstr_assert_status 0
    ktstr_assert_outcome good pass
    ktstr_assert_outcome later skip
    [[ $(ktstr_result later cause) == *"exit status 4"* ]]
}

@test "an assertion that does not hold says what was there, and how to see it again" {
    ktstr_run -- sh -c 'echo words; exit 1'
    run ktstr_assert_verdict pass
    [ "$status" -eq 1 ]
    [[ $output == *"wanted the verdict pass, it is fail: payload exited with status 1"* ]]
    [[ $output == *"| words"* ]]
    [[ $output == *"artefacts    $BATS_TEST_TMPDIR/ktstr-out/sh-0001/"* ]]
    # The command that it prints does the same.
    replay=$(sed -n 's/^  replay  *//p' <<<"$output" | head -n 1)
    run bash -c "$replay"
    [ "$status" -eq 1 ]
    [[ $output == *"FAIL sh: "* ]]
}
