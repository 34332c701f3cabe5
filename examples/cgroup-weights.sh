#!/bin/sh
# Do two cgroups share one CPU by their cpu.weight?
#
# Two tasks that never sleep are bound to the same CPU, each in a cgroup of its own: "light" has
# cpu.weight 100, "heavy" 300. Measured is cpu.stat's usage_usec of both, from when both run until they
# have had 4 s together.
# Threshold: heavy gets 75 % of that, give or take 15. It is a ratio of time on the CPU: a slow host
# makes the test longer and changes no share. A busy one that takes the CPU away for long charges that
# to whoever had it then; with equal weights, 50 %, a share 8 off was seen in an overloaded emulated
# host. So 75 % stays inside of these limits, and 50 % outside.
#
# Verdict: pass
#ktstr: topology=1n1l2c1t memory_mib=512 timeout_s=300 timed

root=/sys/fs/cgroup
light=$root/light.$$ heavy=$root/heavy.$$
pids=
cleanup() {
	# shellcheck disable=SC2086 # one word a process
	[ -z "$pids" ] || { kill -9 $pids && wait; } 2>/dev/null
	rmdir "$light" "$heavy" 2>/dev/null
}
trap cleanup EXIT
broken() {
	echo "cgroup-weights: $1" >&2
	exit 2
}

echo +cpu >$root/cgroup.subtree_control || broken "cgroup2 has no cpu controller here"
mkdir "$light" "$heavy" || broken "cannot make cgroups"
echo 100 >"$light/cpu.weight" || broken "cannot set cpu.weight"
echo 300 >"$heavy/cpu.weight" || broken "cannot set cpu.weight"

cpu=$(($(nproc) - 1))
for group in "$light" "$heavy"; do
	taskset -c $cpu sh -c 'while :; do :; done' &
	pids="$pids $!"
	echo $! >"$group/cgroup.procs" || broken "cannot move a task into $group"
done

# Microseconds on a CPU.
used() {
	sed -n 's/^usage_usec //p' "$1/cpu.stat"
}
sleep 0.5
light_began=$(used "$light") heavy_began=$(used "$heavy")
tries=0 both_ms=0
while [ $both_ms -lt 4000 ]; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || broken "the two had only $both_ms ms on a CPU in 100 s"
	sleep 0.5
	light_ms=$((($(used "$light") - light_began) / 1000))
	heavy_ms=$((($(used "$heavy") - heavy_began) / 1000))
	both_ms=$((light_ms + heavy_ms))
done

share=$((100 * heavy_ms / both_ms))
echo "weight 100 ran $light_ms ms, weight 300 ran $heavy_ms ms: a share of $share %"
if [ $share -lt 60 ] || [ $share -gt 90 ]; then
	echo "the cgroup of weight 300 got $share % of CPU $cpu beside one of weight 100, expected 60 to 90 %" >&2
	exit 1
fi
