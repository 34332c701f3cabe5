#!/bin/sh
# A scheduler dispatches nothing any more, and the kernel's watchdog ejects it.
#ktstr: topology=1n1l2c1t memory_mib=256 scheduler=./scx_ktstr scheduler_args="--stall=500 --timeout-ms 2500"
#first: ^FAIL .* scheduler 'scx_ktstr' was ejected by the kernel .*: runnable task stall: (.*\[[0-9]+\] failed to run|watchdog failed to check in) for
#named: ^    \| .*R .*\[[0-9]+\]
#dump: .scheduler | .reason == "runnable task stall" and .end == "ejected"
while grep -q enabled /sys/kernel/sched_ext/state; do sleep 0.2; done
