#!/bin/sh
# How long do messages and a pipe's ping-pong take? perf bench sched, of the kernel's tools.
#
# Measured: perf's own times, of 2 groups of messengers, and of 1000 turns through a pipe.
# Threshold: none but perf's end.
#
# Verdict: pass; skip without perf
#ktstr: topology=1n1l4c1t memory_mib=512 timeout_s=300 tool=perf
messaging=$(perf bench --format=simple sched messaging -g 2 -l 100) || exit
pipe=$(perf bench --format=simple sched pipe -l 1000) || exit
echo "messaging $messaging s, pipe $pipe s"
echo "perf.sched-messaging $messaging s lower
perf.sched-pipe $pipe s lower" >>"$KTSTR_METRICS"
