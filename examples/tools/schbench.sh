#!/bin/sh
# How late do the workers of a server wake up, and how long do its requests take? schbench.
#
# Measured: schbench's own percentiles, of 1 message thread with 4 workers, 5 s.
# Threshold: none but schbench's end, and a 99th percentile in what it prints.
#
# No distribution has schbench in a package (git.kernel.org, mason/schbench): build it, and put it in PATH.
#
# Verdict: pass; skip without schbench
#ktstr: topology=1n1l4c1t memory_mib=512 timeout_s=300 tool=schbench
out=$(mktemp)
schbench -m 1 -t 4 -r 5 >"$out" 2>&1
status=$?
cat "$out"
[ $status -eq 0 ] || exit $status
# It prints its percentiles more than once, the last ones are of the whole time. Newer ones:
#	Wakeup Latencies percentiles (usec) runtime 5 (s) (1203 total samples)
#		* 99.0th: 123        (101 samples)
# then "Request Latencies ..." and "RPS ..." likewise, and "average rps: 812.20"; older ones:
#	Latency percentiles (usec)
#		*99.0000th: 123
awk '/Latenc/ { part = tolower($1) == "request" ? "request" : "wakeup" }
	/^RPS/ { part = "" }
	part { for (i = 1; i < NF; i++) if ($i ~ /^[*]?[0-9.]+th:$/) {
		p = $i; gsub(/[*]|th:/, "", p); p += 0
		if (p == 50 || p == 99 || p == 99.9) value[part ".p" p] = $(i + 1) } }
	/^average rps:/ { rps = $3 }
	END {
		for (name in value) print "schbench." name, value[name], "us lower"
		if (rps != "") print "schbench.rps", rps, "/s higher"
		exit !(("wakeup.p99") in value)
	}' "$out" >>"$KTSTR_METRICS"
