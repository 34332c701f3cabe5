#!/bin/sh
# A scheduler calls scx_bpf_error.
#ktstr: topology=1n1l2c1t memory_mib=256 scheduler=./scx_ktstr scheduler_args="--error-on asked"
#first: ^FAIL .* scheduler 'scx_ktstr' was ejected by the kernel .*: scx_bpf_error: scx_ktstr: an error was asked for when pid [0-9]+ runs
#named: ^    \| asked\[[0-9]+\] triggered exit kind
#named: ^    \| +bpf_prog_.*_ktstr_running\+
#dump: .scheduler | .reason == "scx_bpf_error" and .ended_after_s >= 0.9 and .args == ["--error-on", "asked"]
#dump: any(.scheduler.dump[]; contains("_ktstr_running+")) and any(.scheduler.text[]; contains("CPU states"))
sleep 1
printf asked >/proc/self/comm
sleep 1
