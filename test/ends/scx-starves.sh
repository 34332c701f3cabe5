#!/bin/sh
# A scheduler never runs one task, and the kernel's watchdog ejects it.
#ktstr: topology=1n1l2c1t memory_mib=256 scheduler=./scx_ktstr scheduler_args="--starve victim --timeout-ms 2500"
#first: ^FAIL .* scheduler 'scx_ktstr' was ejected by the kernel .*: runnable task stall: victim\[[0-9]+\] failed to run for
#named: ^    \| .*R victim\[[0-9]+\]
#dump: any(.scheduler.dump[]; contains("R victim["))
(printf victim >/proc/self/comm; while :; do :; done) &
while grep -q enabled /sys/kernel/sched_ext/state; do sleep 0.2; done
kill $!
