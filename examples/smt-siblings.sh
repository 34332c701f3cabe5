#!/bin/sh
# Do two busy tasks on an idle machine get a core each, rather than the two threads of one?
#
# Both start bound to the two threads of the first core. Then they are let free, and the scheduler has
# 3 s at most to move one to a core that is idle.
# Measured: the CPU that each is on (/proc/PID/stat, field 39), 30 times, a tenth of a second apart;
# which threads are a core's is read from sysfs.
# Threshold: on different cores in at least 80 % of the samples. A scheduler that is blind to
# siblings has no reason to move either: both threads have one task. What remains of 100 % is for the test's
# own steps, which now and then wake up beside them. Samples, no times: a host on which the guest's CPUs
# share one real CPU is the same to the guest's scheduler.
#
# Verdict: pass
#ktstr: topology=1n1l2c2t memory_mib=512 timeout_s=300 requires_smt min_cpus=4 timed

# $core_N: the CPUs of the core that CPU N is a thread of.
for dir in /sys/devices/system/cpu/cpu[0-9]*; do
	eval "core_${dir##*/cpu}=$(cat "$dir/topology/thread_siblings_list")"
done
# shellcheck disable=SC2154 # from the eval
siblings=$core_0
cores=$(set | grep '^core_[0-9]' | cut -d= -f2 | sort -u | wc -l)
case $siblings in
*[-,]*) ;;
*)
	echo "smt-siblings: needs cores of two threads, CPU 0 has no sibling" >&2
	exit 4
	;;
esac
if [ "$cores" -lt 2 ]; then
	echo "smt-siblings: needs two cores, has $cores" >&2
	exit 4
fi

taskset -c "$siblings" sh -c 'while :; do :; done' &
first=$!
taskset -c "$siblings" sh -c 'while :; do :; done' &
second=$!
trap '{ kill -9 $first $second && wait; } 2>/dev/null' EXIT
sleep 0.5

core=
# look: $one and $other are the cores that the two are on, by their CPUs. Only what is built into the shell,
# so as to disturb them least.
look() {
	core_of $first
	one=$core
	core_of $second
	other=$core
}
core_of() {
	if ! read -r stat <"/proc/$1/stat"; then
		echo "smt-siblings: task $1 ended before its time" >&2
		exit 2
	fi
	# shellcheck disable=SC2086 # one word a field
	set -- $stat
	eval "core=\$core_${39}"
}
look
echo "bound: on cores $one and $other"
last=$(($(nproc) - 1))
for pid in $first $second; do
	if ! taskset -pc 0-$last "$pid" >/dev/null; then
		echo "smt-siblings: cannot bind a task to CPUs 0-$last" >&2
		exit 2
	fi
done

tries=0
look
while [ $tries -lt 30 ] && [ "$one" = "$other" ]; do
	sleep 0.1
	tries=$((tries + 1))
	look
done
sample=0 apart=0
while [ $sample -lt 30 ]; do
	sleep 0.1
	look
	[ "$one" = "$other" ] || apart=$((apart + 1))
	sample=$((sample + 1))
done
echo "free: apart after $tries tenths of a second, then in $apart of $sample samples"
if [ $((100 * apart)) -lt $((80 * sample)) ]; then
	echo "two busy tasks were on different cores in $apart of $sample samples, expected at least 80 %" >&2
	exit 1
fi
