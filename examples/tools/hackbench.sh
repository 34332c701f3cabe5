#!/bin/sh
# How long do groups of senders and receivers take to pass their messages? hackbench, of rt-tests.
#
# Measured: hackbench's own time, of 2 groups of 20 senders and 20 receivers, 200 messages each.
# Threshold: none but hackbench's end; its figure is a metric.
#
# Verdict: pass; skip without hackbench
#ktstr: topology=1n1l4c1t memory_mib=512 timeout_s=300 tool=hackbench
hackbench -g 2 -l 200 >/tmp/out || exit
cat /tmp/out
awk '$1 == "Time:" { print "hackbench.time", $2, "s lower"; n++ } END { exit n != 1 }' /tmp/out >>"$KTSTR_METRICS"
