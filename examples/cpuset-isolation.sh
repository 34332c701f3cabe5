#!/bin/sh
# Does a cpuset keep its tasks in, and a cpuset partition all others out?
#
# Two busy tasks in a cgroup whose cpuset.cpus are the last two CPUs, and as many busy tasks outside of
# it as there are CPUs. Then the cgroup becomes a partition (cpuset.cpus.partition=root), where the
# kernel has such.
# Measured: on which CPU each is, 20 times, a tenth of a second apart (/proc/PID/stat, field 39).
# Threshold: none of those inside is ever seen elsewhere, none outside is ever seen on the two CPUs
# while the partition is valid. That needs no tolerance: the kernel moves running tasks before the write
# to the cgroup's file returns. There are more tasks than CPUs and twice as many outside as room for
# them, so that load balancing would soon move some to where they must not be. Nothing depends on speed;
# those inside must have run, however little.
#
# Verdict: pass
#ktstr: topology=1n1l4c1t memory_mib=512 timeout_s=300 min_cpus=4 max_cpus=16

root=/sys/fs/cgroup
in=$root/in.$$ out=$root/out.$$
inside='' outside=''
cleanup() {
	# shellcheck disable=SC2086 # one word a process
	[ -z "$inside$outside" ] || { kill -9 $inside $outside && wait; } 2>/dev/null
	rmdir "$in" "$out" 2>/dev/null
}
trap cleanup EXIT
broken() {
	echo "cpuset-isolation: $1" >&2
	exit 2
}

cpus=$(nproc)
[ "$cpus" -ge 4 ] || broken "needs 4 CPUs, has $cpus"
kept=$((cpus - 2))
echo +cpuset >$root/cgroup.subtree_control || broken "cgroup2 has no cpuset controller here"
mkdir "$in" "$out" || broken "cannot make cgroups"
echo $kept-$((cpus - 1)) >"$in/cpuset.cpus" || broken "cannot set cpuset.cpus"

# start CGROUP: a busy task in it; its process is in $!.
start() {
	sh -c 'while :; do :; done' &
	echo $! >"$1/cgroup.procs" || broken "cannot move a task into $1"
}
while [ "$(echo "$outside" | wc -w)" -lt "$cpus" ]; do
	start "$out"
	outside="$outside $!"
done
start "$in"
inside=$!
start "$in"
inside="$inside $!"

partition=no
if [ -e "$in/cpuset.cpus.partition" ] && echo root >"$in/cpuset.cpus.partition"; then
	partition=$(cat "$in/cpuset.cpus.partition")
fi

# All CPUs are busy, so that programs would be slow to start: what is in the loop is built into the shell.
# look PID...: $on is the CPU that each is on, $sum the nanoseconds that they had, together.
look() {
	on='' sum=0
	for pid; do
		read -r stat <"/proc/$pid/stat" || broken "task $pid ended before its time"
		read -r ran _ <"/proc/$pid/schedstat" || broken "the kernel has no /proc/PID/schedstat"
		# shellcheck disable=SC2086 # one word a field
		set -- $stat
		on="$on ${39}" sum=$((sum + ran))
	done
}
# shellcheck disable=SC2086 # one word a process
look $inside
began=$sum sample=0 inside_seen='' outside_seen=''
while [ $sample -lt 20 ]; do
	sleep 0.1
	# shellcheck disable=SC2086
	look $outside
	outside_seen="$outside_seen $on"
	# shellcheck disable=SC2086
	look $inside
	inside_seen="$inside_seen $on"
	sample=$((sample + 1))
done
inside_ran=$(((sum - began) / 1000000))

# count LIST FIRST LAST: how many of these CPUs are from FIRST to LAST.
count() {
	hits=0
	for cpu in $1; do
		[ "$cpu" -lt "$2" ] || [ "$cpu" -gt "$3" ] || hits=$((hits + 1))
	done
	echo $hits
}
escaped=$(count "$inside_seen" 0 $((kept - 1)))
intruded=$(count "$outside_seen" $kept "$cpus")
echo "inside: $inside_ran ms on CPUs, seen elsewhere $escaped times of $((sample * 2))"
echo "outside: seen on the two $intruded times of $((sample * cpus)), partition: $partition"
if [ $inside_ran -eq 0 ]; then
	echo "the tasks in the cpuset of CPUs $kept-$((cpus - 1)) did not run at all" >&2
	exit 1
fi
if [ "$escaped" -gt 0 ]; then
	echo "tasks in the cpuset of CPUs $kept-$((cpus - 1)) ran on others, $escaped times of $((sample * 2))" >&2
	exit 1
fi
if [ "$partition" = root ] && [ "$intruded" -gt 0 ]; then
	echo "tasks outside of the partition of CPUs $kept-$((cpus - 1)) ran there, $intruded times" >&2
	exit 1
fi
