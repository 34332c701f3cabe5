#!/bin/sh
# How late do the timers of a real-time task come? cyclictest, of rt-tests.
#
# Measured: cyclictest's own latencies, of one SCHED_FIFO thread a CPU that wakes each millisecond, 2 s.
# Threshold: none but cyclictest's end; in a VM its figures are the host's as well.
#
# Verdict: pass; skip without cyclictest
#ktstr: topology=1n1l2c1t memory_mib=512 timeout_s=300 tool=cyclictest
cyclictest -q -S -m -p 80 -i 1000 -D 2 >/tmp/out || exit
cat /tmp/out
# "T: 0 (  123) P:80 I:1000 C:   2000 Min:      3 Act:    5 Avg:    6 Max:      52", one line a thread
sed -n 's/^T: *\([0-9]*\) .*Min: *\([0-9]*\).*Avg: *\([0-9]*\).*Max: *\([0-9]*\).*/\1 \2 \3 \4/p' /tmp/out |
	awk '{ if ($4 > max) max = $4; sum += $3; n++ }
		END { if (!n) exit 1
			print "cyclictest.max", max + 0, "us lower"
			print "cyclictest.avg", sum / n, "us lower" }' >>"$KTSTR_METRICS"
