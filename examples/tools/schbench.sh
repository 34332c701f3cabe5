#!/bin/sh
# How late do the workers of a server wake up, and how long do its requests take? schbench.
#
# Measured: schbench's own percentiles, of 1 message thread with 4 workers, 5 s.
# Threshold: none but schbench's end, and a 99th percentile in what it prints.
#
# Verdict: pass; skip without schbench
#ktstr: topology=1n1l4c1t memory_mib=512 timeout_s=300 tool=schbench
schbench -m 1 -t 4 -r 5 >/tmp/out 2>&1
status=$?
cat /tmp/out
[ $status -eq 0 ] || exit $status
# It prints its percentiles more than once, the last ones are of the whole time: "* 99.0th: 123 (4 samples)",
# below "Wakeup Latencies percentiles (usec) ..." and, newer ones, "Request Latencies ..." and "RPS ...".
awk '/Latenc/ { part = tolower($1) == "request" ? "request" : "wakeup" }
	/^RPS/ { part = "" }
	part { for (i = 1; i < NF; i++) if ($i ~ /^(50|99|99\.9)(\.0*)?th:$/) {
		p = $i; sub(/(\.0+)?th:$/, "", p); value[part ".p" p] = $(i + 1) } }
	END {
		for (name in value) { print "schbench." name, value[name], "us lower"; n++ }
		exit !(("wakeup.p99") in value)
	}' /tmp/out >>"$KTSTR_METRICS"
