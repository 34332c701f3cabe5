#!/bin/sh
# Does a periodic task come to its run in time? rt-app.
#
# Measured: rt-app's own log of a task that runs for 2 ms each 10 ms, 2 s: the latency of its wake-ups,
# and the slack that it had left in its period.
# Threshold: none but rt-app's end, and a log of 50 periods at least.
#
# Verdict: pass; skip without rt-app
#ktstr: topology=1n1l2c1t memory_mib=512 timeout_s=300 tool=rt-app
cat >/tmp/frame.json <<'END'
{
	"global": { "duration": 2, "calibration": 100, "default_policy": "SCHED_OTHER",
		    "logdir": "/tmp", "log_basename": "rt", "gnuplot": false },
	"tasks": { "frame": { "runtime": 2000, "timer": { "ref": "tick", "period": 10000 } } }
}
END
rt-app /tmp/frame.json || exit
# Columns by their names: they differ between versions. Microseconds.
cat /tmp/rt-frame-*.log | awk '/slack/ { sub("^#", ""); for (i = 1; i <= NF; i++) at[$i] = i; next }
	!at["slack"] || !at["wu_lat"] || $1 !~ /^[0-9]+$/ { next }
	{
		late = $at["wu_lat"]; slack = $at["slack"]
		if (!n || late > max) max = late
		if (!n || slack < min) min = slack
		sum += late; n++
	}
	END {
		if (n < 50) { print "rt-app logged " n + 0 " periods, expected 50 at least" >"/dev/stderr"; exit 1 }
		print "rt-app.wake_max", max, "us lower"
		print "rt-app.wake_avg", sum / n, "us lower"
		print "rt-app.slack_min", min, "us higher"
	}' >>"$KTSTR_METRICS"
