#!/bin/sh
# How much do stressors get done? stress-ng.
#
# Measured: stress-ng's own counts of operations, of two stressors each of cpu and switch, 2 s.
# Threshold: none but stress-ng's end.
#
# Verdict: pass; skip without stress-ng
#ktstr: topology=1n1l4c1t memory_mib=512 timeout_s=300 tool=stress-ng
stress-ng --cpu 2 --switch 2 --timeout 2 --metrics --yaml /tmp/out || exit
awk '$2 == "stressor:" { name = $3 }
	$1 == "bogo-ops-per-second-real-time:" { print "stress-ng." name ".ops", $2, "/s higher"; n++ }
	END { exit n != 2 }' /tmp/out >>"$KTSTR_METRICS"
