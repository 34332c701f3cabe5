#!/bin/sh
# A CPU works on in the kernel, in an interrupt, and so with interrupts off.
#ktstr: topology=1n1l2c1t memory_mib=256 timeout_s=0 include=./spin:/bin/spin
#first: ^FAIL .* hard lockup: CPU 1 ran for [0-9.]+ s with interrupts off in bpf_prog_[0-9a-f]+_run_on
#named: ^    \| bpf_prog_[0-9a-f]+_run_on
#dump: any(.inside.cpus[]; .takes_interrupts == false and any(.backtrace.frames[]; contains("_run_on")))
exec spin off 1
