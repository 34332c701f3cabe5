#!/bin/sh
# Does a task get its memory from the NUMA node whose CPUs it is bound to?
#
# For each node that has CPUs and memory, a task is bound to its CPUs and fills a buffer of 16 MiB.
# Measured: on which node the buffer's pages are (/proc/PID/numa_maps).
# Threshold: at least 90 % of them on the task's own node. Each has some hundred MiB that nobody uses,
# so all of them find room there; the rest is for pages that came before the task was bound. Counts of
# pages, no times.
#
# Verdict: pass
#ktstr: topology=2n2l2c1t memory_mib=512 timeout_s=300 min_numa_nodes=2 max_numa_nodes=4

mib=16
pid=
trap '[ -z "$pid" ] || { kill -9 $pid && wait; } 2>/dev/null' EXIT

# pages PID NODE: of its largest anonymous mapping, how many are on NODE, and how many there are.
pages() {
	awk -v node="$2" '{
		anon = on = 0
		for (i = 2; i <= NF; i++) {
			if ($i ~ /^anon=/) anon = substr($i, 6) + 0
			if (index($i, "N" node "=") == 1) on = substr($i, length(node) + 3) + 0
		}
		if (anon > all) { all = anon; local = on }
	} END { print local + 0, all + 0 }' "/proc/$1/numa_maps"
}

nodes=0
for dir in /sys/devices/system/node/node[0-9]*; do
	node=${dir##*node}
	cpus=$(cat "$dir/cpulist")
	if [ -z "$cpus" ] || grep -q 'MemTotal: *0 kB' "$dir/meminfo"; then
		continue
	fi
	nodes=$((nodes + 1))
	# dd fills a buffer of that size again and again, until it is killed.
	taskset -c "$cpus" dd if=/dev/zero of=/dev/null bs=${mib}M 2>/dev/null &
	pid=$!
	tries=0 here=0 all=0
	while [ "$all" -lt $((mib * 256)) ]; do
		tries=$((tries + 1))
		if [ $tries -gt 200 ]; then
			echo "numa-placement: the task on node $node has only $all pages after $tries looks" >&2
			exit 2
		fi
		sleep 0.1
		# shellcheck disable=SC2046 # two words
		set -- $(pages $pid "$node")
		here=${1:-0} all=${2:-0}
	done
	{ kill -9 $pid && wait; } 2>/dev/null
	pid=
	echo "node $node, CPUs $cpus: $here of $all pages"
	if [ $((100 * here)) -lt $((90 * all)) ]; then
		echo "a task on the CPUs of node $node has $here of its $all pages there, expected at least 90 %" >&2
		exit 1
	fi
done
if [ $nodes -lt 2 ]; then
	echo "numa-placement: needs two NUMA nodes with CPUs and memory, has $nodes" >&2
	exit 4
fi
