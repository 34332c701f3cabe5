#!/bin/sh
# A scheduler runs on below a run queue's lock with interrupts off: sched_ext's watchdog hangs as well.
#ktstr: topology=1n1l2c1t memory_mib=256 scheduler=./scx_ktstr scheduler_args="--spin 1000 --timeout-ms 30000"
#first: ^FAIL .* hard lockup: CPU [01] (ran for [0-9.]+ s|is) with interrupts off in bpf_prog_[0-9a-f]+_run_on
#named: ^    \| bpf_prog_[0-9a-f]+_run_on
#named: ^    \| bpf_prog_[0-9a-f]+_ktstr_enqueue\+
#dump: any(.inside.cpus[]; .takes_interrupts == false and any(.backtrace.frames[]; contains("_run_on")))
while :; do sleep 0.1; done
