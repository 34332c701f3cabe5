#!/bin/sh
# Can this kernel take a scheduler written in BPF, and is none loaded yet?
#
# Shows how a test says that it cannot be run here: exit status 4, and the reason on standard error. It
# is then counted as skipped, never as passed.
# Measured: what /sys/kernel/sched_ext says, before and after a busy task has been scheduled for a while.
# Threshold: sched_ext is there (Linux 6.12 or newer, with CONFIG_SCHED_CLASS_EXT), its state is
# "disabled" both times, no scheduler was ever enabled, and the task has run. No times, no tolerance.
#
# Verdict: skip; pass with CONFIG_SCHED_CLASS_EXT=y
#ktstr: topology=1n1l2c1t memory_mib=512 timeout_s=300

ext=/sys/kernel/sched_ext
if [ ! -e $ext/state ]; then
	echo "needs sched_ext: Linux $(uname -r) has no $ext (CONFIG_SCHED_CLASS_EXT)" >&2
	exit 4
fi

sh -c 'while :; do :; done' &
pid=$!
trap '{ kill -9 $pid && wait; } 2>/dev/null' EXIT
look() {
	state=$(cat $ext/state) enabled=$(cat $ext/enable_seq)
	echo "sched_ext is $state, schedulers enabled so far: $enabled"
	if [ "$state" != disabled ] || [ "$enabled" -ne 0 ]; then
		echo "sched_ext is '$state' and was enabled $enabled times, expected a kernel without a BPF scheduler" >&2
		exit 1
	fi
}
look
tries=0 ran=0
while [ "$ran" -lt 500000000 ]; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ]; then
		echo "a busy task ran only $ran ns of 40 s under the default scheduler" >&2
		exit 1
	fi
	sleep 0.2
	ran=$(cut -d' ' -f1 /proc/$pid/schedstat)
done
look
