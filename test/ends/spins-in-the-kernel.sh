#!/bin/sh
# A CPU works on in the kernel, with its interrupts on.
#ktstr: topology=1n1l2c1t memory_mib=256 timeout_s=0 include=./spin:/bin/spin
#first: ^FAIL .* soft lockup: CPU 1 ran spin\[[0-9]+\] for [0-9.]+ s in the kernel without a switch in bpf_prog_[0-9a-f]+_run_on
#named: ^  CPU 1: spin\[[0-9]+\], in the kernel
#named: ^    \| bpf_prog_[0-9a-f]+_run_on
#dump: any(.inside.cpus[]; .task.name == "spin" and any(.backtrace.frames[]; contains("_run_on")))
exec spin on 1
